"""What the verbs share: how one is added, and what an argument may be."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from xraylab import data
from xraylab.errors import InputError

# what a verb returns: its answer for --json, its text for people, the exit code
Answer = tuple[dict, str, int]
Verbs = argparse._SubParsersAction


def add_verb(
    verbs: Verbs, name: str, work: Callable[[argparse.Namespace], Answer], text: str
) -> argparse.ArgumentParser:
    """Add a verb that does `work`; `text` says what it is for."""
    verb = verbs.add_parser(name, help=text, description=text.capitalize() + ".")
    verb.add_argument("--json", action="store_true", help="one JSON object on stdout")
    verb.set_defaults(work=work, parser=verb)
    return verb


def add_merge_and_protocol(verb: argparse.ArgumentParser) -> None:
    """Add the arguments that choose a split."""
    verb.add_argument(
        "merge_folder",
        type=folder,
        metavar="MERGE",
        help="folder that xraylab merge wrote",
    )
    verb.add_argument(
        "--protocol",
        choices=list(data.PROTOCOLS),
        required=True,
        help="what is kept apart: the answer of xraylab split says it of each",
    )
    add_seed(verb)


def add_seed(verb: argparse.ArgumentParser) -> None:
    """Add the seed."""
    verb.add_argument(
        "--seed",
        type=count,
        default=0,
        metavar="N",
        help="fixes all random draws (default: 0)",
    )


def add_run(verb: argparse.ArgumentParser) -> None:
    """Add the run that a verb reads."""
    verb.add_argument(
        "run_folder",
        type=folder,
        metavar="RUN",
        help="folder that xraylab train wrote",
    )


def add_merge(verb: argparse.ArgumentParser) -> None:
    """Add the merge that has a run's images, where it is another than its own."""
    verb.add_argument(
        "--merge",
        type=folder,
        metavar="MERGE",
        help="where the run was carried elsewhere: a merge of the same sources there",
    )


def add_out(verb: argparse.ArgumentParser, metavar: str, text: str) -> None:
    """Add the place where a verb writes."""
    verb.add_argument("--out", type=path, required=True, metavar=metavar, help=text)


def path(text: str) -> Path:
    """Take any path but an empty one, which would be the folder one stands in."""
    if not text:
        raise argparse.ArgumentTypeError("must be a path, got an empty text")
    return Path(text)


def folder(text: str) -> Path:
    """Take a folder that is there."""
    if not path(text).is_dir():
        raise argparse.ArgumentTypeError(f"must be an existing folder, got {text}")
    return Path(text)


def existing(text: str) -> Path:
    """Take a folder or a file that is there."""
    if not (path(text).is_dir() or path(text).is_file()):
        raise argparse.ArgumentTypeError(f"must be a folder or a file, got {text}")
    return Path(text)


def count(text: str) -> int:
    """Take a whole number from 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number from 0, got {text}")
    return int(text)


def positive(text: str) -> int:
    """Take a whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, got {text}")
    return int(text)


def port(text: str) -> int:
    """Take the number of a port."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        text = f"must be a whole number from 1 to 65535, got {text}"
        raise argparse.ArgumentTypeError(text)
    return int(text)


def share(text: str) -> float:
    """Take a number from 0 to 1."""
    if not 0 <= _number(text) <= 1:  # nan is in no range
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1, got {text}")
    return float(text)


def rule(text: str) -> str:
    """Take the name of a rule for the threshold; it may hold a space."""
    from xraylab.evaluation import thresholds

    try:
        return thresholds.find_rule(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(error.text) from None


def rate(text: str) -> float:
    """Take a number above 0."""
    if not 0 < _number(text) < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0, got {text}")
    return float(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def png(text: str) -> Path:
    """Take a file that gets a PNG image."""
    if Path(text).suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"must be a file name.png, got {text}")
    return Path(text)
