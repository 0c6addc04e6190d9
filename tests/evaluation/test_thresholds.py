"""The operating point: the highest that keeps its promise."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.tables import ROWS, make_table
from xraylab import results
from xraylab.errors import InputError
from xraylab.evaluation import choose_threshold, measure, thresholds


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
    for demanded in (0, -0.1, 1.01, 2):
        found = rf"min_sensitivity must be in .* got {demanded}\."
        with pytest.raises(ValueError, match=found):
            choose_threshold([0, 1], [0.2, 0.8], min_sensitivity=demanded)


# Normal images score 0.005, 0.015 to 0.995, those with pneumonia 0.01, 0.02 to 1.
EXACT = {
    "sensitivity 0.90": 0.11,
    "sensitivity 0.95": 0.06,
    "sensitivity 0.99": 0.02,
    "specificity 0.90": 0.90,
    "specificity 0.95": 0.95,
}


@pytest.mark.parametrize("rule", EXACT)
def test_a_rule_asks_for_no_more_than_it_says(rule):
    hundred = np.arange(1, 101)
    table = make_table(
        [*((0, k / 100 - 0.005) for k in hundred), *((1, k / 100) for k in hundred)]
    )
    point = thresholds.choose_operating_point(table, rule)
    assert point.threshold.value == EXACT[rule]
    name, least = rule.split()
    assert point.promised[name].value == float(least)
    assert thresholds.OPERATING_POINTS[rule].promises == (name,)
    assert point.as_dict() == {
        "rule": rule,
        **point.threshold._asdict(),
        "promised": {n: f._asdict() for n, f in point.promised.items()},
    }


def shares(table, threshold):
    return {
        name: measure(table, name, threshold=threshold).value
        for name in ("sensitivity", "specificity")
    }


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("sensitivity 0.9", "sensitivity 0.90"),
        (" specificity  .950 ", "specificity 0.95"),
        ("sensitivity 9.9e-1", "sensitivity 0.99"),
        (" youden", "youden"),
    ],
)
def test_a_number_in_a_rule_is_a_number(written, rule):
    table = make_table([(i % 2, i / 40) for i in range(40)])
    asked, named = (
        thresholds.choose_operating_point(table, name) for name in (written, rule)
    )
    assert asked == named
    assert asked.rule == rule


@pytest.mark.parametrize(
    "odd", ["sensitivity", "sensitivity 0.9 0.9", "sensitivity 0.91", "nan", "0.9", ""]
)
def test_a_rule_that_is_none_is_refused(odd):
    table = make_table([(i % 2, i / 40) for i in range(40)])
    with pytest.raises(InputError, match=r'must be one of "sensitivity 0\.90", '):
        thresholds.choose_operating_point(table, odd)


@settings(max_examples=50)
@given(ROWS, st.sampled_from(sorted(thresholds.OPERATING_POINTS)))
def test_each_rule_keeps_its_word_and_no_threshold_keeps_it_better(rows, rule):
    table = make_table(rows)
    candidates = {*table["score"], 1.0}
    found = {at: shares(table, at) for at in candidates}
    if rule.startswith("specificity ") and not any(
        at["specificity"] >= float(rule.split()[1]) for at in found.values()
    ):
        with pytest.raises(InputError, match="normal images have the score 1"):
            thresholds.choose_operating_point(table, rule)
        return
    point = thresholds.choose_operating_point(table, rule)
    at = found[point.threshold.value]
    assert {n: f.value for n, f in point.promised.items()} == at
    if rule == "youden":
        assert sum(at.values()) == max(sum(f.values()) for f in found.values())
        return
    name, least = rule.split()
    other = "specificity" if name == "sensitivity" else "sensitivity"
    assert at[name] >= float(least)
    good = [f[other] for f in found.values() if f[name] >= float(least)]
    assert at[other] == max(good)


def test_with_many_children_the_range_is_near_that_of_children_drawn_again(predictions):
    """Against a plain bootstrap: take the groups' rows again, and choose again."""
    rule = "sensitivity 0.95"
    found = thresholds.choose_operating_point(predictions, rule).threshold
    by_group = [rows for _, rows in predictions.groupby("group_id")]
    draw = np.random.default_rng(5)
    again = []
    for _ in range(500):
        rows = pd.concat([by_group[i] for i in draw.integers(300, size=300)])
        at = choose_threshold(rows["label"], rows["score"], min_sensitivity=0.95)
        again.append(at)
    low, high = np.quantile(again, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.02)
    assert found.high == pytest.approx(high, abs=0.02)
    assert found.low <= found.value <= found.high
    assert (found.n, found.n_groups) == (624, 300)
    assert thresholds.choose_operating_point(predictions, rule).threshold == found


def interval_at(table, name, threshold):
    return measure(table, name, threshold=threshold)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=5, max_size=40),
    st.sampled_from(sorted(thresholds.OPERATING_POINTS)),
)
def test_the_range_holds_the_choice_and_what_the_share_does_not_rule_out(rows, rule):
    table = make_table([*rows, *[(0, 0.3), (1, 0.7)] * 5])
    try:
        found = thresholds.choose_operating_point(table, rule).threshold
    except InputError:
        assert rule.startswith("specificity")
        return
    assert 0 <= found.low <= found.value <= found.high <= 1
    if rule == "youden":
        return
    name, least = rule.split()
    for at in {*table["score"], 1.0}:
        share = interval_at(table, name, at)
        if share.low < float(least) <= share.high:  # neither shown to be enough
            assert found.low <= at <= found.high
    is_enough = interval_at(table, name, found.low).low >= float(least)
    is_short = interval_at(table, name, found.low).high < float(least)
    assert found.low == 0 or (is_enough if name == "sensitivity" else is_short)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), max_size=40))
def test_youdens_range_holds_what_ties_with_the_choice(rows):
    rows = [(label, score / 10) for label, score in rows]
    table = make_table([*rows, *[(0, 0.3), (1, 0.7)] * 5])
    found = thresholds.choose_operating_point(table, "youden").threshold
    sums = {at: sum(shares(table, at).values()) for at in {*table["score"], 1.0}}
    for at, total in sums.items():
        if total == max(sums.values()):
            assert found.low <= at <= found.high


def test_a_threshold_that_is_clearly_worse_is_outside_youdens_range():
    normal = [(0, i / 1000) for i in range(400)]
    table = make_table([*normal, *[(1, i / 1000) for i in range(350, 750)]])
    found = thresholds.choose_operating_point(table, "youden").threshold
    assert 0.3 < found.low < 0.4 <= found.high < 0.45


def test_fifteen_children_of_a_class_leave_most_of_the_range_open():
    rows = [(label, i / 40 + label / 3) for label in (0, 1) for i in range(15)]
    found = thresholds.choose_operating_point(make_table(rows), "sensitivity 0.95")
    assert found.threshold.low == 0  # one in twenty of 15 is none


def test_a_draw_that_no_threshold_follows_counts_as_the_closest():
    rows = [(0, 1.0), *((0, k / 20) for k in range(1, 10)), *[(1, 0.7)] * 10]
    found = thresholds.choose_operating_point(make_table(rows), "specificity 0.90")
    assert (found.threshold.value, found.threshold.high) == (0.7, 1.0)


def test_the_stored_official_run_moves_as_was_measured():
    valid = results.read_predictions("real-64px-official", on="valid")
    point = thresholds.choose_operating_point(valid, "sensitivity 0.95")
    assert point.threshold.value == pytest.approx(0.855, abs=0.0005)
    assert point.threshold.low == pytest.approx(0.53, abs=0.05)
    assert point.threshold.high == pytest.approx(0.92, abs=0.01)


def test_too_few_children_of_a_class_give_no_range():
    table = make_table([(0, 0.1)] * 4 + [(1, 0.9)] * 40)
    found = thresholds.choose_operating_point(table, "youden").threshold
    assert found.value == 0.9
    assert found.method == "not given: fewer than 5 groups of a class"


def test_an_unknown_rule_is_answered_with_the_known():
    table = make_table([(0, 0.1), (1, 0.9)])
    with pytest.raises(InputError, match=r"one of .*youden.*, got 'best'"):
        thresholds.choose_operating_point(table, "best")


def test_a_rule_that_no_threshold_follows_is_refused():
    table = make_table([(0, 1.0), (1, 1.0)])
    with pytest.raises(InputError, match=r"no threshold in \[0, 1\] has specificity"):
        thresholds.choose_operating_point(table, "specificity 0.90")
