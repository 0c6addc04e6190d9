"""Operating points: where to draw the line between normal and pneumonia, by a rule.

A rule is named before anybody looks, and the threshold is chosen on validation. To add
a rule, add an entry to `OPERATING_POINTS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from xraylab.errors import InputError
from xraylab.evaluation.intervals import LEVEL, MIN_GROUPS, Interval, not_given
from xraylab.evaluation.metrics import find_metric
from xraylab.evaluation.rows import Rows, check_rows, make_rows

__all__ = [
    "OPERATING_POINTS",
    "OperatingPoint",
    "choose_operating_point",
    "choose_threshold",
]
N_DRAWS = 2000  # of the bootstrap
_AT_ONCE = 100


@dataclass(frozen=True)
class Rule:
    """How a threshold is chosen.

    Attributes
    ----------
    promises : tuple of str
        The metrics that the rule looks at.
    pick : function of (sensitivity, specificity) -> int or None
        Both are float of shape (k,), for k falling thresholds; the answer is the
        place of the chosen one, None where none will do.
    """

    promises: tuple[str, ...]
    pick: Callable[[np.ndarray, np.ndarray], int | None]


class OperatingPoint(NamedTuple):
    """A threshold with the rule it was chosen by.

    Attributes
    ----------
    rule : str
        A key of `OPERATING_POINTS`.
    threshold : Interval
        With the range it takes when the children are drawn again.
    promised : dict of str -> Interval
        Sensitivity and specificity at the threshold, on the rows it was chosen on.
    """

    rule: str
    threshold: Interval
    promised: dict[str, Interval]

    def as_dict(self) -> dict:
        """Plain values, fit for JSON."""
        promised = {name: found._asdict() for name, found in self.promised.items()}
        return {"rule": self.rule, **self.threshold._asdict(), "promised": promised}


def choose_operating_point(
    predictions: pd.DataFrame, rule: str, *, seed: int = 0
) -> OperatingPoint:
    """Choose a threshold by a rule, and say how far chance may have moved it.

    Use validation predictions only: a threshold chosen on the test makes the test's
    figures better than they are. The range is that of the thresholds which the same
    rule chooses when the groups are drawn again with repeats (percentile bootstrap).
    It says how unsure the choice is, and with few children too little of it.

    How often it holds the threshold of the whole population, for AUROC 0.95 by
    "sensitivity 0.95" and "youden" (`benchmarks/coverage.py`): published test 92 to
    97 %, 15 + 15 children 48 to 76 %, 40 + 40 children 86 to 91 %.

    Parameters
    ----------
    predictions : DataFrame
        Columns label, score and group_id, as for `evaluate`.
    rule : str
        A key of `OPERATING_POINTS`.
    seed : int
        Of the draws.

    Raises
    ------
    InputError
        If the rule is unknown, no threshold in [0, 1] follows it, or the table is not
        as `evaluate` asks.
    """
    if rule not in OPERATING_POINTS:
        known = ", ".join(OPERATING_POINTS)
        raise InputError(f"must be one of {known}, got {rule!r}.", argument="rule")
    rows = make_rows(predictions)
    pick = OPERATING_POINTS[rule].pick
    threshold = _choose(rows.labels, rows.scores, pick)
    if threshold is None:
        raise InputError(
            f"no threshold in [0, 1] has {rule}: too many normal images have the "
            "score 1. Choose another rule.",
            argument="rule",
        )
    at = make_rows(predictions, threshold)
    promised = {
        name: find_metric(name).measure(at).interval
        for name in ("sensitivity", "specificity")
    }
    return OperatingPoint(rule, _its_range(rows, threshold, pick, seed), promised)


def choose_threshold(
    labels: ArrayLike, scores: ArrayLike, *, min_sensitivity: float
) -> float:
    """Pick the highest threshold that still finds enough of the pneumonia images.

    Use validation scores only: a threshold picked on the test set makes the
    test result look better than it is.

    Parameters
    ----------
    labels : array of int, shape (n_images,)
        0 for normal, 1 for pneumonia.
    scores : array of float, shape (n_images,)
        Predicted probability of pneumonia, in [0, 1].
    min_sensitivity : float
        Share of pneumonia images that must be found, in (0, 1].

    Returns
    -------
    float
        Threshold in [0, 1]; an image is called pneumonia when its score is
        at or above it.

    Raises
    ------
    InputError
        If `labels` holds a single class, or `min_sensitivity` is outside (0, 1].

    Examples
    --------
    >>> choose_threshold([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], min_sensitivity=1.0)
    0.4
    """
    labels, scores = check_rows(labels, scores)
    if not 0 < min_sensitivity <= 1:
        raise InputError(f"min_sensitivity must be in (0, 1], got {min_sensitivity}.")
    return _choose(labels, scores, partial(_keep_sensitivity, min_sensitivity))


def _choose(labels: np.ndarray, scores: np.ndarray, pick: Callable) -> float | None:
    order, ends, thresholds = _falling(scores)
    place = pick(*_curve(np.ones(labels.size), labels[order], ends, thresholds))
    return None if place is None else float(thresholds[place])


def _falling(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order scores from the highest: (order, last row of each score, thresholds).

    The first threshold is 1, above all scores, where no score is 1.
    """
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    ends = np.flatnonzero(np.append(np.diff(falling) != 0, True))
    thresholds = falling[ends]
    if thresholds[0] < 1:
        thresholds = np.append(1.0, thresholds)
    return order, ends, thresholds


def _curve(
    weights: np.ndarray, labels: np.ndarray, ends: np.ndarray, thresholds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sensitivity and specificity at each threshold, of rows in falling order.

    `weights` may have draws as its first axis; NaN where a draw lacks a class.
    """
    shares = []
    for label in (1, 0):
        called = np.cumsum(weights * (labels == label), axis=-1)
        n, called = called[..., -1:], called[..., ends]
        if thresholds.size > ends.size:
            called = np.concatenate([np.zeros_like(n), called], axis=-1)
        with np.errstate(invalid="ignore"):
            shares.append((called if label else n - called) / n)
    return shares[0], shares[1]


def _its_range(rows: Rows, threshold: float, pick: Callable, seed: int) -> Interval:
    """Give the threshold the range that it takes when groups are drawn again."""
    n, n_groups = rows.labels.size, len(rows.group_names)
    if rows.smaller_class < MIN_GROUPS:
        reason = f"fewer than {MIN_GROUPS} groups of a class"
        return not_given(threshold, n, n_groups, reason)
    order, ends, thresholds = _falling(rows.scores)
    labels, codes = rows.labels[order], rows.groups[order]
    draw = np.random.default_rng(seed)
    chosen = []
    for _ in range(N_DRAWS // _AT_ONCE):
        times = draw.multinomial(n_groups, np.full(n_groups, 1 / n_groups), _AT_ONCE)
        curves = _curve(times[:, codes], labels, ends, thresholds)
        chosen += [
            thresholds[pick(*curve) or 0]  # where none will do, the one closest to it
            for curve in zip(*curves, strict=True)
            if not math.isnan(curve[0][-1] + curve[1][-1])  # both classes were drawn
        ]
    sides = (1 - LEVEL) / 2, (1 + LEVEL) / 2
    low, high = np.quantile(chosen, sides, method="inverted_cdf")
    method = f"bootstrap over groups, {len(chosen):,} draws"
    return Interval(threshold, float(low), float(high), n, n_groups, method)


def _keep_sensitivity(least: float, found: np.ndarray, _: np.ndarray) -> int:
    """Pick the highest threshold with so much sensitivity; the lowest has all."""
    return int(np.argmax(found >= least))


def _keep_specificity(least: float, _: np.ndarray, spared: np.ndarray) -> int | None:
    """Pick the lowest threshold with so much specificity."""
    enough = np.flatnonzero(spared >= least)
    return int(enough[-1]) if enough.size else None


def _youden(found: np.ndarray, spared: np.ndarray) -> int:
    """Pick the greatest sum of sensitivity and specificity (Youden 1950)."""
    return int(np.argmax(found + spared))


OPERATING_POINTS = {
    "sensitivity 0.90": Rule(("sensitivity",), partial(_keep_sensitivity, 0.90)),
    "sensitivity 0.95": Rule(("sensitivity",), partial(_keep_sensitivity, 0.95)),
    "sensitivity 0.99": Rule(("sensitivity",), partial(_keep_sensitivity, 0.99)),
    "specificity 0.90": Rule(("specificity",), partial(_keep_specificity, 0.90)),
    "specificity 0.95": Rule(("specificity",), partial(_keep_specificity, 0.95)),
    "youden": Rule(("sensitivity", "specificity"), _youden),
}
