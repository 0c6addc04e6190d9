"""lessons and results: the notebooks, and what was measured on real images."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

from xraylab.cli import arguments
from xraylab.cli.arguments import Answer, Verbs
from xraylab.errors import InputError
from xraylab.plain_json import as_json

_NOT_FOR_USE = "Not for clinical use."


def add_verbs(verbs: Verbs) -> None:
    """Add the verbs and their arguments."""
    text = "list, run or copy the lessons"
    verb = arguments.add_verb(verbs, "lessons", run_lessons, text)
    verb.add_argument(
        "numbers",
        nargs="*",
        metavar="NN",
        help="with --run or --build: the lessons of these numbers; all without one",
    )
    what = verb.add_mutually_exclusive_group()
    what.add_argument("--run", action="store_true", help="run the lessons")
    what.add_argument(
        "--build", action="store_true", help="make the notebooks from notebooks/source"
    )
    what.add_argument(
        "--copy",
        type=arguments.path,
        metavar="DIR",
        help="copy all lessons there, without outputs",
    )
    verb.add_argument(
        "--mode", choices=["smoke", "quick", "full"], help="how large, with --run"
    )

    text = "what was measured on real images"
    verb = arguments.add_verb(verbs, "results", show_results, text)
    text = "one of the list, to show it in full"
    verb.add_argument("name", nargs="?", metavar="NAME", help=text)


def run_lessons(args: argparse.Namespace) -> Answer:
    """List, build, run or copy the lessons."""
    from xraylab import course

    if args.mode and not args.run:
        raise InputError("needs --run; notebooks are built in quick", argument="mode")
    if args.numbers and not (args.run or args.build):
        text = f"needs --run or --build, got {' '.join(args.numbers)} without either"
        raise InputError(text, argument="numbers")
    if args.copy:
        return _copy(args.copy)
    if args.run or args.build:
        return _build_or_run(args)
    table = course.list_lessons()
    return {"lessons": table.to_dict("records")}, table.to_string(index=False), 0


def _copy(folder: Path) -> Answer:
    from xraylab import course

    copied = [path.relative_to(folder) for path in course.copy_lessons(folder)]
    n = sum(len(path.parts) == 1 for path in copied)  # solutions lie a level below
    n_there = len(course.list_lessons()) - n
    where = "this folder" if folder == Path() else folder  # "to .." is another one
    said = [f"{n} lesson{'s' * (n > 1)} copied to {where}."] if n else []
    if len(copied) > n:
        said.append(f"Their solutions are in {folder / copied[-1].parent}.")
    if n_there:
        said.append(f"Were in {where} already and stay as they are: {n_there}.")
    return {"copied": [str(p) for p in copied], "kept": n_there}, " ".join(said), 0


def _build_or_run(args: argparse.Namespace) -> Answer:
    from xraylab.course import build

    if args.build:
        names = [path.name for path in build.build_lessons(args.numbers)]
        return {"built": names}, f"Built {', '.join(names)}.", 0
    table = build.run_lessons(args.numbers, args.mode)
    code = 0 if table["passed"].all() else 1
    return {"lessons": table.to_dict("records")}, table.to_string(index=False), code


def show_results(args: argparse.Namespace) -> Answer:
    """Show what was measured on real images."""
    from xraylab import results

    tables = results.list_tables()
    if args.name in set(tables["name"]):
        table = results.read_table(args.name)
        answer = {"name": args.name, **table.attrs, "rows": table.to_dict("records")}
        text = table.drop(columns="method", errors="ignore").to_string(
            index=False, na_rep="-"
        )
        return answer, f"{table.attrs['about']} {_NOT_FOR_USE}\n{text}", 0
    if args.name is not None:
        answer = results.read_result(args.name)
        return answer, as_json(answer, indent=2), 0
    listed = results.list_results()
    answer = {"results": listed.to_dict("records"), "tables": tables.to_dict("records")}
    lines = [line for name in listed["name"] for line in _outline(name)]
    lines += ["", "Tables, and each result in full, with `xraylab results NAME`:"]
    for row in tables.itertuples(index=False):
        lines += textwrap.wrap(f"{row.name}: {row.about}", 100, subsequent_indent="  ")
    lines += ["", _NOT_FOR_USE]
    return answer, "\n".join(lines), 0


def _outline(name: str) -> list[str]:
    """Say in three short lines what a result holds."""
    from xraylab import results

    kept = results.read_result(name)
    counts = f"n = {kept['n_test']:,}, {kept['n_groups']:,} groups"
    lines = [f"{name}: {kept['protocol']}"]
    for metric in ("accuracy", "AUROC"):
        if metric in kept["metrics"]:
            base = f"baseline {kept['metrics'][metric]['baseline']:.2f}"
            lines.append(f"  {metric} {results.read_figure(name, metric)}, {base}")
    return [*lines, f"  {counts}, test readings: {kept['n_test_readings']}"]
