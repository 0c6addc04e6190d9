"""JSON of plain values, written and read: finite numbers, of the form it must have."""

from __future__ import annotations

import json
import math
from types import NoneType
from typing import Any, get_args

_KINDS = {  # in words
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    NoneType: "null",
}


def as_json(answer: object, *, indent: int | None = None) -> str:
    """Write plain values as JSON; what is no finite number becomes null.

    Examples
    --------
    >>> as_json({"ppv": float("nan"), "n": 0})
    '{"ppv": null, "n": 0}'
    """
    return json.dumps(_without_nan(answer), indent=indent, allow_nan=False)


def _without_nan(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_json(text: str | bytes, form: object = object) -> Any:
    """Read plain JSON of finite numbers, in the form it must have.

    Raises
    ------
    ValueError
        If it is no JSON, has another form (see `check_form`), is nested too deep, or a
        number is not finite or, being whole, needs more than 64 bits.
    """
    readers = dict.fromkeys(["parse_int", "parse_float", "parse_constant"], _as_number)
    try:
        value = _without_nan(json.loads(text, **readers))  # can be walked, and written
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    check_form(value, form)
    return value


def _as_number(text: str) -> float:
    number = int(text) if text.lstrip("-").isdecimal() else float(text)
    limit = 2**63 if isinstance(number, int) else math.inf
    if not -limit < number < limit:
        raise ValueError(f"{text[:20]} is no finite number of 64 bits")
    return number


def check_form(value: object, form: object, name: str = "it") -> None:
    """Raise ValueError where a value of JSON has not the form it must have.

    A form is a type, or several as in `str | None`; float takes whole numbers, too. A
    list holds the form of its parts, a dict that of each key: those that end with "?"
    may be missing, and others may be there.
    """
    kind = type(form) if isinstance(form, dict | list) else form
    kinds = get_args(kind) or (kind,)
    is_wrong = not isinstance(value, (*kinds, int) if float in kinds else kinds)
    if is_wrong or (isinstance(value, bool) and not {bool, object} & set(kinds)):
        words = " or ".join(_KINDS[kind] for kind in kinds)
        raise ValueError(f"{name} is {as_json(value):.40}, not {words}")
    if isinstance(form, list):
        for part in value:
            check_form(part, form[0], f"a part of {name}")
    elif isinstance(form, dict):
        for key, part in form.items():
            own = key.removesuffix("?")
            if own in value:
                check_form(value[own], part, own)
            elif own == key:
                raise ValueError(f"no {key!r}")
