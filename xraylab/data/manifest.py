"""The manifest: one table, one row a file, every column checked once."""

from __future__ import annotations

from numbers import Integral
from pathlib import Path

import numpy as np
import pandas as pd

from xraylab.data.listing import FILE_COLUMNS
from xraylab.errors import InputError

COLUMNS = [
    *FILE_COLUMNS,
    "image_id",
    "match",
    "kept",
    "group_id",
]
# What a field of the file must be, where it is not free.
_FORMS = {
    "path": (r"(?!/|(.*/)?\.\.(/|$)).+", "the relative path of a file, without .."),
    "label": ("[0-9]{1,18}", "a whole number from 0"),
    "number": ("[0-9]{0,255}", "a whole number from 0, or empty"),  # as long as a name
    "bytes": ("[0-9]{1,18}", "a whole number from 0"),
    "image_id": (".+", "the name of an image"),
    "kept": ("True|False", "True or False"),
    "group_id": (".+", "the name of a group"),
}
_OF_RUN = ("run.json", "split.csv")  # as a training writes them


def check_manifest(manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the manifest, or say what is wrong with it.

    Raises
    ------
    ValueError
        If a column is missing, a path stands twice, or a label is no whole number
        from 0.
    """
    missing = [name for name in COLUMNS if name not in manifest.columns]
    if missing:
        raise InputError(
            f"manifest must have the columns {', '.join(COLUMNS)}; missing: "
            f"{', '.join(missing)}. Make it with `xraylab merge`."
        )
    twice = manifest["path"][manifest["path"].duplicated()].tolist()
    if twice:
        raise InputError(
            f"manifest must hold each path once, {len(twice)} stand twice, first "
            f"{', '.join(twice[:3])}."
        )
    labels = manifest["label"].unique().tolist()
    odd = [label for label in labels if not _is_label(label)]
    if odd:
        raise InputError(
            f"label must be a whole number from 0, found {odd[:3]}. Name each class by "
            "a number."
        )
    return manifest


def as_csv(manifest: pd.DataFrame) -> str:
    """Write the checked manifest as the text of a CSV file."""
    table = check_manifest(manifest)[COLUMNS]
    return table.to_csv(index=False, lineterminator="\n")


def read_manifest(file: str | Path) -> pd.DataFrame:
    """Read the file of a manifest, as from `as_csv`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        As `check_manifest`, or if it is no csv file.
    """
    file = Path(file)
    if not file.is_file():
        if all((file.parent / name).is_file() for name in _OF_RUN):
            raise FileNotFoundError(
                f"{file.parent} must be the folder of a merge, but holds a run. Give "
                "the folder that `xraylab merge` wrote."
            )
        raise FileNotFoundError(
            f"{file} is not there. Make it with `xraylab merge --data ROOT "
            "--out MERGE`."
        )
    try:
        # a class may be called NA, and an image_id may look like a number
        table = pd.read_csv(file, dtype=str, keep_default_na=False).fillna("")
    except ValueError as error:  # empty, or no text
        raise InputError(
            f"{file} is no manifest: it must be a csv file as from `xraylab merge`. "
            "To use images, give their folder."
        ) from error
    fault = _find_fault(table)
    if not fault and not file.read_bytes().endswith(b"\n"):
        fault = f"line {len(table) + 1}, its last, has no line break at its end"
    if fault:
        raise InputError(
            f"{file} must be a table of image files, one a line, as `xraylab merge` "
            f"writes it, but {fault}. Merge again, or mend it."
        )
    kept = table["kept"] == "True"
    return check_manifest(table.astype({"label": int, "bytes": int}).assign(kept=kept))


def _find_fault(table: pd.DataFrame) -> str:
    """Say what is wrong with a file's fields, all text; "" where nothing is."""
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        return f"it has no column {', '.join(missing)}"
    faults = [
        (row, f"as {name}, which must be {what}, has {table[name].iloc[row]!r}")
        for name, (form, what) in _FORMS.items()
        for row in np.flatnonzero(~table[name].str.fullmatch(form))[:1]
    ]
    twice = np.flatnonzero(table["path"].duplicated())[:1]
    faults += [(row, f"has the path {table['path'].iloc[row]} again") for row in twice]
    if not faults:
        n_kept = (table["kept"] == "True").groupby(table["image_id"]).transform("sum")
        faults = [
            (row, f"is of an image of which {n_kept.iloc[row]} files are kept, not one")
            for row in np.flatnonzero(n_kept != 1)[:1]
        ]
    row, words = min(faults, default=(-1, ""))
    return f"line {row + 2} {words}" if words else ""  # the first line has the names


def _is_label(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 0
