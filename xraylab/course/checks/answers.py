"""Reading a learner's answer: whether it is tried, runs, and what it gives."""

from __future__ import annotations

import copy
import dis
import linecache
import os
import traceback
import warnings

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from xraylab.course.questions import as_plain, plain
from xraylab.errors import InputError

_NOTHING_DONE = {"RESUME", "NOP", "CACHE", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
_STOPS = (Exception, SystemExit)  # not KeyboardInterrupt: that is the learner's wish
_NO_ROW = dict | pd.DataFrame  # going through them gives names, not what they hold
_DECIMALS = range(2, 6)  # to so many a learner may round


class Wrong(InputError):
    """The answer has a property that it must not have; the text says which."""


class OwnCodeError(Exception):
    """The learner's own code raised; the text shows where and what."""


def is_untried(answer: object) -> bool:
    """Say whether nothing was written: None, `...`, or a function that does nothing."""
    if answer is None or answer is ...:
        return True
    code = getattr(answer, "__code__", None)
    if code is None or code.co_consts[-1:] not in ((None,), ()):
        return False
    steps = list(dis.get_instructions(code))
    given_back = [step.argval for step in steps if step.opname.endswith("_CONST")]
    return {step.opname for step in steps} <= _NOTHING_DONE and given_back == [None]


def call(function: object, *values: object) -> object:
    """Call the learner's function on copies of some values.

    Raises
    ------
    Wrong
        If it is no function, gives None, or changes what it was given.
    OwnCodeError
        If it raises.
    """
    if not callable(function):
        raise Wrong(f"A function is needed, found {_name(function)}.")
    given = copy.deepcopy(values)
    try:
        with warnings.catch_warnings():  # a trial on hard values is no fault to show
            warnings.simplefilter("ignore")
            answer = function(*given)
    except _STOPS as error:
        raise OwnCodeError(_where(error)) from error
    if answer is None:
        raise Wrong("Your function gives None back. Is the `return` missing?")
    if not all(map(_is_same, given, values)):
        raise Wrong("Your function changes what it is given. Work on a copy.")
    return answer


def number(answer: object, low: float = -np.inf, high: float = np.inf) -> float:
    """Give an answer as a plain number.

    Raises
    ------
    Wrong
        If it is none, not finite, or outside the range.
    """
    value = as_plain(answer)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"One number is needed, found {_name(answer)}.")
    if not np.isfinite(value):
        raise Wrong(f"A finite number is needed, found {value}.{_of_nan([value])}")
    if not low <= value <= high:
        raise Wrong(f"A number from {low:g} to {high:g} is needed, found {value:g}.")
    return float(value)


def numbers(answer: object, n: int, names: tuple[str, ...] = ()) -> np.ndarray:
    """Give an answer as so many plain numbers in a row, whatever holds them.

    Parameters
    ----------
    names : tuple of str, optional
        Of the numbers, in order; an answer with just these names is put in order.

    Returns
    -------
    array of float, shape (n,)

    Raises
    ------
    Wrong
        If it is something else, such as a set, which has no order, or one of them is
        not finite.
    OwnCodeError
        If it is made on the way, by a generator, and that raises.
    """
    needed = f"{n} numbers are needed"
    row = _in_order(answer, names)
    if isinstance(row, _NO_ROW | set | frozenset):
        known = f", or under the names {', '.join(names)}" if names else ""
        raise Wrong(f"{needed} in a row, as a list{known}, found {_name(answer)}.")
    plain = list(map(as_plain, _one_by_one(row, needed)))
    others = [v for v in plain if not isinstance(v, bool | int | float)]
    if others:
        raise Wrong(f"{needed}, found {_name(others[0])} among them.")
    if len(plain) != n:
        raise Wrong(f"{needed}, found {len(plain)}.")
    if not np.isfinite(plain).all():
        raise Wrong(f"Finite numbers are needed, found {plain}.{_of_nan(plain)}")
    return np.array(plain, dtype=float)


def texts(answer: object, what: str) -> list[str]:
    """Give an answer as a list of texts, whatever holds them.

    Parameters
    ----------
    what : str
        What they are, such as "names".

    Raises
    ------
    Wrong
        If it is one text, a table, or holds something else.
    OwnCodeError
        If it is made on the way, by a generator, and that raises.
    """
    needed = f"A list of {what} is needed"
    if isinstance(answer, _NO_ROW | str):
        raise Wrong(f"{needed}, found {_name(answer)}.")
    given = _one_by_one(answer, needed)
    for one in given:
        if not isinstance(one, str | os.PathLike):
            raise Wrong(f"{needed}, found {_name(one)} among them.")
    return list(map(str, given))


def array(answer: object, shape: tuple[int, ...]) -> np.ndarray:
    """Give an answer as an array of numbers of that shape, whatever holds them.

    Raises
    ------
    Wrong
        If it is something else, or one of them is not finite.
    """
    needed = f"An array of the shape {shape} is needed, found"
    try:
        found = np.asarray(answer, float)
    except (TypeError, ValueError, RuntimeError):  # the last from tensors
        raise Wrong(f"{needed} {_name(answer)}.") from None
    if found.shape != shape:
        raise Wrong(f"{needed} one of the shape {found.shape}.")
    if not np.isfinite(found).all():
        odd = found[~np.isfinite(found)][0]
        text = f"Each number must be finite, found {odd:g} among them."
        raise Wrong(f"{text}{_of_nan([odd])}")
    return found


def _one_by_one(answer: object, needed: str) -> list:
    """List what an answer holds, also where it is made on the way."""
    try:
        iterator = iter(answer)
    except TypeError:
        raise Wrong(f"{needed}, found {_name(answer)}.") from None
    try:
        return list(iterator)
    except _STOPS as error:
        raise OwnCodeError(_where(error)) from error


def _in_order(answer: object, names: tuple[str, ...]) -> object:
    """Give the values of a dict, Series or named tuple in the order of their names."""
    named = answer._asdict() if hasattr(answer, "_asdict") else answer
    if isinstance(named, dict | pd.Series) and {*named.keys()} == {*names}:
        return [named[name] for name in names]
    return answer


def is_close(
    first: ArrayLike, second: ArrayLike, rtol: float = 1e-6, atol: float = 1e-9
) -> bool:
    """Say whether numbers agree, to about six digits where nothing else is said."""
    return bool(np.allclose(first, second, rtol, atol))


def is_right(
    found: ArrayLike, right: ArrayLike, rtol: float = 1e-6, atol: float = 1e-9
) -> bool:
    """Say whether one number, or each of an array, is the right one.

    Raises
    ------
    Wrong
        If it is the right one rounded to 2 to 5 decimals, and so not near enough.
    """
    if is_close(found, right, rtol, atol):
        return True
    for n in _DECIMALS:
        is_short = is_close(found, np.round(found, n), rtol=0, atol=1e-7)
        if is_short and is_close(found, right, rtol=0, atol=0.5 * 10.0**-n + 1e-9):
            raise Wrong(f"That is right, but rounded to {n} digits. Give it unrounded.")
    return False


def word(answer: object, words: tuple[str, ...]) -> str:
    """Give an answer as one of some words, whatever its case, spaces and brackets.

    Raises
    ------
    Wrong
        If it is none of them.
    """
    for one in words:
        if plain(answer) == plain(one):
            return one
    *others, last = (f'"{one}"' for one in words)
    raise Wrong(f"{', '.join(others)} or {last} is needed, found {answer!r}.")


def _of_nan(found: list[float]) -> str:
    """Say how nan comes about, where it is among the numbers found."""
    says = " In numpy 0 / 0 gives nan, and so does the mean of no values."
    return says if np.isnan(found).any() else ""


def _name(value: object) -> str:
    text = repr(value)
    short = len(text) <= 40 and "\n" not in text
    return f"{text} ({type(value).__name__})" if short else kind_of(value)


def kind_of(value: object) -> str:
    """Name the type of a value with its article.

    Examples
    --------
    >>> kind_of(3), kind_of("3")
    ('an int', 'a str')
    """
    kind = type(value).__name__
    return f"{'an' if kind.startswith(('nd', *'aeioAEIO')) else 'a'} {kind}"


def _is_same(first: object, second: object) -> bool:
    """Say whether a value is what its copy was, tables and arrays too."""
    if type(first) is not type(second):
        return False
    if hasattr(first, "equals"):
        return bool(first.equals(second))
    if hasattr(first, "detach"):
        return bool((first == second).all())
    if isinstance(first, np.ndarray):
        return np.array_equal(first, second, equal_nan=first.dtype.kind == "f")
    if isinstance(first, dict):
        same = first.keys() == second.keys()
        return same and all(_is_same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(_is_same, first, second))
    same = first == second
    return True if not isinstance(same, bool) else same or first != first


def _where(error: BaseException) -> str:
    """Show the line at which the learner's code stopped, and what it said."""
    said = f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first one is ours
    if not frames:
        return said  # it could not even be called, with so many values
    own = [frame for frame in frames if frame.filename == frames[0].filename][-1]
    line = linecache.getline(own.filename, own.lineno).strip()
    return f"{said}\nin {own.name}, line {own.lineno}: {line}".rstrip(": ")
