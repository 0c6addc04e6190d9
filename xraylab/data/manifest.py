"""The manifest: one table, one row a file, every column checked once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from xraylab.data import sources
from xraylab.errors import InputError

MANIFEST_COLUMNS = [
    *sources.FILE_COLUMNS,
    "image_id",
    "match",
    "kept",
    "group_id",
]
_TEXT = ["kind", "number", "patient_id", "published_split"]


def check_manifest(manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the manifest, or say what is wrong with it.

    Raises
    ------
    ValueError
        If a column is missing, a path stands twice, or a label is not 0 or 1.
    """
    missing = [name for name in MANIFEST_COLUMNS if name not in manifest.columns]
    if missing:
        raise InputError(
            f"manifest must have the columns {', '.join(MANIFEST_COLUMNS)}; missing: "
            f"{', '.join(missing)}. Make it with `xraylab merge`."
        )
    twice = manifest["path"][manifest["path"].duplicated()].tolist()
    if twice:
        raise InputError(
            f"manifest must hold each path once, {len(twice)} stand twice, first "
            f"{', '.join(twice[:3])}."
        )
    odd = sorted(set(manifest["label"]) - {0, 1}, key=str)
    if odd:
        raise InputError(f"label must be 0 or 1, found {odd[:3]}.")
    return manifest


def as_csv(manifest: pd.DataFrame) -> str:
    """Write the checked manifest as the text of a CSV file."""
    table = check_manifest(manifest)[MANIFEST_COLUMNS]
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
        table = pd.read_csv(file, dtype={"number": str, "patient_id": str})
    except ValueError as error:  # empty, or no text
        raise InputError(
            f"{file} is no manifest: it must be a csv file as from `xraylab merge`. "
            "To use images, give their folder."
        ) from error
    return check_manifest(table.fillna(dict.fromkeys(_TEXT, "")))
