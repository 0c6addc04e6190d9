"""predict: answers for single images."""

from __future__ import annotations

import argparse
import warnings

from xraylab.cli import arguments
from xraylab.cli.arguments import Answer, Verbs
from xraylab.errors import UnreadableImageError


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its arguments."""
    verb = arguments.add_verb(verbs, "predict", predict, "answer for image files")
    arguments.add_run(verb)
    verb.add_argument(
        "files",
        nargs="+",
        type=arguments.path,
        metavar="FILE",
        help="images, in this order",
    )


def predict(args: argparse.Namespace) -> Answer:
    """Answer for image files, in the order given."""
    from xraylab import prediction

    with warnings.catch_warnings(action="ignore"):  # the answer says it
        predictor = prediction.Predictor(args.run_folder)
    run, note = predictor.run, prediction.NOT_FOR_CLINICAL_USE
    rows, lines = [], [run.unfinished] if run.unfinished else []
    for file in args.files:
        try:
            answer = predictor.predict(file)
        except (UnreadableImageError, OSError) as error:
            cause = getattr(error, "cause", None) or error.strerror
            rows.append({"path": str(file), "error": cause})
            lines += [str(file), f"  not read: {cause}"]
        else:
            rows.append({"path": str(file), **answer.as_dict()})
            lines += [str(file), f"  {answer}"]
            lines += [f"  Careful: {warning}" for warning in answer.warnings]
    n_failed = sum("error" in row for row in rows)
    if n_failed < len(rows):
        lines.append(prediction.describe_decision(run.threshold, run.rule))
    text = "\n".join([*lines, note])
    answer = {"predictions": rows, "finished": run.is_finished, "note": note}
    return answer, text, 1 if n_failed else 0
