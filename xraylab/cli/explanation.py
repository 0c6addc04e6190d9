"""perturb and explain: what moves the answers of a run, and if its maps say so."""

from __future__ import annotations

import argparse

from xraylab.cli import arguments
from xraylab.cli.arguments import Answer, Verbs


def add_verbs(verbs: Verbs) -> None:
    """Add the verbs and their arguments."""
    text = "change images by known doses, see what moves the answers, and keep it"
    verb = arguments.add_verb(verbs, "perturb", perturb, text)
    arguments.add_run(verb)
    verb.add_argument(
        "--data",
        dest="data_folder",
        type=arguments.folder,
        metavar="DIR",
        help="two class folders; default: the run's validation. The test is not read",
    )
    arguments.add_merge(verb)
    text = "check the maps of a run: do they change when its weights are shuffled"
    verb = arguments.add_verb(verbs, "explain", explain, text)
    arguments.add_run(verb)
    arguments.add_merge(verb)


def perturb(args: argparse.Namespace) -> Answer:
    """Change images dose by dose; the test is not read."""
    from xraylab import explanation

    table, text = explanation.run.perturb_run(
        args.run_folder, data_folder=args.data_folder, merge=args.merge
    )
    rows = table.to_dict("records")  # as they are kept, to the last digit
    return {"run": str(args.run_folder), "perturbations": rows}, text, 0


def explain(args: argparse.Namespace) -> Answer:
    """Check a run's maps on its validation; the test is not read."""
    from xraylab import explanation

    table, text = explanation.run.check_run(args.run_folder, merge=args.merge)
    return {"run": str(args.run_folder), "maps": table.to_dict("records")}, text, 0
