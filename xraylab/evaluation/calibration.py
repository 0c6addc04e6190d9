"""Calibration: whether scores can be read as probabilities, and how to mend them.

A network may put all images in the right order and still call each chance by a wrong
number. Calibration belongs to a population: it is measured on each one anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import expit, logit

from xraylab.errors import InputError
from xraylab.evaluation.figure import add_note
from xraylab.evaluation.intervals import (
    FEW_GROUPS,
    MIN_GROUPS,
    Interval,
    between_groups,
    not_given,
    quantile,
    share_of,
)
from xraylab.evaluation.rows import Rows, make_rows

__all__ = [
    "RECALIBRATIONS",
    "Recalibration",
    "describe_calibration",
    "measure_calibration",
    "recalibrate",
    "reliability",
]
N_BINS = 10
N_DRAWS = 1000  # of scores that are taken to be true
_LEAST = 1e-9  # 0 and 1 have no logit, and are taken to be this far away
_NOTHING = 1e-12  # below this a standard error is rounding
_FEW = 40  # groups of the smaller class; from so many on they cover 93 %
_LOW_AT_FEW = ("intercept", "Brier", "Brier_skill")
_BOUNDLESS = "a score of 0 or 1 is wrong, or all are 0 or 1, and these have no logit"
# which columns of (1, logit of the score) are fitted
RECALIBRATIONS = {"temperature": [1], "platt": [0, 1]}


class Recalibration(NamedTuple):
    """A change of scores that keeps their order: logit = intercept + slope * logit.

    Attributes
    ----------
    intercept, slope : float
        1 / slope is the temperature; slope is above 0.
    """

    intercept: float
    slope: float

    def apply(self, scores: ArrayLike) -> np.ndarray:
        """Give the changed scores, float of the same shape, in [0, 1]."""
        return expit(self.intercept + self.slope * _logits(np.asarray(scores, float)))

    def __str__(self) -> str:
        """Write it as "logit x 0.76 - 0.31"."""
        moved = f" {'-' if self.intercept < 0 else '+'} {abs(self.intercept):.2f}"
        return f"logit x {self.slope:.2f}{moved if self.intercept else ''}"


def reliability(predictions: pd.DataFrame, n_bins: int = N_BINS) -> pd.DataFrame:
    """Hold scores against how often they were right, bin by bin.

    Parameters
    ----------
    predictions : DataFrame
        Columns label, score and group_id, as for `evaluate`.
    n_bins : int
        Bins of equal width; a score of 1 is in the last.

    Returns
    -------
    DataFrame
        One row a filled bin: score (its mean), and the share of pneumonia as value,
        low, high, n, n_groups and method, as from `share_interval`.

    Raises
    ------
    InputError
        If the table is not as `evaluate` asks, or there is no bin.
    """
    rows = make_rows(predictions)
    if n_bins < 1:
        raise InputError(f"n_bins must be at least 1, got {n_bins}.")
    bins, found = _bins(rows.scores, n_bins), []
    for number in np.unique(bins):
        of = bins == number
        share = share_of(rows.labels[of].astype(float), rows.groups[of])
        found.append({"score": rows.scores[of].mean(), **share._asdict()})
    return pd.DataFrame(found)


def measure_calibration(predictions: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Measure how far scores are from probabilities.

    Intervals come from the variance between groups (for intercept and slope the
    clustered sandwich), with t of the groups of the smaller class less one; the Brier
    score's on the logit scale, its skill's on the log scale of the ratio to guessing.
    Measured coverage for AUROC 0.90 to 0.98 and 15 or more children of each class
    (`benchmarks/coverage.py`): score_minus_prevalence 94 to 98 %, intercept 92 to 97 %,
    slope 94 to 96 %, Brier 90 to 96 %, Brier_skill 90 to 96 %. The last two are lowest
    where few children hold the few scores that are far off: 15 of each class, AUROC
    0.98; with 40 of each they have 94 % and more. With fewer than 40 these two and the
    intercept say so wherever they are written. At 15 and 0.98, 26 % of the tests had no
    slope, as no score was on the wrong side.

    Parameters
    ----------
    predictions : DataFrame
        Columns label, score and group_id, as for `evaluate`.
    seed : int
        Of the draws behind the ECE by chance.

    Returns
    -------
    DataFrame
        Index metric; columns value, low, high, n, n_groups, method, and calibrated:
        what the same scores would show if each were true. Rows:

        score_minus_prevalence : mean score less the share of pneumonia
        intercept : calibration-in-the-large, of a logistic regression of the labels
            on the scores' logits as offset (Steyerberg 2009)
        slope : of one with an intercept of its own (Cox 1958); below 1 the scores
            are too extreme. Scores nearer than 1e-9 to 0 or 1 are taken to be so far
            away; where one of these is wrong, or all are such, intercept and slope are
            not defined, for they would hang on that choice
        Brier : mean squared distance of score and label (Brier 1950)
        Brier_skill : 1 less Brier over that of always saying the prevalence
        ECE : mean distance of score and share over ten bins of equal width. It is
            never below 0, so few images make one of true scores too; calibrated is
            its mean over draws of labels from the scores, one draw a group, and
            calibrated_high what 95 % of them stay below.

    Raises
    ------
    InputError
        If the table is not as `evaluate` asks.
    """
    rows = make_rows(predictions)
    if_true = float((rows.scores * (1 - rows.scores)).mean())
    expected = rows.scores.mean()  # the share of pneumonia, were they true
    by_guess = max(expected * (1 - expected), _NOTHING)
    by_chance = _ece_by_chance(rows, seed)
    table = intervals_of(rows) | {"ECE": ece_of(rows)}
    found = pd.DataFrame(
        table.values(), index=pd.Index(table, name="metric"), columns=Interval._fields
    )
    true = 0.0, 0.0, 1.0, if_true, 1 - if_true / by_guess, float(by_chance.mean())
    found["calibrated"] = true
    found.loc["ECE", "calibrated_high"] = np.quantile(by_chance, 0.95)
    return found


def intervals_of(rows: Rows) -> dict[str, Interval]:
    """Give what `measure_calibration` has with an interval, of checked rows."""
    off = rows.scores - rows.labels
    found = {
        "score_minus_prevalence": _mean(off, rows),
        "intercept": _intercept(rows),
        "slope": _slope(rows),
        "Brier": _brier(off**2, rows),
        "Brier_skill": _skill(off**2, rows),
    }
    if MIN_GROUPS <= rows.smaller_class < _FEW:
        found |= {name: add_note(found[name], FEW_GROUPS) for name in _LOW_AT_FEW}
    return found


def describe_calibration(table: pd.DataFrame) -> list[str]:
    """Write one line for each figure of `measure_calibration`."""
    lines = []
    for name, row in table.iterrows():
        found = Interval(*row[list(Interval._fields)])
        text = f"{name} {found}, {row['calibrated']:z.3f} if calibrated"
        if math.isnan(found.value):
            text = f"{name} {found}, since {found.reason}"
        if name == "ECE":
            text = (
                f"ECE {found.value:.3f}, {found.counts}; "
                f"if calibrated {row['calibrated']:.3f} by chance, and below "
                f"{row['calibrated_high']:.3f} in 95 %"
            )
        lines.append(text)
    return lines


def recalibrate(predictions: pd.DataFrame, how: str) -> Recalibration:
    """Fit a change of scores, by maximum likelihood, that makes them probabilities.

    Fit on validation, apply to other rows. Temperature scaling (Guo 2017) stretches
    the logits and leaves a score of 0.5 where it is: it cannot mend an intercept.
    Platt's (1999) also moves them.

    Parameters
    ----------
    predictions : DataFrame
        Columns label, score and group_id, as for `evaluate`.
    how : str
        A key of `RECALIBRATIONS`.

    Raises
    ------
    InputError
        If how is unknown, the table is not as `evaluate` asks, no finite change is
        best (the scores tell the classes apart without a fault, are all one, or 0 or 1
        where the label is the other), or the best turns their order round.
    """
    if how not in RECALIBRATIONS:
        text = f"must be one of {', '.join(RECALIBRATIONS)}, got {how!r}."
        raise InputError(text, argument="how")
    rows, columns = make_rows(predictions), RECALIBRATIONS[how]
    x = _columns(rows)[:, columns]
    if _is_boundless(rows):
        raise InputError(
            f"scores of 0 or 1 must be right, or no finite change of them is best for "
            f"{how}: {_BOUNDLESS}. Fit on scores between."
        )
    if _has_no_best(x, rows.labels):
        raise InputError(
            "scores must overlap between the classes, and differ, or no finite change "
            f"of them is best for {how}. Fit on more images."
        )
    slope_last = _fit(x, rows.labels)
    change = Recalibration(float(slope_last[:-1].sum()), float(slope_last[-1]))
    if change.slope <= 0:
        raise InputError(
            "scores must be higher for pneumonia, but the best change turns them "
            f"round (slope {change.slope:.3f}). Check the labels."
        )
    return change


def _bins(scores: np.ndarray, n_bins: int) -> np.ndarray:
    return np.minimum((scores * n_bins).astype(int), n_bins - 1)


def _logits(scores: np.ndarray) -> np.ndarray:
    return logit(np.clip(scores, _LEAST, 1 - _LEAST))


def _columns(rows: Rows) -> np.ndarray:
    return np.column_stack([np.ones(rows.scores.size), _logits(rows.scores)])


def _around(value: float, influence: np.ndarray, rows: Rows) -> Interval:
    """Give a figure its t-interval from the variance of its influence by group."""
    n, n_groups = rows.labels.size, len(rows.group_names)
    if rows.smaller_class < MIN_GROUPS:
        reason = f"fewer than {MIN_GROUPS} groups of a class"
        return not_given(value, n, n_groups, reason)
    error = math.sqrt(between_groups(influence, rows.groups))
    if error < _NOTHING:
        return not_given(value, n, n_groups, "the rows do not vary")
    half = quantile(rows.smaller_class - 1) * error
    return Interval(value, value - half, value + half, n, n_groups, "t, by group")


def _mean(values: np.ndarray, rows: Rows) -> Interval:
    mean = float(values.mean())
    return _around(mean, (values - mean) / values.size, rows)


def _brier(loss: np.ndarray, rows: Rows) -> Interval:
    """Take the interval on the logit scale: few images hold most of the loss."""
    plain = _mean(loss, rows)
    inner = max(plain.value * (1 - plain.value), _NOTHING)
    low, high = _ends_on(logit, expit, plain, 1 / inner)
    return plain._replace(low=low, high=high)


def _skill(loss: np.ndarray, rows: Rows) -> Interval:
    """Take the interval on the log scale of the ratio to the loss of a guess."""
    brier, prevalence = loss.mean(), rows.labels.mean()
    by_guess = prevalence * (1 - prevalence)
    moved = brier / by_guess * (1 - 2 * prevalence) * (rows.labels - prevalence)
    influence = (loss - brier - moved) / by_guess / loss.size
    ratio = _around(float(brier / by_guess), influence, rows)
    low, high = _ends_on(np.log, np.exp, ratio, 1 / max(ratio.value, _NOTHING))
    ends = {"value": 1 - ratio.value, "low": 1 - high, "high": 1 - low}
    return ratio._replace(**ends)


def _ends_on(
    there: Callable, back: Callable, plain: Interval, slope: float
) -> tuple[float, float]:
    """Give the ends on another scale, where it has this slope at the value."""
    half = (plain.high - plain.value) * slope
    if math.isnan(half):
        return plain.low, plain.high
    middle = there(plain.value)
    return float(back(middle - half)), float(back(middle + half))


def _intercept(rows: Rows) -> Interval:
    if _is_boundless(rows):
        return _undefined(_BOUNDLESS, rows)
    x = _columns(rows)
    (value,) = _fit(x[:, :1], rows.labels, offset=x[:, 1])
    found = expit(value + x[:, 1])
    influence = (rows.labels - found) / (found * (1 - found)).sum()
    return _around(float(value), influence, rows)


def _slope(rows: Rows) -> Interval:
    x = _columns(rows)
    if _has_no_best(x, rows.labels):
        reason = "the scores tell the classes apart without a fault, or are all one"
        return _undefined(reason, rows)
    if _is_boundless(rows):
        return _undefined(_BOUNDLESS, rows)
    best = _fit(x, rows.labels)
    found = expit(x @ best)
    information = (x * (found * (1 - found))[:, None]).T @ x
    influence = (rows.labels - found)[:, None] * x @ np.linalg.inv(information)
    return _around(float(best[1]), influence[:, 1], rows)


def _undefined(reason: str, rows: Rows) -> Interval:
    return not_given(math.nan, rows.labels.size, len(rows.group_names), reason)


def _is_boundless(rows: Rows) -> bool:
    """Say whether a fit would hang on how far from 0 and 1 scores are taken to be."""
    is_0, is_1 = rows.scores < _LEAST, rows.scores > 1 - _LEAST
    wrong = (is_0 & (rows.labels == 1)) | (is_1 & (rows.labels == 0))
    return bool(wrong.any() or (is_0 | is_1).all())


def _fit(
    x: np.ndarray, labels: np.ndarray, offset: float | np.ndarray = 0.0
) -> np.ndarray:
    """Fit a logistic regression without a penalty: array of shape (k,).

    scikit-learn's takes no offset.
    """

    def loss(beta: np.ndarray) -> float:
        z = offset + x @ beta
        return float((np.logaddexp(0, z) - labels * z).mean())

    def gradient(beta: np.ndarray) -> np.ndarray:
        return x.T @ (expit(offset + x @ beta) - labels) / len(x)

    def curvature(beta: np.ndarray) -> np.ndarray:
        found = expit(offset + x @ beta)
        return (x * (found * (1 - found))[:, None]).T @ x / len(x)

    start, options = np.zeros(x.shape[1]), {"gtol": 1e-10}
    return minimize(
        loss, start, jac=gradient, hess=curvature, method="trust-exact", options=options
    ).x


def _has_no_best(x: np.ndarray, labels: np.ndarray) -> bool:
    """Say whether the likelihood has no finite maximum: the classes do not overlap."""
    z = x[:, -1]
    if x.shape[1] == 1:  # around 0, as nothing can be moved
        sides = (2 * labels - 1) * z
        return sides.min() >= 0 or sides.max() <= 0
    normal, ill = z[labels == 0], z[labels == 1]
    return normal.max() <= ill.min() or ill.max() <= normal.min()


def ece_of(rows: Rows) -> Interval:
    """Give the ECE of checked rows, without an interval."""
    off = np.bincount(_bins(rows.scores, N_BINS), rows.labels - rows.scores)
    n, n_groups = rows.labels.size, len(rows.group_names)
    reason = "an ECE is never below 0; hold it against the one by chance"
    return not_given(np.abs(off).sum() / n, n, n_groups, reason)


def _ece_by_chance(rows: Rows, seed: int) -> np.ndarray:
    """Draw labels from the scores, and measure the ECE: shape (N_DRAWS,).

    One number is drawn a group: its images have one label where their scores agree.
    """
    shape = N_DRAWS, len(rows.group_names)
    drawn = np.random.default_rng(seed).random(shape, np.float32)[:, rows.groups]
    of_bin = _bins(rows.scores, N_BINS)[:, None] == np.arange(N_BINS)
    off = ((drawn < rows.scores) - rows.scores) @ of_bin
    return np.abs(off).sum(axis=1) / rows.labels.size
