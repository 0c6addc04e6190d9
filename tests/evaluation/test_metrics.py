"""Values and influences: against tables worked by hand, scikit-learn, their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

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


@given(ROWS, st.randoms(use_true_random=False))
def test_influence_is_how_a_figure_moves_with_a_row(rows, random):
    labels, scores = (np.array(column) for column in zip(*rows, strict=True))
    number, step = random.randrange(len(rows)), 1e-6
    more, less = np.ones(len(rows)), np.ones(len(rows))
    more[number] += step
    less[number] -= step
    for name, library in {
        "AUROC": roc_auc_score,
        "average_precision": average_precision_score,
    }.items():
        ends = [library(labels, scores, sample_weight=w) for w in (more, less)]
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
