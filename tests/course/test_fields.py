"""The field of a guess says what the line of code says, and seals the same."""

import pytest

from xraylab.course import fields, guesses, lesson
from xraylab.course.questions import QUESTIONS


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    path = tmp_path / "guesses.jsonl"
    monkeypatch.setenv("XRAYLAB_GUESSES", str(path))
    return path


def press(name, value, sure=0.5):
    field = fields.guess_field(name, guesses.guess)
    field.value.value, field.sure.value = value, sure
    field.button.click()
    return field.said.value


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_has_a_field(name):
    field = fields.guess_field(name, guesses.guess)
    assert len(field.children) == 4
    assert "Not guessed yet" in press(name, "")


def test_the_button_seals_and_a_slip_may_be_mended():
    assert (
        press("naive accuracy", "0.9", 0.7) == "Sealed: naive accuracy, 0.9 (70% sure)."
    )
    assert press("naive accuracy", "0.96", 0.7).startswith(
        "Mended: naive accuracy, 0.96"
    )
    assert lesson.read_guesses()[["value", "sure"]].to_numpy().tolist() == [[0.96, 0.7]]


@pytest.mark.parametrize("typed", ["96", "0,96", "96 %"])
def test_what_was_meant_is_asked_back_and_nothing_is_sealed(typed):
    said = press("naive accuracy", typed)
    assert "Did you mean 0.96? Change it and seal again." in said
    assert lesson.read_guesses().empty


def test_a_word_is_chosen_from_the_list():
    field = fields.guess_field("dearest step", guesses.guess)
    assert field.value.options == ("", "copies", "the same child", "another test block")
    assert press("dearest step", "copies") == "Sealed: dearest step, copies (50% sure)."


def test_what_is_said_is_text_and_no_markup():
    assert "&lt;b&gt;" in press("naive accuracy", "<b>")


def test_outside_a_notebook_no_field_is_shown(capsys):
    lesson.guess("naive accuracy")
    assert capsys.readouterr().out.startswith("Not guessed yet: naive accuracy")
