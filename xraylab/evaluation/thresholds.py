"""Operating points: where to draw the line between normal and pneumonia, by a rule.

A rule is named before anybody looks, and the threshold is chosen on validation. To add
a rule, add an entry to `OPERATING_POINTS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from xraylab.errors import InputError
from xraylab.evaluation.intervals import (
    MIN_GROUPS,
    Interval,
    not_given,
    quantile,
    share_of,
)
from xraylab.evaluation.metrics import find_metric
from xraylab.evaluation.rows import Rows, check_rows, make_rows

__all__ = [
    "OPERATING_POINTS",
    "OperatingPoint",
    "choose_operating_point",
    "choose_threshold",
]


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
    range : function of (Rows, thresholds) -> (low, high)
        The thresholds that all children might have led to; `thresholds` falls.
    """

    promises: tuple[str, ...]
    pick: Callable[[np.ndarray, np.ndarray], int | None]
    range: Callable[[Rows, np.ndarray], tuple[float, float]]


class OperatingPoint(NamedTuple):
    """A threshold with the rule it was chosen by.

    Attributes
    ----------
    rule : str
        A key of `OPERATING_POINTS`.
    threshold : Interval
        With the range in which that of all children lies.
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


def choose_operating_point(predictions: pd.DataFrame, rule: str) -> OperatingPoint:
    """Choose a threshold by a rule, and say how far chance may have moved it.

    Use validation predictions only: a threshold chosen on the test makes the test's
    figures better than they are. The range is a 95 % confidence interval of the
    threshold which the rule would choose if it knew all children. For a rule about
    one share it holds the thresholds at which the interval of that share, by
    `share_interval`, holds what is demanded (Woodruff 1952). For "youden" it reaches
    from the lowest to the highest threshold whose sum of sensitivity and specificity
    is not shown, by a paired t-interval over groups, to be less than that of the
    chosen one: wide, since near its top the sum hardly changes.

    How often it holds the threshold of the whole population, for AUROC 0.95 by
    "sensitivity 0.95" and "youden", 500 simulations each (`benchmarks/coverage.py`):
    published test 93 to 98 %, 15 + 15 children 99 to 100 %, 40 + 40 children 95 to
    98 %. Lowest by sensitivity on the published test, as that of its shares; "youden"
    has 97 % and more, so its range is wider than it need be.

    Parameters
    ----------
    predictions : DataFrame
        Columns label, score and group_id, as for `evaluate`.
    rule : str
        A key of `OPERATING_POINTS`; its number may be written otherwise, as in
        "sensitivity 0.9".

    Raises
    ------
    InputError
        If the rule is unknown, no threshold in [0, 1] follows it, or the table is not
        as `evaluate` asks.
    """
    rule = find_rule(rule)
    rows = make_rows(predictions)
    threshold = _choose(rows.labels, rows.scores, OPERATING_POINTS[rule].pick)
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
    return OperatingPoint(rule, _with_range(rows, threshold, rule), promised)


def find_rule(given: str) -> str:
    """Give the name of a rule, however its number is written.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    names = {_as_words(name): name for name in OPERATING_POINTS}
    if (words := _as_words(given)) not in names:
        known = ", ".join(f'"{name}"' for name in OPERATING_POINTS)
        raise InputError(f"must be one of {known}, got {given!r}.", argument="rule")
    return names[words]


def _as_words(rule: str) -> tuple[str | float, ...]:
    def read(word: str) -> str | float:
        try:
            return float(word)
        except ValueError:
            return word

    return tuple(map(read, rule.split()))


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
    place = pick(*_curve(labels[order], ends, thresholds))
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
    labels: np.ndarray, ends: np.ndarray, thresholds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sensitivity and specificity at each threshold, of labels in falling order."""
    shares = []
    for label in (1, 0):
        called = np.cumsum(labels == label)
        n, called = called[-1], called[ends]
        if thresholds.size > ends.size:
            called = np.append(0, called)
        shares.append((called if label else n - called) / n)
    return shares[0], shares[1]


def _with_range(rows: Rows, threshold: float, rule: str) -> Interval:
    """Give the threshold the range in which that of all children lies."""
    n, n_groups = rows.labels.size, len(rows.group_names)
    if rows.smaller_class < MIN_GROUPS:
        reason = f"fewer than {MIN_GROUPS} groups of a class"
        return not_given(threshold, n, n_groups, reason)
    *_, thresholds = _falling(rows.scores)
    low, high = OPERATING_POINTS[rule].range(rows, thresholds)
    return Interval(
        threshold, float(low), float(high), n, n_groups, "inverted, by group"
    )


def _range_of_sensitivity(
    least: float, rows: Rows, thresholds: np.ndarray
) -> tuple[float, float]:
    found = [share_of(called, g) for called, g in _by_class(rows, thresholds, 1)]
    is_enough = [share.low >= least for share in found]
    too_little = [share.high < least for share in found]
    low = thresholds[np.argmax(is_enough)] if any(is_enough) else 0.0
    return low, thresholds[sum(too_little)]  # the first that may have enough


def _range_of_specificity(
    least: float, rows: Rows, thresholds: np.ndarray
) -> tuple[float, float]:
    found = [share_of(1 - called, g) for called, g in _by_class(rows, thresholds, 0)]
    n_enough = sum(share.low >= least for share in found)
    too_little = [share.high < least for share in found]
    low = thresholds[np.argmax(too_little)] if any(too_little) else 0.0
    return low, thresholds[n_enough - 1] if n_enough else 1.0


def _by_class(rows: Rows, thresholds: np.ndarray, label: int):
    """Say which images of a class are called at each threshold, and their groups."""
    of = rows.labels == label
    scores, (groups, _) = rows.scores[of], pd.factorize(rows.groups[of])
    return (((scores >= at).astype(float), groups) for at in thresholds)


def _range_of_sum(rows: Rows, thresholds: np.ndarray) -> tuple[float, float]:
    """Give the ends of what is not shown to be worse than the greatest sum."""
    ill, n_groups = rows.labels == 1, len(rows.group_names)
    weights = np.where(ill, 1 / ill.sum(), -1 / (~ill).sum())
    gained = (rows.scores >= thresholds[:, None]) * weights
    less = gained[gained.sum(axis=1).argmax()] - gained  # shape (k, n)
    for of in (ill, ~ill):
        less[:, of] -= less[:, of].mean(axis=1, keepdims=True)
    sums = np.stack([np.bincount(rows.groups, row) for row in less])
    error = np.sqrt(n_groups / (n_groups - 1) * np.square(sums).sum(axis=1))
    total = gained.sum(axis=1)
    behind = total.max() - total
    may_be = np.flatnonzero(behind <= quantile(rows.smaller_class - 1) * error + 1e-12)
    return np.append(thresholds, 0.0)[may_be[-1] + 1], thresholds[may_be[0]]


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


def _for_sensitivity(least: float) -> Rule:
    pick, span = (partial(f, least) for f in (_keep_sensitivity, _range_of_sensitivity))
    return Rule(("sensitivity",), pick, span)


def _for_specificity(least: float) -> Rule:
    pick, span = (partial(f, least) for f in (_keep_specificity, _range_of_specificity))
    return Rule(("specificity",), pick, span)


OPERATING_POINTS = {
    "sensitivity 0.90": _for_sensitivity(0.90),
    "sensitivity 0.95": _for_sensitivity(0.95),
    "sensitivity 0.99": _for_sensitivity(0.99),
    "specificity 0.90": _for_specificity(0.90),
    "specificity 0.95": _for_specificity(0.95),
    "youden": Rule(("sensitivity", "specificity"), _youden, _range_of_sum),
}
