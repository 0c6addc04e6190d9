"""Parsing, printing and exit codes.

Answers go to stdout, progress and warnings to stderr. Exit 0: done; 1: the work
failed; 2: the command was wrong; 3: `audit --strict` found nothing, but a check could
not run; 130: stopped by Ctrl+C.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Sequence

from xraylab import REPOSITORY, __version__, cores
from xraylab.cli import (
    audit,
    claim,
    course,
    data,
    demo,
    evaluation,
    explanation,
    prediction,
    training,
)
from xraylab.errors import InputError
from xraylab.plain_json import as_json

# in the order of the course
_GROUPS = (
    *(data, audit, training, evaluation, explanation, prediction, demo),
    *(claim, course),
)
_REPORT = (
    "This is a fault of xraylab, not of yours. Please report it with the lines above: "
    f"{REPOSITORY}/issues"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code; of Ctrl+C `xraylab.cli` takes care."""
    _accept_any_letter()
    try:
        args = _parse(argv)
    except SystemExit:  # --help and --version have printed
        if _print("", "xraylab"):
            raise
        return 1
    started = time.perf_counter()
    try:
        answer, text, code = args.work(args)
    except (InputError, OSError) as error:
        option = _option(args.parser, error)
        if option:  # the command was wrong: say it as argparse does, and exit 2
            args.parser.error(f"argument {option}: {error.text}")
        print(f"xraylab {args.verb}: {_words(error)}", file=sys.stderr)
        return 1
    except MemoryError as error:
        words = str(error).rstrip(".") or "no more could be had"
        print(f"xraylab {args.verb}: memory was full: {words}.", file=sys.stderr)
        return 1
    except Exception:
        traceback.print_exc()
        print(f"xraylab {args.verb}: {_REPORT}", file=sys.stderr)
        return 1
    if not answer:  # of the processes of a launcher only the main one answers
        return code
    if args.json:
        seconds = round(time.perf_counter() - started, 1)
        text = as_json({**answer, "seconds": seconds, "peak_mb": cores.peak_mb()})
    return code if _print(f"{text}\n", f"xraylab {args.verb}") else 1


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command; a wrong one ends with the usage of its verb, and exit 2."""
    args, unknown = _parser().parse_known_args(argv)
    if unknown:
        args.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if not args.verb:
        args.parser.print_help(sys.stderr)
        args.parser.exit(2)
    return args


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xraylab",
        description="From three folders of chest X-rays to a claim that others can "
        "check. Not for clinical use.",
        epilog="Exit codes: 0 done, 1 the work failed, 2 the command was wrong, 3 "
        "audit --strict found nothing, but a check could not run, 130 stopped by "
        "Ctrl+C.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(parser=parser)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for group in _GROUPS:
        group.add_verbs(verbs)
    return parser


def _accept_any_letter() -> None:
    """Let a console that lacks a letter of a file's name show it escaped."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _print(text: str, command: str) -> bool:
    """Print an answer, or say why not; a reader such as `head` may leave early."""
    try:
        print(text, end="", flush=True)
    except OSError as error:
        # Python flushes stdout once more at exit, and would complain then
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            said = f"the answer could not be printed: {_words(error)}."
            print(f"{command}: {said}", file=sys.stderr)
            return False
    return True


def _option(parser: argparse.ArgumentParser, error: Exception) -> str:
    """Name the argument at fault as the parser knows it; "" where it is none."""
    names = {
        action.dest: "/".join(action.option_strings) or action.metavar or action.dest
        for action in parser._actions
    }
    return names.get(getattr(error, "argument", ""), "")


def _words(error: Exception) -> str:
    """Say what an error says, without Python's error numbers."""
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(map(str, filter(None, (error.filename, error.strerror))))
    return str(error)
