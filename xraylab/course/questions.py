"""What each guess of the course may be: a number in a range, or one of some words.

A lesson asks under a name; what counts as an answer stands here, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction

from xraylab.errors import InputError

_AROUND = " ().:'\""  # how a letter or a word in a list may be written
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


def plain(value: object) -> str:
    """Write an answer without what does not matter: case, spaces, marks around it.

    Examples
    --------
    >>> plain(" The  Input. ")
    'the input'
    """
    return " ".join(str(value).split()).strip(_AROUND).casefold()


def as_plain(value: object) -> object:
    """Give the one number of an array, a tensor, a fraction or a decimal as Python's.

    What holds more, or is no number, stays as it is.
    """
    try:
        return float(value) if isinstance(value, Fraction | Decimal) else value.item()
    except (AttributeError, ValueError, RuntimeError, OverflowError):
        return value


class NoAnswerError(InputError):
    """A guess that answers no question; the text says what one would."""


@dataclass(frozen=True)
class Number:
    """A number from `low` to `high`, both included; whole where it counts things."""

    low: float
    high: float
    whole: bool = False

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"

    def read(self, value: object) -> float:
        """Give the value as a plain number.

        Raises
        ------
        NoAnswerError
            If it is none, or outside the range; asks back where one was meant.
        """
        value = as_plain(value)
        if isinstance(value, tuple):
            raise NoAnswerError(f"must be {self}, {_many(value)}{self._meant(value)}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise NoAnswerError(f"must be {self}, got {value!r}.{self._meant(value)}")
        is_fine = self.low <= value <= self.high  # nan is in no range
        if not is_fine or (self.whole and value != int(value)):
            found = f"{value:.6g}" if isinstance(value, float) else value
            raise NoAnswerError(f"must be {self}, got {found}.{self._meant(value)}")
        return int(value) if self.whole else float(value)

    def is_near(self, value: float, truth: float) -> bool:
        """Say whether a guess counts as right: within a twentieth of the range."""
        return abs(value - truth) <= self.margin * (1 + 1e-9)

    @property
    def what_is_right(self) -> str:
        """Say how near a guess must be."""
        return f"; within {self.margin:g} is right"

    @property
    def margin(self) -> float:
        """How far off a right guess may be; a whole number where it counts things."""
        margin = (self.high - self.low) / 20
        return float(int(margin)) if self.whole else margin

    def _meant(self, value: object) -> str:
        """Ask back for the number that was probably meant; "" where none is near."""
        text = ".".join(map(str, value)) if isinstance(value, tuple) else str(value)
        found = _NUMBER.findall(text)
        if len(found) != 1:
            return ""
        if self.whole and ("%" in text or not found[0].isdecimal()):
            return ""
        number = float(found[0].replace(",", "."))
        if not self.whole and ("%" in text or number >= 2):  # of a hundred
            number = round(number / 100, 6)
        fits = self.low <= number <= self.high
        return f" Did you mean {number:g}?" if fits else ""


@dataclass(frozen=True)
class Choice:
    """One of a few answers, words or numbers."""

    answers: tuple[str | float, ...]
    what_is_right = ""  # the answer itself, as everybody expects

    def __str__(self) -> str:
        *others, last = map(str, self.answers)
        return f"{', '.join(others)} or {last}"

    def read(self, value: object) -> str | float:
        """Give the answer as it stands in the list, whatever its case and marks.

        Raises
        ------
        NoAnswerError
            If it is none of them.
        """
        for answer in self.answers:
            if plain(value) == plain(answer):
                return answer
        if isinstance(value, tuple) and not isinstance(self.answers[0], str):
            near = [a for a in self.answers if str(a) == ".".join(map(str, value))]
            meant = f" Did you mean {near[0]}?" if near else ""
            raise NoAnswerError(f"must be {self}, {_many(value)}{meant}")
        raise NoAnswerError(f"must be {self}, got {value!r}.")

    def is_near(self, value: str | float, truth: str | float) -> bool:
        """Say whether a guess is right."""
        return value == truth


def _many(values: tuple) -> str:
    """Say why one answer may arrive as several."""
    return (
        f"got {len(values)} values. Python reads a comma as the start of the next "
        "value: write a point."
    )


SHARE = Number(0, 1)
QUESTIONS: dict[str, Number | Choice] = {
    "naive accuracy": SHARE,
    "official accuracy": SHARE,
    "share of different fingerprints": SHARE,
    "correlation of a cropped copy": Number(-1, 1),
    "file size AUROC": SHARE,
    "ring probe AUROC": SHARE,
    "ring on the real test": SHARE,
    "block without change": Choice(("nothing", "the input", "noise")),
    "softmax of 0.5 and 2.5": SHARE,
    "best rate": Choice((0.02, 0.4, 1.05)),
    "accuracy, best seed minus worst": SHARE,
    "official specificity": SHARE,
    "PPV at one in a hundred": SHARE,
    "share of the map in the lesion": SHARE,
    "confidence on snow": Number(0.5, 1),
    "wrong at confidence 0.99": Number(0, 624, whole=True),
    "your AUROC": SHARE,
    "dearest step": Choice(("copies", "the same child", "another test block")),
}


def find_question(name: str) -> Number | Choice:
    """Give what may be answered under a name.

    Raises
    ------
    ValueError
        If no lesson asks under that name.
    """
    if not isinstance(name, str) or name not in QUESTIONS:
        raise unknown_name("guess", name, QUESTIONS)
    return QUESTIONS[name]


def unknown_name(what: str, name: object, known: Iterable[str]) -> InputError:
    """Make the error for a name that no lesson uses: of a guess, or of a task."""
    near = get_close_matches(str(name), known, n=1)
    meant = (
        f'Did you mean "{near[0]}"?'
        if near
        else f"The cell of each {what} has its name in quotes."
    )
    return InputError(
        f"must name a {what} of the course, got {name!r}. {meant}", argument="name"
    )
