"""Small faults in the modules that decide results: do their own tests notice them?

python benchmarks/mutation.py draw --seed 1     fixes a list of faults, and runs nothing
python benchmarks/mutation.py run --seed 1      tries those with no answer so far
python benchmarks/mutation.py show --seed 1     counts, and names the others

Each fault is put into a copy of the package in a temporary folder, and the tests of its
module are run there. Writes benchmarks/results/mutation.json after each: what was found
when a fault was tried first, and what is found now.
"""

import argparse
import ast
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.mutants import mutants

REPOSITORY = Path(__file__).parents[1]
FILE = Path(__file__).parent / "results" / "mutation.json"
MODULES = (
    *("data/filenames", "data/merging", "data/splits"),
    *("duplicates/correlation", "duplicates/find", "duplicates/registration"),
    "images/decode",
    *("evaluation/calibration", "evaluation/intervals"),
    *("evaluation/metrics", "evaluation/thresholds"),
    *("audit/leakage", "audit/shortcuts"),
    *("training/loop", "training/runs"),
)
FUNCTION = ast.FunctionDef | ast.ClassDef
EACH = 6  # faults a module
LIMIT_S = 300
NOTICED, SURVIVED, TIMED_OUT = "noticed", "survived", "timed out"
GONE = "gone from the code"  # what the fault would change
# Faults that change nothing anybody can see, each with its reason.
EQUIVALENT: dict[str, str] = {
    "duplicates/find: _kinds: alike >= SAME -> alike > SAME": (
        "no sum of so many fractions is the limit to the last bit but by chance"
    ),
    "duplicates/correlation: _measure: 1 -> 2 #5": (
        "a flat square is 0 throughout, whatever it is divided by"
    ),
    "evaluation/intervals: square_and_add: signs[0] * signs[1] -> "
    "signs[0] / signs[1]": "the sign of a ratio is that of the product",
    "data/filenames: _beginnings: 1 -> 0 #3": "the first beginning is tried twice",
    "images/decode: _colour: if Image.getmodebase(image.mode) == 'L': -> if False:": (
        "the channels of a grey image are equal, so the long way finds 0 too"
    ),
    "audit/shortcuts: fit_and_score: 2000 -> 2001": (
        "the fit stands still after tens of steps; at the limit it would warn"
    ),
}
# Unit tests alone, the same examples each time, and no plug-in they can do without.
OPTIONS = [
    *("-x", "-q", "--hypothesis-seed=0", "-o", "addopts=--strict-markers"),
    *("-m", "not long", "-p", "no:cacheprovider", "-p", "no:nbval", "-p", "no:anyio"),
]
# Loaded once, before each fault gets a process of its own.
LIBRARIES = ("hypothesis", "pandas", "PIL.Image", "pytest", "scipy.ndimage")
LIBRARIES += ("scipy.optimize", "sklearn.linear_model", "torch", "accelerate")


def list_faults(module: str) -> dict[str, str]:
    """Give each fault of a module by what it is, with the whole changed file."""
    return name_faults((REPOSITORY / "xraylab" / f"{module}.py").read_text("utf-8"))


def name_faults(source: str) -> dict[str, str]:
    """Give each fault of a program by what it is, with the whole changed program.

    A name has the function and no line, so that an edit elsewhere renames none.
    """
    functions = [f for f in ast.walk(ast.parse(source)) if isinstance(f, FUNCTION)]
    found, seen = {}, Counter()
    for change, text in mutants(source):
        where, _, what = change.partition(": ")
        line = int(where.removeprefix("line "))
        around = [f for f in functions if f.lineno <= line <= f.end_lineno]
        what = f"{around[-1].name if around else 'module'}: {what}"
        seen[what] += 1
        found[f"{what} #{seen[what]}" if seen[what] > 1 else what] = text
    return found


def draw(seed: int) -> list[dict]:
    """Draw faults of each module by what they are: a seed gives the same ones."""

    def place(module: str, fault: str) -> bytes:
        return hashlib.sha256(f"{seed} {module} {fault}".encode()).digest()

    return [
        {"module": module, "fault": fault}
        for module in MODULES
        for fault in sorted(list_faults(module), key=lambda f: place(module, f))[:EACH]
    ]


def try_tests(module: str, text: str | None = None) -> str:
    """Say what the tests of a module do when its file is changed to a text."""
    with tempfile.TemporaryDirectory() as folder:
        for part in ("xraylab", "tests", "benchmarks"):
            shutil.copytree(REPOSITORY / part, Path(folder) / part)
        shutil.copy(REPOSITORY / "pyproject.toml", folder)
        if text is not None:
            (Path(folder) / "xraylab" / f"{module}.py").write_text(text, "utf-8")
        child = os.fork()
        if not child:
            _run_tests(folder, module)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == -signal.SIGALRM:
        return TIMED_OUT
    if code not in (0, 1, 2):  # passed, failed, could not be imported
        raise RuntimeError(f"pytest of {module} ended with {code}")
    return NOTICED if code else SURVIVED


def _run_tests(folder: str, module: str) -> NoReturn:
    """Run the tests of a module of the package in a folder, and end this process."""
    code = 3
    try:
        signal.alarm(LIMIT_S)
        for name in [n for n in sys.modules if n.partition(".")[0] == "tests"]:
            del sys.modules[name]
        os.chdir(folder)
        sys.path.insert(0, folder)
        os.environ |= {"PYTHONPATH": folder, "XRAYLAB_PROGRESS": "0"}
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        room, name = module.split("/")
        code = int(pytest.main([*OPTIONS, f"tests/{room}/test_{name}.py"]))
        if Path(sys.modules["xraylab"].__file__).parents[1] != Path(folder):
            code = 3
    finally:
        os._exit(code)


def run(seed: int) -> None:
    """Try the faults of a list that are neither noticed yet nor known as harmless.

    The unchanged module comes first.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for name in LIBRARIES:
        import_module(name)
    sound, faults = set(), read()[str(seed)]["faults"]
    for fault in faults:
        if is_noticed(fault) or ("now" in fault and name_of(fault) in EQUIVALENT):
            continue
        module = fault["module"]
        if module not in sound and try_tests(module) != SURVIVED:
            raise SystemExit(f"the tests of {module} fail with no fault in it")
        sound.add(module)
        text = list_faults(module).get(fault["fault"])
        found = GONE if text is None else try_tests(module, text)
        fault.setdefault("first", found)
        fault["now"] = found
        write(seed, faults)
        print(f"{found:9} {name_of(fault)}", flush=True)


def is_noticed(fault: dict, when: str = "now") -> bool:
    """Say whether a fault was noticed when it was tried first, or is now."""
    return fault.get(when) in (NOTICED, TIMED_OUT)


def name_of(fault: dict) -> str:
    return f"{fault['module']}: {fault['fault']}"


def count(faults: list[dict]) -> str:
    """Say how many were noticed, at first and now, and name the others."""
    tried, lines = [f for f in faults if f.get("now", GONE) != GONE], []
    for when in ("first", "now"):
        n = sum(is_noticed(fault, when) for fault in tried)
        lines.append(f"{when}: {n} noticed of {len(tried)} tried, {len(faults)} drawn")
    for fault in [fault for fault in tried if not is_noticed(fault)]:
        reason = EQUIVALENT.get(name_of(fault), "NO REASON GIVEN")
        lines.append(f"  {name_of(fault)}\n    {reason}")
    return "\n".join(lines)


def read() -> dict:
    """Give the committed lists, by seed."""
    return json.loads(FILE.read_text("utf-8")) if FILE.is_file() else {}


def write(seed: int, faults: list[dict]) -> None:
    """Keep a list in the place of that of the same seed; the others stay."""
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    kept = read() | {str(seed): {"date": date, "faults": faults}}
    FILE.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("draw", "run", "show"))
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    if chosen.what == "draw":
        write(chosen.seed, draw(chosen.seed))
    elif chosen.what == "run":
        run(chosen.seed)
    print(count(read()[str(chosen.seed)]["faults"]))


if __name__ == "__main__":
    main()
