"""What answers are worth: by hand, by Bayes' rule, and at the edges."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.tables import ROWS, make_table, perfect_table
from xraylab.errors import InputError
from xraylab.evaluation import Interval, measure
from xraylab.evaluation.decisions import (
    decision_curve,
    describe_benefit,
    net_benefit,
    predictive_values,
)

# four ill: three found; six normal: two called ill
BY_HAND = make_table(
    [(1, 0.9)] * 3 + [(1, 0.1)] + [(0, 0.8)] * 2 + [(0, 0.2)] * 4,
)


def test_net_benefit_by_hand():
    found = decision_curve(BY_HAND, [0.25, 0.5, 0.85])
    expected = [3 / 10 - 2 / 10 / 3, 3 / 10 - 2 / 10, 3 / 10]
    assert found["value"].tolist() == pytest.approx(expected)
    all_called = [4 / 10 - 6 / 10 / 3, 4 / 10 - 6 / 10, 4 / 10 - 6 / 10 * 0.85 / 0.15]
    assert found["act_on_all"].tolist() == pytest.approx(all_called)


@settings(max_examples=50)
@given(ROWS)
def test_who_calls_all_gains_what_acting_on_all_does(rows):
    table = make_table(rows)
    found = decision_curve(table.assign(score=1.0), [0.1, 0.5, 0.9])
    assert found["value"].tolist() == pytest.approx(found["act_on_all"].tolist())
    none = decision_curve(table.assign(score=0.0), [0.1, 0.5, 0.9])
    assert none["value"].tolist() == [0, 0, 0]


@settings(max_examples=50)
@given(ROWS, st.sampled_from([0.2, 0.5, 0.9]))
def test_one_threshold_is_a_point_of_the_curve(rows, threshold):
    table = make_table(rows)
    row = decision_curve(table, [threshold]).iloc[0]
    found = net_benefit(table, threshold)
    assert found["model"] == pytest.approx(
        Interval(*row[list(Interval._fields)]), nan_ok=True
    )
    assert found["act_on_all"].value == pytest.approx(row["act_on_all"])
    assert found["more"].value == pytest.approx(row["value"] - row["act_on_all"])


def test_the_comparison_is_paired():
    table = make_table([(1, 0.9)] * 30 + [(0, 0.9)] * 29 + [(0, 0.1)])
    found = net_benefit(table, 0.5)
    # one answer of sixty differs from acting on all: far closer than each by itself
    assert found["more"].value == pytest.approx(1 / 60)
    width = {name: i.high - i.low for name, i in found.items()}
    assert width["more"] < width["model"] / 3


def test_a_benefit_in_words_by_hand():
    first, second, third, fourth = describe_benefit(net_benefit(BY_HAND, 0.25), 0.25)
    assert first.startswith(
        "net benefit at threshold 0.250, as if one pneumonia missed were as bad as "
        "3 false alarms: 0.233 ("
    )
    assert first.endswith("n = 10, 10 groups")
    assert second.startswith("  acting on all 0.200 (")
    assert second.endswith(", acting on none 0")
    assert third.startswith("  not shown to be worth more or less than acting on all: ")
    assert fourth.startswith("  not shown to be worth more or less than acting on none")
    assert (
        "as bad as one false alarm:"
        in describe_benefit(net_benefit(BY_HAND, 0.5), 0.5)[0]
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(1, 0.9)] * 40 + [(0, 0.1)] * 40, "worth more than acting on all: 0.500 ("),
        ([(1, 0.1)] * 40 + [(0, 0.9)] * 10, "worth less than acting on none: -0.200 ("),
        (
            [(1, 0.9), (0, 0.1)],
            "so few groups do not tell whether it is worth more than acting on all",
        ),
    ],
)
def test_more_and_less_are_said_only_where_the_interval_says_so(rows, said):
    lines = describe_benefit(net_benefit(make_table(rows), 0.5), 0.5)
    assert any(line.strip().startswith(said) for line in lines), lines


def test_predictive_values_by_hand():
    found = predictive_values(BY_HAND, [0.4, 0.1]).set_index(["prevalence", "metric"])
    value = found["value"]
    assert value[0.4, "PPV"] == pytest.approx(3 / 5)
    assert value[0.4, "NPV"] == pytest.approx(4 / 5)
    assert value[0.1, "PPV"] == pytest.approx(0.075 / (0.075 + 0.3))
    assert value[0.1, "NPV"] == pytest.approx(0.6 / (0.6 + 0.025))


@settings(max_examples=50)
@given(ROWS, st.floats(0.01, 0.99))
def test_at_its_own_prevalence_a_test_has_its_own_values(rows, threshold):
    table = make_table(rows)
    found = predictive_values(table, [table["label"].mean()], threshold=threshold)
    for _, row in found.iterrows():
        own = measure(table, row["metric"], threshold=threshold)
        assert row["value"] == pytest.approx(own.value, nan_ok=True)
        if not np.isnan(row["low"]):
            assert 0 <= row["low"] <= row["value"] <= row["high"] <= 1


def test_the_interval_is_that_of_children_drawn_again(predictions):
    found = predictive_values(predictions, [0.1]).set_index("metric").loc["PPV"]
    by_group = predictions.assign(
        found=lambda t: (t.label == 1) & (t.score >= 0.5),
        ill=lambda t: t.label == 1,
        alarms=lambda t: (t.label == 0) & (t.score >= 0.5),
        normal=lambda t: t.label == 0,
    ).groupby("group_id")[["found", "ill", "alarms", "normal"]]
    sums = by_group.sum().to_numpy()
    draw = np.random.default_rng(0).integers(300, size=(4000, 300))
    found_, ill, alarms, normal = sums[draw].sum(1).T
    positive = 0.1 * found_ / ill
    again = positive / (positive + 0.9 * alarms / normal)
    low, high = np.quantile(again, [0.025, 0.975])
    assert found["low"] == pytest.approx(low, abs=0.02)
    assert found["high"] == pytest.approx(high, abs=0.02)


def test_a_faultless_test_of_few_children_promises_little_where_it_is_rare():
    found = predictive_values(perfect_table(15), [0.01]).set_index("metric")
    assert found["value"].tolist() == [1, 1]
    assert found.loc["PPV", "low"] < 0.1
    assert found["high"].tolist() == [1, 1]


def test_net_benefit_has_the_interval_of_children_drawn_again(predictions):
    found = decision_curve(predictions, [0.3]).iloc[0]
    worth = np.where(predictions["label"] == 1, 1, -0.3 / 0.7)
    worth = pd.Series(worth * (predictions["score"] >= 0.3))
    sums = worth.groupby(predictions["group_id"].to_numpy()).agg(["sum", "size"])
    draw = np.random.default_rng(0).integers(300, size=(4000, 300))
    again = sums["sum"].to_numpy()[draw].sum(1) / sums["size"].to_numpy()[draw].sum(1)
    low, high = np.quantile(again, [0.025, 0.975])
    assert found["value"] == pytest.approx(worth.mean())
    assert found["low"] == pytest.approx(low, abs=0.01)
    assert found["high"] == pytest.approx(high, abs=0.01)


def test_no_false_alarm_is_not_taken_for_certain():
    """Of a perfect test all images are worth one thing, and still others may come."""
    found = decision_curve(perfect_table(15), [0.8]).iloc[0]
    assert found["value"] == 0.5
    assert found["low"] < 0.2


def test_answers_that_are_never_given_have_no_value():
    found = predictive_values(perfect_table(6).assign(score=0.9), [0.5])
    ppv, npv = (found.set_index("metric").loc[name] for name in ("PPV", "NPV"))
    assert ppv["value"] == 0.5
    assert np.isnan(npv["value"])
    assert npv["method"] == "not given: there are no such answers"


def test_too_few_children_give_no_interval():
    found = predictive_values(perfect_table(4), [0.5])
    assert found["low"].isna().all()
    assert set(found["method"]) == {"not given: fewer than 5 groups"}


@given(ROWS, st.integers(1, 12), st.sampled_from([0.1, 0.5]))
def test_predictive_values_know_no_more_than_the_shares_behind_them(
    rows, n_groups, prevalence
):
    table = make_table(rows, n_groups)
    behind = [measure(table, name) for name in ("sensitivity", "specificity")]
    is_known = not any(np.isnan(share.low) for share in behind)
    for row in predictive_values(table, [prevalence]).to_dict("records"):
        assert row["method"].startswith("not given: ") == np.isnan(row["low"])
        assert np.isnan(row["low"]) == np.isnan(row["high"])
        if not np.isnan(row["value"]):
            assert np.isnan(row["low"]) != is_known
            # an interval of no width would be certainty
            assert row["low"] != row["high"]


@pytest.mark.parametrize("value", [0, 1, -0.1, float("nan")])
def test_shares_outside_are_refused(value):
    with pytest.raises(InputError, match=rf"prevalences must be in \(0, 1\).*{value}"):
        predictive_values(BY_HAND, [0.5, value])
    with pytest.raises(InputError, match=rf"thresholds must be in \(0, 1\).*{value}"):
        decision_curve(BY_HAND, [0.5, value])
    with pytest.raises(InputError, match=r"thresholds must be in \(0, 1\), found"):
        net_benefit(BY_HAND, value)
