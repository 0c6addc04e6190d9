"""Measure each lesson for its card, kept in notebooks/cards.json.

    python benchmarks/cards.py [--green] [NUMBER ...]

Minutes, memory and tasks, and the day of the last run without an error on a platform.
Each lesson runs by itself, in quick mode, on the built-in images; the first run of all
makes these. The README's table is held to this file. CI runs it with --green on each of
its platforms: figures of a shared machine are not kept, only whether all went well.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

from tqdm import tqdm

from xraylab.course import build, checks
from xraylab.files import write_text

CARDS = Path(__file__).parents[1] / "notebooks/cards.json"


COMMAND = [sys.executable, "-m", "xraylab", "lessons", "--mode", "quick", "--run"]
BUILT_IN = {"XRAYLAB_DATA": "built-in", "XRAYLAB_STEPS": ""}


def run_lesson(number):
    """Run one lesson; returns minutes, CPU-seconds and the largest memory in MB."""
    started = time.perf_counter()
    child = subprocess.Popen([*COMMAND, number], env=os.environ | BUILT_IN)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return {
        "passed": child.returncode == 0,
        "minutes": round((time.perf_counter() - started) / 60, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime),
        "memory_mb": round(used.ru_maxrss / 1024),
    }


def is_green(number):
    """Say whether a lesson runs to its end here."""
    done = subprocess.run([*COMMAND, number], env=os.environ | BUILT_IN, check=False)
    return done.returncode == 0


def count_tasks(source):
    """Count what a lesson asks of its reader."""
    text = source.read_text("utf-8")
    return {
        "tasks": len(checks.list_checks().get(source.stem[:2], [])),
        "guesses": len(re.findall(r"^lesson\.guess\(", text, re.M)),
    }


def name_platform():
    """Name what a lesson ran on."""
    python = ".".join(platform.python_version_tuple()[:2])
    return f"{platform.system()} {platform.machine()}, Python {python}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", metavar="NUMBER", help="all when none")
    parser.add_argument("--green", action="store_true", help="measure nothing else")
    args = parser.parse_args()
    cards = json.loads(CARDS.read_text("utf-8")) if CARDS.is_file() else {"lessons": {}}
    today, all_passed = time.strftime("%Y-%m-%d"), True
    for source in tqdm(build.sources(args.numbers), unit="lesson"):
        card = cards["lessons"].setdefault(source.stem, {})
        if args.green:
            passed = is_green(source.stem[:2])
        else:
            measured = run_lesson(source.stem[:2])
            passed = measured["passed"]
            card |= measured | count_tasks(source) | {"date": today}
            cards["platform"] = f"{name_platform()}, {os.cpu_count()} cores"
        if passed:
            card["green"] = card.get("green", {}) | {name_platform(): today}
        all_passed &= passed
    cards["lessons"] = dict(sorted(cards["lessons"].items()))
    write_text(CARDS, json.dumps(cards, indent=1) + "\n")
    return 0 if all_passed else 1


if __name__ == "__main__":
    sys.exit(main())
