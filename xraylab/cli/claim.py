"""claim: one page with all that a run's figures rest on."""

from __future__ import annotations

import argparse

from xraylab.cli import arguments
from xraylab.cli.arguments import Answer, Verbs


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its arguments."""
    text = "write a claim card: what was measured, and what was not"
    verb = arguments.add_verb(verbs, "claim", write, text)
    verb.add_argument(
        "run_folder",
        type=arguments.folder,
        metavar="RUN",
        help="folder that xraylab train wrote; claim.html and claim.json go into it",
    )


def write(args: argparse.Namespace) -> Answer:
    """Write claim.html and claim.json into a run; no test is read."""
    from xraylab import claim

    card = claim.make_claim(args.run_folder)
    page, facts = claim.write_claim(card, args.run_folder)
    text = f"{card}\nWritten: {page} and {facts}."
    return {"page": str(page), "facts": str(facts), **card.as_dict()}, text, 0
