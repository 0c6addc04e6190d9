"""train and evaluate: a split to a run, and a run to its figures."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace

from xraylab.cli import arguments
from xraylab.cli.arguments import Answer, Verbs

_CHANGES = ("model", "weights", "size_px", "epochs", "n_steps", "batch_size")


def add_verbs(verbs: Verbs) -> None:
    """Add the verbs and their arguments."""
    text = "train a network on a split, or continue"
    verb = arguments.add_verb(verbs, "train", train, text)
    arguments.add_merge_and_protocol(verb)
    arguments.add_out(verb, "RUN", "for the run; the same command goes on with it")
    verb.add_argument("--recipe", choices=["original", "lesson"], default="original")
    _add_changes(verb.add_argument_group("changes to the recipe"))

    text = "numbers with intervals and baselines"
    verb = arguments.add_verb(verbs, "evaluate", evaluate, text)
    verb.add_argument("run_folder", type=arguments.folder, metavar="RUN")
    verb.add_argument(
        "--on", choices=["valid", "test"], default="valid", help="the test is counted"
    )
    verb.add_argument(
        "--threshold", type=arguments.share, help="default: the run's own"
    )


def _add_changes(changes: argparse._ArgumentGroup) -> None:
    number = {"type": arguments.positive, "metavar": "N"}
    changes.add_argument("--model", metavar="NAME", help="such as resnet18 or small")
    changes.add_argument("--weights", help="imagenet, none, or a weights file")
    changes.add_argument(
        "--size",
        dest="size_px",
        type=arguments.positive,
        metavar="PX",
        help="side of an image",
    )
    changes.add_argument("--epochs", **number)
    changes.add_argument("--steps", dest="n_steps", help="instead of epochs", **number)
    changes.add_argument("--batch-size", **number)


def train(args: argparse.Namespace) -> Answer:
    """Train on a split, or continue an unfinished run."""
    from xraylab import training

    recipe = training.RECIPES[args.recipe]
    changes = {
        name: getattr(args, name)
        for name in _CHANGES
        if getattr(args, name) is not None
    }
    recipe = replace(recipe, seed=args.seed, **changes)
    run = training.train(args.merge, args.protocol, recipe, args.out)
    last = run.history.iloc[-1]
    facts = json.loads(last.to_json())
    return {"run": str(args.out), **facts}, f"{last.to_string()}\nRun: {args.out}", 0


def evaluate(args: argparse.Namespace) -> Answer:
    """Score a run's validation or test, the latter counted."""
    from xraylab import evaluation, training

    run = training.load_run(args.run_folder)
    predictions, n_looks = training.score(args.run_folder, on=args.on)
    threshold = run.threshold if args.threshold is None else args.threshold
    metrics = evaluation.evaluate(predictions, threshold=threshold)
    counts = evaluation.confusion(
        predictions["label"], predictions["score"], threshold=threshold
    )
    lines = [f"{run.protocol}, {args.on}, threshold {threshold:.3f}"]
    lines += evaluation.describe(metrics)
    if n_looks:
        lines.append(f"Look number {n_looks} at the test of {run.protocol}.")
    answer = {
        "run": str(args.run_folder),
        "protocol": run.protocol,
        "on": args.on,
        "threshold": threshold,
        "looks": n_looks,
        "confusion": counts,
        "metrics": json.loads(metrics.to_json(orient="index")),
    }
    return answer, "\n".join(lines), 0
