"""Each solution with a small fault in it is refused, or is still right and listed."""

import ast
import re

import pytest

from tests.course.checks.mutation import list_mutants
from tests.course.checks.test_lessons import CASES, answered
from xraylab.course import build
from xraylab.course.checks import outcome


def solved_tasks():
    """The cells with a function for an answer, and the imports of their lesson."""
    for source in build.sources():
        cells = build.read_source(source, solved=True).cells[2:]
        codes = [c.source for c in cells if c.cell_type == "code"]
        for code in codes:
            if asked := re.search(r'lesson\.check\("(.+?)", (\w+)', code):
                written, _, _ = code.partition("lesson.check(")
                if f"def {asked[2]}(" in written:
                    yield pytest.param(*asked.groups(), written, codes, id=asked[1])


def imports_of(codes):
    """What a lesson imports; the rest of its cells need not run for a task."""
    nodes = [n for code in codes for n in ast.parse(code).body]
    kept = [n for n in nodes if isinstance(n, ast.Import | ast.ImportFrom)]
    names = {}
    exec("\n".join(map(ast.unparse, kept)), names)
    return names


@pytest.mark.filterwarnings("ignore")  # faults divide by zero
@pytest.mark.parametrize(("name", "function", "code", "codes"), [*solved_tasks()])
def test_a_fault_in_a_solution_is_refused(name, function, code, codes):
    case = next(case for case in CASES if case.name == name)
    imported, passed, right = imports_of(codes), [], set(case.equivalent)
    mutants = list_mutants(code)
    for mutant in mutants:
        names = dict(imported)
        exec(mutant, names)
        if answered(case, names[function]).status == outcome.RIGHT:
            passed += [mutant]
    assert len(mutants) >= 3
    lines = [{line.strip() for line in mutant.splitlines()} for mutant in passed]
    unlisted = [
        mutant for mutant, own in zip(passed, lines, strict=True) if not own & right
    ]
    assert not unlisted, "mend the check, or list what is right as `equivalent`"
    assert right <= set.union(set(), *lines), (
        "a listed line is in no mutant that passes"
    )
