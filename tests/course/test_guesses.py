"""Guesses: sealed once, of the right kind, and held against what was measured."""

import json
import re
from datetime import timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraylab.course import build, guesses, lesson, questions
from xraylab.course.guesses import BrokenSealError
from xraylab.course.questions import QUESTIONS, Number
from xraylab.evaluation import Interval

SHARE = "naive accuracy"
COUNT = "wrong at confidence 0.99"
WORDS = "dearest step"


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "home" / "guesses.jsonl"
    monkeypatch.setenv("XRAYLAB_GUESSES", str(path))
    return path


pytestmark = pytest.mark.usefixtures("file")


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is put on."""
    now = [guesses._now()]
    monkeypatch.setattr(guesses, "_now", lambda: now[0])

    def put_on(**time):
        now[0] += timedelta(**time)

    return put_on


def said(capsys):
    return capsys.readouterr().out.strip()


def test_without_a_guess_everything_runs_on(file, capsys):
    lesson.guess(SHARE, None, sure=None)
    assert said(capsys) == (
        "Not guessed yet: naive accuracy (a number from 0 to 1; within 0.05 is right)."
    )
    lesson.keep_truth(SHARE, 0.9552)
    assert said(capsys) == ""
    lesson.reveal(SHARE)
    assert said(capsys) == "naive accuracy: measured 0.955\n    no guess was made"
    assert not file.exists()
    assert lesson.read_guesses().empty


@pytest.mark.parametrize(
    "question", [q for q in QUESTIONS.values() if isinstance(q, Number)]
)
def test_a_guess_as_far_off_as_is_said_is_right_and_one_further_off_is_not(question):
    margin = float(question.what_is_right.split()[2])
    assert 0 < margin <= (question.high - question.low) / 20
    step = 1 if question.whole else 0.001
    assert margin == int(margin) or not question.whole
    middle = question.low + round((question.high - question.low) / 2)
    for way in (-1, 1):
        assert question.is_near(middle + way * margin, middle)
        assert not question.is_near(middle + way * (margin + step), middle)


def test_the_margin_of_a_count_is_whole(capsys):
    lesson.guess("wrong at confidence 0.99")
    assert "(a whole number from 0 to 624; within 31 is right)" in said(capsys)


def test_a_guess_is_sealed(capsys):
    lesson.guess(SHARE, 0.96, sure=0.8)
    assert said(capsys) == "Sealed: naive accuracy, 0.96 (80% sure)."
    row = lesson.read_guesses().iloc[0]
    assert (row["name"], row["value"], row["sure"]) == (SHARE, 0.96, 0.8)
    lesson.reveal(SHARE)
    expected = "you said 0.96 (80% sure), not measured here yet"
    assert said(capsys) == f"naive accuracy: {expected}"


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (96, "must be a number from 0 to 1, got 96. Did you mean 0.96?"),
        (1.2, "must be a number from 0 to 1, got 1.2."),
        (-3, "must be a number from 0 to 1, got -3."),
        (9600, "must be a number from 0 to 1, got 9600."),
        ("about 70 %", "got 'about 70 %'. Did you mean 0.7?"),
        ("70 to 80 %", "got '70 to 80 %'."),
        ("0,96", "got '0,96'. Did you mean 0.96?"),
        ("high", "must be a number from 0 to 1, got 'high'."),
        ("", "must be a number from 0 to 1, got ''."),
        (True, "must be a number from 0 to 1, got True."),
        ([0.9], "must be a number from 0 to 1, got [0.9]. Did you mean 0.9?"),
        (float("nan"), "must be a number from 0 to 1, got nan."),
        (float("inf"), "must be a number from 0 to 1, got inf."),
        (np.array([0.9, 0.8]), "must be a number from 0 to 1, got array([0.9, 0.8])."),
        (10**400, f"must be a number from 0 to 1, got {10**400}."),
        (Fraction(3, 2), "must be a number from 0 to 1, got 1.5."),
    ],
)
def test_what_is_no_answer_is_said_and_can_be_tried_again(value, answer, file, capsys):
    lesson.guess(SHARE, value)
    out = said(capsys)
    assert out.startswith("Not sealed: naive accuracy ")
    assert f"{answer} Change it and seal again." in out
    assert not file.exists()
    lesson.guess(SHARE, 0.96)
    assert said(capsys) == "Sealed: naive accuracy, 0.96."


def test_a_decimal_comma_is_explained(file, capsys):
    words = (
        "got 2 values. Python reads a comma as the start of the next value: write a "
        "point. Did you mean 0.96?"
    )
    lesson.guess(SHARE, 0, 96)
    lesson.guess(SHARE, (0, 96))
    lesson.guess(SHARE, 0, 96, sure=0.5)
    assert all(words in line for line in said(capsys).splitlines())
    assert not file.exists()


def test_a_decimal_comma_is_explained_among_a_few_numbers_too(file, capsys):
    lesson.guess("best rate", 0, 4)
    out = said(capsys)
    assert "must be 0.02, 0.4 or 1.05, got 2 values. Python reads a comma" in out
    assert "write a point. Did you mean 0.4? Change it" in out
    lesson.guess("best rate", 0, 5)
    assert "write a point. Change it" in said(capsys)
    lesson.guess("dearest step", "copies", "the same child")
    assert "comma" not in said(capsys)
    assert not file.exists()


@pytest.mark.parametrize("typed", ["10", "10 images", ["10"]])
def test_a_count_in_words_is_asked_back(typed, file, capsys):
    lesson.guess(COUNT, typed)
    assert "Did you mean 10? Change it" in said(capsys)
    for other in (2.5, 1000, "10 %", "1,000", "-3", (3, 5), "10 or 20"):
        lesson.guess(COUNT, other)
        assert "Did you mean" not in said(capsys)
    assert not file.exists()


def test_sure_is_a_share_too(file, capsys):
    lesson.guess(SHARE, 0.9, sure=80)
    assert said(capsys) == (
        "Not sealed: naive accuracy, sure must be a number from 0 to 1, got 80. Did "
        "you mean 0.8? 0.5 is a coin, 1 is certainty."
    )
    lesson.guess(SHARE, 0.9, sure="very")
    assert "sure must be a number from 0 to 1, got 'very'." in said(capsys)
    assert not file.exists()


def test_a_count_is_whole(capsys):
    lesson.guess(COUNT, 2.5)
    assert "must be a whole number from 0 to 624, got 2.5." in said(capsys)
    lesson.guess(COUNT, 700)
    assert "got 700." in said(capsys)
    lesson.guess(COUNT, 12.0)
    assert said(capsys) == "Sealed: wrong at confidence 0.99, 12."


def test_words_are_one_of_a_list(capsys):
    lesson.guess(WORDS, "children")
    answers = "copies, the same child or another test block"
    assert f"must be {answers}, got 'children'." in said(capsys)
    lesson.guess(WORDS, "The  same child ")
    assert said(capsys) == "Sealed: dearest step, the same child."
    lesson.keep_truth(WORDS, "another test block")
    assert said(capsys).endswith("measured another test block: not the one you named")


def test_a_word_of_a_list_may_have_capitals_spaces_and_a_full_stop(capsys):
    lesson.guess("block without change", " The  Input. ")
    lesson.keep_truth("block without change", "the input")
    told = said(capsys).splitlines()[-1]
    assert told.endswith("you said the input, measured the input: right")


def test_a_number_can_be_one_of_a_list(capsys):
    lesson.guess("best rate", 0.4)
    lesson.keep_truth("best rate", 0.4)
    assert said(capsys).endswith("you said 0.4, measured 0.4: right")


@given(st.floats(0, 1) | st.integers(0, 1))
def test_every_share_is_an_answer(value):
    assert questions.SHARE.read(value) == value
    assert questions.SHARE.read(np.float64(value)) == value


@given(st.integers(2, 100))
def test_a_percentage_asks_back_for_its_share(value):
    with pytest.raises(questions.NoAnswerError, match=f"mean {value / 100:g}\\?"):
        questions.SHARE.read(value)


@given(st.none() | st.text() | st.floats() | st.lists(st.integers()) | st.integers())
def test_nothing_that_is_typed_stops_a_lesson(value):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guesses, "_append", lambda line: None)
        for name in (SHARE, COUNT, WORDS):
            lesson.guess(name, value)


def test_a_slip_may_be_mended_for_a_minute(clock, capsys):
    lesson.guess(SHARE, 0.69)
    clock(seconds=50)
    lesson.guess(SHARE, 0.96, sure=0.7)
    assert said(capsys).splitlines()[-1] == (
        "Mended: naive accuracy, 0.96 (70% sure), was 0.69."
    )
    clock(seconds=20)  # a minute after the first, not after the second
    lesson.guess(SHARE, 0.5)
    assert said(capsys).startswith("Not changed: naive accuracy, 0.96 (70% sure). The")
    assert lesson.read_guesses()["value"].tolist() == [0.96]


def test_once_the_truth_is_shown_nothing_is_mended(clock, capsys):
    lesson.keep_truth(SHARE, 0.768)  # of an earlier run
    clock(hours=1)
    lesson.guess(SHARE, 0.69)
    clock(seconds=1)
    lesson.guess(SHARE, 0.96)
    assert "Mended" in said(capsys)
    lesson.keep_truth(SHARE, 0.768)
    lesson.guess(SHARE, 0.77)
    assert said(capsys).splitlines()[-1].startswith("Not changed: naive accuracy, 0.96")


def test_a_notebook_that_is_run_again_changes_nothing(clock, file, capsys):
    lesson.guess(COUNT, 12)
    before = file.read_text()
    clock(days=1)
    lesson.guess(COUNT, 12)
    lesson.guess(COUNT)
    assert (
        said(capsys).splitlines()[1:]
        == ["Sealed before: wrong at confidence 0.99, 12."] * 2
    )
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("guessed", "truth", "answer"),
    [
        (0.96, Interval(0.77, 0.73, 0.8, 624), "0.19 too high"),
        (0.75, Interval(0.77, 0.73, 0.8, 624), "0.02 too low, inside the interval"),
        (0.77, Interval(0.77, 0.73, 0.8, 624), "exactly, inside the interval"),
        (0.9, Interval(0.77, float("nan"), float("nan"), 6), "0.13 too high"),
        (0.771, 0.77, "0.001 too high"),
        (0.2, np.float64(0.5), "0.30 too low"),
    ],
)
def test_the_distance_is_shown_right_after_the_measurement(
    guessed, truth, answer, capsys
):
    lesson.guess(SHARE, guessed)
    capsys.readouterr()
    lesson.keep_truth(SHARE, truth, "real images")
    out = said(capsys)
    assert out.startswith(f"naive accuracy: you said {guessed}, measured 0.")
    assert out.endswith(f", real images: {answer}" if answer else "real images")
    lesson.reveal(SHARE)
    assert said(capsys) == out


def test_a_count_is_so_many_off(capsys):
    lesson.guess(COUNT, 10)
    lesson.keep_truth(COUNT, 34)
    assert said(capsys).endswith("you said 10, measured 34: 24 too low")


def test_a_figure_that_is_not_defined_has_no_distance(capsys):
    lesson.guess(SHARE, 0.5)
    capsys.readouterr()
    lesson.keep_truth(SHARE, float("nan"))
    assert said(capsys) == "naive accuracy: you said 0.5, measured nan"


def test_truths_wait_for_the_envelope(file):
    assert lesson.read_truths() == {}
    lesson.keep_truth(SHARE, 0.5)
    lesson.keep_truth(SHARE, Interval(0.81, 0.76, 0.87, 220), "simulated images")
    lesson.keep_truth("block without change", "the input")
    assert lesson.read_truths() == {
        SHARE: "0.810 (0.76 to 0.87), n = 220, simulated images",
        "block without change": "the input",
    }
    kept = file.with_suffix(".truths.json")
    whole = json.loads(kept.read_text())[SHARE]
    changes = {"time": "noon"}, {"time": "2026-01-01"}, {"low": "0"}, {"text": 1}
    spoilt = [json.dumps({SHARE: whole | change}) for change in changes]
    for text in ("[1]", "{", '{"a": "b"}', "[" * 100_000, *spoilt):
        kept.write_text(text)
        assert lesson.read_truths() == {}
        lesson.guess(SHARE, 0.9)


def test_what_cannot_be_kept_stops_no_lesson(tmp_path, monkeypatch, capsys):
    (tmp_path / "a file").write_text("")
    file = tmp_path / "a file" / "guesses.jsonl"
    monkeypatch.setenv("XRAYLAB_GUESSES", str(file))
    lesson.keep_truth(SHARE, 0.5)
    assert lesson.read_truths() == {}
    lesson.guess(SHARE, 0.9)
    out = said(capsys)
    assert out.startswith(f"Not sealed: {SHARE}. {file} could not be written")
    assert "Set XRAYLAB_GUESSES" in out


@pytest.mark.parametrize("call", [lesson.guess, lesson.reveal])
def test_a_name_that_no_lesson_asks_is_refused(call):
    with pytest.raises(ValueError, match="name must name a guess of the course, got"):
        call("something else")
    with pytest.raises(ValueError, match='Did you mean "naive accuracy"'):
        lesson.keep_truth("naive acuracy", 0.5)


def seal_three():
    for name, value in ((SHARE, 0.1), (COUNT, 2), (WORDS, "copies")):
        lesson.guess(name, value, sure=0.5)


@pytest.mark.parametrize("key", ["name", "value", "sure", "time"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_changed_line_breaks_the_seal(file, key, number):
    seal_three()
    lines = file.read_text(encoding="utf-8").splitlines()
    changed = json.loads(lines[number]) | {key: "2020"}
    lines[number] = json.dumps(changed)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(BrokenSealError, match=f"but line {number + 1} does not"):
        lesson.reveal(SHARE)


def test_a_line_taken_out_or_torn_breaks_the_seal(file):
    seal_three()
    lines = file.read_text(encoding="utf-8").splitlines()
    torn = ([lines[0], last] for last in (lines[2], lines[1][:20], "[" * 100_000))
    for broken in (lines[1:], *torn):
        file.write_text("\n".join(broken), encoding="utf-8")
        with pytest.raises(BrokenSealError, match="guess anew"):
            lesson.guess("best rate", 0.4)


def test_bytes_that_are_no_text_break_the_seal(file):
    seal_three()
    file.write_bytes(file.read_bytes().replace(b"copies", b"\xff"))
    with pytest.raises(BrokenSealError, match="but line 3 does not"):
        lesson.read_guesses()


def test_a_last_line_without_its_end_is_still_sealed(file):
    lesson.guess(SHARE, 0.1)
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    lesson.guess(COUNT, 2)
    assert lesson.read_guesses()["name"].tolist() == [SHARE, COUNT]


def test_a_full_disk_is_said_and_leaves_the_seals_whole(file, monkeypatch, capsys):
    lesson.guess(SHARE, 0.1)
    open_ = type(file).open

    def full(path, mode="r", **settings):
        if mode != "a":
            return open_(path, mode, **settings)
        with open_(path, mode, **settings) as opened:
            opened.write('{"name": "wro')
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(type(file), "open", full)
        lesson.guess(COUNT, 2)
    told = f"{file} could not be written (No space left on device). Set XRAYLAB_GUESSES"
    assert told in said(capsys)
    lesson.guess(COUNT, 3)
    assert lesson.read_guesses()["value"].tolist() == [0.1, 3]


def test_every_question_is_asked_once_and_has_a_truth():
    text = "\n".join(source.read_text("utf-8") for source in build.sources())
    guessed = re.findall(r'lesson\.guess\("(.+?)"', text)
    assert sorted(guessed) == sorted(questions.QUESTIONS)
    kept = set(re.findall(r'lesson\.keep_truth\("(.+?)"', text))
    # these two are kept in a loop over their protocols
    assert kept == set(guessed) - {"naive accuracy", "official accuracy"}
