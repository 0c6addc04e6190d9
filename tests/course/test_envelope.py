"""All guesses at once: judged like a network's answers, and carried by a code."""

import base64
import json
import re
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraylab.course import guesses, lesson, questions
from xraylab.errors import InputError
from xraylab.evaluation import calibration


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    path = tmp_path / "home" / "guesses.jsonl"
    monkeypatch.setenv("XRAYLAB_GUESSES", str(path))
    return path


def answer_some():
    for name, value, sure, truth in [
        ("naive accuracy", 0.96, 0.9, 0.95),
        ("official accuracy", 0.9, 0.6, 0.77),
        ("dearest step", "copies", 0.5, "copies"),
        ("file size AUROC", 0.7, None, 0.7),
        ("ring probe AUROC", 0.7, 0.4, float("nan")),
    ]:
        lesson.guess(name, value, sure=sure)
        lesson.keep_truth(name, truth)
    lesson.guess("best rate", 0.4, sure=0.4)


def carried(capsys):
    capsys.readouterr()
    lesson.carry_guesses()
    return re.search(r'"(.+)"', capsys.readouterr().out)[1]


def test_guesses_are_judged_as_a_table_of_predictions(capsys):
    answer_some()
    judged = lesson.judge_guesses().set_index("name")
    # without a confidence or a measurement there is nothing to judge
    assert judged["label"].to_dict() == {
        "naive accuracy": 1,
        "official accuracy": 0,
        "dearest step": 1,
    }
    assert judged["score"].tolist() == [0.9, 0.6, 0.5]
    measured = calibration.measure_calibration(judged).loc["Brier", "value"]
    assert f"Brier {measured:.2f} (0 is best)" in lesson.describe_own(judged)
    assert "3 guesses: 2 right (67%), and you were 67% sure" in lesson.describe_own(
        judged
    )


def test_without_guesses_nothing_is_drawn_from_the_air():
    assert lesson.judge_guesses().empty
    assert lesson.describe_own(lesson.judge_guesses()).startswith("No guess with")


@given(st.floats(0, 1), st.floats(-0.2, 0.2))
def test_a_number_is_right_within_a_twentieth_of_its_range(truth, off):
    is_right = questions.SHARE.is_near(truth + off, truth)
    if abs(abs(off) - 0.05) > 1e-6:
        assert is_right == (abs(off) < 0.05)
    assert questions.Number(-1, 1).is_near(truth + off, truth) == (
        abs((truth + off) - truth) <= 0.1 * (1 + 1e-9)
    )


def test_a_code_carries_guesses_and_truths_to_an_empty_place(capsys, file, monkeypatch):
    answer_some()
    before, truths = lesson.read_guesses(), guesses.stored_truths()
    judged, code = lesson.judge_guesses(), carried(capsys)
    assert len(code) < 1500
    monkeypatch.setenv("XRAYLAB_GUESSES", str(file.parent / "elsewhere.jsonl"))
    lesson.carry_guesses(f" {code}\n")
    assert capsys.readouterr().out == "6 guesses taken in, 6 in the code.\n"
    assert lesson.read_guesses().equals(before)
    assert guesses.stored_truths() == truths
    assert lesson.judge_guesses().equals(judged)
    lesson.carry_guesses(code)  # twice changes nothing
    assert capsys.readouterr().out == "0 guesses taken in, 6 in the code.\n"
    assert lesson.read_guesses().equals(before)


def test_what_is_sealed_and_measured_here_stays(capsys, file, monkeypatch):
    lesson.guess("naive accuracy", 0.96, sure=0.9)
    lesson.keep_truth("naive accuracy", 0.95)
    code = carried(capsys)
    monkeypatch.setenv("XRAYLAB_GUESSES", str(file.parent / "elsewhere.jsonl"))
    lesson.guess("naive accuracy", 0.5, sure=0.5)
    lesson.keep_truth("naive accuracy", 0.75)
    lesson.carry_guesses(code)
    assert lesson.read_guesses()["value"].tolist() == [0.5]
    assert lesson.read_truths() == {"naive accuracy": "0.75"}


def test_nothing_to_carry_is_said(capsys):
    lesson.carry_guesses()
    assert capsys.readouterr().out.startswith("Nothing to carry yet")


@pytest.mark.parametrize(
    "spoil",
    [
        *(lambda c: c[:-9], lambda c: "", lambda c: c[4:], str.upper),
        lambda _: base64.urlsafe_b64encode(zlib.compress(b"[" * 100_000)).decode(),
    ],
)
def test_a_code_that_is_cut_is_refused_and_nothing_is_taken(
    spoil, capsys, file, monkeypatch
):
    answer_some()
    code = carried(capsys)
    monkeypatch.setenv("XRAYLAB_GUESSES", str(file.parent / "elsewhere.jsonl"))
    with pytest.raises(InputError, match=r"code must be one that .* cannot be read"):
        lesson.carry_guesses(spoil(code))
    assert lesson.read_guesses().empty


def as_code(kept):
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(kept).encode())).decode()


GUESS = {"name": "naive accuracy", "value": 0.9, "sure": None, "time": "2026-01-01"}


@pytest.mark.parametrize(
    "kept",
    [
        3,
        {"guesses": 3, "truths": {}},
        {"guesses": [{"name": "naive accuracy"}], "truths": {}},
        {"guesses": [GUESS | {"value": 96}], "truths": {}},
        {"guesses": [GUESS | {"value": "high"}], "truths": {}},
        {"guesses": [GUESS | {"sure": 2}], "truths": {}},
        {"guesses": [GUESS | {"time": "noon"}], "truths": {}},
        {"guesses": [GUESS, GUESS | {"name": "else"}], "truths": {}},
        {"guesses": [GUESS], "truths": {"naive accuracy": {"text": "0.9"}}},
        {"guesses": [GUESS], "truths": ["naive accuracy"]},
    ],
    ids=str,
)
def test_a_code_of_other_things_is_refused_and_nothing_is_taken(kept):
    lesson.keep_truth("dearest step", "copies")
    with pytest.raises(InputError, match=r"code must be one that .* cannot be read"):
        lesson.carry_guesses(as_code(kept))
    assert lesson.read_guesses().empty
    assert lesson.read_truths() == {"dearest step": "copies"}
    lesson.carry_guesses(as_code({"guesses": [GUESS], "truths": {}}))
    assert lesson.read_guesses()["value"].tolist() == [0.9]


def test_a_measurement_that_is_no_number_is_not_judged():
    lesson.guess("naive accuracy", 0.5, sure=0.5)
    lesson.keep_truth("naive accuracy", np.nan)
    assert lesson.judge_guesses().empty
