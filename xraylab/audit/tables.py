"""The counts and cross-tables of an audit, and which checks lack what they need."""

from __future__ import annotations

import pandas as pd

from xraylab import data
from xraylab.audit import leakage, probes

ODD_SHARE = 0.01  # a mode and format that fewer files have is odd
_FACTS = ["width", "height", "aspect", "bytes", "bits_per_pixel", "table_sum"]


def make_tables(table: pd.DataFrame, merged: data.Merge) -> dict[str, pd.DataFrame]:
    """Count what an audit shows and its findings rest on, by title.

    Parameters
    ----------
    table : DataFrame
        As in `xraylab.audit.run.Audit`.
    merged : Merge
        Where it comes from.
    """
    modes = table.groupby(["mode", "format"], as_index=False).agg(
        n_files=("path", "size")
    )
    return {
        "files by source, split and class": _count_places(table),
        "balance before and after merging": _count_balance(table),
        "medians by class": _take_medians(table),
        "colour and format by class": table.groupby(
            ["class_name", "mode", "format"], as_index=False
        ).agg(n_files=("path", "size")),
        "odd modes and formats": modes[modes["n_files"] < ODD_SHARE * len(table)],
        "images in several splits": leakage.find_overlaps(table, "image_id"),
        "children in several splits": leakage.find_overlaps(table, "patient_id"),
        "one image under two labels": leakage.find_label_conflicts(table),
        "names that disagree with pixels": leakage.find_name_conflicts(
            table, merged.index_rule
        ),
        "class folders that are not read": merged.left_out.rename_axis("folder")
        .rename("n_images")
        .reset_index(),
        "grey levels that are not scaled": table.loc[
            table["note"] != "", ["path", "note"]
        ],
        "runs of one split": leakage.measure_blocks(table),
    }


def find_gaps(table: pd.DataFrame, ignored: pd.DataFrame) -> pd.DataFrame:
    """Name the checks that could not run: without them nothing found means little.

    Parameters
    ----------
    table, ignored : DataFrame
        As in `xraylab.audit.run.Audit`.

    Returns
    -------
    DataFrame
        Columns check and reason; empty when all ran.
    """
    gaps = []
    splits = sorted(set(table["split"]) - {""})
    by_name = ["children in several splits", "names that disagree with pixels"]
    if len(splits) < 2:
        why = f"all files are in {splits[0]}" if splits else "no folder names a split"
        gaps += [("images in several splits", why), (by_name.pop(0), why)]
    if not (table["patient_id"] != "").any():
        gaps += [(check, "no file name tells a child") for check in by_name]
    if table["label"].nunique() < 2:
        only = table["class_name"].iloc[0]
        why = f"all readable images are {only}"
        gaps.append(("one image under two labels", why))
    gaps += probes.find_gaps(table[table["kept"]]) + _find_classes_left_out(ignored)
    return pd.DataFrame(gaps, columns=["check", "reason"])


def _find_classes_left_out(ignored: pd.DataFrame) -> list[tuple[str, str]]:
    """Name the classes whose folders were not read, such as "COVID19: another ..."."""
    reasons = ignored["reason"].value_counts(sort=False)
    named = [(*reason.partition(": "), n) for reason, n in reasons.items()]
    return [
        (f"probes: {name} or another class", f"its images are left out ({n:,}): {why}")
        for name, colon, why, n in named
        if colon and why.startswith("another origin")
    ]


def _count_places(table: pd.DataFrame) -> pd.DataFrame:
    return table.groupby(["source", "split", "class_name"], as_index=False).agg(
        n_files=("path", "size"),
        n_images=("image_id", "nunique"),
        n_groups=("group_id", "nunique"),
    )


def _count_balance(table: pd.DataFrame) -> pd.DataFrame:
    counted = {"every file": table, "each image once": table[table["kept"]]}
    return pd.DataFrame(
        [
            (when, name, len(part), len(part) / len(rows))
            for when, rows in counted.items()
            for name, part in rows.groupby("class_name")
        ],
        columns=["counted", "class_name", "n", "share"],
    )


def _take_medians(table: pd.DataFrame) -> pd.DataFrame:
    once = table[table["kept"]]
    return once.groupby("class_name")[_FACTS].median().reset_index()
