"""Plain JSON comes back as it was written, and what is none of it is told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraylab.plain_json import as_json, read_json

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda part: st.lists(part) | st.dictionaries(st.text(), part),
    max_leaves=20,
)


@given(PLAIN)
def test_plain_json_that_is_written_is_read_back(value):
    assert read_json(as_json(value)) == value
    assert read_json(as_json(value).encode()) == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Expecting value"),
        (b"\xff\xfe\x00", "can't decode"),
        ("[" * 100_000, "it is nested too deep"),
        ("[" * 100_000 + "]" * 100_000, "it is nested too deep"),
        ('{"a": ' * 3000 + "1" + "}" * 3000, "it is nested too deep"),
        ("[NaN]", "NaN is no finite number"),
        ("-Infinity", "-Infinity is no finite number"),
        ("1e999", "1e999 is no finite number"),
        (str(2**63), "9223372036854775808 is no finite number of 64 bits"),
        ("9" * 5000, "Exceeds the limit"),
    ],
)
def test_what_is_no_plain_json_is_refused(text, told):
    with pytest.raises(ValueError, match=told):
        read_json(text)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("1", float),
        ("null", str | None),
        ("true", bool | None),
        ("[]", [str]),
        ('{"a": 1, "other": 2}', {"a": int, "b?": int}),
        ('{"a": [{"b": "c"}]}', {"a": [{"b": str}]}),
        ('{"a": null}', {"a": object}),
    ],
)
def test_json_of_its_form_is_read(text, form):
    assert read_json(text, form) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "form", "told"),
    [
        ("1.5", int, "^it is 1.5, not a whole number$"),
        ("true", int, "^it is true, not a whole number$"),
        ("false", float | None, "^it is false, not a number or null$"),
        ("3", [str], "^it is 3, not a list$"),
        ("[3]", {"a": str}, r"^it is \[3\], not an object$"),
        ("[1, null]", [int], "^a part of it is null, not a whole number$"),
        ("{}", {"a": str}, "^no 'a'$"),
        ('{"a": {"b": 3}}', {"a": {"b?": str}}, "^b is 3, not text$"),
        ('{"a": [{"b": 3}]}', {"a": [{"b": str}]}, "^b is 3, not text$"),
        (f'"{"long " * 99}"', bool, '^it is "(long ){7}long, not true or false$'),
    ],
)
def test_json_of_another_form_is_told(text, form, told):
    with pytest.raises(ValueError, match=told):
        read_json(text, form)
