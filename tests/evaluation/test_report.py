"""Tables of figures: worked by hand, in words, and bad ones refused."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.tables import ROWS, SCORES, make_table, perfect_table
from xraylab.evaluation import confusion, describe, evaluate, measure
from xraylab.evaluation.metrics import METRICS


def test_two_by_two_worked_by_hand():
    # 10 images, 6 pneumonia: 4 found, 2 missed; of 4 normal, 1 called pneumonia
    scores = [0.9, 0.8, 0.7, 0.5, 0.4, 0.1, 0.6, 0.3, 0.2, 0.1]
    table = make_table(list(zip([1] * 6 + [0] * 4, scores, strict=True)))
    assert confusion(table["label"], table["score"]) == {
        "tn": 3,
        "fp": 1,
        "fn": 2,
        "tp": 4,
    }
    found = evaluate(table)
    assert list(found.index) == list(METRICS)
    expected = {
        "accuracy": (0.7, 0.6, 10),
        "balanced_accuracy": ((4 / 6 + 3 / 4) / 2, 0.5, 10),
        "sensitivity": (4 / 6, 0.5, 6),  # 5 of 10 called positive
        "specificity": (3 / 4, 0.5, 4),
        "PPV": (4 / 5, 0.6, 5),
        "NPV": (3 / 5, 0.4, 5),
        "AUROC": (18.5 / 24, 0.5, 10),  # 4+4+4+3+3 pairs won, one tied
        "average_precision": ((3 + 4 / 5 + 5 / 6 + 6 / 10) / 6, 0.6, 10),
    }
    for name, (value, baseline, n) in expected.items():
        row = found.loc[name]
        assert (row["value"], row["baseline"]) == pytest.approx((value, baseline)), name
        assert row["n"] == row["n_groups"] == n, name


@given(ROWS, SCORES)
def test_confusion_counts_sum_to_n(rows, threshold):
    counts = confusion(*zip(*rows, strict=True), threshold)
    assert sum(counts.values()) == len(rows)
    assert counts["fn"] + counts["tp"] == sum(label for label, _ in rows)


@settings(max_examples=50)
@given(ROWS, st.integers(1, 40), SCORES)
def test_every_table_is_measured_whatever_its_groups(rows, n_groups, threshold):
    """An interval holds its value and lies in 0 to 1, or says why it is not given."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate(make_table(rows, n_groups), threshold=threshold)
    given_ones = found.dropna(subset="low")
    assert (given_ones["low"] <= given_ones["value"] + 1e-12).all()
    assert (given_ones["value"] <= given_ones["high"] + 1e-12).all()
    assert given_ones[["value", "low", "high"]].stack().between(0, 1).all()
    # never certain
    assert (given_ones["low"] < given_ones["high"]).all()
    refused = found[found["low"].isna()]
    assert refused["method"].str.startswith("not given: ").all()
    assert refused["high"].isna().all()
    assert "nan" not in " ".join(describe(found))


def test_the_table_is_left_alone_and_row_order_does_not_matter(predictions):
    before = predictions.copy()
    found = evaluate(predictions)
    pd.testing.assert_frame_equal(predictions, before)
    mixed = evaluate(predictions.sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(mixed, found)


def test_a_perfect_classifier_of_few_children_is_not_certain():
    for n_each, low in ((5, 0.39), (15, 0.77), (40, 0.91)):
        found = evaluate(perfect_table(n_each))
        ends = found.loc[["sensitivity", "AUROC", "average_precision"], "low"]
        assert ends.to_numpy() == pytest.approx(low, abs=0.01), n_each
        assert (found["high"] == 1).all()
    assert describe(found)[6] == (
        "AUROC 1.000 (0.91 to 1.00), n = 80, 80 groups, baseline 0.50"
    )


def test_too_few_groups_say_so_and_keep_the_value():
    found = evaluate(perfect_table(4))
    assert (found["value"] == 1).all()
    lines = describe(found)
    assert lines[0] == "accuracy 1.000 (0.59 to 1.00), n = 8, 8 groups, baseline 0.50"
    assert lines[6] == (
        "AUROC 1.000 (interval not given: fewer than 5 groups of a class), "
        "n = 8, 8 groups, baseline 0.50"
    )


def test_a_share_of_no_rows_is_not_defined():
    table = make_table([(0, 0.1), (0, 0.2), (1, 0.3), (1, 0.4)])
    found = evaluate(table)
    ppv = found.loc["PPV"]
    assert ppv[["value", "low", "high"]].isna().all()
    assert (ppv["n"], ppv["method"], ppv["baseline"]) == (0, "not given: no rows", 0.5)
    assert "PPV not defined, n = 0, 0 groups, baseline 0.50" in describe(found)


def test_flippedlabels_are_said_to_be_so(predictions):
    flipped = predictions.assign(label=1 - predictions["label"])
    line = describe(evaluate(flipped))[6]
    assert line.endswith(
        "baseline 0.50. Below chance: higher scores go with normal; check the labels"
    )
    assert "Below chance" not in " ".join(describe(evaluate(predictions)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="group_id"), r"found no group_id\. Take the table"),
        (lambda t: t.iloc[:0], r"at least one row, got none"),
        (lambda t: t.assign(label=1), r"both classes, got only 1 in 4 rows"),
        (lambda t: t.assign(label=[0, 1, 2, 1]), r"must be 0 .* got 0, 1, 2\."),
        (lambda t: t.assign(label=[0, 1, np.nan, 1]), r"must be 0 .* got 0, 1, nan\."),
        (
            lambda t: t.assign(label=list("nnpp")),
            r"labels must be numbers, got n",
        ),
        (lambda t: t.assign(score=[0, 1, 2.5, -1]), r"got 2 outside: 2\.5, -1\."),
        (lambda t: t.assign(score=[0, 1, np.nan, 1]), r"got 1 outside: nan"),
        (
            lambda t: t.assign(score=["0.1", "?", "", "1"]),
            r"scores must be numbers",
        ),
        (lambda t: t.assign(group_id=["a", None, "b", "c"]), r"got 1 empty"),
        (lambda t: t.assign(group_id=["a", "", "b", "c"]), r"got 1 empty"),
        (lambda t: t.assign(group_id=["a", " ", "\t", "c"]), r"got 2 empty"),
        (
            lambda t: pd.concat([t, t.iloc[:1]]),
            r"once, found 1 again: 0\.png",
        ),
    ],
)
def test_bad_tables_are_refused(change, message):
    table = make_table([(0, 0.1), (0, 0.6), (1, 0.4), (1, 0.9)])
    with pytest.raises(ValueError, match=message):
        evaluate(change(table))


def test_one_group_gives_figures_without_intervals():
    table = make_table([(0, 0.1), (0, 0.6), (1, 0.4), (1, 0.9)], n_groups=1)
    assert evaluate(table)["low"].isna().all()


def test_bad_arguments_are_refused(predictions):
    for threshold in (50, float("nan")):
        with pytest.raises(ValueError, match=r"threshold must be in \[0, 1\], got"):
            evaluate(predictions, threshold=threshold)
        with pytest.raises(ValueError, match=r"threshold must be in \[0, 1\], got"):
            confusion([0, 1], [0.5, 0.5], threshold)
    with pytest.raises(ValueError, match=r"metric must be one of .* got 'auc'"):
        measure(predictions, "auc")
    with pytest.raises(ValueError, match=r"one length, got shapes \(2,\) and \(1,\)"):
        confusion([0, 1], [0.5])
