"""Two tables of predictions -> the difference of a figure, with its interval."""

from __future__ import annotations

import math

import pandas as pd

from xraylab.errors import InputError
from xraylab.evaluation.intervals import Interval, not_given, square_and_add
from xraylab.evaluation.metrics import correlate, find_metric
from xraylab.evaluation.rows import Rows, make_rows

_OF_A_FILE = {"label": "label", "group_id": "group", "image_id": "image"}


def difference(
    a: pd.DataFrame,
    b: pd.DataFrame,
    metric: str = "AUROC",
    *,
    threshold: float = 0.5,
) -> Interval:
    """Compare two tables by one figure: a minus b.

    What makes a child hard for both cancels: the two figures are correlated by
    the groups that stand in both tables. The same images make a paired
    comparison, shared children a partly paired one, different children none. For
    the AUROC this is DeLong's covariance for clusters (Obuchowski 1997).

    Measured coverage, of one test or of two (`benchmarks/coverage.py`): published
    test 93 to 100 %, 5 + 5 children 100 to 100 %, 15 + 15 children 98 to 100 %,
    40 + 40 children 95 to 100 %. So with few children it is wider than it need be,
    and for the AUROC of two networks whose scores of one class have correlation 0.99:
    99 % and more.

    Parameters
    ----------
    a, b : DataFrame
        As for `evaluate`. Groups of one name are taken to be the same children.
    metric : str
        A name in the index of `evaluate`.
    threshold : float
        The same for both.

    Returns
    -------
    Interval
        n and n_groups are the smaller of the two; method says how many groups
        are shared.

    Raises
    ------
    InputError
        If the metric is unknown, a table is not as `evaluate` asks, or a path
        that stands in both has two labels, groups or images.
    """
    rows, others = (make_rows(table, threshold) for table in (a, b))
    _check_files(a, b)
    return difference_of(rows, others, metric)


def difference_of(rows: Rows, others: Rows, metric: str) -> Interval:
    """As `difference`, of checked rows."""
    one, other = (find_metric(metric).measure(r) for r in (rows, others))
    parts = one.interval, other.interval
    value = parts[0].value - parts[1].value
    n, n_groups = (min(part[i] for part in parts) for i in (3, 4))
    for part in parts:
        if math.isnan(part.low):
            return not_given(value, n, n_groups, part.reason)
    together, n_shared = correlate(one.by_group(rows), other.by_group(others))
    low, high = square_and_add(parts, (1, -1), together)
    method = f"square-and-add, {n_shared} shared groups"
    return Interval(value, low, high, n, n_groups, method)


def _check_files(a: pd.DataFrame, b: pd.DataFrame) -> None:
    """Refuse tables of which the same file has another label, group or image."""
    shared = a.merge(b, on="path") if "path" in a and "path" in b else pd.DataFrame()
    for column, what in _OF_A_FILE.items():
        if {f"{column}_x", f"{column}_y"} <= set(shared):
            n_differ = int((shared[f"{column}_x"] != shared[f"{column}_y"]).sum())
            if n_differ:
                raise InputError(
                    f"a and b must agree on the {what} of a path, found {n_differ} "
                    "that differ. Compare answers for the files of one merge."
                )
