"""Measure each lesson for its card, kept in notebooks/cards.json.

    python benchmarks/cards.py [NUMBER ...]

Minutes, memory and tasks. Each lesson runs by itself, in quick mode, on the built-in
images; the first run of all makes these. The README's table is held to this file.
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


def run_lesson(number):
    """Run one lesson; returns minutes, CPU-seconds and the largest memory in MB."""
    command = [sys.executable, "-m", "xraylab", "lessons", "--mode", "quick", "--run"]
    env = os.environ | {"XRAYLAB_DATA": "built-in", "XRAYLAB_STEPS": ""}
    started = time.perf_counter()
    child = subprocess.Popen(
        [*command, number],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return {
        "passed": child.returncode == 0,
        "minutes": round((time.perf_counter() - started) / 60, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime),
        "memory_mb": round(used.ru_maxrss / 1024),
    }


def count_tasks(source):
    """Count what a lesson asks of its reader."""
    text = source.read_text("utf-8")
    return {
        "tasks": len(checks.list_checks().get(source.stem[:2], [])),
        "guesses": len(re.findall(r"^lesson\.guess\(", text, re.M)),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", metavar="NUMBER", help="all when none")
    numbers = parser.parse_args().numbers
    kept = json.loads(CARDS.read_text("utf-8")) if CARDS.is_file() else {"lessons": {}}
    for source in tqdm(build.sources(numbers), unit="lesson"):
        card = run_lesson(source.stem[:2]) | count_tasks(source)
        kept["lessons"][source.stem] = card | {"date": time.strftime("%Y-%m-%d")}
    kept["lessons"] = dict(sorted(kept["lessons"].items()))
    kept["platform"] = (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    )
    kept["python"] = platform.python_version()
    write_text(CARDS, json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
