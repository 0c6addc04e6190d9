"""Sealed guesses: what you expected, written down before you looked.

Each guess is one line of JSON in a plain file on the reader's own computer.
Each line holds a digest of itself and of the line before, so a line that was
changed, moved or taken out of the middle later on is noticed. Cutting lines off
the end is not: the seal guards against fooling oneself, not against fraud.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from xraylab.course import keeping
from xraylab.course.fields import show_field
from xraylab.course.questions import (
    SHARE,
    Choice,
    NoAnswerError,
    as_plain,
    find_question,
)
from xraylab.errors import BrokenSealError
from xraylab.files import alone, append_line, write_text
from xraylab.plain_json import check_form, read_json

MENDED_WITHIN = timedelta(minutes=1)  # a slip of the hand
_COLUMNS = ["name", "value", "sure", "time"]
_TRUTH = {
    "text": str,
    "value": float | str | bool | None,
    "low": float | None,
    "high": float | None,
    "time": str,
}


def guess(
    name: str, value: object = None, *more: object, sure: float | None = None
) -> None:
    """Seal a guess; a slip may be mended for a minute, until the truth is shown.

    What is no answer to the question is said and not sealed, so the cell can be
    run again. Nothing a reader types here stops a lesson.

    Parameters
    ----------
    name : str
        What is guessed, a key of `xraylab.course.questions.QUESTIONS`.
    value : number or text, optional
        The guess, of the kind and range that the question has. None only says
        where things stand.
    more
        Nothing: what comes here was typed with a decimal comma.
    sure : float, optional
        How sure you are, in [0, 1].

    Raises
    ------
    ValueError
        If no lesson asks under that name.
    BrokenSealError
        If the file was changed after it was written.
    """
    question, earlier = find_question(name), _lines_of(name)
    if value is None and not more:
        said = f"Sealed before: {name}, {_words(earlier[-1])}." if earlier else ""
        print(said or f"Not guessed yet: {name} ({question}{question.what_is_right}).")
        if not earlier:
            show_field(name, guess)
        return
    try:
        value = question.read((value, *more) if more else value)
    except NoAnswerError as error:
        print(f"Not sealed: {name} {error} Change it and seal again.")
        return
    try:
        sure = None if sure is None else SHARE.read(sure)
    except NoAnswerError as error:
        print(f"Not sealed: {name}, sure {error} 0.5 is a coin, 1 is certainty.")
        return
    _seal_or_say(name, {"name": name, "value": value, "sure": sure}, earlier)


def _seal_or_say(name: str, line: dict, earlier: list[dict]) -> None:
    """Write the guess down if it still counts, and say what was done."""
    last = earlier[-1] if earlier else None
    if last and all(line[key] == last[key] for key in ("value", "sure")):
        print(f"Sealed before: {name}, {_words(last)}.")
        return
    if last and not _may_be_mended(name, earlier):
        print(
            f"Not changed: {name}, {_words(last)}. The first guess counts; a slip "
            "can be mended within a minute, before the truth is shown."
        )
        return
    try:
        _append(line)
    except OSError as error:  # no reason to stop a lesson
        print(
            f"Not sealed: {name}. {guesses_file()} could not be written "
            f"({(error.__cause__ or error).strerror}). Set XRAYLAB_GUESSES to a file "
            "you may write."
        )
        return
    if last:
        print(f"Mended: {name}, {_words(line)}, was {_words(last)}.")
    else:
        print(f"Sealed: {name}, {_words(line)}.")


def keep_truth(name: str, truth: object, data_name: str = "") -> None:
    """Keep what was measured, and say how far the guess was off, if there is one.

    Parameters
    ----------
    name : str
        As given to `guess`; the last truth under a name counts.
    truth : number, text, or an interval
        What was measured. An interval has value, low and high, such as an
        `xraylab.evaluation.Interval`.
    data_name : str
        Which images it was measured on.

    Raises
    ------
    ValueError
        If no lesson asks under that name.
    BrokenSealError
        If the guesses were changed after they were written.
    """
    find_question(name)
    kept = {
        "text": ", ".join(filter(None, (_write(truth), data_name))),
        "value": _as_kept(getattr(truth, "value", truth)),
        "low": _as_kept(getattr(truth, "low", None)),
        "high": _as_kept(getattr(truth, "high", None)),
        "time": _now().isoformat(),
    }
    add_truths({name: kept})
    if lines := _lines_of(name):
        print(f"{name}: {_compare(name, lines[-1], kept)}")


def reveal(name: str) -> None:
    """Print what was guessed beside what was measured, and the distance.

    Parameters
    ----------
    name : str
        As given to `guess` and `keep_truth`.

    Raises
    ------
    ValueError
        If no lesson asks under that name.
    BrokenSealError
        If the file was changed after it was written.
    """
    find_question(name)
    truth, lines = stored_truths().get(name), _lines_of(name)
    if truth and lines:
        said = _compare(name, lines[-1], truth)
    elif truth:
        said = f"measured {truth['text']}\n    no guess was made"
    else:
        guessed = f"you said {_words(lines[-1])}, " if lines else ""
        said = f"{guessed}not measured here yet"
    print(f"{name}: {said}")


def add_truths(truths: dict[str, dict]) -> None:
    """Keep measurements as `stored_truths` gives them, each over one of its name."""
    file = _truths_file()
    with suppress(OSError):  # no reason to stop a lesson
        file.parent.mkdir(parents=True, exist_ok=True)
        with alone(file):
            write_text(file, json.dumps(stored_truths() | truths, indent=1))


def seal_again(lines: list[dict]) -> None:
    """Seal guesses that were sealed elsewhere: name, value, sure and time of each."""
    for line in lines:
        _append(line)


def read_truths() -> dict[str, str]:
    """Read what the lessons have measured on this computer, by name."""
    return {name: truth["text"] for name, truth in stored_truths().items()}


def read_guesses() -> pd.DataFrame:
    """Read the guesses that count: name, value, sure (NaN when not said), time.

    Raises
    ------
    BrokenSealError
        If the file was changed after it was written.
    """
    counting = {line["name"]: line for line in _read()}  # a mended one comes later
    return pd.DataFrame(list(counting.values()), columns=_COLUMNS)


def guesses_file() -> Path:
    """Say where the guesses are kept; XRAYLAB_GUESSES overrides it."""
    if given := os.environ.get("XRAYLAB_GUESSES"):
        return Path(given)
    return keeping.find_folder() / keeping.GUESSES


def _truths_file() -> Path:
    return guesses_file().with_suffix(".truths.json")


def stored_truths() -> dict[str, dict]:
    """Read the measurements by name: text, value, low, high and time of each."""
    try:
        return whole_truths(read_json(_truths_file().read_bytes(), dict))
    except (OSError, ValueError):
        return {}  # none yet, or spoilt: measured anew


def whole_truths(truths: dict[str, dict]) -> dict[str, dict]:
    """Give of each measurement what one has; raises ValueError where part is gone."""
    for truth in truths.values():
        check_form(truth, _TRUTH)
        if datetime.fromisoformat(truth["time"]).tzinfo is None:
            raise ValueError(f"no zone is told of the time {truth['time']}")
    return {name: {key: truth[key] for key in _TRUTH} for name, truth in truths.items()}


def _read() -> list[dict]:
    """Read the lines and check each seal."""
    file = guesses_file()
    if not file.is_file():
        return []
    lines: list[dict] = []
    text = file.read_bytes().decode("utf-8", "replace")
    for number, sealed in enumerate(text.splitlines(), 1):
        try:
            line = read_json(sealed, dict)
            fits = line == _seal(lines, line)
        except (ValueError, KeyError):
            fits = False
        if not fits:
            raise BrokenSealError(
                f"each line of {file.name} must fit its seal, but line {number} does "
                "not: it was changed, or only half of it was written. Put it back, or "
                f"remove {file} to guess anew."
            )
        lines.append(line)
    return lines


def _lines_of(name: str) -> list[dict]:
    """Read the guesses under a name, the one that counts last."""
    return [line for line in _read() if line["name"] == name]


def _append(line: dict) -> None:
    """Seal a line to those before it; another notebook may do so at the same time."""
    file = guesses_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    with alone(file):
        append_line(file, json.dumps(_seal(_read(), line), ensure_ascii=False))


def _seal(before: list[dict], line: dict) -> dict:
    """Return the line with its time, and a digest that hangs on all before it."""
    facts = {key: line[key] for key in ("name", "value", "sure")}
    facts["time"] = line.get("time", _now().isoformat())
    facts["previous"] = before[-1]["digest"] if before else ""
    text = json.dumps(facts, sort_keys=True).encode()
    return facts | {"digest": hashlib.sha256(text).hexdigest()}


def _may_be_mended(name: str, earlier: list[dict]) -> bool:
    """Say whether the first guess is fresh, and its truth not shown since."""
    first = datetime.fromisoformat(earlier[0]["time"])
    truth = stored_truths().get(name)
    is_shown = truth and datetime.fromisoformat(truth["time"]) >= first
    return _now() - first < MENDED_WITHIN and not is_shown


def _now() -> datetime:
    return datetime.now(UTC)


def _compare(name: str, line: dict, truth: dict) -> str:
    """Write guess, truth and the distance between them."""
    said = f"you said {_words(line)}, measured {truth['text']}"
    value, measured = line["value"], truth["value"]
    if isinstance(find_question(name), Choice):
        return f"{said}: {'right' if value == measured else 'not the one you named'}"
    if not isinstance(measured, int | float):
        return said
    off = value - measured
    if isinstance(measured, int):
        size = f"{abs(off):,}"
    else:
        size = f"{abs(off):.2f}" if abs(off) >= 0.005 else f"{abs(off):.1g}"
    way = f"{size} too high" if off > 0 else f"{size} too low" if off else "exactly"
    ends = (truth["low"], truth["high"])
    inside = None not in ends and ends[0] <= value <= ends[1]
    return f"{said}: {way}{', inside the interval' if inside else ''}"


def _words(line: dict) -> str:
    sure = "" if line["sure"] is None else f" ({line['sure']:.0%} sure)"
    return f"{_write(line['value'])}{sure}"


def _as_kept(value: object) -> object:
    """Give a number as Python's, for JSON; None for what is no number."""
    value = as_plain(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write(value: object) -> str:
    """Write a float with three digits, counts with commas, the rest as it is."""
    value = as_plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"
