"""How a figure is written."""

import math

import pytest

from xraylab.evaluation.figure import Interval, not_given
from xraylab.evaluation.intervals import mean_interval, share_interval


def test_narrow_intervals_are_written_with_three_digits():
    assert str(Interval(0.955, 0.9481, 0.9612, 3514, 2252)) == (
        "0.955 (0.948 to 0.961), n = 3,514, 2,252 groups"
    )
    assert str(Interval(0.78, 0.746, 0.811, 624)) == "0.780 (0.75 to 0.81), n = 624"
    assert str(Interval(0.5, 0.1, 0.9, 1, 1)).endswith("n = 1, 1 group")


def test_no_end_looks_certain_or_like_nothing_by_rounding():
    assert Interval(0.97, 0.93, 0.998, 9).figure == "0.970 (0.930 to 0.998)"
    assert Interval(0.97, 0.93, 1.0, 9).figure == "0.970 (0.93 to 1.00)"
    assert Interval(0.9999, 0.9998, 1.0, 9).figure == "0.9999 (0.9998 to 1.0000)"
    assert Interval(0.9999, 0.9998, 0.99997, 9).figure == "0.99990 (0.99980 to 0.99997)"
    assert Interval(1.0, 0.91, 1.0, 9).figure == "1.000 (0.91 to 1.00)"
    assert Interval(0.016, 0.0014, 0.031, 9).figure == "0.016 (0.001 to 0.031)"
    assert Interval(-0.0001, -0.0004, 0.05, 9).figure == "0.000 (0.000 to 0.050)"
    assert Interval(-0.97, -0.998, -0.93, 9).figure == "-0.970 (-0.998 to -0.930)"
    assert Interval(-0.97, -1.0, -0.93, 9).figure == "-0.970 (-1.00 to -0.93)"
    assert Interval(0.03, 0.0, 0.07, 9).figure == "0.030 (0.00 to 0.07)"


@pytest.mark.parametrize(
    ("found", "short", "reason"),
    [
        (Interval(0.5, 0.4, 0.6, 9, 1, "t"), "0.500 (0.40 to 0.60)", ""),
        (not_given(0.5, 9, 1, "too few"), "0.500", "too few"),
        (not_given(math.nan, 0, 0, "no rows"), "not defined", "no rows"),
    ],
)
def test_short_of_an_interval_it_is_the_value_and_the_reason_why(found, short, reason):
    assert (found.short, found.reason) == (short, reason)
    assert found.counts in {"n = 9, 1 group", "n = 0, 0 groups"}


def test_a_figure_of_nothing_is_not_defined():
    for found in (mean_interval([]), share_interval([])):
        assert (found.n, found.n_groups, found.method) == (0, 0, "not given: no rows")
        assert str(found) == "not defined, n = 0, 0 groups"
