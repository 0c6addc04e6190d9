"""The house style of lessons, where it can be counted."""

import re
import statistics
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from xraylab import training
from xraylab.course import build, checks
from xraylab.course.questions import QUESTIONS

SOURCES = build.sources()
ROOT = Path(__file__).parents[2]
OBJECTIVES, RECAP = "Afterwards you can", "## What you take along"
NOTICE = "Not for clinical use. This course teaches how to judge a model."
each_lesson = pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem)


def cells_of(source, kind, **edition):
    book = build.read_source(source, **edition)
    return [cell for cell in book.cells[2:] if cell.cell_type == kind]


def prose_of(source):
    book = build.read_source(source)
    return "\n\n".join(c.source for c in book.cells if c.cell_type == "markdown")


def code_lines(cell):
    lines = (line.strip() for line in cell.source.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def own_code(source):
    """The code cells with code in them; those that only offer hints have none."""
    return [cell for cell in cells_of(source, "code") if code_lines(cell)]


def points_below(prose, heading):
    """The points of the list that follows a heading, up to the next paragraph."""
    after = prose.split(heading, 1)[1].lstrip(": \n")
    listed = re.match(r"(?:- .+(?:\n(?!- |\n).+)*\n?)+", after)
    return re.findall(r"^- ", listed[0], re.M) if listed else []


@each_lesson
def test_it_asks_one_question_and_says_what_it_is_not_for(source):
    prose = prose_of(source)
    assert len(re.findall(r"\*\*Question: ", prose)) == 1
    assert " ".join(NOTICE.split()) in " ".join(prose.replace(">", "").split())


@each_lesson
def test_it_takes_along_as_many_points_as_it_promised(source):
    prose = prose_of(source)
    promised = points_below(prose, OBJECTIVES)
    assert 2 <= len(promised) <= 4
    assert len(points_below(prose, RECAP)) == len(promised)


@each_lesson
def test_its_cells_are_short(source):
    lengths = sorted(len(code_lines(cell)) for cell in own_code(source))
    assert statistics.median(lengths) <= 6
    assert lengths[int(0.9 * (len(lengths) - 1))] <= 15
    assert lengths[-1] <= 25


@each_lesson
def test_it_is_neither_thin_nor_endless(source):
    words = sum(bool(re.search(r"\w", w)) for w in prose_of(source).split())
    cells = own_code(source)
    assert 500 <= words <= 1_900
    assert 10 <= len(cells) <= 30
    per_line = words / sum(len(code_lines(cell)) for cell in cells)
    assert 5 <= per_line <= 20


@each_lesson
def test_no_two_code_cells_stand_together_too_long(source):
    """A sentence says why; a result and its figure may share one."""
    kinds = [
        "text" if cell.cell_type == "markdown" else "code"
        for cell in build.read_source(source).cells[2:]
        if cell.cell_type == "markdown" or code_lines(cell)
    ]
    assert "code code code code" not in " ".join(kinds)


@each_lesson
def test_it_has_tasks_of_more_than_one_kind_spread_out(source):
    own = checks.list_checks()[source.stem[:2]]
    assert 3 <= len(own) <= 5
    guesses = re.findall(r'^lesson\.guess\("(.+?)"', source.read_text("utf-8"), re.M)
    assert set(guesses) <= set(QUESTIONS)
    kinds = {check.kind for check in own} | ({"predict"} if guesses else set())
    assert len(kinds) >= 3
    text = source.read_text("utf-8")
    places = [text.index(f'lesson.check("{check.name}"') / len(text) for check in own]
    assert places == sorted(places)
    assert places[-1] - places[0] > 0.2


def test_every_question_is_asked_in_one_lesson():
    asked = [
        name
        for source in SOURCES
        for name in re.findall(
            r'^lesson\.guess\(\s*"(.+?)"', source.read_text("utf-8"), re.M
        )
    ]
    assert sorted(asked) == sorted(QUESTIONS)


@each_lesson
def test_each_task_says_what_to_do_in_a_few_sentences(source):
    for cell in cells_of(source, "markdown"):
        for task in re.findall(r"### Your turn: .+?(?=\n#|\Z)", cell.source, re.S):
            assert 8 <= len(task.split()) <= 130, task


@each_lesson
def test_sentences_are_short(source):
    prose = re.sub(r"```.*?```|`[^`]*`|\[([^]]*)\]\([^)]*\)", r"\1x", prose_of(source))
    sentences = re.split(r"(?<=[.!?…:])\s+|\n\n|\n[-#>*]", prose)
    lengths = sorted(len(sentence.split()) for sentence in sentences if sentence.strip())
    assert statistics.median(lengths) <= 14
    assert lengths[-1] <= 45


@each_lesson
def test_what_a_copied_lesson_lacks_is_said_to_be_in_the_repository(source):
    for part in prose_of(source).split("\n\n"):
        here = re.findall(r"`(make \w+|\w+/[\w./]+)`", part)
        needed = [name for name in here if name.startswith("make ") or (ROOT / name).exists()]
        assert not needed or "repository" in part, needed


@each_lesson
def test_it_prints_the_same_whatever_ran_before(source):
    """A run says whether it was trained now or found; a lesson must not print that."""
    lines = [line for cell in own_code(source) for line in code_lines(cell)]
    assert not [line for line in lines if re.search(r"run\.note\b", line)]


def test_lesson_09_has_a_folder_for_each_recipe_whatever_it_is_called():
    """A change that was tried may be changed again under its name."""
    cells = [cell.source for cell in own_code(SOURCES[9])]
    (cell,) = [text for text in cells if "training.train(" in text]
    trained = {}

    def train(_merge, _protocol, recipe, folder):
        assert trained.setdefault(folder, recipe) == recipe

    here = Mock(recipe=training.RECIPES["lesson"], folder=Path("lesson"))
    names = {"data": Mock(), "here": here, "replace": replace, "base": here.recipe}
    names["training"] = Mock(train=train)
    tries = [{}, {"flip": False}, {"flip": True}, {"lr": 0.1}, {"lr": 0.1, "seed": 2}]
    for change in tries:
        exec(cell, names | {"changes": {"mine": change}})
    exec(cell, names | {"base": replace(here.recipe, lr=0.2), "changes": {"mine": {}}})
    assert len(trained) == 5  # to flip is what the recipe does
