"""train, find-lr: a split to a run, and to a learning rate for it."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from xraylab.cli import arguments
from xraylab.cli.arguments import Answer, Verbs
from xraylab.files import as_argument, refuse_unlike, try_writing, whole_file

if TYPE_CHECKING:
    from xraylab import training
    from xraylab.training import Recipe

# Defaults are written out: to ask the recipe would load torch for each --help.
_NAME = {"metavar": "NAME"}
_NUMBER = {"type": arguments.positive, "metavar": "N"}
_IMAGES = {  # option -> how argparse takes it; the field of a recipe
    "--model": _NAME | {"help": "resnet18 or small (default: resnet18)"},
    "--weights": _NAME | {"help": "imagenet, none, or a file (default: imagenet)"},
    "--size": _NUMBER
    | {"dest": "size_px", "help": "side of an image, in px (default: 224)"},
    "--batch-size": _NUMBER | {"help": "images a step (default: 32)"},
    "--class-weights": _NAME | {"help": "none or balanced (default: none)"},
    "--sampler": _NAME
    | {"help": "shuffle, or balanced: each class equally often (default: shuffle)"},
}
_LENGTH = {
    "--epochs": _NUMBER | {"help": "passes through the images (default: 20)"},
    "--steps": _NUMBER
    | {"dest": "n_steps", "help": "of all epochs together (default: as they need)"},
    "--schedule": _NAME | {"help": "step, cosine or one-cycle (default: step)"},
    "--lr": {
        "type": arguments.rate,
        "metavar": "RATE",
        "help": "learning rate (default: 0.001)",
    },
}
_CURVE = {"Software": "xraylab find-lr"}  # in the PNG: by that we know our own


def add_verbs(verbs: Verbs) -> None:
    """Add the verbs and their arguments."""
    text = "train a network on a split, or continue"
    verb = arguments.add_verb(verbs, "train", train, text)
    arguments.add_merge_and_protocol(verb)
    arguments.add_out(verb, "RUN", "for the run; the same command goes on with it")
    verb.add_argument(
        "--tensorboard",
        type=arguments.path,
        metavar="DIR",
        help="also log there for TensorBoard",
    )
    _add_recipe(verb, _IMAGES | _LENGTH)
    text = "look for a learning rate: let it rise over the training images"
    verb = arguments.add_verb(verbs, "find-lr", find_lr, text)
    arguments.add_merge_and_protocol(verb)
    verb.add_argument(
        "--out",
        type=arguments.png,
        required=True,
        metavar="FILE",
        help="for the curve, such as find-lr.png",
    )
    _add_recipe(verb, _IMAGES)


def _add_recipe(verb: argparse.ArgumentParser, options: dict[str, dict]) -> None:
    verb.add_argument(
        "--recipe",
        choices=["original", "lesson"],
        default="original",
        help="original: the defaults below (default); lesson: 48 px, 300 steps and "
        "no ImageNet weights, the rest alike",
    )
    changes = verb.add_argument_group("changes to the recipe")
    for option, how in options.items():
        changes.add_argument(option, **how)


def train(args: argparse.Namespace) -> Answer:
    """Train on a split, or continue an unfinished run."""
    from xraylab import training

    if training.disk.is_finished(args.out):  # then nothing but its answers is written
        try_writing(args.out / "predictions-valid.csv")
    run = training.train(
        args.merge_folder,
        args.protocol,
        _recipe(args),
        args.out,
        tensorboard=args.tensorboard,
    )
    if not training.processes.is_main():
        return {}, "", 0
    found, lines = _measure(run)
    text = "\n".join([*lines, f"Run: {args.out}, {run.note}"])
    facts = json.loads(run.history.iloc[-1].to_json()) | {"kept_epoch": run.kept_epoch}
    return {"run": str(args.out), "note": run.note, **facts, **found}, text, 0


def _measure(run: training.runs.Run) -> tuple[dict, list[str]]:
    """Measure what is kept on validation: plain values, and lines for people."""
    from xraylab import evaluation, training

    row = run.history.set_index("epoch").loc[run.kept_epoch]
    losses = f"loss {row['train_loss']:.3g} in training, {row['valid_loss']:.3g} here"
    head = (
        f"Validation, which chose epoch {run.kept_epoch} of {len(run.history)} by its "
        f"AUROC, threshold {run.threshold:.3f}; {losses}:"
    )
    if training.processes.count_processes() > 1:
        command = f"xraylab evaluate {as_argument(run.folder)}"
        return {}, [head, f"  `{command}` measures it."]
    answers, _ = training.score(run.folder, on="valid")
    found = evaluation.evaluate(answers, threshold=run.threshold)
    metrics = json.loads(found.to_json(orient="index"))
    lines = [f"  {line}" for line in evaluation.describe(found)]
    return {"metrics": metrics}, [head, *lines]


def find_lr(args: argparse.Namespace) -> Answer:
    """Let the learning rate rise, draw the loss, and name the useful range."""
    import matplotlib.pyplot as plt

    from xraylab import plots, training

    try_writing(args.out)
    refuse_unlike(args.out, "`xraylab find-lr`", _check_curve)
    recipe = _recipe(args)
    curve = training.find_lr(args.merge_folder, args.protocol, recipe)
    low, high = training.rates.suggest_range(curve)
    ax = plots.plot_range_test(curve, low, high, data_name=str(args.merge_folder))
    with whole_file(args.out) as half:
        ax.figure.savefig(half, format="png", dpi=150, metadata=_CURVE)
    plt.close(ax.figure)
    rule, ended = training.rates.RULE, curve.attrs["ended"]
    lines = [
        f"Learning rate: {low:.1e} to {high:.1e}, {rule}.",
        "`xraylab train` takes one with --lr, the highest of its --schedule; a tenth "
        f"of the upper end, {high / 10:.1e}, is a rule of thumb (Gugger 2018).",
    ]
    if not low <= recipe.lr <= high:
        lines.append(f"The recipe's own rate, {recipe.lr:g}, lies outside this range.")
    if ended:
        lines.append(f"The test ended early: {ended}.")
    text = "\n".join([*lines, f"Curve: {args.out}"])
    answer = {"low": low, "high": high, "rule": rule, "n_steps": len(curve)}
    return answer | {"ended": ended}, text, 0


def _check_curve(png: bytes) -> None:
    """Raise ValueError where an image is none that `find_lr` has drawn."""
    if png and _CURVE["Software"].encode() not in png:
        raise ValueError("it is no curve of a learning rate")


def _recipe(args: argparse.Namespace) -> Recipe:
    """Give the recipe that was asked for, with its changes."""
    from xraylab import training

    recipe = training.RECIPES[args.recipe]
    given = {name: getattr(args, name, None) for name in recipe.as_dict()}
    changes = {name: value for name, value in given.items() if value is not None}
    return replace(recipe, **changes)
