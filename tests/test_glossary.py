"""The glossary, the lessons and the code know the same terms."""

import importlib
import re
from pathlib import Path

import pytest

from xraylab.course import build
from xraylab.data import manifest

GLOSSARY = Path(__file__).parents[1] / "docs/glossary.md"
ROW = re.compile(r"\| ([^|]+) \| ([^|]+) \| (\d\d) \| `([\w.]+)` \|")
LINES = [x for x in GLOSSARY.read_text("utf-8").splitlines() if x.startswith("| ")]
ROWS = [match.groups() for match in map(ROW.fullmatch, LINES) if match]
COLUMNS = {*manifest.COLUMNS, "split", "score"}  # of a manifest, a split, a run
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])


@pytest.fixture(scope="module")
def bold():
    """What stands in bold in each lesson, in the order of the lessons."""
    found = {}
    for script in build.sources():
        cells = build.read_source(script).cells
        told = "\n".join(c.source for c in cells if c.cell_type == "markdown")
        found[script.name[:2]] = re.findall(r"\*\*(.+?)\*\*", " ".join(told.split()))
    return found


def test_each_row_is_one_term_of_one_lesson_in_their_order():
    assert len(ROWS) == len(LINES) - 1, "a row is not as the head says"
    assert len({term.lower() for term, *_ in ROWS}) == len(ROWS) > 50
    lessons = [lesson for _, _, lesson, _ in ROWS]
    assert lessons == sorted(lessons)
    assert all(meaning.endswith(".") for _, meaning, _, _ in ROWS)


@each_row
def test_a_term_stands_in_bold_first_in_its_lesson(row, bold):
    term, _, lesson, _ = row
    word = re.compile(rf"\b{re.escape(term)}", re.I)  # its plural, too
    in_bold = [n for n, phrases in bold.items() if any(map(word.search, phrases))]
    assert in_bold[:1] == [lesson]


@each_row
def test_a_term_is_found_in_the_code(row):
    room, *names = row[3].split(".")
    if not names:
        assert room in COLUMNS
        return
    found = importlib.import_module(f"xraylab.{room}")
    for name in names:
        found = getattr(found, name)
