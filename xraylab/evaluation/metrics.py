"""The figures we measure: value, interval, and what a blind answer reaches.

To add one, add an entry to `METRICS`; `evaluate` finds it there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from xraylab.errors import InputError
from xraylab.evaluation.intervals import (
    Interval,
    not_given,
    share_of,
    square_and_add,
    two_class_interval,
)


@dataclass(frozen=True)
class Rows:
    """Checked rows of a predictions table, and what was called at a threshold."""

    labels: np.ndarray  # int, shape (n,)
    scores: np.ndarray  # float, shape (n,)
    calls: np.ndarray  # bool, shape (n,)
    groups: np.ndarray  # int in 0..n_groups - 1, shape (n,)
    group_names: pd.Index  # shape (n_groups,)


@dataclass(frozen=True)
class Measured:
    """A figure, and how it moves with the weight of each row (its influence)."""

    interval: Interval
    influence: np.ndarray  # float, shape (n,); 0 for rows that stand not behind it

    def by_group(self, rows: Rows) -> pd.Series:
        """Sum the influence of each group, under the group's name."""
        sums = np.bincount(rows.groups, self.influence)
        return pd.Series(sums, index=rows.group_names)


@dataclass(frozen=True)
class Metric:
    """One figure.

    Attributes
    ----------
    baseline : function of (prevalence, share of positive calls) -> float
        What an answer reaches that does not depend on the image: for accuracy the
        larger class, for the others a coin that says pneumonia as often as the
        model does.
    measure : function of Rows -> Measured
    """

    baseline: Callable[[float, float], float]
    measure: Callable[[Rows], Measured]


def make_rows(predictions: pd.DataFrame, threshold: float = 0.5) -> Rows:
    """Check a predictions table and call each image.

    Parameters
    ----------
    predictions : DataFrame
        Columns label, score, group_id; where there is a column path, each
        once. Rows of two runs joined under different paths are not noticed.
    threshold : float
        In [0, 1]; an image is called pneumonia when its score is at or above.

    Raises
    ------
    InputError
        If a column is missing, the table is empty or holds a single class, a
        score or the threshold is outside [0, 1], a group_id is empty, or a
        path stands twice.
    """
    missing = {"label", "score", "group_id"} - set(predictions.columns)
    if missing:
        raise InputError(
            "predictions must have the columns label, score and group_id, found "
            f"no {', '.join(sorted(missing))}. Take the table that a run writes."
        )
    labels, scores = check_rows(predictions["label"], predictions["score"])
    if "path" in predictions and predictions["path"].duplicated().any():
        twice = predictions.loc[predictions["path"].duplicated(), "path"]
        raise InputError(
            f"predictions must hold each path once, found {len(twice)} again: "
            f"{', '.join(map(str, twice[:3]))}. Measure the table of one run at a time."
        )
    names = predictions["group_id"]
    groups, group_names = pd.factorize(names.mask(names == ""))
    if (groups < 0).any():
        raise InputError(
            f"group_id must be filled in every row, got {(groups < 0).sum()} empty. "
            "An image of an unknown child is a group of its own."
        )
    return Rows(labels, scores, call(scores, threshold), groups, group_names)


def call(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Say which scores are called pneumonia: those at or above the threshold."""
    if not 0 <= threshold <= 1:
        raise InputError(f"threshold must be in [0, 1], got {threshold}.")
    return scores >= threshold


def check_rows(
    labels: ArrayLike, scores: ArrayLike, *, both_classes: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels as int and scores as float, each of shape (n,), or raise.

    Raises
    ------
    InputError
        If lengths differ, nothing is there, a label is not 0 or 1, a score is
        not in [0, 1], or a class is missing where both are needed.
    """
    labels, scores = _as_numbers("labels", labels), _as_numbers("scores", scores)
    if labels.shape != scores.shape or labels.ndim != 1:
        raise InputError(
            "labels and scores must be two lists of one length, got shapes "
            f"{labels.shape} and {scores.shape}."
        )
    if not labels.size:
        raise InputError("labels must hold at least one row, got none.")
    outside = scores[~((scores >= 0) & (scores <= 1))]  # holds NaN too
    if outside.size:
        raise InputError(
            f"scores must be probabilities in [0, 1], got {outside.size} outside: "
            f"{_first(outside)}. Apply softmax to logits first."
        )
    found = np.unique(labels)
    if not np.isin(found, [0, 1]).all():
        raise InputError(
            f"labels must be 0 (normal) or 1 (pneumonia), got {_first(found)}."
        )
    if both_classes and found.size < 2:
        raise InputError(
            f"labels must hold both classes, got only {found[0]:.0f} in {labels.size} "
            "rows. Measure on images of both."
        )
    return labels.astype(int), scores


def find_metric(name: str) -> Metric:
    """Look a metric up.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in METRICS:
        raise InputError(f"metric must be one of {', '.join(METRICS)}, got {name!r}.")
    return METRICS[name]


def correlate(a: pd.Series, b: pd.Series) -> tuple[float, int]:
    """Correlate two estimates by the groups they share: (correlation, n shared).

    Parameters
    ----------
    a, b : Series
        Sums of influence, indexed by group, as from `Measured.by_group`.
    """
    shared = a.index.intersection(b.index)
    spread = math.sqrt(np.square(a).sum() * np.square(b).sum())
    if not spread:
        return 0.0, len(shared)
    product = float((a.loc[shared] * b.loc[shared]).sum())
    return max(-1.0, min(1.0, product / spread)), len(shared)


def _share(of: Callable[[Rows], tuple[np.ndarray, np.ndarray]], rows: Rows) -> Measured:
    """Measure the share of hits among rows; `of` gives both, bool of shape (n,)."""
    hits, among = of(rows)
    found = share_of(hits[among].astype(float), rows.groups[among])
    influence = np.zeros(among.size)
    if found.n:
        influence[among] = (hits[among] - found.value) / found.n
    return Measured(found, influence)


def _two_class(
    of: Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]], rows: Rows
) -> Measured:
    """Measure a figure of labels and scores; `of` gives value and influence."""
    value, influence = of(rows.labels, rows.scores)
    found = two_class_interval(value, influence, rows.labels, rows.groups)
    return Measured(found, influence)


def _balanced_accuracy(rows: Rows) -> Measured:
    """Halve sensitivity plus specificity; the interval is added from theirs."""
    parts = [METRICS[name].measure(rows) for name in ("sensitivity", "specificity")]
    first, second = (part.interval for part in parts)
    influence = (parts[0].influence + parts[1].influence) / 2
    value, n = (first.value + second.value) / 2, rows.labels.size
    n_groups = len(rows.group_names)
    for part in (first, second):
        if math.isnan(part.low):
            reason = part.method.removeprefix("not given: ") + " of a class"
            return Measured(not_given(value, n, n_groups, reason), influence)
    together, _ = correlate(*(part.by_group(rows) for part in parts))
    ends = square_and_add((first, second), (0.5, 0.5), together)
    found = Interval(value, *ends, n, n_groups, "square-and-add, by group")
    return Measured(found, influence)


def auroc(labels: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    """Give the AUROC and its influence, by placements (DeLong 1988).

    The placement of an image is the share of images of the other class on its
    right side; a tie counts half.
    """
    positive, negative = labels == 1, labels == 0
    influence = np.empty(labels.size)
    influence[positive] = _share_below(scores[positive], scores[negative])
    influence[negative] = 1 - _share_below(scores[negative], scores[positive])
    value = float(influence[positive].mean())
    for of in (positive, negative):
        influence[of] = (influence[of] - value) / of.sum()
    return value, influence


def average_precision(
    labels: np.ndarray, scores: np.ndarray
) -> tuple[float, np.ndarray]:
    """Give the average precision and its influence.

    It is the mean, over pneumonia images, of the precision at their score. One
    more image moves the precision at its own score and at each lower one.
    """
    order = np.argsort(-scores, kind="stable")
    is_last = np.append(np.diff(scores[order]) != 0, True)  # of those with one score
    block = np.append(0, np.cumsum(is_last)[:-1])
    called = np.flatnonzero(is_last) + 1
    found = np.cumsum(labels[order])[is_last]
    precision, n_positive = found / called, found[-1]
    gained = np.diff(found, prepend=0) / n_positive
    value = float((gained * precision).sum())
    if_positive = _sum_from(gained * (1 - precision) / called)
    if_negative = _sum_from(gained * precision / called)
    by_block = (precision - value) / n_positive + if_positive
    influence = np.empty(labels.size)
    influence[order] = np.where(
        labels[order] == 1, by_block[block], -if_negative[block]
    )
    return value, influence


def _share_below(scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Share of the others below each score; a tie counts half."""
    others = np.sort(others)
    twice = np.searchsorted(others, scores, "left")
    twice = twice + np.searchsorted(others, scores, "right")
    return twice / (2 * others.size)


def _sum_from(values: np.ndarray) -> np.ndarray:
    """Sum each value and all after it."""
    return values[::-1].cumsum()[::-1]


def _as_numbers(name: str, values: ArrayLike) -> np.ndarray:
    values = np.asarray(values)
    try:
        return values.astype(float)
    except (TypeError, ValueError):
        raise InputError(
            f"{name} must be numbers, got {_first(values.ravel())}."
        ) from None


def _first(values: np.ndarray) -> str:
    return ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values[:3])


METRICS = {
    "accuracy": Metric(
        lambda prevalence, calls: max(prevalence, 1 - prevalence),
        partial(_share, lambda r: (r.calls == r.labels, r.labels >= 0)),
    ),
    "balanced_accuracy": Metric(lambda prevalence, calls: 0.5, _balanced_accuracy),
    "sensitivity": Metric(
        lambda prevalence, calls: calls,
        partial(_share, lambda r: (r.calls, r.labels == 1)),
    ),
    "specificity": Metric(
        lambda prevalence, calls: 1 - calls,
        partial(_share, lambda r: (~r.calls, r.labels == 0)),
    ),
    "PPV": Metric(
        lambda prevalence, calls: prevalence,
        partial(_share, lambda r: (r.labels == 1, r.calls)),
    ),
    "NPV": Metric(
        lambda prevalence, calls: 1 - prevalence,
        partial(_share, lambda r: (r.labels == 0, ~r.calls)),
    ),
    "AUROC": Metric(lambda prevalence, calls: 0.5, partial(_two_class, auroc)),
    "average_precision": Metric(
        lambda prevalence, calls: prevalence, partial(_two_class, average_precision)
    ),
}
