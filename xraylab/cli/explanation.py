"""perturb: what moves the answers of a run."""

from __future__ import annotations

import argparse
import json

from xraylab.cli import arguments
from xraylab.cli.arguments import Answer, Verbs


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its arguments."""
    text = "change images by known doses, and see what moves the answers"
    verb = arguments.add_verb(verbs, "perturb", perturb, text)
    arguments.add_run(verb)
    verb.add_argument(
        "--data",
        dest="data_folder",
        type=arguments.folder,
        metavar="DIR",
        help="two class folders; default: the run's validation. The test is not read",
    )


def perturb(args: argparse.Namespace) -> Answer:
    """Change images dose by dose; the test is not read."""
    from xraylab import explanation

    table, text = explanation.perturb_run(args.run_folder, data_folder=args.data_folder)
    rows = json.loads(table.to_json(orient="records"))
    return {"run": str(args.run_folder), "perturbations": rows}, text, 0
