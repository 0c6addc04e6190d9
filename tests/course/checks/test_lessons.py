"""Each check of each lesson: right answers pass, each mistake gets its own word."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xraylab.course import build, checks
from xraylab.course.checks import outcome
from xraylab.course.checks.asking import KINDS

HERE = Path(__file__).parent
LESSONS = sorted(file.stem for file in HERE.glob("lesson_*.py"))
CASES = [
    case
    for lesson in LESSONS
    for case in import_module(f"tests.course.checks.{lesson}").CASES
]
CHECKS = [check for many in checks.list_checks().values() for check in many]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)


def answered(case, answer):
    return checks.check(case.name, answer, *case.given())


def test_every_check_has_its_cases_and_the_other_way_round():
    assert [case.name for case in CASES] == [check.name for check in CHECKS]
    assert len({case.name for case in CASES}) == len(CASES)


@each_case
def test_three_right_answers_pass(case):
    assert len(case.right) >= 3
    for answer in case.right:
        found = answered(case, answer)
        assert found.status == outcome.RIGHT, found


@each_case
def test_each_planted_mistake_is_refused_in_its_own_words(case):
    assert len(case.wrong) >= 3
    for mistake, (answer, said) in case.wrong.items():
        found = answered(case, answer)
        assert found.status in (outcome.WRONG, outcome.BROKEN), mistake
        assert said in found.text, f"{mistake}: {found.text}"


def rounded(answer, n):
    """Round what a function gives, where that is a number or some numbers."""

    def round_it(*given):
        found = answer(*given)
        found = found.detach() if hasattr(found, "detach") else found
        try:
            return np.round(np.array([*found], float), n)
        except TypeError:
            return round(found, n) if isinstance(found, int | float) else found
        except ValueError:
            return found

    return round_it


# The others have answers of two decimals, let rounded ones pass, or ask for none.
NAMED_WHEN_ROUNDED = {
    *("accuracy from counts", "AUROC with ties", "each child once"),
    *("scores of a network in use", "a loss that fits", "the rate of each epoch"),
    *("specificity by hand", "the network that never looks", "an honest threshold"),
    *("PPV by hand", "share inside by hand", "two numbers to one"),
    *("the same as in training", "all right, but how many"),
    *("accuracy in another mix", "on the same images"),
}


@each_case
def test_a_right_answer_that_is_rounded_passes_or_is_called_rounded(case):
    said = set()
    for answer in filter(callable, case.right):
        for n in (2, 3, 4, 5):
            found = answered(case, rounded(answer, n))
            if not found.is_right:
                said.add(re.sub("[2-5]", "n", found.text))
    named = {"That is right, but rounded to n digits. Give it unrounded."}
    assert said == (named if case.name in NAMED_WHEN_ROUNDED else set())


ODD = [
    *(3, -1, 1.5, float("nan"), True, 1j, "x", "", b"x", object(), int, lambda: 1),
    *([], [1], [[1]], ["x"], [None], {}, {"path": [1]}, set(), ([], 1)),
    *(("first", [1]), ("first", np.ones(2)), np.array("x"), np.ones((2, 2))),
    *(pd.DataFrame(), pd.Series([1, 2]), pd.DataFrame({"path": [1]}), iter([[1]])),
]


@each_case
def test_whatever_is_answered_or_given_back_nothing_is_raised(case):
    for odd in ODD:
        for answer in (odd, lambda *given, odd=odd: odd):
            found = answered(case, answer)
            assert found.status in (outcome.RIGHT, outcome.WRONG, outcome.BROKEN)
            assert not found.is_right or case.name == "a line in the gap"


@each_case
def test_nothing_written_is_not_tried(case):
    for answer in (None, ..., lambda *values: None):
        assert answered(case, answer).status == outcome.UNTRIED


@each_check
def test_it_has_a_kind_and_three_hints_that_lead_on(check):
    assert check.kind in KINDS
    assert len({*check.hints}) == 3
    for text in check.hints:
        assert 4 <= len(text.split()) <= 45, text


def test_lessons_ask_for_each_check_once_as_a_start_and_as_a_solution():
    """A task's letter, starter and solution stand in the lesson that its file names."""
    for source in build.sources():
        text = source.read_text("utf-8")
        asked = re.findall(r'^lesson\.check\("(.+?)"', text, re.M)
        known = checks.list_checks().get(source.stem[:2], [])
        assert asked == [name for check in known for name in [check.name] * 2]


def test_the_start_of_each_choice_says_how_a_letter_is_written():
    start = 'answer = None  # a letter in quotes, such as "a"\nlesson.check("{}", '
    text = "".join(source.read_text("utf-8") for source in build.sources())
    choices = [case.name for case in CASES if case.wrong.get("no letter")]
    assert len(choices) == 12
    assert [name for name in choices if start.format(name) not in text] == []
