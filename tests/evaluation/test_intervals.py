"""Intervals: against other implementations, worked values, and their laws.

Numbers of other packages were computed once, from the stored answers: statsmodels
0.15.0 and confidenceinterval 1.0.5.
"""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from tests.evaluation.tables import perfect_table
from xraylab import results
from xraylab.evaluation import (
    Interval,
    evaluate,
    mean_interval,
    measure,
    seed_interval,
    share_interval,
)
from xraylab.evaluation.intervals import (
    _between_groups_of_classes,
    between_groups,
    not_given,
    quantile,
    square_and_add,
    wilson,
)
from xraylab.evaluation.metrics import auroc

Z = 1.959963984540054
BINARY = st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=60)


@pytest.fixture(scope="module")
def official():
    return results.read_predictions("real-64px-official")


# --- against other implementations ----------------------------------------------


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [  # statsmodels, proportion_confint(method="wilson")
        (14, 16, 0.639771727342413, 0.9650225122567595),
        (599, 624, 0.9415259011496533, 0.9727176422413373),
        (16, 16, 0.8063923194655633, 1.0),
        (0, 30, 0.0, 0.1135133931739688),
        (3386, 3514, 0.9568564516286925, 0.9692796571578012),
    ],
)
def test_wilson_is_statsmodels(k, n, low, high):
    assert wilson(k / n, n, Z) == pytest.approx((low, high), abs=1e-12)


def test_variance_between_groups_is_statsmodels(official):
    # OLS on a constant, cov_type="cluster", of the answers right at 0.5
    hits = (official["score"] >= 0.5) == official["label"]
    codes, _ = pd.factorize(official["group_id"])
    variance = between_groups((hits - hits.mean()).to_numpy() / len(hits), codes)
    assert math.sqrt(variance) == pytest.approx(0.02058848103477493, rel=1e-9)
    found = mean_interval(official["score"] - 0.5, official["group_id"])
    expected = 0.3414273358157051, 0.312213204101939, 0.37064146752947125
    # statsmodels takes its t from 426 degrees of freedom too
    assert found[:3] == pytest.approx(expected, abs=5e-5)


def test_delong_is_confidenceintervals(official):
    """With each file its own group, the variance is DeLong's."""
    labels = official["label"].to_numpy()
    value, influence = auroc(labels, official["score"].to_numpy())
    variance = _between_groups_of_classes(influence, labels, np.arange(labels.size))
    assert math.sqrt(variance) == pytest.approx(0.009111845784778303, rel=1e-3)
    assert value == pytest.approx(0.94156814, abs=1e-7)


def obuchowski(table):
    """Variance of the AUROC for clusters, as printed in 1997, cluster by cluster."""
    positive, negative = (table[table["label"] == label] for label in (1, 0))
    m, n = len(positive), len(negative)

    def psi(x, y):
        return float(x > y) + 0.5 * (x == y)

    ten = [np.mean([psi(x, y) for y in negative["score"]]) for x in positive["score"]]
    one = [np.mean([psi(x, y) for x in positive["score"]]) for y in negative["score"]]
    area = np.mean(ten)
    in_ten = pd.Series(np.subtract(ten, area)).groupby(positive["group_id"].tolist())
    in_one = pd.Series(np.subtract(one, area)).groupby(negative["group_id"].tolist())
    tens, ones = in_ten.sum(), in_one.sum()
    all_groups = table["group_id"].nunique()
    s_ten = len(tens) / ((len(tens) - 1) * m) * (tens**2).sum()
    s_one = len(ones) / ((len(ones) - 1) * n) * (ones**2).sum()
    both = tens.index.intersection(ones.index)
    product = (tens[both] * ones[both]).sum()
    s_both = all_groups / (all_groups - 1) * product
    return s_ten / m + s_one / n + 2 * s_both / (m * n)


def test_clustered_variance_is_obuchowskis(predictions):
    """Also where a group holds both classes."""
    table = predictions.iloc[:150].assign(
        group_id=[f"child-{k}" for k in np.arange(150) % 40]
    )
    found = measure(table, "AUROC")
    half = np.diff([math.log(end / (1 - end)) for end in found[1:3]])[0] / 2
    smallest = min(table.groupby("label")["group_id"].nunique())
    error = half / quantile(smallest - 1) * found.value * (1 - found.value)
    assert error**2 == pytest.approx(obuchowski(table), rel=1e-9)


# --- right values ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "low", "high", "n", "n_groups"),
    [
        ("real-64px-naive-merge", 0.9636, 0.9551, 0.9705, 3514, 2252),
        ("real-64px-official", 0.7676, 0.7248, 0.8056, 624, 427),
    ],
)
def test_accuracy_of_the_stored_answers(name, value, low, high, n, n_groups):
    found = measure(results.read_predictions(name), "accuracy")
    assert found[:3] == pytest.approx((value, low, high), abs=5e-5)
    assert found[3:5] == (n, n_groups)


def test_published_intervals_are_met():
    # 96 % of 624 images, and the 16-image folder (Wilson, 95 %)
    assert wilson(599 / 624, 624, Z) == pytest.approx((0.942, 0.973), abs=0.001)
    assert wilson(1, 16, Z) == pytest.approx((0.806, 1.0), abs=0.001)


def test_a_difference_of_shares_is_newcombes():
    """56 of 70 less 48 of 80: method 10 of Newcombe (1998), table II."""
    parts = [Interval(k / n, *wilson(k / n, n, Z), n) for k, n in ((56, 70), (48, 80))]
    found = square_and_add(tuple(parts), (1, -1), 0.0)
    assert found == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_figures_that_move_together_cancel_or_add():
    part = Interval(0.9, 0.8, 0.95, 40)  # its ends lie 0.1 below and 0.05 above
    both = part, part
    assert square_and_add(both, (0.5, 0.5), 1.0) == pytest.approx(part[1:3])
    assert square_and_add(both, (2, 3), 1.0) == pytest.approx((4.0, 4.75))
    # a difference lies as far below as the first is below and the second above
    apart = 0.1 - 0.05
    assert square_and_add(both, (1, -1), 1.0) == pytest.approx((-apart, apart))
    even = (Interval(0.5, 0.4, 0.6, 40),) * 2
    assert square_and_add(even, (1, -1), 1.0) == pytest.approx((0, 0), abs=1e-7)
    assert square_and_add(even, (1, -1), -1.0) == pytest.approx((-0.2, 0.2))
    assert square_and_add(even, (1, -0.5), 0.6) == pytest.approx(
        (0.25 - math.sqrt(0.0065), 0.25 + math.sqrt(0.0065))
    )


@pytest.mark.parametrize("correlation", [-1.0, 0.0, 0.5])
def test_a_sum_has_no_interval_where_a_part_has_none(correlation):
    known, unknown = Interval(0.9, 0.8, 0.95, 40), not_given(0.5, 4, 4, "too few")
    for parts in ((known, unknown), (unknown, known)):
        ends = square_and_add(parts, (1, -1), correlation)
        assert np.isnan(ends).all()


def test_effective_sample_size_by_hand():
    # six groups; sums of hit - 2/3: 2/3, -4/3, 2/3, 2/3, 2/3, -4/3
    hits, groups = [1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 1, 0], list("aabbccddefef")
    share, sums = 8 / 12, np.array([2, -4, 2, 2, 2, -4]) / 3
    deff = 6 / 5 * np.square(sums).sum() / 144 / (share * (1 - share) / 12)
    expected = wilson(share, 12 / deff, 2.570581835636)
    assert deff > 1
    found = share_interval(hits, groups)
    assert found.low == pytest.approx(expected[0])
    n_rare = 12 / deff / 3  # so few misses that Wilson's end lies too near
    bound = 1 - chi2.ppf(0.05, 2 * n_rare) / 2 / (12 / deff)
    assert found.high == pytest.approx(bound)
    assert bound > expected[1]


# --- laws -----------------------------------------------------------------------


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_contains_the_share(pair):
    k, n = pair
    low, high = wilson(k / n, n, Z)
    assert 0 <= low <= k / n <= high <= 1


@given(BINARY)
def test_a_share_is_bounded_never_certain_or_not_given(rows):
    hits, groups = [hit for hit, _ in rows], [group for _, group in rows]
    found = share_interval(hits, groups)
    assert (found.n, found.n_groups) == (len(rows), len(set(groups)))
    if len(set(groups)) < 5:
        reason = "fewer than 5 groups" if rows else "no rows"
        assert found.method == f"not given: {reason}"
        assert math.isnan(found.low)
        assert math.isnan(found.high)
    else:
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.low < found.high


@given(BINARY.filter(lambda rows: len({group for _, group in rows}) >= 5))
def test_hits_and_misses_mirror_each_other(rows):
    hits, groups = [hit for hit, _ in rows], [group for _, group in rows]
    found = share_interval(hits, groups)
    other = share_interval([not hit for hit in hits], groups)
    assert found.low == pytest.approx(1 - other.high)


def test_images_of_one_child_widen_the_interval(predictions):
    alone = predictions.assign(group_id=predictions["path"])
    for metric in ("accuracy", "AUROC", "average_precision", "balanced_accuracy"):
        by_child, by_image = (measure(t, metric) for t in (predictions, alone))
        assert by_child.value == by_image.value
        assert by_child.high - by_child.low > 1.1 * (by_image.high - by_image.low)


def test_copies_of_each_row_in_its_group_change_nothing(predictions):
    again = predictions.assign(path="copy of " + predictions["path"])
    doubled = evaluate(pd.concat([predictions, again], ignore_index=True))
    found = evaluate(predictions)
    for metric in found.index:
        one, two = (list(t.loc[metric].iloc[:3]) for t in (found, doubled))
        assert two == pytest.approx(one, abs=1e-9), metric


def test_auroc_interval_is_near_hanley_and_mcneil(predictions):
    """With each image its own group, the textbook formula must be met."""
    found = measure(predictions.assign(group_id=predictions["path"]), "AUROC")
    auc, n_positive = found.value, int(predictions["label"].sum())
    n_negative = len(predictions) - n_positive
    variance = auc * (1 - auc)
    variance += (n_positive - 1) * (auc / (2 - auc) - auc**2)
    variance += (n_negative - 1) * (2 * auc**2 / (1 + auc) - auc**2)
    half = 1.96 * np.sqrt(variance / (n_positive * n_negative))
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.25)


@pytest.mark.parametrize("n_each", [5, 15, 200])
def test_a_perfect_score_is_bounded_by_as_many_right_groups(n_each):
    found = measure(perfect_table(n_each), "AUROC")
    right = share_interval([True] * n_each)
    assert found[:3] == pytest.approx(right[:3])
    flipped = perfect_table(n_each).assign(score=lambda t: 1 - t["score"])
    assert measure(flipped, "AUROC")[:3] == pytest.approx((0, 0, 1 - right.low))


def test_one_score_for_all_is_chance_and_not_certain():
    same = perfect_table(20).assign(score=0.5)
    found = measure(same, "AUROC")
    assert found.value == 0.5
    assert found[1:3] == pytest.approx(wilson(0.5, 20, 2.093024054408263))


# --- means and seeds --------------------------------------------------------------


def test_mean_by_hand():
    # sums by group around the mean 0.1: 0, 0.1, -0.2, 0.2, -0.1
    found = mean_interval([0.1, 0.2, -0.1, 0.3, 0.0], list("abcde"))
    half = 2.7764451 * math.sqrt(5 / 4 * (0.01 + 0.04 + 0.04 + 0.01)) / 5
    assert found[:3] == pytest.approx((0.1, 0.1 - half, 0.1 + half))
    assert mean_interval([0.0] * 9).method == "not given: all values are equal"
    assert mean_interval([0.1] * 3).method == "not given: fewer than 5 groups"


def test_seed_interval_by_hand():
    # sd 0.02, t(2 degrees) 4.303: half width 4.303 * 0.02 / sqrt(3)
    found = seed_interval([0.90, 0.92, 0.94])
    assert found[:4] == pytest.approx((0.92, 0.8703, 0.9697, 3), abs=1e-4)
    # Nadeau and Bengio: 1/3 + 1/4 in place of 1/3
    wider = seed_interval([0.90, 0.92, 0.94], test_over_train=0.25)
    ratio = math.sqrt((1 / 3 + 1 / 4) * 3)
    assert wider.high - 0.92 == pytest.approx((found.high - 0.92) * ratio)


def test_seed_interval_stays_where_values_can_lie():
    found = seed_interval([0.9, 1.0])
    assert (found.low, found.high) == (pytest.approx(0.3147, abs=1e-4), 1.0)
    found = seed_interval([-0.02, 0.05], bounds=(-1, 1))
    assert -1 <= found.low < 0 < found.high <= 1
    found = seed_interval([0.0, 0.1])
    assert (found.low, found.high) == (0.0, pytest.approx(0.6853, abs=1e-4))


def test_equal_seeds_are_not_certain():
    found = seed_interval([0.9, 0.9])
    assert (found.value, found.method) == (0.9, "not given: all values are equal")
    assert str(found) == "0.900 (interval not given: all values are equal), n = 2"


# --- refusals ---------------------------------------------------------------------


def test_bad_values_are_refused():
    with pytest.raises(ValueError, match=r"hits must be True or False, found 2\."):
        share_interval([0, 1, 2])
    with pytest.raises(ValueError, match=r"hits must be numbers, got yes, no"):
        share_interval(["yes", "no"])
    with pytest.raises(ValueError, match=r"one group a row, got 2 for 3 rows"):
        share_interval([0, 1, 1], ["a", "b"])
    with pytest.raises(ValueError, match=r"groups must be filled, found 1 empty"):
        share_interval([0, 1], ["a", None])
    with pytest.raises(ValueError, match=r"one list, got shape \(1, 2\)"):
        share_interval([[0, 1]])
    with pytest.raises(ValueError, match=r"values must be finite, found 1 not"):
        mean_interval([0, np.nan])
    with pytest.raises(ValueError, match=r"two or more numbers.*got \[0\.9\]"):
        seed_interval([0.9])
    with pytest.raises(ValueError, match=r"two or more numbers.*got \[0\.9, nan\]"):
        seed_interval([0.9, np.nan])
    with pytest.raises(ValueError, match=r"two or more numbers.*got \[\[0\.9, 0\.8\]"):
        seed_interval([[0.9, 0.8], [0.7, 0.6]])
    with pytest.raises(ValueError, match=r"0\.0 to 1\.0, found 0\.5 to 1\.2\. Diff"):
        seed_interval([0.5, 1.2])
    with pytest.raises(ValueError, match=r"values must be finite, found 2 not"):
        mean_interval([np.inf, 0.0, np.nan])
    with pytest.raises(ValueError, match=r"0 or more, got inf"):
        seed_interval([0.1, 0.2], test_over_train=math.inf)
    with pytest.raises(ValueError, match=r"0\.0 to 1\.0, found -0\.1 to 0\.2\. Diff"):
        seed_interval([-0.1, 0.2])
    with pytest.raises(ValueError, match=r"n_test / n_train, 0 or more, got -1"):
        seed_interval([0.1, 0.2], test_over_train=-1)


@pytest.mark.parametrize(
    ("found", "note"),
    [
        (share_interval([1] * 39 + [0]), ""),  # 99 %
        (share_interval([1] * 40), ""),
        (mean_interval(np.arange(29) ** 2), "few groups"),
        (mean_interval(np.arange(30) ** 2), ""),
        (seed_interval([0.9, 0.99, 1.0]), "values at their bound"),
        (seed_interval([0.9, 0.98, 0.99]), ""),
    ],
)
def test_what_was_measured_to_cover_too_little_says_so_where_it_is_written(found, note):
    said = f"; {note}, may cover under 93 %)" if note else ")"
    assert found.figure.endswith(said)
    assert ("; " in found.figure) == bool(note)
    assert found.figure in str(found)


def test_where_each_group_has_both_classes_the_variance_is_that_of_whole_groups():
    rng = np.random.default_rng(0)
    codes, labels = np.repeat(np.arange(12), 4), np.tile([0, 1, 1, 0], 12)
    influence = rng.normal(size=labels.size)
    found = _between_groups_of_classes(influence, labels, codes)
    assert found == pytest.approx(between_groups(influence, codes))
