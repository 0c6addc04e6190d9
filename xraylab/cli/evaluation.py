"""evaluate and readings: a run to its figures, and who read its test before."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from xraylab import data, images
from xraylab.cli import arguments
from xraylab.cli.arguments import Answer, Verbs
from xraylab.errors import InputError

if TYPE_CHECKING:
    from xraylab import evaluation, training

_TEXT_MINED = (
    "mostly adults, where the three sources have children, and labels mined from the "
    "text of reports. A difference may be one of age or of labels."
)
# sets that file names tell, as in `xraylab.data.read_name`
_SETS = {
    "NIH": f"names are those of NIH ChestX-ray14: {_TEXT_MINED}",
    "CheXpert": f"names are those of CheXpert: {_TEXT_MINED}",
    "MIMIC": f"names are those of MIMIC-CXR: {_TEXT_MINED}",
}
_PROMISED = ("sensitivity", "specificity")


def add_verbs(verbs: Verbs) -> None:
    """Add the verbs and their arguments."""
    _add_evaluate(verbs)
    text = "list who read a run's test, and when"
    verb = arguments.add_verb(verbs, "readings", readings, text)
    verb.add_argument("run_folder", type=arguments.folder, metavar="RUN")
    verb.add_argument(
        "--add",
        dest="source",
        metavar="TEXT",
        help="enter one reading that was made elsewhere: who, when, with what",
    )


def _add_evaluate(verbs: Verbs) -> None:
    text = "numbers with intervals and baselines"
    verb = arguments.add_verb(verbs, "evaluate", evaluate, text)
    verb.add_argument("run_folder", type=arguments.folder, metavar="RUN")
    verb.add_argument(
        "--on",
        choices=["valid", "test", "external"],
        default="valid",
        help="readings of the test, or of images from elsewhere, are counted",
    )
    verb.add_argument(
        "--data",
        dest="data_folder",
        type=arguments.folder,
        metavar="DIR",
        help="with --on external: two class folders, one of them normal",
    )
    verb.add_argument(
        "--merge",
        type=arguments.folder,
        metavar="MERGE",
        help="where the run was carried elsewhere: a merge of the same sources there",
    )
    point = verb.add_mutually_exclusive_group()
    point.add_argument(
        "--choose",
        dest="rule",
        metavar="RULE",
        help='choose the threshold on validation, such as "sensitivity 0.95", and '
        "store it in the run",
    )
    point.add_argument(
        "--threshold", type=arguments.share, help="default: the run's own"
    )


def evaluate(args: argparse.Namespace) -> Answer:
    """Score a run's validation or test, the latter counted."""
    from xraylab import training

    if args.rule is not None and args.on != "valid":
        raise InputError(
            f"is done on validation, got --on {args.on}. Choose first, then read the "
            "test with a command of its own.",
            argument="rule",
        )
    predictions, n_readings, caveats = _score(args)
    if args.rule is not None:
        _choose(args.run_folder, predictions, args.rule)
    run = training.load_run(args.run_folder)
    by_hand = args.threshold is not None
    threshold = args.threshold if by_hand else run.threshold
    point = f"threshold {threshold:.3f}, given by hand" if by_hand else _point(run)
    root = args.data_folder or _find_root(run)
    figures, lines = _measure(predictions, root, threshold)
    n_unknown, conditions = _conditions(run)
    lines = [f"{run.protocol}, {args.on}, {point}", *caveats, *conditions, *lines]
    if args.on != "valid" and not by_hand and "promised" in run.operating_point:
        valid, _ = training.score(args.run_folder, on="valid", merge=args.merge)
        figures["carried_over"], kept = _compare(predictions, valid, run)
        lines += kept
    if n_readings:
        lines = _count(lines, n_readings)
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
        "caveats": caveats,
    }
    return answer | figures, "\n".join(lines), 0


def _conditions(run: training.runs.Run) -> tuple[int, list[str]]:
    """Say what a run's figures rest on: its end, and how many children are known."""
    n_unknown, lines = int(data.describe_split(run.table)["n_unknown"].sum()), []
    if not run.is_finished:
        lines.append(
            f"Unfinished: {len(run.history)} of {run.recipe.epochs} epochs are trained."
        )
    if n_unknown:
        lines.append(
            f"Images of which no name tells the child: {n_unknown:,}; each is a group "
            "of its own."
        )
    return n_unknown, lines


def _score(args: argparse.Namespace) -> tuple[pd.DataFrame, int, list[str]]:
    """Let the run answer: predictions, readings so far, what to say of the images."""
    from xraylab import training

    is_external = args.on == "external"
    if is_external != (args.data_folder is not None):
        what = (
            "needs --data DIR"
            if is_external
            else f"reads no --data, got --on {args.on}"
        )
        raise InputError(
            f"and --on external go together: {what}.", argument="data_folder"
        )
    if not is_external:
        return *training.score(args.run_folder, on=args.on, merge=args.merge), []
    found = training.external.score_external(args.run_folder, args.data_folder)
    return found.predictions, found.n_readings, _caveats(found)


def _caveats(found: training.external.External) -> list[str]:
    """Say what an external figure rests on, as loudly as the figure."""
    normal, ill = (", ".join(found.classes[label]) for label in (0, 1))
    lines = [
        f"CAREFUL: labels are those of the folder names, normal from {normal}, "
        f"pneumonia from {ill}. Nobody here checked them, nor who was imaged, and how."
    ]
    lines += [f"CAREFUL: {_SETS[kind]}" for kind in _SETS if kind in found.kinds]
    if found.n_known:
        lines.append(
            f"Left out: {found.n_known} files of images that are in the run's table."
        )
    return lines


def readings(args: argparse.Namespace) -> Answer:
    """List the readings of a run's test, or enter one that was made elsewhere."""
    from xraylab import training
    from xraylab.training import test_log

    run = training.load_run(args.run_folder)
    if args.source is not None:
        test_log.enter_reading(run, args.source)
    table = test_log.readings_of(run)
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


def _count(lines: list[str], n_readings: int) -> list[str]:
    """Let every figure on a test say how often the test was read."""
    said = f"test reading {n_readings}"
    counted = [f"{line}; {said}" if "n = " in line else line for line in lines[1:]]
    return [f"{lines[0]}; {said}", *counted]


def _measure(
    predictions: pd.DataFrame, root: Path | None, threshold: float
) -> tuple[dict, list[str]]:
    """Measure all that is printed of a table: for --json, and in lines."""
    from xraylab import evaluation
    from xraylab.evaluation import calibration, subgroups

    metrics = evaluation.evaluate(predictions, threshold=threshold)
    calibrated = calibration.measure_calibration(predictions)
    table, columns = _with_columns(predictions, root)
    parts = subgroups.measure_subgroups(table, columns, threshold=threshold)
    lines = [
        *evaluation.describe(metrics),
        *calibration.describe_calibration(calibrated),
        *subgroups.describe_subgroups(parts),
    ]
    figures = {
        "confusion": evaluation.confusion(
            predictions["label"], predictions["score"], threshold=threshold
        ),
        "metrics": json.loads(metrics.to_json(orient="index")),
        "calibration": json.loads(calibrated.to_json(orient="index")),
        "subgroups": json.loads(parts.to_json(orient="records")),
    }
    return figures, lines


def _choose(run_folder: Path, valid: pd.DataFrame, rule: str) -> None:
    """Choose a run's threshold on validation, and store it with its rule."""
    from xraylab import training
    from xraylab.evaluation import thresholds

    chosen = thresholds.choose_operating_point(valid, rule).as_dict()
    threshold = chosen.pop("value")
    training.keep_operating_point(run_folder, threshold, **chosen)


def _point(run: training.runs.Run) -> str:
    """Write a run's threshold with its range, its rule, and what it was chosen on."""
    from xraylab.evaluation import Interval

    text, chosen = f"threshold {run.threshold:.3f}", run.operating_point
    if "promised" not in chosen:
        return f"{text}, rule: {run.rule}"
    names = Interval._fields[1:]
    found = Interval(run.threshold, *(chosen[name] for name in names))
    return f"threshold {found}, rule: {run.rule}, chosen on validation"


def _find_root(run: training.runs.Run) -> Path | None:
    """Find the folder that the paths of a run start from, where it is there still."""
    try:
        return data.Merge.load(run.about["merge"]).root
    except (OSError, ValueError, KeyError):
        return None


def _with_columns(
    predictions: pd.DataFrame, root: Path | None
) -> tuple[pd.DataFrame, list[str]]:
    """Add what is known of each image: kind by its name, size and colour by its file.

    Where the files are no longer where they were, only the kind is known.
    """
    paths = predictions["path"]
    table = predictions.assign(kind=[data.read_name(path)[0] for path in paths])
    if root is None:
        return table, ["kind"]
    try:
        headers = pd.DataFrame([images.read_header(root / path) for path in paths])
    except (OSError, ValueError):
        return table, ["kind"]
    long_side = headers[["width", "height"]].max(axis=1)
    middle = long_side.median()
    above = (long_side > middle).map({False: "up to", True: "above"})
    size = [f"{way} {middle:,.0f} px" for way in above]
    table = table.assign(**{"long side": size, "colour mode": headers["mode"].tolist()})
    return table, ["kind", "long side", "colour mode"]


def _compare(
    test: pd.DataFrame, valid: pd.DataFrame, run: training.runs.Run
) -> tuple[dict, list[str]]:
    """Hold what the rule promised on validation against what is found here."""
    from xraylab import evaluation

    figures, lines = {}, [f"Does the rule {run.rule} carry over?"]
    for name in _PROMISED:
        then, now = (
            evaluation.measure(table, name, threshold=run.threshold)
            for table in (valid, test)
        )
        moved = evaluation.difference(test, valid, name, threshold=run.threshold)
        figures[name] = moved._asdict()
        lines.append(
            f"  {name}: {then} on validation, where it was chosen; {now} here; "
            f"{_verdict(moved)}"
        )
    return figures, lines


def _verdict(moved: evaluation.Interval) -> str:
    if math.isnan(moved.low):
        return f"so few groups do not tell whether it differs: {moved.figure}"
    if moved.low > 0 or moved.high < 0:
        way = "higher" if moved.value > 0 else "lower"
        return f"{way} here: {moved.figure}"
    return f"no difference is shown: {moved.figure}"
