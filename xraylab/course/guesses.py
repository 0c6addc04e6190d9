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
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import platformdirs

from xraylab.errors import BrokenSealError, InputError
from xraylab.files import write_text

MAX_TEXT = 200  # letters of a guess in words
_COLUMNS = ["name", "value", "sure", "time"]


def guess(
    name: str, value: float | str | None = None, sure: float | None = None
) -> None:
    """Seal a guess, once; the first one under a name counts.

    Parameters
    ----------
    name : str
        What is guessed, such as "naive accuracy".
    value : number or short text, optional
        The guess. None only says where things stand.
    sure : float, optional
        How sure you are, in [0, 1].

    Raises
    ------
    TypeError
        If `value` is neither number nor text.
    ValueError
        If `value` is too long or no finite number, or `sure` outside [0, 1].
    BrokenSealError
        If the file was changed after it was written.
    """
    value, sure = _check_value(value), _check_sure(sure)
    lines = _read()
    earlier = next((line for line in lines if line["name"] == name), None)
    if earlier is None and value is None:
        print(f"Not guessed yet: {name}.")
    elif earlier is None:
        line = _seal(lines, {"name": name, "value": value, "sure": sure})
        try:
            _append(line)
        except OSError as error:  # no reason to stop a lesson
            print(
                f"Not sealed: {name}. {guesses_file()} could not be written "
                f"({error.strerror}). Set XRAYLAB_GUESSES to a file you may write."
            )
        else:
            print(f"Sealed: {name}, {_words(line)}.")
    elif value is None or (value, sure) == (earlier["value"], earlier["sure"]):
        print(f"Sealed before: {name}, {_words(earlier)}.")
    else:
        print(f"Not changed: {name}, {_words(earlier)}. The first guess counts.")


def reveal(name: str, truth: object) -> None:
    """Print what was guessed beside what was measured.

    Parameters
    ----------
    name : str
        As given to `guess`.
    truth : number, text, or anything that prints well
        What was measured, such as an `xraylab.evaluation.Interval`.

    Raises
    ------
    BrokenSealError
        If the file was changed after it was written.
    """
    line = next((line for line in _read() if line["name"] == name), None)
    said = f"you said {_words(line)}" if line else "no guess was made"
    print(f"{name}: {_write(truth)}\n    {said}")


def keep_truth(name: str, truth: object, data_name: str = "") -> None:
    """Keep what was measured, and on which data, for `read_truths`.

    Parameters
    ----------
    name, truth
        As for `reveal`; the last one under a name counts.
    data_name : str
        Which images it was measured on.
    """
    text = ", ".join(filter(None, (_write(truth), data_name)))
    truths = json.dumps(read_truths() | {name: text}, indent=1)
    with suppress(OSError):  # no reason to stop a lesson
        write_text(_truths_file(), truths)


def read_truths() -> dict[str, str]:
    """Read what the lessons have measured on this computer, by name."""
    try:
        return dict(json.loads(_truths_file().read_text("utf-8")))
    except (OSError, ValueError, TypeError):  # none yet, or spoilt: measured anew
        return {}


def read_guesses() -> pd.DataFrame:
    """Read all sealed guesses: name, value, sure (NaN when not said), time.

    Raises
    ------
    BrokenSealError
        If the file was changed after it was written.
    """
    return pd.DataFrame(_read(), columns=_COLUMNS)


def guesses_file() -> Path:
    """Say where the guesses are kept; XRAYLAB_GUESSES overrides it."""
    if given := os.environ.get("XRAYLAB_GUESSES"):
        return Path(given)
    return platformdirs.user_data_path("xraylab") / "guesses.jsonl"


def _truths_file() -> Path:
    return guesses_file().with_suffix(".truths.json")


def _read() -> list[dict]:
    """Read the lines and check each seal."""
    file = guesses_file()
    if not file.is_file():
        return []
    lines: list[dict] = []
    for number, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            line = json.loads(text)
            fits = line == _seal(lines, line)
        except (ValueError, TypeError, KeyError):
            fits = False
        if not fits:
            raise BrokenSealError(
                f"each line of {file.name} must fit its seal, found line {number} "
                f"changed after it was sealed. Put it back, or remove {file} to "
                "guess anew."
            )
        lines.append(line)
    return lines


def _append(line: dict) -> None:
    file = guesses_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(line, ensure_ascii=False) + "\n")


def _seal(before: list[dict], line: dict) -> dict:
    """Return the line with its time, and a digest that hangs on all before it."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    facts = {key: line[key] for key in ("name", "value", "sure")}
    facts["time"] = line.get("time", now)
    facts["previous"] = before[-1]["digest"] if before else ""
    text = json.dumps(facts, sort_keys=True).encode()
    return facts | {"digest": hashlib.sha256(text).hexdigest()}


def _check_value(value: object) -> float | str | None:
    value = value.item() if hasattr(value, "item") else value  # from numpy
    if value is not None and not isinstance(value, str | int | float):
        raise TypeError(
            f"value must be a number or a short text, got {type(value).__name__}. "
            "Guess one thing at a time."
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"value must be a finite number, got {value}.")
    if isinstance(value, str) and not 0 < len(value) <= MAX_TEXT:
        raise InputError(
            f"value must be a text of 1 to {MAX_TEXT} letters, got {len(value)}."
        )
    return value


def _check_sure(sure: float | None) -> float | None:
    if sure is not None and not 0 <= sure <= 1:
        raise InputError(
            f"sure must be in [0, 1], got {sure}. 0.5 is a coin, 1 is certainty."
        )
    return None if sure is None else float(sure)


def _words(line: dict) -> str:
    sure = "" if line["sure"] is None else f" ({line['sure']:.0%} sure)"
    return f"{_write(line['value'])}{sure}"


def _write(value: object) -> str:
    """Write a float with three decimals, counts with commas, the rest as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
