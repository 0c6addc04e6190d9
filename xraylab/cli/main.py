"""The command line: `xraylab VERB`, one verb a step.

Answers go to stdout, progress and warnings to stderr. Exit 0: done; 1: the work
failed; 2: the command was wrong.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from xraylab import __version__, data
from xraylab.cli import verbs


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if getattr(arguments, "thumbnails", False) and not arguments.html:
        parser.error("--thumbnails needs --html FILE, the page to show them on")
    if getattr(arguments, "mode", None) and (arguments.run is None or arguments.build):
        parser.error("--mode needs --run: notebooks are built in mode quick")
    started = time.perf_counter()
    try:
        answer, text, code = arguments.work(arguments)
    except KeyboardInterrupt:
        print("\nxraylab: stopped.", file=sys.stderr)
        return 130
    except (ValueError, OSError, RuntimeError, KeyError, ImportError) as error:
        print(f"xraylab {arguments.verb}: {_words(error)}", file=sys.stderr)
        return 1
    if arguments.json:
        answer = {**answer, "seconds": round(time.perf_counter() - started, 1)}
        print(json.dumps({**answer, "peak_mb": _peak_mb()}))
    else:
        print(text)
    return code


def _words(error: Exception) -> str:
    """Say what an error says, without Python's quotes and error numbers."""
    if isinstance(error, KeyError):
        return str(error.args[0])
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(map(str, filter(None, (error.filename, error.strerror))))
    return str(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="xraylab", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    sub = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for add in (
        _merge_split_and_audit,
        _train,
        _evaluate_and_predict,
        _phantom,
        _course,
    ):
        add(sub)
    return parser


def _merge_split_and_audit(sub: argparse._SubParsersAction) -> None:
    merge = _verb(sub, "merge", verbs.merge, "merge the sources under a folder")
    merge.add_argument(
        "--data", type=_folder, required=True, metavar="ROOT", help="holds the sources"
    )
    _add_out(merge, "DIR", "for the table and the report")

    split = _verb(sub, "split", verbs.split, "split a merge by one of four protocols")
    _add_merge_and_protocol(split)

    text = "who meets whom, and what else tells the class"
    audit = _verb(sub, "audit", verbs.audit, text)
    audit.add_argument(
        "path", type=_existing, metavar="PATH", help="folder or manifest.csv"
    )
    audit.add_argument("--html", type=Path, metavar="FILE", help="write one page")
    audit.add_argument(
        "--thumbnails", action="store_true", help="show images on the page"
    )
    audit.add_argument("--strict", action="store_true", help="exit 1 on findings")


def _train(sub: argparse._SubParsersAction) -> None:
    train = _verb(sub, "train", verbs.train, "train a network on a split, or continue")
    _add_merge_and_protocol(train)
    _add_out(train, "RUN", "for the run; the same command goes on with it")
    train.add_argument("--recipe", choices=["original", "lesson"], default="original")
    changes = train.add_argument_group("changes to the recipe")
    changes.add_argument("--model", choices=["resnet18", "small"])
    changes.add_argument("--weights", help="imagenet, none, or a weights file")
    changes.add_argument(
        "--size", dest="size_px", type=_positive, metavar="PX", help="side of an image"
    )
    changes.add_argument("--epochs", type=_positive, metavar="N")
    changes.add_argument(
        "--steps", dest="n_steps", type=_positive, metavar="N", help="instead of epochs"
    )
    changes.add_argument("--batch-size", type=_positive, metavar="N")


def _evaluate_and_predict(sub: argparse._SubParsersAction) -> None:
    text = "numbers with intervals and floors"
    evaluate = _verb(sub, "evaluate", verbs.evaluate, text)
    evaluate.add_argument("run_folder", type=_folder, metavar="RUN")
    evaluate.add_argument(
        "--on", choices=["valid", "test"], default="valid", help="the test is counted"
    )
    evaluate.add_argument("--threshold", type=_share, help="default: the run's own")

    predict = _verb(sub, "predict", verbs.predict, "answer for image files")
    predict.add_argument("run_folder", type=_folder, metavar="RUN")
    predict.add_argument("files", nargs="+", type=Path, metavar="FILE")


def _phantom(sub: argparse._SubParsersAction) -> None:
    phantom = _verb(sub, "phantom", verbs.phantom, "write simulated images")
    _add_out(phantom, "DIR", "for the three sources and the truth")
    phantom.add_argument("--children", type=_positive, default=300, metavar="N")
    phantom.add_argument("--seed", type=_count, default=0, metavar="N")
    phantom.add_argument("--clean", action="store_true", help="no class differences")


def _course(sub: argparse._SubParsersAction) -> None:
    lessons = _verb(sub, "lessons", verbs.lessons, "list, run or copy the lessons")
    lessons.add_argument("--run", nargs="*", metavar="NUMBER", help="all when none")
    lessons.add_argument("--build", action="store_true", help="from notebooks/source")
    lessons.add_argument("--copy", type=Path, metavar="DIR", help="without outputs")
    lessons.add_argument(
        "--mode", choices=["smoke", "quick", "full"], help="how large, with --run"
    )

    results = _verb(sub, "results", verbs.results, "what was measured on real images")
    results.add_argument("name", nargs="?", help="one of the list, in full")


def _verb(
    sub: argparse._SubParsersAction, name: str, work: Callable, text: str
) -> argparse.ArgumentParser:
    verb = sub.add_parser(name, help=text, description=text.capitalize() + ".")
    verb.add_argument("--json", action="store_true", help="one JSON object on stdout")
    verb.set_defaults(work=work)
    return verb


def _add_merge_and_protocol(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "merge", type=_folder, metavar="MERGE", help="folder that xraylab merge wrote"
    )
    verb.add_argument("--protocol", choices=list(data.PROTOCOLS), required=True)
    verb.add_argument("--seed", type=_count, default=0, metavar="N")


def _add_out(verb: argparse.ArgumentParser, metavar: str, text: str) -> None:
    verb.add_argument("--out", type=Path, required=True, metavar=metavar, help=text)


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"must be an existing folder, got {text}")
    return path


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise argparse.ArgumentTypeError(f"must be a folder or a file, got {text}")
    return path


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number from 0, got {text}")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, got {text}")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:  # nan is in no range
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1, got {text}")
    return share


def _peak_mb() -> float | None:
    """Peak memory of this process in MB; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)
