"""The operating point: the highest that keeps its promise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation.tables import ROWS, make_table
from xraylab.evaluation import choose_threshold, measure


@given(ROWS, st.floats(0, 1, exclude_min=True))
def test_the_threshold_finds_enough_and_is_the_highest(rows, demanded):
    labels, scores = zip(*rows, strict=True)
    threshold = choose_threshold(labels, scores, min_sensitivity=demanded)
    table = make_table(rows)
    found = measure(table, "sensitivity", threshold=threshold)
    assert found.value >= demanded
    higher = [score for score in scores if score > threshold]
    if higher:
        missed = measure(table, "sensitivity", threshold=min(higher))
        assert missed.value < demanded


def test_a_demand_outside_is_refused():
    with pytest.raises(ValueError, match=r"min_sensitivity must be in .* got 0\."):
        choose_threshold([0, 1], [0.2, 0.8], min_sensitivity=0)
