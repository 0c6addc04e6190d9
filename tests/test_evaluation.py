"""The figures: against tables worked by hand, scikit-learn, and their laws."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from xraylab.evaluation import (
    Interval,
    auroc_by_pairs,
    bootstrap_interval,
    choose_threshold,
    confusion,
    describe,
    difference,
    evaluate,
    paired_difference,
    seed_interval,
    wilson,
)
from xraylab.metrics import METRICS, make_rows, measure, measure_resampled

# Few distinct scores, so that ties are common.
SCORES = st.integers(0, 8).map(lambda k: k / 8)
ROWS = st.lists(st.tuples(st.integers(0, 1), SCORES), min_size=2, max_size=40).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


def make_table(rows, n_groups=None):
    labels, scores = zip(*rows, strict=True)
    number = np.arange(len(rows)) % (n_groups or len(rows))
    return pd.DataFrame(
        {
            "path": [f"{i}.png" for i in range(len(rows))],
            "group_id": [f"child-{k}" for k in number],
            "label": labels,
            "score": scores,
        }
    )


@pytest.fixture(scope="module")
def predictions():
    """624 rows of 300 children, AUROC about 0.9."""
    rng = np.random.default_rng(7)
    child = np.arange(624) % 300
    label = (child % 8 > 2).astype(int)
    hard = rng.normal(0, 0.8, 300)[child]
    logit = 2.4 * label - 1.2 + hard + rng.normal(0, 0.8, 624)
    return pd.DataFrame(
        {
            "path": [f"{i}.png" for i in range(624)],
            "group_id": [f"child-{k}" for k in child],
            "label": label,
            "score": 1 / (1 + np.exp(-logit)),
        }
    )


# --- values -----------------------------------------------------------------


def test_two_by_two_worked_by_hand():
    # 10 pictures, 6 sick: 4 found, 2 missed; of 4 well, 1 called sick
    scores = [0.9, 0.8, 0.7, 0.5, 0.4, 0.1, 0.6, 0.3, 0.2, 0.1]
    table = make_table(list(zip([1] * 6 + [0] * 4, scores, strict=True)))
    assert confusion(table["label"], table["score"]) == {
        "tn": 3,
        "fp": 1,
        "fn": 2,
        "tp": 4,
    }
    found = evaluate(table, n_boot=50)
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
    for name, (value, floor, n) in expected.items():
        row = found.loc[name]
        assert (row["value"], row["floor"]) == pytest.approx((value, floor)), name
        assert row["n"] == n, name


def test_published_intervals_are_met():
    # 96 % of 624 pictures, and the 16-picture folder (Wilson, 95 %)
    assert wilson(599, 624) == pytest.approx((0.942, 0.973), abs=0.001)
    assert wilson(16, 16) == pytest.approx((0.806, 1.0), abs=0.001)


@given(ROWS)
def test_auroc_by_pairs_is_scikit_learns(rows):
    labels, scores = zip(*rows, strict=True)
    assert auroc_by_pairs(labels, scores) == pytest.approx(
        roc_auc_score(labels, scores)
    )


@given(ROWS, st.randoms(use_true_random=False))
def test_resampled_twins_are_scikit_learns(rows, random):
    table = make_table(rows)
    checked = make_rows(table)
    weights = np.array([[random.randint(0, 3) for _ in rows] for _ in range(3)])
    weights[:, [list(table["label"]).index(k) for k in (0, 1)]] += 1
    for name, library in {
        "AUROC": roc_auc_score,
        "average_precision": average_precision_score,
    }.items():
        expected = [
            library(table["label"], table["score"], sample_weight=w) for w in weights
        ]
        found = measure_resampled(name, weights, checked)
        assert found == pytest.approx(expected), name


@given(ROWS)
def test_each_metric_with_weights_of_one_is_its_value(rows):
    checked = make_rows(make_table(rows))
    for name in METRICS:
        found = measure_resampled(name, np.ones((1, len(rows))), checked)[0]
        value, _ = measure(name, checked)
        assert found == pytest.approx(value, nan_ok=True), name


# --- laws -------------------------------------------------------------------


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_contains_the_share(pair):
    k, n = pair
    low, high = wilson(k, n)
    assert 0 <= low <= k / n + 1e-12
    assert k / n - 1e-12 <= high <= 1


@given(ROWS, SCORES)
def test_confusion_counts_sum_to_n(rows, threshold):
    counts = confusion(*zip(*rows, strict=True), threshold)
    assert sum(counts.values()) == len(rows)
    assert counts["fn"] + counts["tp"] == sum(label for label, _ in rows)


@given(ROWS)
def test_flipping_labels_and_scores_swaps_sensitivity_and_specificity(rows):
    # a threshold that no score equals, so that calls flip too
    flipped = [(1 - label, 1 - score) for label, score in rows]
    a = make_rows(make_table(rows), 0.45)
    b = make_rows(make_table(flipped), 0.55)
    for one, other in (("sensitivity", "specificity"), ("PPV", "NPV")):
        assert measure(one, a) == pytest.approx(measure(other, b), nan_ok=True)
    assert measure("AUROC", a)[0] == pytest.approx(measure("AUROC", b)[0])


@given(ROWS, st.floats(0.2, 5))
def test_a_monotone_change_of_scores_keeps_the_auroc(rows, power):
    changed = [(label, score**power) for label, score in rows]
    before, after = (make_rows(make_table(r)) for r in (rows, changed))
    assert measure("AUROC", before) == pytest.approx(measure("AUROC", after))


@given(ROWS, st.floats(0, 1, exclude_min=True))
def test_the_threshold_finds_enough_and_is_the_highest(rows, demanded):
    labels, scores = zip(*rows, strict=True)
    threshold = choose_threshold(labels, scores, min_sensitivity=demanded)
    table = make_table(rows)
    found, _ = measure("sensitivity", make_rows(table, threshold))
    assert found >= demanded
    higher = [score for score in scores if score > threshold]
    if higher:
        assert measure("sensitivity", make_rows(table, min(higher)))[0] < demanded


@settings(max_examples=25, deadline=None)
@given(ROWS.filter(lambda rows: len(rows) > 8), st.integers(1, 8))
def test_every_table_is_measured_whatever_its_groups(rows, n_groups):
    """Children with both classes, or a class of one child, are no obstacle."""
    table = make_table(rows, n_groups + 1)
    one_of_each = table.groupby("group_id")["label"].mean().value_counts().max() == 1
    assume(not one_of_each)
    found = evaluate(table, n_boot=30)
    known = found.dropna()
    assert (known["low"] <= known["high"]).all()
    assert known[["value", "low", "high"]].stack().between(0, 1 + 1e-12).all()


def test_the_bootstrap_is_reproducible_by_seed(predictions):
    first = evaluate(predictions, n_boot=200, seed=3)
    pd.testing.assert_frame_equal(first, evaluate(predictions, n_boot=200, seed=3))
    other = evaluate(predictions, n_boot=200, seed=4)
    assert other.loc["AUROC", "low"] != first.loc["AUROC", "low"]
    assert other["value"].equals(first["value"])


def test_the_table_is_left_alone_and_row_order_does_not_matter(predictions):
    before = predictions.copy()
    found = evaluate(predictions, n_boot=20)
    pd.testing.assert_frame_equal(predictions, before)
    mixed = evaluate(predictions.sample(frac=1, random_state=0), n_boot=20)
    assert mixed["value"].to_numpy() == pytest.approx(found["value"].to_numpy())


# --- intervals over children --------------------------------------------------


def test_auroc_interval_is_near_hanley_and_mcneil(predictions):
    """With each picture its own group, the textbook formula must be met."""
    alone = predictions.assign(group_id=predictions["path"])
    found = bootstrap_interval(alone, "AUROC", seed=1)
    auc, sick = found.value, int(predictions["label"].sum())
    well = len(predictions) - sick
    spread = auc * (1 - auc)
    spread += (sick - 1) * (auc / (2 - auc) - auc**2)
    spread += (well - 1) * (2 * auc**2 / (1 + auc) - auc**2)
    half = 1.96 * np.sqrt(spread / (sick * well))
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.25)


def test_pictures_of_one_child_widen_the_interval(predictions):
    by_child = bootstrap_interval(predictions, "AUROC")
    alone = predictions.assign(group_id=predictions["path"])
    by_picture = bootstrap_interval(alone, "AUROC")
    assert by_child.value == by_picture.value
    assert by_child.high - by_child.low > 1.1 * (by_picture.high - by_picture.low)


def test_copies_of_each_row_in_its_group_change_nothing(predictions):
    doubled = pd.concat([predictions, predictions], ignore_index=True)
    one, two = (bootstrap_interval(t, "AUROC") for t in (predictions, doubled))
    assert two[:3] == pytest.approx(one[:3])


def test_a_function_can_be_the_statistic(predictions):
    named = bootstrap_interval(predictions, "AUROC", n_boot=100)
    given_one = bootstrap_interval(predictions, roc_auc_score, n_boot=100)
    assert given_one == pytest.approx(named)


def test_a_share_of_no_rows_is_not_defined():
    table = make_table([(0, 0.1), (0, 0.2), (1, 0.3), (1, 0.4)])
    found = evaluate(table, n_boot=20)
    ppv = found.loc["PPV"]
    assert ppv[["value", "low", "high"]].isna().all()
    assert (ppv["n"], ppv["interval"], ppv["floor"]) == (0, "none", 0.5)
    assert "PPV not defined, n = 0, floor 0.50" in describe(found)


def test_paired_difference_of_a_model_with_itself_is_nothing(predictions):
    shuffled = predictions.sample(frac=1, random_state=0)
    found = paired_difference(predictions, shuffled, n_boot=100)
    assert found == pytest.approx((0, 0, 0, 624), abs=1e-12)


def test_pairing_narrows_the_difference(predictions):
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.05, len(predictions))
    near = predictions.assign(score=(predictions["score"] + noise).clip(0, 1))
    paired = paired_difference(predictions, near, "AUROC")
    apart = difference(predictions, near, "AUROC")
    assert paired.value == apart.value
    assert paired.high - paired.low < 0.5 * (apart.high - apart.low)
    assert apart.low < 0 < apart.high


def test_difference_turns_its_sign_with_its_arguments(predictions):
    worse = predictions.assign(score=1 - predictions["score"]).iloc[:300]
    found = difference(predictions, worse, "accuracy", n_boot=200)
    turned = difference(worse, predictions, "accuracy", n_boot=200)
    assert found.low > 0 > turned.high
    assert found.value == -turned.value
    assert found.n == turned.n == 300


def test_seed_interval_by_hand():
    # sd 0.02, t(2 degrees) 4.303: half width 4.303 * 0.02 / sqrt(3)
    found = seed_interval([0.90, 0.92, 0.94])
    assert found == pytest.approx((0.92, 0.8703, 0.9697, 3), abs=1e-4)
    assert seed_interval([0.9, 0.9]) == Interval(0.9, 0.9, 0.9, 2)


def test_narrow_intervals_are_written_with_three_digits():
    assert str(Interval(0.955, 0.9481, 0.9612, 3514)) == (
        "0.955 (0.948 to 0.961), n = 3,514"
    )
    assert str(Interval(0.78, 0.746, 0.811, 624)) == "0.780 (0.75 to 0.81), n = 624"


# --- refusals -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="group_id"), r"found no group_id\. Take the table"),
        (lambda t: t.iloc[:0], r"at least one row, got none"),
        (lambda t: t.assign(label=1), r"both classes, got only 1 in 4 rows"),
        (lambda t: t.assign(label=[0, 1, 2, 1]), r"must be 0 .* got 0, 1, 2\."),
        (lambda t: t.assign(score=[0, 1, 2.5, -1]), r"got 2 outside: 2\.5, -1\.0\."),
        (lambda t: t.assign(score=[0, 1, np.nan, 1]), r"got 1 outside: nan"),
        (lambda t: t.assign(group_id=["a", None, "b", "c"]), r"got 1 empty"),
        (lambda t: t.assign(group_id="a"), r"at least two groups .* found 1 in all"),
    ],
)
def test_bad_tables_are_refused(change, message):
    table = make_table([(0, 0.1), (0, 0.6), (1, 0.4), (1, 0.9)])
    with pytest.raises(ValueError, match=message):
        evaluate(change(table))


def test_bad_arguments_are_refused(predictions):
    with pytest.raises(ValueError, match=r"k must be in 0..n .* k = 5, n = 4"):
        wilson(5, 4)
    with pytest.raises(ValueError, match=r"threshold must be in \[0, 1\], got 50"):
        evaluate(predictions, threshold=50)
    with pytest.raises(ValueError, match=r"min_sensitivity must be in .* got 0\."):
        choose_threshold([0, 1], [0.2, 0.8], min_sensitivity=0)
    with pytest.raises(ValueError, match=r"metric must be one of .* got 'auc'"):
        bootstrap_interval(predictions, "auc")
    with pytest.raises(ValueError, match=r"one length, got shapes \(2,\) and \(1,\)"):
        confusion([0, 1], [0.5])
    with pytest.raises(ValueError, match=r"two or more numbers.*got \[0\.9\]"):
        seed_interval([0.9])


def test_tables_of_different_pictures_are_not_paired(predictions):
    with pytest.raises(ValueError, match=r"found 2 in only one: 622.png, 623.png"):
        paired_difference(predictions, predictions.iloc[:-2])
    with pytest.raises(ValueError, match=r"agree on labels, found 624 that differ"):
        paired_difference(
            predictions, predictions.assign(label=1 - predictions["label"])
        )
    with pytest.raises(ValueError, match=r"b must have .* found repeats"):
        paired_difference(predictions, pd.concat([predictions, predictions]))
    with pytest.raises(ValueError, match=r"a must have .* found no such column"):
        paired_difference(predictions.drop(columns="path"), predictions)
