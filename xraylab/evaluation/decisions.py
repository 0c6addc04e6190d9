"""Decisions: what answers are worth where pneumonia is rarer, or a mistake costs more.

A test's mix of classes is that of its folder. PPV, NPV and net benefit depend on it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from xraylab.errors import InputError
from xraylab.evaluation.intervals import (
    MIN_GROUPS,
    Interval,
    not_given,
    share_of,
    square_and_add,
)
from xraylab.evaluation.metrics import correlate, find_metric
from xraylab.evaluation.rows import Rows, make_rows

__all__ = ["decision_curve", "describe_benefit", "net_benefit", "predictive_values"]
PREVALENCES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
_ENDS = ("value", "low", "high")
THRESHOLDS = tuple(round(0.05 * i, 2) for i in range(1, 20))


def predictive_values(
    predictions: pd.DataFrame,
    prevalences: Sequence[float] = PREVALENCES,
    *,
    threshold: float = 0.5,
) -> pd.DataFrame:
    """Say how often answers would be right at other shares of pneumonia.

    By Bayes' rule, PPV = se p / (se p + (1 - sp)(1 - p)), with sensitivity se and
    specificity sp as measured: it is taken that these stay the same. The interval adds
    those of log se and log (1 - sp) by squares (Zou and Donner 2008).

    Measured coverage for se = sp of 0.90 to 0.997, at any prevalence
    (`benchmarks/coverage.py`): published test 93 to 98 %, 15 + 15 children 97 to 99 %,
    40 + 40 children 96 to 99 %.

    Parameters
    ----------
    predictions : DataFrame
        Columns label, score and group_id, as for `evaluate`.
    prevalences : sequence of float
        Shares of pneumonia, in (0, 1).
    threshold : float
        As for `evaluate`.

    Returns
    -------
    DataFrame
        One row for each prevalence and metric (PPV, NPV): prevalence, metric, value,
        low, high, n, n_groups and method.

    Raises
    ------
    InputError
        If a prevalence is not in (0, 1), or the table is not as `evaluate` asks.
    """
    odd = [p for p in prevalences if not 0 < p < 1]
    if odd:
        raise InputError(f"prevalences must be in (0, 1), found {odd[0]}.")
    rows = make_rows(predictions, threshold)
    parts = [find_metric(n).measure(rows) for n in ("sensitivity", "specificity")]
    shared, _ = correlate(*(part.by_group(rows) for part in parts))
    found, spared = (part.interval for part in parts)
    ratios = {
        "PPV": _log_ratio(found, spared, shared),
        "NPV": _log_ratio(spared, found, shared),
    }
    table = []
    for prevalence in prevalences:
        for metric, ratio in ratios.items():
            odds = logit(prevalence if metric == "PPV" else 1 - prevalence)
            ends = (float(expit(odds + end)) for end in ratio)
            found = _as_interval(*ends, rows, "square-and-add of logs")
            row = {"prevalence": prevalence, "metric": metric}
            table.append(row | found._asdict())
    return pd.DataFrame(table)


def decision_curve(
    predictions: pd.DataFrame, thresholds: Sequence[float] = THRESHOLDS
) -> pd.DataFrame:
    """Weigh pneumonia found against false alarms, at each threshold (Vickers 2006).

    Who acts from a chance of t on says that one missed is as bad as (1 - t) / t false
    alarms. Net benefit = TP / n - FP / n * t / (1 - t): pneumonia found for nothing,
    of one image, at the prevalence of these rows. A model is worth having where it is
    above acting on all and acting on none, which has 0.

    Measured coverage at thresholds of 0.05 to 0.8, for true scores of AUROC 0.90 to
    0.98, 1,000 simulations each (`benchmarks/coverage.py`): published test 93 to 96 %,
    15 + 15 children 95 to 98 %, 40 + 40 children 94 to 98 %.

    Parameters
    ----------
    predictions : DataFrame
        Columns label, score and group_id, as for `evaluate`; scores are taken to be
        probabilities, so see `calibration` first.
    thresholds : sequence of float
        In (0, 1).

    Returns
    -------
    DataFrame
        One row a threshold: threshold, value, low, high, n, n_groups, method, and
        act_on_all: the net benefit of calling all pneumonia. The interval adds those
        of the shares of true and of false alarms by squares (Zou and Donner 2008).

    Raises
    ------
    InputError
        If a threshold is not in (0, 1), or the table is not as `evaluate` asks.
    """
    _check(*thresholds)
    table = []
    for threshold in thresholds:
        rows = make_rows(predictions, threshold)
        cost = threshold / (1 - threshold)
        row = {"threshold": threshold, **_net_benefit(rows, rows.calls, cost)._asdict()}
        prevalence = float(rows.labels.mean())
        table.append(row | {"act_on_all": prevalence - cost * (1 - prevalence)})
    return pd.DataFrame(table)


def net_benefit(predictions: pd.DataFrame, threshold: float) -> dict[str, Interval]:
    """Weigh the answers at one threshold beside calling all images pneumonia.

    Parameters
    ----------
    predictions : DataFrame
        As for `decision_curve`.
    threshold : float
        In (0, 1).

    Returns
    -------
    dict of str -> Interval
        model and act_on_all: their net benefit, as in `decision_curve`; more: the
        first less the second, of the same images. Acting on none has 0. How often
        the interval of `more` covers was not simulated.

    Raises
    ------
    InputError
        As `decision_curve`.
    """
    _check(threshold)
    rows = make_rows(predictions, threshold)
    cost = threshold / (1 - threshold)
    spared = _net_benefit(rows, ~rows.calls, cost)  # what acting on all has more
    return {
        "model": _net_benefit(rows, rows.calls, cost),
        "act_on_all": _net_benefit(rows, np.ones_like(rows.calls), cost),
        "more": spared._replace(
            value=-spared.value, low=-spared.high, high=-spared.low
        ),
    }


def describe_benefit(found: dict[str, Interval], threshold: float) -> list[str]:
    """Write what `net_benefit` found, with what its threshold takes for granted."""
    weight = (1 - threshold) / threshold
    n_times = "one false alarm" if weight == 1 else f"{weight:.2g} false alarms"
    over = {"all": found["more"], "none": found["model"]}
    return [
        f"net benefit at threshold {threshold:.3f}, as if one pneumonia missed were as "
        f"bad as {n_times}: {found['model']}",
        f"  acting on all {found['act_on_all'].figure}, acting on none 0",
        *(f"  {_compare(interval, policy)}" for policy, interval in over.items()),
    ]


def _compare(more: Interval, policy: str) -> str:
    than = f"than acting on {policy}"
    if math.isnan(more.low):
        return f"so few groups do not tell whether it is worth more {than}"
    if more.low > 0 or more.high < 0:
        return f"worth {'more' if more.low > 0 else 'less'} {than}: {more.figure}"
    return f"not shown to be worth more or less {than}: {more.figure}"


def _check(*thresholds: float) -> None:
    odd = [t for t in thresholds if not 0 < t < 1]
    if odd:
        raise InputError(f"thresholds must be in (0, 1), found {odd[0]}.")


def _net_benefit(rows: Rows, acted: np.ndarray, cost: float) -> Interval:
    """Weigh acting on some images; true and false alarms are added by squares."""
    parts, sums = [], []
    for label in (1, 0):
        called = (acted & (rows.labels == label)).astype(float)
        parts.append(share_of(called, rows.groups))
        sums.append(pd.Series(np.bincount(rows.groups, called - called.mean())))
    found, alarms = parts
    value, n, n_groups = found.value - cost * alarms.value, found.n, found.n_groups
    if math.isnan(found.low):
        return not_given(value, n, n_groups, f"fewer than {MIN_GROUPS} groups")
    shared, _ = correlate(*sums)
    ends = square_and_add((found, alarms), (1, -cost), shared)
    return Interval(value, *ends, n, n_groups, "square-and-add, by group")


def _as_interval(
    value: float, low: float, high: float, rows: Rows, method: str
) -> Interval:
    n, n_groups = rows.labels.size, len(rows.group_names)
    if math.isnan(value):
        return not_given(value, n, n_groups, "there are no such answers")
    if math.isnan(low + high):
        return not_given(value, n, n_groups, f"fewer than {MIN_GROUPS} groups")
    return Interval(value, low, high, n, n_groups, method)


def _log_ratio(
    share: Interval, other: Interval, shared: float
) -> tuple[float, float, float]:
    """Give log(share / (1 - other)) with its ends, of which each may be infinite.

    `shared` is the correlation of share and other.
    """
    rest = 1 - other.value, 1 - other.high, 1 - other.low
    with np.errstate(divide="ignore", invalid="ignore"):
        a = share._replace(**dict(zip(_ENDS, np.log(share[:3]), strict=True)))
        b = other._replace(**dict(zip(_ENDS, np.log(rest), strict=True)))
        value = a.value - b.value
        corners = a.low - b.high, a.high - b.low
    if math.isnan(value):
        return value, value, value
    if math.isinf(value):  # a share of 0 or 1 is no distance away from its ends
        return value, *((corners[0], value) if value > 0 else (value, corners[1]))
    return value, *square_and_add((a, b), (1, -1), -shared)
