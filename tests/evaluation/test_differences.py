"""Differences: what two tables share cancels, and nothing is certain."""

import math

import numpy as np
import pytest

from tests.evaluation.tables import make_table, perfect_table
from xraylab import results
from xraylab.evaluation import difference, measure
from xraylab.evaluation.intervals import Interval, square_and_add, wilson
from xraylab.evaluation.metrics import correlate, find_metric
from xraylab.evaluation.rows import make_rows


@pytest.fixture(scope="module")
def near(predictions):
    """The answers of a model much like the first."""
    noise = np.random.default_rng(0).normal(0, 0.05, len(predictions))
    return predictions.assign(score=(predictions["score"] + noise).clip(0, 1))


def test_a_model_with_itself_differs_by_nothing(predictions):
    shuffled = predictions.sample(frac=1, random_state=0)
    for metric in ("AUROC", "accuracy", "average_precision"):
        found = difference(predictions, shuffled, metric)
        assert found.value == pytest.approx(0, abs=1e-12)
        assert found.low <= 0 <= found.high
        # not certain, yet far narrower than either figure
        alone = measure(predictions, metric)
        assert found.high - found.low < 0.5 * (alone.high - alone.low)
        assert (found.n, found.n_groups) == (624, 300)


def test_pairing_narrows_the_difference(predictions, near):
    others = near.assign(
        group_id="other " + near["group_id"], path="other " + near["path"]
    )
    for metric in ("AUROC", "accuracy"):
        paired = difference(predictions, near, metric)
        apart = difference(predictions, others, metric)
        assert paired.value == apart.value
        assert paired.high - paired.low < 0.5 * (apart.high - apart.low)
        assert apart.low < 0 < apart.high
        assert paired.method == "square-and-add, 300 shared groups"
        assert apart.method == "square-and-add, 0 shared groups"


def test_half_shared_lies_between(predictions, near):
    near = near.drop(columns="path")  # other children have other files
    others = near["group_id"] + "x"
    half = near.assign(
        group_id=near["group_id"].mask(np.arange(624) % 300 < 150, others)
    )
    widths = []
    for table in (near, half, near.assign(group_id=others)):
        found = difference(predictions, table, "AUROC")
        widths.append(found.high - found.low)
    assert widths == sorted(widths)


def test_difference_turns_its_sign_with_its_arguments(predictions):
    worse = predictions.assign(score=1 - predictions["score"]).iloc[:300]
    found = difference(predictions, worse, "accuracy")
    flipped = difference(worse, predictions, "accuracy")
    assert found.low > 0 > flipped.high
    assert (found.value, found.low) == pytest.approx((-flipped.value, -flipped.high))
    assert found.n == flipped.n == 300


def test_two_perfect_models_of_few_children_may_still_differ():
    found = difference(perfect_table(8), perfect_table(8), "AUROC")
    assert (found.value, found.low) == (0, pytest.approx(-found.high))
    assert found.high > 0.3


def test_too_few_groups_give_no_interval():
    found = difference(
        perfect_table(4), make_table([(0, 0.1)] * 4 + [(1, 0.9)] * 9), "AUROC"
    )
    assert found.method == "not given: fewer than 5 groups of a class"
    assert math.isnan(found.low)


def test_unpaired_shares_are_newcombes():
    """56/70 less 48/80: 0.0524 to 0.3339 (Newcombe 1998, method 10, case a)."""
    parts = [
        Interval(k / n, *wilson(k / n, n, 1.959963984540054), n)
        for k, n in ((56, 70), (48, 80))
    ]
    found = square_and_add(tuple(parts), (1, -1), 0.0)
    assert found == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_covariance_is_delongs():
    """Two networks on the same 127 images; fastDeLong of confidenceinterval 1.0.5."""
    tables = [
        results.read_predictions(f"real-64px-{name}")
        .drop_duplicates("image_id")
        .set_index("image_id", drop=False)
        for name in ("official", "grouped")
    ]
    both = tables[0].index.intersection(tables[1].index)
    rows = [
        make_rows(table.loc[both].assign(group_id=both, path=both)) for table in tables
    ]
    measured = [find_metric("AUROC").measure(r) for r in rows]
    sums = [m.by_group(r) for m, r in zip(measured, rows, strict=True)]
    found, n_shared = correlate(*sums)
    assert n_shared == len(both) == 127
    assert [m.interval.value for m in measured] == pytest.approx(
        [0.9285904765, 0.9574467540], abs=1e-6
    )
    covariance = 2.8375116972691953e-4
    variances = 5.256995996898703e-4, 2.274396031438979e-4
    expected = covariance / math.sqrt(variances[0] * variances[1])
    assert found == pytest.approx(expected, abs=2e-3)


def test_tables_that_name_a_file_twice_over_are_refused(predictions):
    with pytest.raises(ValueError, match=r"on the label of a path, found 624 that"):
        difference(predictions, predictions.assign(label=1 - predictions["label"]))
    with pytest.raises(ValueError, match=r"metric must be one of"):
        difference(predictions, predictions, "auc")


@pytest.mark.parametrize("name", ["group", "image"])
def test_a_file_is_of_one_group_and_image_in_both_tables(predictions, name):
    """Else what two networks share would not cancel, or other children would."""
    table = predictions.assign(image_id=predictions["path"])
    other = table.assign(**{f"{name}_id": "x" + table[f"{name}_id"].astype(str)})
    with pytest.raises(ValueError, match=f"on the {name} of a path, found 624 that"):
        difference(table, other)
    elsewhere = other.assign(path="elsewhere/" + other["path"])
    assert difference(table, elsewhere).value == 0


def test_the_stored_answers_name_the_same_groups_whatever_the_split():
    tables = [
        results.read_predictions(f"real-64px-{name}", on)
        for name in ("naive-merge", "image-random", "grouped", "official")
        for on in ("valid", "test")
    ]
    for first in tables:
        for second in tables:
            difference(first, second, "accuracy")


def test_tables_without_paths_are_compared_by_group():
    table = make_table([(0, 0.1), (1, 0.9), (0, 0.6), (1, 0.4)] * 8).drop(
        columns="path"
    )
    assert difference(table, table, "accuracy").value == 0
