"""A predictions table -> its figures, each with interval, counts and baseline."""

from __future__ import annotations

import pandas as pd
from numpy.typing import ArrayLike
from sklearn.metrics import confusion_matrix

from xraylab.evaluation.intervals import Interval
from xraylab.evaluation.metrics import METRICS, find_metric
from xraylab.evaluation.rows import call, check_rows, make_rows


def confusion(
    labels: ArrayLike, scores: ArrayLike, threshold: float = 0.5
) -> dict[str, int]:
    """Count the four outcomes: true and false, negative and positive.

    An image is called pneumonia when its score is at or above the threshold.

    Returns
    -------
    dict
        Counts tn, fp, fn, tp; they sum to the number of rows.

    Raises
    ------
    InputError
        If labels are not 0 or 1, scores or the threshold not in [0, 1], or
        lengths differ.

    Examples
    --------
    >>> confusion([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9])
    {'tn': 1, 'fp': 1, 'fn': 1, 'tp': 1}
    """
    labels, scores = check_rows(labels, scores, both_classes=False)
    table = confusion_matrix(labels, call(scores, threshold), labels=[0, 1])
    return dict(zip(("tn", "fp", "fn", "tp"), table.ravel().tolist(), strict=True))


def evaluate(predictions: pd.DataFrame, *, threshold: float = 0.5) -> pd.DataFrame:
    """Measure a predictions table: each figure with interval, counts and baseline.

    Parameters
    ----------
    predictions : DataFrame
        Columns label, score, group_id; where there is a column path, each once.
    threshold : float
        In [0, 1], chosen beforehand on validation.

    Returns
    -------
    DataFrame
        Index metric; columns value, low, high, n, n_groups, method (see
        `Interval`) and baseline: what an answer reaches that does not depend on
        the image.

    Raises
    ------
    InputError
        If a column is missing, the table is empty or holds a single class, a
        score or the threshold is outside [0, 1], a group_id is empty, or a path
        stands twice.
    """
    rows = make_rows(predictions, threshold)
    prevalence, called = rows.labels.mean(), rows.calls.mean()
    table = {
        name: (*metric.measure(rows).interval, metric.baseline(prevalence, called))
        for name, metric in METRICS.items()
    }
    columns = [*Interval._fields, "baseline"]
    found = pd.DataFrame.from_dict(table, orient="index", columns=columns)
    return found.rename_axis("metric")


def describe(metrics: pd.DataFrame) -> list[str]:
    """Write one line for each figure of `evaluate`.

    An AUROC below chance by more than its interval is said to be so.

    Examples
    --------
    >>> row = Interval(0.9, 0.87, 0.93, 1200, 800)._asdict() | {"baseline": 0.5}
    >>> describe(pd.DataFrame([row], index=["accuracy"]))
    ['accuracy 0.900 (0.87 to 0.93), n = 1,200, 800 groups, baseline 0.50']
    """
    lines = []
    for name, row in metrics.iterrows():
        found = Interval(*row[list(Interval._fields)])
        line = f"{name} {found}, baseline {row['baseline']:.2f}"
        if name == "AUROC" and found.high < row["baseline"]:
            line += ". Below chance: higher scores go with normal; check the labels"
        lines.append(line)
    return lines


def measure(
    predictions: pd.DataFrame, metric: str = "AUROC", *, threshold: float = 0.5
) -> Interval:
    """Measure one figure of a predictions table.

    Shares have the interval of `share_interval`, and its coverage. AUROC and
    average precision have a logit interval from the variance between groups: for the
    AUROC DeLong's for clusters (Obuchowski 1997); balanced accuracy adds those of
    sensitivity and specificity by squares (Newcombe 1998).

    Measured coverage of these three for true values of 0.90 to 0.997
    (`benchmarks/coverage.py`): published test 92 to 98 %, naive merge 94 to 97 %,
    5 + 5 children 94 to 100 %, 15 + 15 children 93 to 100 %, 40 + 40 children 92 to
    98 %. It is lowest for an AUROC of 0.997 whose images of one child are nearly
    alike, and for a balanced accuracy of 0.98 with 40 children of each class.

    Parameters
    ----------
    predictions : DataFrame
        As for `evaluate`.
    metric : str
        A name in the index of `evaluate`.
    threshold : float
        As for `evaluate`.

    Raises
    ------
    InputError
        If the metric is unknown, or the table is not as `evaluate` asks.
    """
    return find_metric(metric).measure(make_rows(predictions, threshold)).interval
