"""The figures we measure: how each is computed, and what not looking reaches.

To add one, add an entry to `METRICS`; `xraylab.evaluation` finds it there.
Values come from scikit-learn. For the bootstrap each metric without a Wilson
interval has a twin that takes weights and so computes thousands of resamples
at once; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn import metrics as library


@dataclass(frozen=True)
class Rows:
    """Checked rows of a predictions table, and what was called at a threshold."""

    labels: np.ndarray  # int, shape (n,)
    scores: np.ndarray  # float, shape (n,)
    calls: np.ndarray  # bool, shape (n,)
    groups: np.ndarray  # int in 0..n_groups - 1, shape (n,)


@dataclass(frozen=True)
class Metric:
    """One figure. It has a share, or both value and weighted.

    Attributes
    ----------
    floor : function of (prevalence, share of positive calls) -> float
        What an answer that does not look at the picture reaches.
    share : function of Rows -> (hits, among)
        Bool, shape (n,): the figure is the share of hits among rows.
    value : function of Rows -> float
    weighted : function of (weights, Rows) -> array, shape (n_resamples,)
        Weights have shape (n_resamples, n).
    """

    floor: Callable[[float, float], float]
    share: Callable[[Rows], tuple[np.ndarray, np.ndarray]] | None = None
    value: Callable[[Rows], float] | None = None
    weighted: Callable[[np.ndarray, Rows], np.ndarray] | None = None


def make_rows(predictions: pd.DataFrame, threshold: float = 0.5) -> Rows:
    """Check a predictions table and call each picture.

    Parameters
    ----------
    predictions : DataFrame
        Columns label, score, group_id.
    threshold : float
        In [0, 1]; a picture is called pneumonia when its score is at or above.

    Raises
    ------
    ValueError
        If a column is missing, the table is empty or holds a single class, a
        score or the threshold is outside [0, 1], or a group_id is empty.
    """
    missing = {"label", "score", "group_id"} - set(predictions.columns)
    if missing:
        raise ValueError(
            "predictions must have the columns label, score and group_id, found "
            f"no {', '.join(sorted(missing))}. Take the table that a run writes."
        )
    labels, scores = check_rows(predictions["label"], predictions["score"])
    groups, _ = pd.factorize(predictions["group_id"])
    if (groups < 0).any():
        raise ValueError(
            f"group_id must be filled in every row, got {(groups < 0).sum()} empty. "
            "A picture of an unknown child is a group of its own."
        )
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must be in [0, 1], got {threshold}.")
    return Rows(labels, scores, scores >= threshold, groups)


def check_rows(
    labels: ArrayLike, scores: ArrayLike, *, both_classes: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels as int and scores as float, each of shape (n,), or raise.

    Raises
    ------
    ValueError
        If lengths differ, nothing is there, a label is not 0 or 1, a score is
        not in [0, 1], or a class is missing where both are needed.
    """
    labels, scores = np.asarray(labels), np.asarray(scores, dtype=float)
    if labels.shape != scores.shape or labels.ndim != 1:
        raise ValueError(
            "labels and scores must be two lists of one length, got shapes "
            f"{labels.shape} and {scores.shape}."
        )
    if not labels.size:
        raise ValueError("labels must hold at least one row, got none.")
    outside = scores[~((scores >= 0) & (scores <= 1))]  # holds NaN too
    if outside.size:
        raise ValueError(
            f"scores must be probabilities in [0, 1], got {outside.size} outside: "
            f"{_first(outside)}. Apply softmax to logits first."
        )
    found = np.unique(labels)
    if not np.isin(found, [0, 1]).all():
        raise ValueError(
            f"labels must be 0 (normal) or 1 (pneumonia), got {_first(found)}."
        )
    if both_classes and found.size < 2:
        raise ValueError(
            f"labels must hold both classes, got only {found[0]} in {labels.size} "
            "rows. Measure on pictures of both."
        )
    return labels.astype(int), scores


def find_metric(name: str) -> Metric:
    """Look a metric up.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}, got {name!r}.")
    return METRICS[name]


def measure(metric: str | Callable, rows: Rows) -> tuple[float, int]:
    """Compute a figure on rows: (value, number of rows behind it).

    A share of no rows is NaN.
    """
    if callable(metric):
        return float(metric(rows.labels, rows.scores)), rows.labels.size
    found = find_metric(metric)
    if found.value:
        return float(found.value(rows)), rows.labels.size
    hits, among = found.share(rows)
    n = int(among.sum())
    return (float((hits & among).sum() / n) if n else float("nan")), n


def measure_resampled(
    metric: str | Callable, weights: np.ndarray, rows: Rows
) -> np.ndarray:
    """Compute a figure once for each row of weights, shape (n_resamples, n)."""
    if callable(metric):
        drawn = (np.repeat(np.arange(len(w)), w.astype(int)) for w in weights)
        return np.array([metric(rows.labels[i], rows.scores[i]) for i in drawn])
    found = find_metric(metric)
    if found.weighted:
        return found.weighted(weights, rows)
    hits, among = found.share(rows)
    return _weighted_share(weights, hits, among)


def auroc_by_pairs(labels: ArrayLike, scores: ArrayLike) -> float:
    """Count the share of pairs in which the sick one scores higher: the AUROC.

    Each pair is one pneumonia and one normal picture; a tie counts half.

    Raises
    ------
    ValueError
        If `labels` holds a single class, or a score is outside [0, 1].

    Examples
    --------
    >>> auroc_by_pairs([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9])
    0.75
    """
    labels, scores = check_rows(labels, scores)
    sick, well = scores[labels == 1][:, None], scores[labels == 0][None, :]
    return float(np.mean((sick > well) + 0.5 * (sick == well)))


def _weighted_share(
    weights: np.ndarray, hits: np.ndarray, among: np.ndarray
) -> np.ndarray:
    with np.errstate(invalid="ignore"):  # a share of no rows is NaN
        return (weights @ (hits & among)) / (weights @ among)


def _by_score(weights: np.ndarray, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Weight of sick and of well at each distinct score, the highest first."""
    order = np.argsort(-rows.scores, kind="stable")
    starts = np.flatnonzero(np.diff(rows.scores[order], prepend=np.inf))
    sick = weights[:, order] * rows.labels[order]
    well = weights[:, order] - sick
    return np.add.reduceat(sick, starts, axis=1), np.add.reduceat(well, starts, axis=1)


def _weighted_auroc(weights: np.ndarray, rows: Rows) -> np.ndarray:
    sick, well = _by_score(weights, rows)
    above = sick.cumsum(axis=1) - sick / 2  # a tie counts half
    return (above * well).sum(axis=1) / (sick.sum(axis=1) * well.sum(axis=1))


def _weighted_average_precision(weights: np.ndarray, rows: Rows) -> np.ndarray:
    sick, well = _by_score(weights, rows)
    found = sick.cumsum(axis=1)
    called = np.maximum(found + well.cumsum(axis=1), 1)  # none called: found is 0
    return (sick * found / called).sum(axis=1) / sick.sum(axis=1)


def _weighted_balance(weights: np.ndarray, rows: Rows) -> np.ndarray:
    both = [METRICS[m].share(rows) for m in ("sensitivity", "specificity")]
    return sum(_weighted_share(weights, *share) for share in both) / 2


def _first(values: np.ndarray) -> str:
    return ", ".join(str(v) for v in values[:3].tolist())


METRICS = {
    "accuracy": Metric(
        lambda prevalence, calls: max(prevalence, 1 - prevalence),
        share=lambda r: (r.calls == r.labels, r.labels >= 0),
    ),
    "balanced_accuracy": Metric(
        lambda prevalence, calls: 0.5,
        value=lambda r: library.balanced_accuracy_score(r.labels, r.calls),
        weighted=_weighted_balance,
    ),
    # a coin that says pneumonia as often as the model does
    "sensitivity": Metric(
        lambda prevalence, calls: calls, share=lambda r: (r.calls, r.labels == 1)
    ),
    "specificity": Metric(
        lambda prevalence, calls: 1 - calls, share=lambda r: (~r.calls, r.labels == 0)
    ),
    "PPV": Metric(
        lambda prevalence, calls: prevalence, share=lambda r: (r.labels == 1, r.calls)
    ),
    "NPV": Metric(
        lambda prevalence, calls: 1 - prevalence,
        share=lambda r: (r.labels == 0, ~r.calls),
    ),
    "AUROC": Metric(
        lambda prevalence, calls: 0.5,
        value=lambda r: library.roc_auc_score(r.labels, r.scores),
        weighted=_weighted_auroc,
    ),
    "average_precision": Metric(
        lambda prevalence, calls: prevalence,
        value=lambda r: library.average_precision_score(r.labels, r.scores),
        weighted=_weighted_average_precision,
    ),
}
