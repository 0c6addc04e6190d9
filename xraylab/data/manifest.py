"""The manifest: one table, one row a file, every column checked once."""

from __future__ import annotations

from numbers import Integral
from pathlib import Path

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
_TEXT = set(COLUMNS) - {"label", "bytes", "kept"}


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
    odd = [label for label in manifest["label"].unique() if not _is_label(label)]
    if odd:
        raise InputError(f"label must be a whole number from 0, found {odd[:3]}.")
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
        raise FileNotFoundError(
            f"{file} is not there. Make it with `xraylab merge --data ROOT "
            f"--out {file.parent}`."
        )
    try:
        # a class may be called NA, and an image_id may look like a number
        types = dict.fromkeys(_TEXT, str)
        table = pd.read_csv(file, dtype=types, keep_default_na=False)
    except ValueError as error:  # empty, or no text
        raise InputError(
            f"{file} is no manifest: it must be a csv file as from `xraylab merge`. "
            "To use images, give their folder."
        ) from error
    return check_manifest(table)


def _is_label(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 0
