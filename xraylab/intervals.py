"""Intervals: how far a figure could have fallen with other children or seeds.

Shares have a Wilson interval; all else is resampled by whole groups, because
several pictures of one child are not independent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from xraylab.metrics import Rows

LEVEL = 0.95  # of every interval
_BATCH = 4_000_000  # weights held at once while resampling: 32 MB


class Interval(NamedTuple):
    """A figure with its 95 % interval and the number of rows behind it."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        # two digits hide an interval narrower than they can show
        digits = 3 if self.high - self.low < 0.02 else 2
        low, high = f"{self.low:.{digits}f}", f"{self.high:.{digits}f}"
        return f"{self.value:.3f} ({low} to {high}), n = {self.n:,}"


def wilson(k: int, n: int) -> tuple[float, float]:
    """Give the 95 % Wilson interval of a share, k of n.

    It takes rows as independent. Several pictures of one child are not, so for
    these it is a little narrow; `bootstrap_interval` counts children.

    Raises
    ------
    ValueError
        If n is below 1, or k is outside 0..n.

    Examples
    --------
    >>> low, high = wilson(14, 16)
    >>> round(low, 2), round(high, 2)
    (0.64, 0.97)
    """
    if n < 1 or not 0 <= k <= n:
        raise ValueError(f"k must be in 0..n and n at least 1, got k = {k}, n = {n}.")
    found = stats.binomtest(int(k), int(n)).proportion_ci(LEVEL, method="wilson")
    return float(found.low), float(found.high)


def seed_interval(values: ArrayLike) -> Interval:
    """Give mean and 95 % t-interval over runs that differ in their seed only.

    Raises
    ------
    ValueError
        If there are fewer than two values, or one is not a number.

    Examples
    --------
    >>> print(seed_interval([0.90, 0.92, 0.94]))
    0.920 (0.87 to 0.97), n = 3
    """
    values = np.asarray(values, dtype=float)
    if values.size < 2 or not np.isfinite(values).all():
        raise ValueError(
            f"values must be two or more numbers, one a seed, got {values.tolist()}. "
            "Train with another seed."
        )
    half = stats.t.ppf((1 + LEVEL) / 2, values.size - 1) * stats.sem(values)
    mean = float(values.mean())
    return Interval(mean, mean - float(half), mean + float(half), values.size)


def bootstrap(
    tables: list[Rows], statistic: Callable, n_boot: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw whole groups anew, within each class, and give the 95 % interval.

    Groups of normal pictures, of pneumonia pictures and of both are drawn
    apart, so both classes stay in each resample. A group that is the only one
    of its sort cannot be varied and always stays.

    Parameters
    ----------
    tables : list of Rows
        Each is resampled independently of the others.
    statistic : function of one weights array a table -> array (..., n_resamples)
        Weights have shape (n_resamples, n): how often each row was drawn.

    Returns
    -------
    low, high : array, shape (...)

    Raises
    ------
    ValueError
        If no sort has two groups to draw from.
    """
    strata = [(i, s) for i, rows in enumerate(tables) for s in _strata(rows)]
    varied = [groups.size for _, groups in strata if groups.size > 1]
    if not varied:
        raise ValueError(
            "group_id must name at least two groups within a class to draw from, "
            f"found {sum(s.size for _, s in strata)} in all. Use more children."
        )

    def on_draws(*draws: np.ndarray, axis: int = -1) -> np.ndarray:
        return statistic(*_weights(tables, strata, draws))

    found = stats.bootstrap(
        [np.arange(n) for n in varied],
        on_draws,
        vectorized=True,
        n_resamples=n_boot,
        batch=max(1, _BATCH // sum(rows.labels.size for rows in tables)),
        confidence_level=LEVEL,
        method="percentile",
        random_state=np.random.default_rng(seed),  # named rng only from scipy 1.15
    )
    return found.confidence_interval


def _strata(rows: Rows) -> list[np.ndarray]:
    """List the groups that hold normal pictures only, pneumonia only, and both."""
    kind = np.zeros(rows.groups.max() + 1, dtype=int)
    kind[rows.groups[rows.labels == 0]] |= 1
    kind[rows.groups[rows.labels == 1]] |= 2
    return [np.flatnonzero(kind == k) for k in np.unique(kind)]


def _weights(
    tables: list[Rows],
    strata: list[tuple[int, np.ndarray]],
    draws: tuple[np.ndarray, ...],
) -> list[np.ndarray]:
    """Say how often each row of each table was drawn: (n_resamples, n)."""
    n_resamples = len(draws[0])
    counts = [np.ones((n_resamples, rows.groups.max() + 1)) for rows in tables]
    varied = [(i, groups) for i, groups in strata if groups.size > 1]
    for (i, groups), drawn in zip(varied, draws, strict=True):
        counts[i][:, groups] = _count(drawn, groups.size)
    return [c[:, rows.groups] for c, rows in zip(counts, tables, strict=True)]


def _count(drawn: np.ndarray, n: int) -> np.ndarray:
    """Count how often each of n came up in each row of draws: (n_resamples, n)."""
    b = len(drawn)
    flat = (drawn + n * np.arange(b)[:, None]).ravel()
    return np.bincount(flat, minlength=b * n).reshape(b, n)
