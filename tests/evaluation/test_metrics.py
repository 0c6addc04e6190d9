"""Values and influences: against tables worked by hand, scikit-learn, their laws."""

import math
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from tests.evaluation.tables import ROWS, make_table
from xraylab.evaluation import metrics
from xraylab.evaluation import rows as rows_of


def measure(name, rows, threshold=0.5):
    checked = rows_of.make_rows(make_table(rows), threshold)
    return metrics.find_metric(name).measure(checked)


def value_of(name, rows, threshold=0.5):
    found = measure(name, rows, threshold).interval
    return found.value, found.n


def count_pairs(labels, scores):
    """The AUROC by its definition: pairs won, ties half."""
    labels, scores = np.array(labels), np.array(scores)
    positive, negative = scores[labels == 1][:, None], scores[labels == 0]
    return np.mean((positive > negative) + 0.5 * (positive == negative))


@given(ROWS)
def test_values_are_scikit_learns_and_those_of_pairs(rows):
    labels, scores = zip(*rows, strict=True)
    auroc, _ = value_of("AUROC", rows)
    assert auroc == pytest.approx(roc_auc_score(labels, scores))
    assert auroc == pytest.approx(count_pairs(labels, scores))
    assert value_of("average_precision", rows)[0] == pytest.approx(
        average_precision_score(labels, scores)
    )


# scikit-learn's figures of labels and scores, and those of labels and calls
OF_SCORES = {"AUROC": roc_auc_score, "average_precision": average_precision_score}
OF_CALLS = {
    "accuracy": accuracy_score,
    "balanced_accuracy": balanced_accuracy_score,
    "sensitivity": recall_score,
    "specificity": partial(recall_score, pos_label=0),
    "PPV": precision_score,
    "NPV": partial(precision_score, pos_label=0),
}


@settings(max_examples=30)
@given(ROWS, st.randoms(use_true_random=False))
def test_influence_is_how_a_figure_moves_with_a_row(rows, random):
    labels, scores = (np.array(column) for column in zip(*rows, strict=True))
    number, step = random.randrange(len(rows)), 1e-6
    more, less = np.ones(len(rows)), np.ones(len(rows))
    more[number] += step
    less[number] -= step
    calls = scores >= 0.5
    for name, library in (OF_SCORES | OF_CALLS).items():
        if name in {"PPV", "NPV"} and not 0 < calls.mean() < 1:
            continue  # of no rows
        answers = scores if name in OF_SCORES else calls
        ends = [library(labels, answers, sample_weight=w) for w in (more, less)]
        assert value_of(name, rows)[0] == pytest.approx(library(labels, answers))
        slope = (ends[0] - ends[1]) / (2 * step)
        influence = measure(name, rows).influence
        assert influence[number] == pytest.approx(slope, abs=1e-6), name


@given(ROWS)
def test_influences_sum_to_nothing(rows):
    for name in metrics.METRICS:
        assert measure(name, rows).influence.sum() == pytest.approx(0, abs=1e-9), name


@given(ROWS)
def test_flipping_labels_and_scores_swaps_sensitivity_and_specificity(rows):
    # a threshold that no score equals, so that calls flip too
    flipped = [(1 - label, 1 - score) for label, score in rows]
    for one, other in (("sensitivity", "specificity"), ("PPV", "NPV")):
        assert value_of(one, rows, 0.45) == pytest.approx(
            value_of(other, flipped, 0.55), nan_ok=True
        )
    assert value_of("AUROC", rows) == pytest.approx(value_of("AUROC", flipped))


@given(ROWS, st.floats(0.2, 5))
def test_a_monotone_change_of_scores_keeps_the_auroc(rows, power):
    changed = [(label, score**power) for label, score in rows]
    assert value_of("AUROC", rows) == pytest.approx(value_of("AUROC", changed))


def answer_blindly(name, n_called):
    """40 rows, 30 of pneumonia; of each class so many in ten are called pneumonia."""
    rows = [(label, float(k % 10 < n_called)) for label in (0, 1) for k in range(10)]
    rows += rows[10:] * 2
    return value_of(name, rows)[0]


@pytest.mark.parametrize("name", metrics.METRICS)
@pytest.mark.parametrize("n_called", [3, 6])
def test_the_baseline_is_what_a_blind_answer_reaches(name, n_called):
    baseline = metrics.METRICS[name].baseline(0.75, n_called / 10)
    if name == "accuracy":  # the larger class is the best blind answer
        assert baseline == answer_blindly(name, 10) == 0.75
        assert metrics.METRICS[name].baseline(0.25, 0.5) == 0.75
    else:
        assert baseline == pytest.approx(answer_blindly(name, n_called))


def test_an_unknown_metric_is_answered_with_the_known():
    with pytest.raises(ValueError, match=r"one of accuracy, .*, got 'F1'"):
        metrics.find_metric("F1")


def test_influence_is_summed_under_the_name_of_each_group():
    rows = [(0, 0.1), (1, 0.9), (1, 0.2), (0, 0.8)]
    checked = rows_of.make_rows(make_table(rows, n_groups=2), 0.5)
    sums = metrics.find_metric("accuracy").measure(checked).by_group(checked)
    # right, right, wrong, wrong; child-0 has the first and the third
    assert sums.to_dict() == {"child-0": 0.0, "child-1": 0.0}
    sums = metrics.find_metric("sensitivity").measure(checked).by_group(checked)
    assert sums.to_dict() == pytest.approx({"child-0": -1 / 4, "child-1": 1 / 4})


def test_estimates_correlate_by_the_groups_they_share():
    a = pd.Series([1.0, -2.0, 2.0], index=list("xyz"))
    b = pd.Series([4.0, 3.0], index=list("zy"))
    assert metrics.correlate(a, b) == (pytest.approx((2 * 4 - 2 * 3) / (3 * 5)), 2)
    assert metrics.correlate(a, b.set_axis(list("pq"))) == (0, 0)
    assert metrics.correlate(a, 0 * a) == (0, 3)
    assert metrics.correlate(a, 3 * a) == (pytest.approx(1), 3)
    assert metrics.correlate(a, -a) == (pytest.approx(-1), 3)


@pytest.mark.parametrize("sign", [1, -1])
def test_no_correlation_lies_beyond_1_by_rounding(sign):
    draw = np.random.default_rng(0)
    for values in draw.normal(size=(300, 5)):
        a = pd.Series(values)
        assert abs(metrics.correlate(a, sign * 3 * a)[0]) <= 1


def test_balanced_accuracy_adds_the_distances_of_its_halves():
    """No group holds both classes, so the halves share nothing."""
    rows = [(1, 0.9)] * 17 + [(1, 0.1)] * 3 + [(0, 0.1)] * 9 + [(0, 0.9)]
    halves = [measure(n, rows).interval for n in ("sensitivity", "specificity")]
    found = measure("balanced_accuracy", rows).interval
    below = math.hypot(*(half.value - half.low for half in halves)) / 2
    above = math.hypot(*(half.high - half.value for half in halves)) / 2
    expected = 0.875, 0.875 - below, 0.875 + above
    assert found[:3] == pytest.approx(expected)
    assert (found.n, found.n_groups) == (30, 30)


def test_balanced_accuracy_has_no_interval_where_a_half_has_none():
    found = measure("balanced_accuracy", [(0, 0.1)] * 4 + [(1, 0.9)] * 9).interval
    assert found.value == 1
    assert math.isnan(found.low)
    assert found.method == "not given: fewer than 5 groups of a class"
