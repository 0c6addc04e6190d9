"""evaluate and readings: a run to its figures, and who read its test before."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xraylab.cli import arguments
from xraylab.cli.arguments import Answer, Verbs
from xraylab.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from xraylab import training


def add_verbs(verbs: Verbs) -> None:
    """Add the verbs and their arguments."""
    _add_evaluate(verbs)
    text = "list who read a run's test, and when"
    verb = arguments.add_verb(verbs, "readings", readings, text)
    arguments.add_run(verb)
    arguments.add_merge(verb)
    verb.add_argument(
        "--add",
        dest="source",
        metavar="TEXT",
        help="enter one reading that was made elsewhere: who, when, with what",
    )


def _add_evaluate(verbs: Verbs) -> None:
    text = "numbers with intervals and baselines"
    verb = arguments.add_verb(verbs, "evaluate", evaluate, text)
    arguments.add_run(verb)
    verb.add_argument(
        "--on",
        choices=["valid", "test", "external"],
        default="valid",
        help="the part to score (default: valid); readings of the test, or of images "
        "from elsewhere, are counted",
    )
    verb.add_argument(
        "--data",
        dest="data_folder",
        type=arguments.folder,
        metavar="DIR",
        help="with --on external: two class folders, one of them normal",
    )
    arguments.add_merge(verb)
    point = verb.add_mutually_exclusive_group()
    point.add_argument(
        "--choose",
        dest="rule",
        type=arguments.rule,
        metavar="RULE",
        help='choose the threshold on validation, such as "sensitivity 0.95", and '
        "store it in the run",
    )
    point.add_argument(
        "--threshold",
        type=arguments.share,
        metavar="SHARE",
        help="show the figures at another one, from 0 to 1, and store nothing "
        "(default: the run's own)",
    )


def evaluate(args: argparse.Namespace) -> Answer:
    """Score a run's validation or test, the latter counted."""
    from xraylab import training
    from xraylab.claim import figures

    run = _open_run(args)
    valid = _score_validation(args)
    n_unknown, basis = figures.describe_basis(run)
    predictions, n_readings, caveats = _score(args, valid)
    if args.rule is not None:
        _choose(args, predictions)
        run = training.load_run(args.run_folder)
    by_hand = args.threshold is not None
    threshold = args.threshold if by_hand else run.threshold
    point = f"threshold {threshold:.3f}, given by hand"
    if not by_hand:
        point = figures.describe_point(threshold, run.operating_point)
    if args.on == "external":
        files = [args.data_folder / path for path in predictions["path"]]
    else:  # wherever each image lies now
        files = figures.find_files(run, predictions, args.merge)
    found = figures.measure_answers(predictions, files, threshold=threshold)
    held, said = _hold_against(args, run, predictions, valid)
    first = f"{run.protocol}, {args.on}, {point}"
    lines = [first, *caveats, *basis, *found.as_lines(), *said]
    if n_readings:
        lines = _count(lines, f"{args.on} reading {n_readings}")
    answer = {
        "run": str(args.run_folder),
        "protocol": run.protocol,
        "on": args.on,
        "threshold": threshold,
        "rule": "given by hand" if by_hand else run.rule,
        "operating_point": {} if by_hand else run.operating_point,
        "readings": n_readings,
        "finished": run.is_finished,
        "n_unknown": n_unknown,
        "caveats": [*caveats, *basis],
    }
    return answer | found.as_dict() | held, "\n".join(lines), 0


def _hold_against(
    args: argparse.Namespace,
    run: training.runs.Run,
    predictions: pd.DataFrame,
    valid: pd.DataFrame | str,
) -> tuple[dict, list[str]]:
    """Say what was fitted or promised on validation, and whether it holds here."""
    from xraylab.claim import figures

    if isinstance(valid, str):
        return {}, [f"Not held against validation: {valid}"]
    judged = None if args.on == "valid" else predictions
    changed, lines = figures.recalibrate_answers(valid, judged)
    held = {"recalibrated": changed}
    is_own = args.threshold is None and "promised" in run.operating_point
    if judged is not None and is_own:
        moved, said = figures.compare_promised(
            predictions, valid, threshold=run.threshold, rule=run.rule
        )
        held["carried_over"] = {name: i._asdict() for name, i in moved.items()}
        lines += said
    return held, lines


def _score_validation(args: argparse.Namespace) -> pd.DataFrame | str:
    """Let the run answer for its validation; what is in the way, where others will do.

    Before anything else is read: what goes wrong here costs no reading.
    """
    from xraylab import training

    try:
        return training.score(args.run_folder, on="valid", merge=args.merge)[0]
    except (InputError, FileNotFoundError) as error:
        if args.on != "external" or args.merge is not None:
            raise
        return str(error)


def _open_run(args: argparse.Namespace) -> training.runs.Run:
    """Read the run, or say before images are read what it may not be asked."""
    from xraylab import training

    _check_arguments(args)
    run = training.load_run(args.run_folder)
    if args.on != "valid" or args.rule is not None:
        run.refuse_unfinished("Tests are read and thresholds chosen")
    return run


def _check_arguments(args: argparse.Namespace) -> None:
    if args.rule is not None and args.on != "valid":
        raise InputError(
            f"is done on validation, got --on {args.on}. Choose first, then read the "
            "test with a command of its own.",
            argument="rule",
        )
    is_external = args.on == "external"
    if is_external != (args.data_folder is not None):
        found = "no --data" if is_external else f"--on {args.on}"
        text = f"must be given with --on external, and with no other, got {found}."
        raise InputError(text, argument="data_folder")


def _score(
    args: argparse.Namespace, valid: pd.DataFrame | str
) -> tuple[pd.DataFrame, int, list[str]]:
    """Let the run answer: predictions, readings so far, what to say of the images."""
    from xraylab import training
    from xraylab.claim import figures

    if args.on == "valid":
        return valid, 0, []
    if args.on == "test":
        return *training.score(args.run_folder, on="test", merge=args.merge), []
    found = training.external.score_external(args.run_folder, args.data_folder)
    caveats = figures.describe_external(found.classes, found.kinds, found.n_known)
    return found.predictions, found.n_readings, caveats


def readings(args: argparse.Namespace) -> Answer:
    """List the readings of a run's test, or enter one that was made elsewhere."""
    from xraylab import training
    from xraylab.training import test_log

    run = training.load_run(args.run_folder)
    if args.source is not None:
        test_log.enter_reading(run, args.source, args.merge)
    table = test_log.readings_of(run, args.merge)
    lines = [f"Readings of the test of {run.protocol}: {len(table)}"]
    for number, row in enumerate(table.to_dict("records"), 1):
        who = f"by hand: {row['source']}" if row["source"] else f"run {row['run']}"
        seed = f", seed {row['seed']}" if row["seed"] != "" else ""
        lines.append(f"  {number}. {row['when']}, {who}, {row['protocol']}{seed}")
    answer = {
        "run": str(args.run_folder),
        "readings": len(table),
        "log": table.to_dict("records"),
    }
    return answer, "\n".join(lines), 0


def _count(lines: list[str], said: str) -> list[str]:
    """Let every figure on a test say how often the test was read."""
    counted = [f"{line}; {said}" if "n = " in line else line for line in lines[1:]]
    return [f"{lines[0]}; {said}", *counted]


def _choose(args: argparse.Namespace, valid: pd.DataFrame) -> None:
    """Choose a run's threshold on validation, and store it with its rule."""
    from xraylab import training
    from xraylab.evaluation import thresholds

    chosen = thresholds.choose_operating_point(valid, args.rule).as_dict()
    threshold = chosen.pop("value")
    training.keep_operating_point(
        args.run_folder, threshold, merge=args.merge, **chosen
    )
