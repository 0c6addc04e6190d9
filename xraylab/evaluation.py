"""Labels, scores and groups -> figures that say how sure we may be.

Each comes with an interval, the number of rows behind it, and its floor: what
an answer that does not look at the picture would reach.

A predictions table holds label (0 normal, 1 pneumonia), score (probability of
pneumonia, in [0, 1]) and group_id (pictures that may not be counted as
independent: those of one child).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn import metrics as library

from xraylab.intervals import Interval, bootstrap, wilson
from xraylab.intervals import seed_interval as seed_interval
from xraylab.metrics import (
    METRICS,
    Rows,
    check_rows,
    make_rows,
    measure,
    measure_resampled,
)
from xraylab.metrics import auroc_by_pairs as auroc_by_pairs


def confusion(
    labels: ArrayLike, scores: ArrayLike, threshold: float = 0.5
) -> dict[str, int]:
    """Count the four outcomes: true and false, negative and positive.

    A picture is called pneumonia when its score is at or above the threshold.

    Returns
    -------
    dict
        Counts tn, fp, fn, tp; they sum to the number of rows.

    Raises
    ------
    ValueError
        If labels are not 0 or 1, scores not in [0, 1], or lengths differ.

    Examples
    --------
    >>> confusion([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9])
    {'tn': 1, 'fp': 1, 'fn': 1, 'tp': 1}
    """
    labels, scores = check_rows(labels, scores, both_classes=False)
    calls = scores >= threshold
    table = library.confusion_matrix(labels, calls, labels=[0, 1])
    return dict(zip(("tn", "fp", "fn", "tp"), table.ravel().tolist(), strict=True))


def evaluate(
    predictions: pd.DataFrame,
    *,
    threshold: float = 0.5,
    n_boot: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure a predictions table, with interval, floor and n for each figure.

    Parameters
    ----------
    predictions : DataFrame
        Columns label, score, group_id.
    threshold : float
        In [0, 1], chosen beforehand on validation.
    n_boot : int
        Resamples of whole groups, drawn within each class so that both stay.
    seed : int
        Seed of the resampling.

    Returns
    -------
    DataFrame
        Index metric (`METRICS`); columns value, low, high, floor, n, interval
        ("Wilson" for shares, "bootstrap" else). A share of no rows, such as PPV
        when nothing was called positive, has value NaN and interval "none".

    Raises
    ------
    ValueError
        If a column is missing, the table is empty or holds a single class, or
        a score is outside [0, 1].
    """
    rows = make_rows(predictions, threshold)
    ends = _bootstrap_ends(rows, n_boot, seed)
    prevalence, called = rows.labels.mean(), rows.calls.mean()
    table = {}
    for name, metric in METRICS.items():
        value, n = measure(name, rows)
        floor = float(metric.floor(prevalence, called))
        if metric.share:
            low, high = wilson(round(value * n), n) if n else (np.nan, np.nan)
            table[name] = (value, low, high, floor, n, "Wilson" if n else "none")
        else:
            table[name] = (value, *ends[name], floor, n, "bootstrap")
    columns = ["value", "low", "high", "floor", "n", "interval"]
    found = pd.DataFrame.from_dict(table, orient="index", columns=columns)
    return found.rename_axis("metric")


def describe(metrics: pd.DataFrame) -> list[str]:
    """Write one line for each figure of `evaluate`.

    Examples
    --------
    >>> row = {"value": 0.9, "low": 0.87, "high": 0.93, "floor": 0.5, "n": 1200}
    >>> describe(pd.DataFrame([row], index=["accuracy"]))
    ['accuracy 0.900 (0.87 to 0.93), n = 1,200, floor 0.50']
    """
    lines = []
    for name, row in metrics.iterrows():
        shown = Interval(row["value"], row["low"], row["high"], int(row["n"]))
        text = str(shown) if shown.n else "not defined, n = 0"
        lines.append(f"{name} {text}, floor {row['floor']:.2f}")
    return lines


def choose_threshold(
    labels: ArrayLike, scores: ArrayLike, *, min_sensitivity: float
) -> float:
    """Pick the highest threshold that still finds enough of the sick.

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
    ValueError
        If `labels` holds a single class, or `min_sensitivity` is outside (0, 1].

    Examples
    --------
    >>> choose_threshold([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], min_sensitivity=1.0)
    0.4
    """
    labels, scores = check_rows(labels, scores)
    if not 0 < min_sensitivity <= 1:
        raise ValueError(f"min_sensitivity must be in (0, 1], got {min_sensitivity}.")
    _, found, thresholds = library.roc_curve(labels, scores, drop_intermediate=False)
    return float(thresholds[np.argmax(found >= min_sensitivity)])


def bootstrap_interval(
    predictions: pd.DataFrame,
    statistic: str | Callable[[np.ndarray, np.ndarray], float] = "AUROC",
    *,
    threshold: float = 0.5,
    n_boot: int = 2000,
    seed: int = 0,
) -> Interval:
    """Resample whole groups to see how far a figure could have fallen elsewhere.

    Parameters
    ----------
    predictions : DataFrame
        Columns label, score, group_id.
    statistic : str or function
        A key of `METRICS`, or a function of (labels, scores) -> float.
    threshold, n_boot, seed
        As in `evaluate`.

    Raises
    ------
    ValueError
        If the metric is unknown, or the table is not as `evaluate` asks.
    """
    rows = make_rows(predictions, threshold)
    value, n = measure(statistic, rows)

    def resampled(weights: np.ndarray) -> np.ndarray:
        return measure_resampled(statistic, weights, rows)

    low, high = bootstrap([rows], resampled, n_boot, seed)
    return Interval(value, float(low), float(high), n)


def paired_difference(
    a: pd.DataFrame,
    b: pd.DataFrame,
    metric: str = "AUROC",
    *,
    threshold: float = 0.5,
    n_boot: int = 2000,
    seed: int = 0,
) -> Interval:
    """Compare two models on the same pictures: a minus b.

    Both are resampled together, so what makes a picture hard for both cancels.

    Raises
    ------
    ValueError
        If the tables differ in paths or labels, or are not as `evaluate` asks.
    """
    other = _same_rows(a, b)
    rows, others = make_rows(a, threshold), make_rows(other, threshold)
    (value, n), (beside, _) = measure(metric, rows), measure(metric, others)

    def statistic(weights: np.ndarray) -> np.ndarray:
        first = measure_resampled(metric, weights, rows)
        return first - measure_resampled(metric, weights, others)

    low, high = bootstrap([rows], statistic, n_boot, seed)
    return Interval(value - beside, float(low), float(high), n)


def difference(
    a: pd.DataFrame,
    b: pd.DataFrame,
    metric: str = "AUROC",
    *,
    threshold: float = 0.5,
    n_boot: int = 2000,
    seed: int = 0,
) -> Interval:
    """Compare figures from two different tests: a minus b, each resampled alone.

    n is the smaller of the two numbers of rows.

    Raises
    ------
    ValueError
        If the metric is unknown, or a table is not as `evaluate` asks.
    """
    rows, others = make_rows(a, threshold), make_rows(b, threshold)
    (value, n), (other, m) = measure(metric, rows), measure(metric, others)

    def statistic(weights: np.ndarray, other_weights: np.ndarray) -> np.ndarray:
        first = measure_resampled(metric, weights, rows)
        return first - measure_resampled(metric, other_weights, others)

    low, high = bootstrap([rows, others], statistic, n_boot, seed)
    return Interval(value - other, float(low), float(high), min(n, m))


def _bootstrap_ends(rows: Rows, n_boot: int, seed: int) -> dict:
    """Give the ends of the interval of each metric that is no plain share."""
    names = [name for name, metric in METRICS.items() if not metric.share]

    def statistic(weights: np.ndarray) -> np.ndarray:
        return np.stack([measure_resampled(name, weights, rows) for name in names])

    low, high = bootstrap([rows], statistic, n_boot, seed)
    return dict(zip(names, zip(low.tolist(), high.tolist(), strict=True), strict=True))


def _same_rows(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Put the rows of b in the order of a, or raise when they are not the same."""
    for name, table in (("a", a), ("b", b)):
        if "path" not in table or table["path"].duplicated().any():
            raise ValueError(
                f"{name} must have a column path that holds each path once, found "
                f"{'repeats' if 'path' in table else 'no such column'}."
            )
    apart = sorted(set(a["path"]) ^ set(b["path"]))
    if apart:
        raise ValueError(
            f"a and b must hold the same pictures, found {len(apart)} in only one: "
            f"{', '.join(apart[:3])}. Use difference for two different tests."
        )
    other = b.set_index("path").loc[a["path"]].reset_index()
    n_differ = int((other["label"].to_numpy() != a["label"].to_numpy()).sum())
    if n_differ:
        raise ValueError(f"a and b must agree on labels, found {n_differ} that differ.")
    return other
