"""Figures as a table of text, for people."""

from __future__ import annotations

import pandas as pd

from xraylab.evaluation import Interval

_NOT_GIVEN = "not given: "  # begins the method of an interval that is not there


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
    reasons = [i.method.removeprefix(_NOT_GIVEN) for i in found]
    is_given = [reason == i.method for i, reason in zip(found, reasons, strict=True)]
    values = [
        interval.figure if given else f"{interval.value:z.3f}"
        for interval, given in zip(found, is_given, strict=True)
    ]
    names = [name.replace("_", " ") for name in rows.index]
    table = pd.DataFrame({"figure": names, "value (95 % CI)": values})
    table["n"], table["groups"] = rows["n"].to_numpy(), rows["n_groups"].to_numpy()
    for column, name in extra.items():
        table[name] = [f"{value:z.3f}" for value in rows[column]]
    if not all(is_given):
        table["no interval, since"] = [
            "" if given else reason
            for given, reason in zip(is_given, reasons, strict=True)
        ]
    return table
