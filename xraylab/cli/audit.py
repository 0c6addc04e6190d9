"""audit: what else tells the classes apart."""

from __future__ import annotations

import argparse

from xraylab import cores
from xraylab.cli import arguments
from xraylab.cli.arguments import Answer, Verbs
from xraylab.errors import InputError
from xraylab.files import refuse_unlike, try_writing, write_text


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its arguments."""
    text = "leakage between splits, and what else tells the classes apart"
    verb = arguments.add_verb(verbs, "audit", run, text)
    verb.add_argument(
        "path", type=arguments.existing, metavar="PATH", help="folder or manifest.csv"
    )
    verb.add_argument(
        "--html", type=arguments.path, metavar="FILE", help="write one page"
    )
    verb.add_argument(
        "--thumbnails", action="store_true", help="show images on the page"
    )
    verb.add_argument(
        "--strict",
        action="store_true",
        help="exit 1 on findings; 3 when there is none, but a check could not run",
    )


def run(args: argparse.Namespace) -> Answer:
    """Audit a folder or a merge; --strict fails on findings, and on checks not run."""
    from xraylab import audit

    if args.thumbnails and not args.html:
        text = "needs --html FILE, the page to show them on"
        raise InputError(text, argument="thumbnails")
    if args.html:
        try_writing(args.html)
        refuse_unlike(args.html, "`xraylab audit`", audit.report.check_page)
    found = audit.run_audit(args.path, workers=cores.count_cores())
    text = audit.report_as_text(found)
    if args.html:
        page = audit.report_as_html(found, thumbnails=args.thumbnails)
        write_text(args.html, page)
        text += f"\nWritten to {args.html}."
    code = 1 if found.faults else 3 if len(found.not_run) else 0
    return found.as_dict(), text, code if args.strict else 0
