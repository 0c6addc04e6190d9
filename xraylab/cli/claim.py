"""claim: one page with all that a run's figures rest on."""

from __future__ import annotations

import argparse

from xraylab.cli import arguments
from xraylab.cli.arguments import Answer, Verbs
from xraylab.errors import InputError
from xraylab.files import try_writing


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its arguments."""
    text = "write a claim card: what was measured, and what was not"
    verb = arguments.add_verb(verbs, "claim", write, text)
    verb.add_argument(
        "run",
        type=arguments.path,
        metavar="RUN",
        help="folder that xraylab train wrote, or the name of a stored result that "
        "keeps its answers",
    )
    verb.add_argument(
        "--out",
        type=arguments.path,
        metavar="DIR",
        help="for claim.html and claim.json (default: the run's folder)",
    )


def write(args: argparse.Namespace) -> Answer:
    """Write claim.html and claim.json; no test is read."""
    from xraylab import claim

    out = args.run if args.out is None else args.out
    has_place = args.out is not None or args.run.is_dir()
    if has_place:
        claim.card.refuse_others(out)
        try_writing(out / "claim.html")
    card = claim.make_claim(args.run)
    if not has_place:
        text = f"must be given, for {args.run} is a stored result and has no folder."
        raise InputError(text, argument="out")
    page, facts = claim.write_claim(card, out)
    text = f"{card}\nWritten: {page} and {facts}."
    return {"page": str(page), "facts": str(facts), **card.as_dict()}, text, 0
