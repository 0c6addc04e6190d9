"""Asking, hinting and solving: by name, in plain text, and never a stop."""

import sys

import numpy as np
import pytest

from xraylab.course import lesson

NAME = "accuracy from counts"


@pytest.mark.parametrize("ask", [lesson.check, lesson.hint, lesson.solution])
def test_an_unknown_name_is_refused_and_named(ask):
    with pytest.raises(
        ValueError, match="must name a task of the course, got 'another'"
    ):
        ask("another")


ODD = [["x"], {"a": 1}, None, 3, np.ones(2), ("accuracy from counts",), object, ""]


@pytest.mark.parametrize(
    "ask", [lesson.check, lesson.hint, lesson.solution, lesson.guess, lesson.reveal]
)
@pytest.mark.parametrize("name", ODD, ids=repr)
def test_what_is_no_name_is_said_like_an_unknown_one(ask, name):
    with pytest.raises(ValueError, match=r"name must name a .+ of the course, got"):
        ask(name)


@pytest.mark.parametrize("leave", [sys.exit, exit, quit])
def test_an_answer_that_leaves_python_is_an_error_of_the_learners(leave):
    def leaves(counts):
        leave(3)

    found = lesson.check(NAME, leaves)
    assert found.status == "Your code stopped"
    assert "SystemExit: 3\nin leaves, line" in found.text


def test_numbers_that_leave_python_on_the_way_are_an_error_of_the_learners():
    def leaves(labels):
        yield sys.exit()

    found = lesson.check("the network that never looks", leaves)
    assert found.status == "Your code stopped"


def test_an_answer_that_is_interrupted_by_hand_stays_interrupted():
    def waits(counts):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lesson.check(NAME, waits)


def test_hints_come_one_after_the_other_and_then_the_solution_is_named(
    capsys, monkeypatch
):
    monkeypatch.setattr("xraylab.course.checks.asking._GIVEN", {})
    for _ in range(4):
        lesson.hint(NAME)
    lines = capsys.readouterr().out.splitlines()
    starts = [line.split(":")[0] for line in lines]
    assert starts == [
        "Hint 1 of 3, a nudge",
        "Hint 2 of 3, the method",
        "Hint 3 of 3, almost all of it",
        f'No more hints. lesson.solution("{NAME}") shows one right answer.',
    ]


def test_the_solution_is_that_of_the_solved_notebook(capsys):
    lesson.solution(NAME)
    code = capsys.readouterr().out
    assert "lesson.check" not in code
    names = {}
    exec(code, names)
    assert lesson.check(NAME, names["accuracy"]).is_right


def test_an_error_in_the_learners_code_is_shown_with_its_line():
    def divides(counts):
        return counts.sum() / zero  # noqa: F821

    found = lesson.check(NAME, divides)
    assert found.status == "Your code stopped"
    assert "NameError: name 'zero' is not defined" in found.text
    assert "return counts.sum() / zero" in found.text


def test_an_outcome_reads_the_same_as_text_and_as_a_box():
    found = lesson.check(NAME, lambda counts: "<b>")
    assert repr(found).startswith(f"Not yet · {NAME}\n")
    assert "&lt;b&gt;" in found._repr_html_()
    assert "<b>Not yet</b>" in found._repr_html_()
