"""Subgroups: the same network among some of the images only, such as one kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from xraylab.errors import InputError
from xraylab.evaluation.intervals import Interval, share_of
from xraylab.evaluation.rows import make_rows

__all__ = ["describe_subgroups", "measure_subgroups"]
UNKNOWN = "unknown"


def measure_subgroups(
    predictions: pd.DataFrame, columns: Sequence[str], *, threshold: float = 0.5
) -> pd.DataFrame:
    """Measure sensitivity and specificity among the images of each value of a column.

    A group that holds one class has one of the two. The intervals are those of
    `share_interval`, each for itself: of twenty, one misses by chance.

    Parameters
    ----------
    predictions : DataFrame
        As for `evaluate`, with the columns named.
    columns : sequence of str
        What to part by; an empty or missing value is "unknown". A column of a single
        value parts nothing, and has no rows.
    threshold : float
        As for `evaluate`.

    Returns
    -------
    DataFrame
        Columns column, group, metric, value, low, high, n, n_groups and method.

    Raises
    ------
    InputError
        If a column is not there, or the table is not as `evaluate` asks.
    """
    missing = [name for name in columns if name not in predictions]
    if missing:
        raise InputError(
            f"predictions must have the columns {', '.join(columns)}, found no "
            f"{', '.join(missing)}."
        )
    rows, table = make_rows(predictions, threshold), []
    right = (rows.calls == (rows.labels == 1)).astype(float)
    for column in columns:
        values = predictions[column].fillna("").astype(str).replace("", UNKNOWN)
        names = sorted(values.unique())
        for name in names if len(names) > 1 else []:
            for metric, label in (("sensitivity", 1), ("specificity", 0)):
                of = np.flatnonzero((values == name) & (rows.labels == label))
                if of.size:
                    found = share_of(right[of], rows.groups[of])
                    table.append((column, name, metric, *found))
    names = ["column", "group", "metric", *Interval._fields]
    return pd.DataFrame(table, columns=names)


def describe_subgroups(table: pd.DataFrame) -> list[str]:
    """Write a heading, and one line for each figure of `measure_subgroups`."""
    if table.empty:
        return []
    lines = [
        f"Subgroups, {len(table)} intervals, each for itself: about one in twenty "
        "misses by chance."
    ]
    for _, row in table.iterrows():
        found = Interval(*row[list(Interval._fields)])
        lines.append(f"  {row['column']} {row['group']}: {row['metric']} {found}")
    return lines
