"""Figures as a table of text, for people."""

from __future__ import annotations

import pandas as pd

from xraylab.evaluation import Interval


def as_table(rows: pd.DataFrame, extra: dict[str, str]) -> pd.DataFrame:
    """Write figures as text: name, value with interval, n, groups, and more columns.

    Parameters
    ----------
    rows : DataFrame
        The columns of `Interval`, the names of the figures as index.
    extra : dict of str -> str
        More columns of numbers, and what each is called.
    """
    found = [Interval(*row) for row in rows[list(Interval._fields)].to_numpy()]
    reasons = [interval.reason for interval in found]
    names = [name.replace("_", " ") for name in rows.index]
    table = pd.DataFrame({"figure": names, "value (95 % CI)": [i.short for i in found]})
    table["n"], table["groups"] = rows["n"].to_numpy(), rows["n_groups"].to_numpy()
    for column, name in extra.items():
        table[name] = [f"{value:z.3f}" for value in rows[column]]
    if any(reasons):
        table["no interval, since"] = reasons
    return table
