"""lessons and results: the notebooks, and what was measured on real images."""

from __future__ import annotations

import argparse
from pathlib import Path

from xraylab.cli import arguments
from xraylab.cli.arguments import Answer, Verbs
from xraylab.files import as_json


def add_verbs(verbs: Verbs) -> None:
    """Add the verbs and their arguments."""
    text = "list, run or copy the lessons"
    verb = arguments.add_verb(verbs, "lessons", run_lessons, text)
    verb.add_argument(
        "--run", nargs="*", dest="numbers", metavar="NUMBER", help="all when none"
    )
    verb.add_argument("--build", action="store_true", help="from notebooks/source")
    verb.add_argument("--copy", type=Path, metavar="DIR")

    text = "what was measured on real images"
    verb = arguments.add_verb(verbs, "results", show_results, text)
    verb.add_argument("name", nargs="?", help="one of the list, in full")


def run_lessons(args: argparse.Namespace) -> Answer:
    """List, run or copy the lessons."""
    from xraylab import course

    if args.copy:
        copied = course.copy_lessons(args.copy)
        names = [path.name for path in copied]
        return {"copied": names}, f"{len(names)} lessons in {args.copy}.", 0
    if args.build:
        names = [path.name for path in course.build_lessons(args.numbers or ())]
        return {"built": names}, f"Built {', '.join(names)}.", 0
    if args.numbers is not None:
        table = course.run_lessons(args.numbers)
        code = 0 if table["passed"].all() else 1
        return {"lessons": table.to_dict("records")}, table.to_string(index=False), code
    table = course.list_lessons()
    return {"lessons": table.to_dict("records")}, table.to_string(index=False), 0


def show_results(args: argparse.Namespace) -> Answer:
    """Show what was measured on real images."""
    from xraylab import results

    if args.name:
        answer = results.read_result(args.name)
        return answer, as_json(answer, indent=2), 0
    table = results.list_results()
    return {"results": table.to_dict("records")}, table.to_string(index=False), 0
