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

from xraylab.errors import InputError
from xraylab.evaluation.intervals import (
    Interval,
    not_given,
    share_of,
    square_and_add,
    two_class_interval,
)
from xraylab.evaluation.rows import Rows


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
    scale = math.sqrt(np.square(a).sum() * np.square(b).sum())
    if not scale:
        return 0.0, len(shared)
    product = float((a.loc[shared] * b.loc[shared]).sum())
    return max(-1.0, min(1.0, product / scale)), len(shared)


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
            reason = f"{part.reason} of a class"
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
