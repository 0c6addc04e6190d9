"""train: a split to a run."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace

from xraylab.cli import arguments
from xraylab.cli.arguments import Answer, Verbs

_CHANGES = ("model", "weights", "size_px", "epochs", "n_steps", "batch_size", "lr")


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its arguments."""
    text = "train a network on a split, or continue"
    verb = arguments.add_verb(verbs, "train", train, text)
    arguments.add_merge_and_protocol(verb)
    arguments.add_out(verb, "RUN", "for the run; the same command goes on with it")
    verb.add_argument("--recipe", choices=["original", "lesson"], default="original")
    _add_changes(verb.add_argument_group("changes to the recipe"))


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
    changes.add_argument("--lr", type=float, metavar="RATE", help="learning rate")


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
    text = f"{last.to_string()}\nRun: {args.out}, {run.note}"
    return {"run": str(args.out), "note": run.note, **facts}, text, 0
