"""95 % confidence intervals: how far a figure may be off with other children.

Images of one child and copies of one image are no independent cases. So each
interval takes its variance between groups, and t in place of 1.96 for few of them.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit, gammaincinv, logit, stdtrit

from xraylab.errors import InputError
from xraylab.evaluation.figure import Interval, not_given
from xraylab.evaluation.rows import as_numbers, first_of

LEVEL = 0.95  # of every interval
MIN_GROUPS = 5  # behind a figure, in each class where it needs both
_NOTHING = 1e-12  # below this a variance is rounding
_LOW = "may cover under 93 %"
FEW_GROUPS = f"few groups, {_LOW}"
_AT_BOUND = f"values at their bound, {_LOW}"
_FEW_FOR_MEAN = 30  # with as many groups the mean of a skewed value covers 94 %
_RARE = 3.5  # so few cases of one kind, and Wilson's interval is too short


def quantile(degrees: float) -> float:
    """Give the two-sided quantile of the t-distribution for `LEVEL`."""
    return float(stdtrit(degrees, (1 + LEVEL) / 2))


def wilson(share: float, n: float, z: float) -> tuple[float, float]:
    """Give the ends of Wilson's interval (1927).

    Parameters
    ----------
    share : float
        In [0, 1].
    n : float
        Independent cases behind it, above 0; may be an effective sample size.
    z : float
        Quantile, such as 1.96 for 95 %.

    Examples
    --------
    >>> [round(end, 2) for end in wilson(14 / 16, 16, 1.96)]
    [0.64, 0.97]
    """
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def share_interval(hits: ArrayLike, groups: ArrayLike | None = None) -> Interval:
    """Give a share with Wilson's interval at the effective sample size.

    n_eff = n / max(1, deff), where deff is the variance of the share between
    groups over that of as many independent rows; n_eff = G, the number of groups,
    for a share of 0 or 1; t with G - 1 degrees of freedom in place of 1.96 (Korn
    and Graubard 1998; Dean and Pagano 2015), or with fewer where only few groups say
    what deff is (`_degrees`). Where up to 3 cases of either kind are left, the end
    beside them is the one-sided bound of a Poisson count (the modified interval of
    Brown, Cai and DasGupta 2001).

    Measured coverage for true shares of 0.90 to 0.997 (`benchmarks/coverage.py`):
    published test 93 to 99 %, naive merge 94 to 98 %, 5 + 5 children 98 to 100 %,
    15 + 15 children 95 to 100 %, 40 + 40 children 93 to 100 %. It is highest with few
    cases of one kind, where no interval of a count can be exact.

    Parameters
    ----------
    hits : array of bool, shape (n,)
        Which rows count; 0 and 1 will do.
    groups : array, shape (n,), optional
        Names of groups. Without it each row is its own.

    Returns
    -------
    Interval
        Not given with fewer than `MIN_GROUPS` groups.

    Raises
    ------
    InputError
        If lengths differ, a hit is not 0 or 1, or a group is missing.

    Examples
    --------
    >>> print(share_interval([True] * 9 + [False], groups=list("aabbccddef")))
    0.900 (0.439 to 0.998), n = 10, 6 groups
    """
    hits = as_numbers("hits", hits)
    codes = _codes(hits, groups)
    others = hits[~np.isin(hits, [0, 1])]
    if others.size:
        raise InputError(f"hits must be True or False, found {first_of(others)}.")
    return share_of(hits, codes)


def share_of(hits: np.ndarray, codes: np.ndarray) -> Interval:
    """As `share_interval`, of checked hits and group numbers."""
    n, n_groups = hits.size, count_groups(codes)
    if not n:
        return not_given(math.nan, 0, 0, "no rows")
    share = float(hits.mean())
    if n_groups < MIN_GROUPS:
        return not_given(share, n, n_groups, f"fewer than {MIN_GROUPS} groups")
    n_eff, degrees = float(n_groups), float(n_groups - 1)
    if 0 < share < 1:
        deff = between_groups((hits - share) / n, codes) / (share * (1 - share) / n)
        n_eff = n / max(1.0, deff)
        if n > n_groups:
            degrees = _degrees(hits - share, codes, degrees)
    low, high = _end_beside_few(share, n_eff, *wilson(share, n_eff, quantile(degrees)))
    return Interval(share, low, high, n, n_groups, "Wilson, by group")


def _end_beside_few(
    share: float, n: float, low: float, high: float
) -> tuple[float, float]:
    """Move the end beside a rare kind of case to the bound of a Poisson count."""
    n_rare = n * min(share, 1 - share)
    if not 0 < n_rare < _RARE:
        return low, high
    bound = float(gammaincinv(n_rare, 1 - LEVEL)) / n
    if share <= 0.5:
        low = min(low, bound)
    if share >= 0.5:
        high = max(high, 1 - bound)
    return low, high


def two_class_interval(
    value: float, influence: np.ndarray, labels: np.ndarray, codes: np.ndarray
) -> Interval:
    """Give a figure that needs both classes its interval on the logit scale.

    The variance comes from sums of the influence by group: for the AUROC this is
    DeLong's for clusters (Obuchowski 1997). Degrees of freedom: the groups of the
    smaller class, less one, or fewer where few groups make most of the variance
    (`_degrees`). Where the rows show no variance (all pairs in order,
    or one score for all), Wilson's interval of m groups, m those of the smaller
    class, bounds it: a test of m children can't promise more.

    Parameters
    ----------
    value : float
        In [0, 1].
    influence : array of float, shape (n,)
        How the figure moves with the weight of a row; sums to 0.
    labels : array of int, shape (n,)
        0 or 1, both there.
    codes : array of int, shape (n,)
        Group of each row, numbered from 0.
    """
    n, n_groups = labels.size, count_groups(codes)
    smallest = min(count_groups(codes[labels == label]) for label in (0, 1))
    if smallest < MIN_GROUPS:
        reason = f"fewer than {MIN_GROUPS} groups of a class"
        return not_given(value, n, n_groups, reason)
    error = math.sqrt(_between_groups_of_classes(influence, labels, codes))
    inner = value * (1 - value)
    if error < _NOTHING or inner < _NOTHING:
        low, high = wilson(round(value, 12), smallest, quantile(smallest - 1))
        return Interval(value, low, high, n, n_groups, "Wilson bound, by group")
    half = quantile(_degrees(influence, codes, smallest - 1)) * error / inner
    low, high = (float(expit(logit(value) + side)) for side in (-half, half))
    return Interval(value, low, high, n, n_groups, "logit, by group")


def square_and_add(
    parts: tuple[Interval, Interval], signs: tuple[float, float], correlation: float
) -> tuple[float, float]:
    """Give the ends of the interval of a sum of two figures from their own.

    Each end lies as far out as the squares of both distances say, less what the
    figures share (Newcombe 1998; Zou and Donner 2008). So a difference keeps
    what its parts know: a perfect figure is not certain.

    Parameters
    ----------
    parts : two Interval
    signs : two float
        Each part is multiplied by this before it is added.
    correlation : float
        Of the two estimates, before signs; in [-1, 1].

    Returns
    -------
    low, high : float
        NaN where a part has no interval: a sum knows no more than its parts.
    """
    below, above = zip(*map(_distances, parts, signs), strict=True)
    shared = 2 * correlation * math.copysign(1, signs[0] * signs[1])
    value = sum(sign * part.value for sign, part in zip(signs, parts, strict=True))
    low, high = (
        # not Python's max, which loses a NaN
        float(np.sqrt(np.maximum(0.0, a * a + b * b + shared * a * b)))
        for a, b in (below, above)
    )
    return value - low, value + high


def mean_interval(values: ArrayLike, groups: ArrayLike | None = None) -> Interval:
    """Give a mean with its t-interval between groups, G - 1 degrees of freedom.

    For changes of a score and the like, which may be below 0. Measured coverage for
    a skewed value (`benchmarks/coverage.py`): published test 94 to 95 %, naive merge
    95 to 95 %, 5 + 5 children 91 to 92 %, 15 + 15 children 94 to 94 %, 40 + 40
    children 93 to 95 %. With fewer than 30 groups it says so wherever it is written.

    Parameters
    ----------
    values : array of float, shape (n,)
    groups : array, shape (n,), optional
        Names of groups. Without it each row is its own.

    Returns
    -------
    Interval
        Not given with fewer than `MIN_GROUPS` groups, or when all values are equal.

    Raises
    ------
    InputError
        If lengths differ, a value is not finite, or a group is missing.

    Examples
    --------
    >>> print(mean_interval([0.1, 0.0, -0.1, 0.3, 0.2], groups=list("abcde")))
    0.100 (-0.10 to 0.30; few groups, may cover under 93 %), n = 5, 5 groups
    """
    values = as_numbers("values", values)
    codes = _codes(values, groups)
    if not np.isfinite(values).all():
        raise InputError(
            f"values must be finite, found {int((~np.isfinite(values)).sum())} not."
        )
    n, n_groups = values.size, count_groups(codes)
    if not n:
        return not_given(math.nan, 0, 0, "no rows")
    mean = float(values.mean())
    if n_groups < MIN_GROUPS:
        return not_given(mean, n, n_groups, f"fewer than {MIN_GROUPS} groups")
    error = math.sqrt(between_groups((values - mean) / n, codes))
    if error < _NOTHING:
        return not_given(mean, n, n_groups, "all values are equal")
    half = quantile(n_groups - 1) * error
    method = "t, by group" + f"; {FEW_GROUPS}" * (n_groups < _FEW_FOR_MEAN)
    return Interval(mean, mean - half, mean + half, n, n_groups, method)


def seed_interval(
    values: ArrayLike,
    *,
    test_over_train: float = 0.0,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Interval:
    """Give mean and 95 % t-interval over runs of one recipe.

    Re-splits of the same images overlap, so their variance is too small. With
    `test_over_train` the variance of the mean is s² (1/J + n_test/n_train), by
    Nadeau and Bengio (2003).

    Measured coverage (`benchmarks/coverage.py`): 3 seeds 91 to 95 %, 5 seeds 90 to
    96 %, 10 seeds 91 to 95 %, lowest where the values pile up at 1; where one lies at
    a bound, the interval says so wherever it is written. 5 re-splits of
    100 images are covered in 96 %, taken as seeds in 87 %.

    Parameters
    ----------
    values : array of float, shape (n_runs,)
    test_over_train : float
        n_test / n_train, where the runs split the same images anew; 0 where
        only the seed of the training differs.
    bounds : two float
        Least and greatest possible value, where the interval is cut: (0, 1) for
        shares and AUROC, (-1, 1) for differences of such.

    Returns
    -------
    Interval
        Not given when all values are equal. It speaks of other seeds, not of
        other children.

    Raises
    ------
    InputError
        If there are fewer than two values, one is not a number or outside the
        bounds, or the ratio is negative.

    Examples
    --------
    >>> print(seed_interval([0.90, 0.92, 0.94]))
    0.920 (0.87 to 0.97), n = 3
    """
    values = as_numbers("values", values)
    if values.ndim != 1 or values.size < 2 or not np.isfinite(values).all():
        raise InputError(
            f"values must be two or more numbers, one a run, got {values.tolist()}. "
            "Train with another seed."
        )
    least, greatest = bounds
    if values.min() < least or values.max() > greatest:
        raise InputError(
            f"values must lie in bounds, {least} to {greatest}, found "
            f"{values.min()} to {values.max()}. Differences need bounds=(-1, 1)."
        )
    if not 0 <= test_over_train < math.inf:
        raise InputError(
            f"test_over_train must be n_test / n_train, 0 or more, got "
            f"{test_over_train}."
        )
    mean, n = float(values.mean()), values.size
    if np.ptp(values) < _NOTHING:
        return not_given(mean, n, None, "all values are equal")
    half = quantile(n - 1) * values.std(ddof=1) * math.sqrt(1 / n + test_over_train)
    ends = max(least, mean - half), min(greatest, mean + half)
    method = "t over re-splits, corrected" if test_over_train else "t over runs"
    if values.min() == least or values.max() == greatest:
        method += f"; {_AT_BOUND}"
    return Interval(mean, *map(float, ends), n, None, method)


def between_groups(influence: np.ndarray, codes: np.ndarray) -> float:
    """Give the variance of a figure from the sums of its influence by group."""
    n_groups = count_groups(codes)
    sums = np.bincount(codes, influence)
    return float(n_groups / (n_groups - 1) * np.square(sums).sum())


def _degrees(influence: np.ndarray, codes: np.ndarray, most: float) -> float:
    """Give the degrees of freedom of a variance between groups, at most `most`.

    Twice Satterthwaite's (1946), df = 2 V² / Var(V), where V is the sum of the
    squared sums of the groups, and Var(V) comes from their fourth powers. Where k
    groups of one size make nearly all of it, that is 4 k. His own would make intervals
    up to half again as wide, and cover 95 to 99 %.
    """
    squares = np.square(np.bincount(codes, influence))
    total = squares.sum()
    if total <= _NOTHING * np.square(influence).sum():  # all groups alike
        return most
    excess = np.square(squares).sum() / total**2 - 1 / count_groups(codes)
    return min(most, 4 / excess) if excess * most > 4 else most


def _between_groups_of_classes(
    influence: np.ndarray, labels: np.ndarray, codes: np.ndarray
) -> float:
    """As `between_groups`, each class corrected for its own groups (Obuchowski)."""
    total, sums = 0.0, []
    for label in (0, 1):
        of = labels == label
        total += between_groups(influence[of], codes[of])
        sums.append(np.bincount(codes, influence * of))
    n_groups = count_groups(codes)
    return total + 2 * n_groups / (n_groups - 1) * float(sums[0] @ sums[1])


def count_groups(codes: np.ndarray) -> int:
    """Count the different group numbers."""
    return int(np.count_nonzero(np.bincount(codes)))


def _distances(part: Interval, sign: float) -> tuple[float, float]:
    """How far the ends of the signed figure lie below and above it."""
    ends = part.value - part.low, part.high - part.value
    below, above = ends if sign > 0 else ends[::-1]
    return abs(sign) * below, abs(sign) * above


def _codes(values: np.ndarray, groups: ArrayLike | None) -> np.ndarray:
    """Give each row its group's number, or its own where no groups are named."""
    if values.ndim != 1:
        raise InputError(f"values must be one list, got shape {values.shape}.")
    if groups is None:
        return np.arange(values.size)
    codes, _ = pd.factorize(np.asarray(groups))
    if codes.shape != values.shape:
        raise InputError(
            f"groups must name one group a row, got {codes.size} for {values.size} "
            "rows."
        )
    if (codes < 0).any():
        raise InputError(f"groups must be filled, found {(codes < 0).sum()} empty.")
    return codes
