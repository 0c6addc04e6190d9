"""Reading what learners write: tried or not, run on copies, one number, one word."""

from collections import namedtuple
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xraylab.course.checks import answers
from xraylab.course.checks.answers import OwnCodeError, Wrong


def with_a_docstring(values):
    """Say nothing."""


def passes(values):
    pass


def raises(values):
    raise RuntimeError


@pytest.mark.parametrize("answer", [None, ..., with_a_docstring, passes])
def test_nothing_written(answer):
    assert answers.is_untried(answer)


@pytest.mark.parametrize(
    "answer", [0, "", [], lambda: 3, lambda v: v, lambda v: v.sum(), raises, np.mean]
)
def test_something_written(answer):
    assert not answers.is_untried(answer)


@pytest.mark.parametrize(
    "value",
    [
        [1, 2],
        np.array([1.0, np.nan]),
        pd.DataFrame({"a": [1, 2]}),
        torch.ones(2),
        {"a": 1},
        {"a": np.ones(2), "b": [np.zeros(1)]},
        [np.ones(2), 3],
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_is_given_is_copied_and_a_change_is_said(value):
    def spoil(given):
        given["a" if hasattr(given, "keys") else 0] = 9
        return 1

    before = repr(value)
    with pytest.raises(Wrong, match="changes what it is given"):
        answers.call(spoil, value)
    assert repr(value) == before
    assert answers.call(lambda given: 1, value) == 1


def test_what_is_no_function_is_named():
    with pytest.raises(Wrong, match=r"A function is needed, found 3 \(int\)"):
        answers.call(3)


def test_the_deepest_line_of_the_learners_own_is_shown():
    def inner(value):
        return pd.Series([1]).loc[value]

    def outer(value):
        return inner(value)

    with pytest.raises(OwnCodeError, match=r"(?s)KeyError.*in inner, line \d+: return"):
        answers.call(outer, 7)


def test_too_few_arguments_are_an_error_of_the_learners():
    with pytest.raises(OwnCodeError, match="takes 0 positional arguments"):
        answers.call(lambda: 1, 2)


@pytest.mark.parametrize(
    "value",
    [
        *(3, 3.0, np.float32(3), np.array([3]), torch.tensor(3)),
        *(Fraction(6, 2), Decimal("3.0")),
    ],
)
def test_one_number_of_any_kind(value):
    assert answers.number(value) == 3.0


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("3", "One number is needed, found '3'"),
        (True, "One number"),
        ([1, 2], "One number"),
        (np.ones(3), "One number"),
        (torch.ones(3), "One number"),
        (pd.Series([1, 2]), "One number"),
        (
            float("nan"),
            "A finite number is needed, found nan. In numpy 0 / 0 gives nan",
        ),
        (float("inf"), r"A finite number is needed, found inf\.$"),
        (Fraction(10) ** 400, "One number"),
        (Decimal("sNaN"), "One number"),
        (2, "from 0 to 1 is needed, found 2"),
    ],
)
def test_no_number(value, said):
    with pytest.raises(Wrong, match=said):
        answers.number(value, 0, 1)


SHARES = st.lists(st.floats(-2, 2), min_size=1, max_size=4)


@given(SHARES, st.integers(2, 5))
def test_the_right_numbers_are_right_and_rounded_ones_are_called_so(right, n):
    right = np.array(right)
    assert answers.is_right(right, right)
    found = np.round(right, n)
    if answers.is_close(found, right):
        assert answers.is_right(found, right)
    else:
        with pytest.raises(Wrong, match=r"right, but rounded to [2-5] digits\. Give"):
            answers.is_right(found, right)


@given(SHARES, st.integers(2, 5), st.sampled_from([-1, 1]))
def test_numbers_further_off_than_rounding_moves_them_are_wrong(right, n, way):
    right = np.array(right)
    found = np.round(right, n)
    found[0] += way * 0.02  # a half may be rounded either way, 0.01 apart
    assert not answers.is_right(found, right)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (0.42, "2"),
        (0.417, "3"),
        (np.float32(0.4167), "4"),
        (0.41667, "5"),
        ([0.417, 5 / 12], None),  # one of them was not rounded
        (0.4, None),
        (0.416, None),
    ],
)
def test_how_many_digits_are_left_is_said(found, said):
    if said is None:
        assert not answers.is_right(found, 5 / 12)
    else:
        with pytest.raises(Wrong, match=f"rounded to {said} digits"):
            answers.is_right(found, 5 / 12)


def test_a_half_may_be_rounded_either_way():
    for found in (0.62, 0.63):
        with pytest.raises(Wrong, match="rounded to 2 digits"):
            answers.is_right(found, 0.625)


@pytest.mark.parametrize(
    "values",
    [
        [1, 2],
        (1.0, 2.0),
        np.array([1, 2]),
        np.array([[1], [2]]),
        torch.tensor([1.0, 2.0], requires_grad=True),
        pd.Series([1, 2], index=[5, 7]),
        [np.float32(1), torch.tensor(2)],
        (value for value in (True, 2)),
    ],
)
def test_numbers_in_a_row_of_any_kind(values):
    found = answers.numbers(values, 2)
    assert found.tolist() == [1.0, 2.0]
    assert found.dtype == float


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (1, r"2 numbers are needed, found 1 \(int\)"),
        ([1], r"2 numbers are needed, found 1\."),
        (["1", "2"], r"2 numbers are needed, found '1' \(str\) among them"),
        (np.ones((2, 2)), "found array.* among them"),
        ("12", r"found '1' \(str\)"),
        ([1, float("nan")], r"Finite numbers are needed, found \[1, nan\]. In numpy"),
        ([1, float("inf")], r"Finite numbers are needed, found \[1, inf\]\.$"),
    ],
)
def test_no_numbers_in_a_row(values, said):
    with pytest.raises(Wrong, match=said):
        answers.numbers(values, 2)


Sides = namedtuple("Sides", "height width")


@pytest.mark.parametrize(
    "answer",
    [
        {"width": 1, "height": 2},
        {"height": 2, "width": 1},
        pd.Series({"height": 2, "width": 1}),
        Sides(height=2, width=1),
    ],
)
def test_numbers_with_names_are_put_in_order(answer):
    assert answers.numbers(answer, 2, ("width", "height")).tolist() == [1, 2]


def test_numbers_under_other_names_are_read_as_they_stand_or_refused():
    named = pd.Series({"a": 1, "b": 2})
    assert answers.numbers(named, 2, ("width", "height")).tolist() == [1, 2]
    with pytest.raises(Wrong, match=r"under the names width, height, found \{'a': 1"):
        answers.numbers({"a": 1, "b": 2}, 2, ("width", "height"))


@pytest.mark.parametrize(
    "answer", [{0: 0.5, 1: 2}, {0.5, 2}, frozenset({1, 2}), pd.DataFrame({0: [1, 2]})]
)
def test_what_has_no_order_or_only_names_is_no_row_of_numbers(answer):
    with pytest.raises(Wrong, match=r"2 numbers are needed in a row, as a list, found"):
        answers.numbers(answer, 2)


@pytest.mark.parametrize(
    "names", [["a", "b"], ("a", "b"), np.array(["a", "b"]), pd.Series(["a", "b"])]
)
def test_a_list_of_texts_of_any_kind(names):
    assert answers.texts(names, "names") == ["a", "b"]
    assert answers.texts(iter(map(Path, names)), "paths") == ["a", "b"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("ab", r"A list of names is needed, found 'ab' \(str\)\."),
        ({"a": True}, r"found \{'a': True\} \(dict\)"),
        (pd.DataFrame({"a": [1]}), "found a DataFrame"),
        (3, r"found 3 \(int\)\."),
        (["a", 1], r"found 1 \(int\) among them"),
        ([np.ones((2, 2))], "found an ndarray among them"),
    ],
)
def test_no_list_of_texts(answer, said):
    with pytest.raises(Wrong, match=said):
        answers.texts(answer, "names")


def test_an_error_on_the_way_to_the_texts_is_the_learners():
    with pytest.raises(OwnCodeError, match=r"(?s)ZeroDivisionError.*1 / n"):
        answers.texts((str(1 / n) for n in (1, 0)), "names")


def test_an_error_on_the_way_to_the_numbers_is_the_learners():
    with pytest.raises(OwnCodeError, match=r"(?s)ZeroDivisionError.*genexpr.*1 / n"):
        answers.numbers((1 / n for n in (1, 0)), 2)


@pytest.mark.parametrize(
    "written", ["b", "B", " b ", "b)", "(b)", "(B)", "b.", "( b )", '"b"', "'b'", "b:"]
)
def test_a_letter_is_read_however_a_list_writes_it(written):
    assert answers.word(written, ("a", "b")) == "b"


@pytest.mark.parametrize("written", ["", ")", "ab", "b or a", "a b", 1, [], ["b"]])
def test_what_is_no_letter_is_refused(written):
    with pytest.raises(Wrong, match='"a" or "b" is needed, found'):
        answers.word(written, ("a", "b"))


def test_a_word_is_read_whatever_its_case_and_spaces():
    assert answers.word("  Max  Pool ", ("max pool", "stride")) == "max pool"
    with pytest.raises(Wrong, match='"max pool" or "stride" is needed, found 3'):
        answers.word(3, ("max pool", "stride"))
