"""Small faults in solutions are refused, and small faults in checks are noticed."""

import hashlib
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from tests.course.checks.test_lessons import CASES, LESSONS
from tests.mutants import mutants
from xraylab.course import build, checks
from xraylab.course.checks import outcome

ONE_OF, LEAST = 8, 0.95  # so many faults in checks are tried, and must be noticed
# Faults in a solution that change nothing it should answer for, each with its reason.
EQUIVALENT: dict[str, str] = {
    "who is mirrored: line 2: rng.random() < 0.5 -> rng.random() <= 0.5": (
        "a number drawn from [0, 1) is not 0.5"
    ),
    "what Grad-CAM forgot: line 2: slopes.mean -> slopes.sum": (
        "a map may have any scale"
    ),
    "what Grad-CAM forgot: line 3: (weights[:, None, None] * features).sum -> "
    "(weights[:, None, None] * features).mean": "a map may have any scale",
    "balance where you learn: line 5: 0 -> 1": "any draw will do",
    "an honest threshold: line 3: table['score'] >= threshold -> "
    "table['score'] > threshold": "the best threshold is then the score below it",
}
# The same for faults in checks.
HARMLESS: dict[str, str] = {
    "lesson_08, is_right(share, right) -> is_right(right, share)": (
        "no right share there has more than two digits, so none can be rounded"
    ),
}


def solutions():
    """Give the code of each solution that is a function, by the name of its check."""
    found = {}
    for source in build.sources():
        for cell in build.read_source(source, solved=True).cells:
            task = re.search(r'lesson\.check\("(.+?)", (\w+)', cell.source)
            if build.SOLUTION in cell.metadata.get("tags", []) and task:
                code = cell.source.split("lesson.check(")[0]
                if "def " in code:
                    found[task[1]] = (code, task[2])
    return found


SOLUTIONS = solutions()


def imports():
    """Give what the lessons import, for solutions that use it."""
    names = {}
    lines = ["import numpy as np", "import pandas as pd", "import torch"]
    lines += ["from torch.nn import functional"]
    exec("\n".join(lines), names)
    return names


def refused(name, function):
    """Say what a check says to an answer; None where it passes."""
    case = next(case for case in CASES if case.name == name)
    found = checks.check(name, function, *case.given())
    return None if found.status == outcome.RIGHT else found.text


@pytest.mark.parametrize("name", SOLUTIONS)
def test_a_solution_passes_and_its_faults_do_not(name):
    code, function = SOLUTIONS[name]
    names = imports()
    exec(code, names)
    assert refused(name, names[function]) is None
    survived = []
    for change, text in mutants(code):
        names = imports()
        exec(text, names)
        if refused(name, names[function]) is None:
            survived.append(f"{name}: {change}")
    assert [fault for fault in survived if fault not in EQUIVALENT] == []


def draw_faults():
    """Draw the faults in checks by what they are: an edit elsewhere moves none."""
    found = []
    for lesson in LESSONS:
        module = import_module(f"xraylab.course.checks.{lesson}")
        for change, text in mutants(
            Path(module.__file__).read_text("utf-8"), limits=False
        ):
            name = f"{lesson}, {change.partition(': ')[2]}"
            if hashlib.sha256(name.encode()).digest()[0] % ONE_OF == 0:
                found.append((lesson, name, text))
    return found


def is_noticed(lesson, text):
    """Say whether the cases of a lesson tell a changed file of checks from ours."""
    module = ModuleType(lesson)
    try:
        exec(compile(text, lesson, "exec"), module.__dict__)
        own = [v for v in vars(module).values() if isinstance(v, checks.Check)]
        by_name = {check.name: check for check in own}
        for case in import_module(f"tests.course.checks.{lesson}").CASES:
            check = by_name[case.name]
            if not all(check(answer, *case.given()).is_right for answer in case.right):
                return True
            for answer, said in case.wrong.values():
                found = check(answer, *case.given())
                if found.is_right or said not in found.text:
                    return True
    except Exception:
        return True
    return False


@pytest.mark.long
def test_most_faults_in_checks_are_noticed_by_their_cases(capsys):
    drawn = draw_faults()
    survived = [
        name
        for lesson, name, text in drawn
        if not is_noticed(lesson, text) and name not in HARMLESS
    ]
    with capsys.disabled():
        print(
            f"\n{len(drawn)} faults in checks, {len(survived)} not noticed", *survived
        )
    assert 1 - len(survived) / len(drawn) >= LEAST
