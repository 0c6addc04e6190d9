"""The counts and cross-tables of an audit, and which checks lack what they need."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xraylab.audit import leakage, probes

ODD_SHARE = 0.01  # a mode and format that fewer files have is odd
# Twelve bits of data in a 16-bit file end at level 16 of 255, fourteen at 64.
FEW_LEVELS = 64
_FACTS = ["width", "height", "aspect", "bytes", "bits_per_pixel", "table_sum"]


def make_tables(
    table: pd.DataFrame, squares: np.ndarray, listed: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Count what an audit shows and its findings rest on, by title.

    Parameters
    ----------
    table, squares
        As in `xraylab.audit.run.Audit`.
    listed : DataFrame
        As from `xraylab.data.Merge.listed`.
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
        "images of few grey levels": _find_dark(table, squares),
        "images in several splits": leakage.find_meetings(table, "image_id"),
        "children in several splits": leakage.find_meetings(table, "patient_id"),
        "one image under two labels": leakage.find_label_conflicts(table),
        "names that disagree with pixels": leakage.find_name_conflicts(table, listed),
        "runs of one split": leakage.measure_blocks(table),
    }


def find_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Name the checks that could not run: without them nothing found means little.

    Parameters
    ----------
    table : DataFrame
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
    gaps += probes.find_gaps(table[table["kept"]])
    return pd.DataFrame(gaps, columns=["check", "reason"])


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


def _find_dark(table: pd.DataFrame, squares: np.ndarray) -> pd.DataFrame:
    """List the files whose brightest grey level, as they are read, is low."""
    level = squares.max((1, 2))[table["square"]]
    found = table[["path", "mode"]].assign(level=level.astype(int))
    return found[found["level"] <= FEW_LEVELS].reset_index(drop=True)
