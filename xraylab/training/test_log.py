"""The visitors' book of a test set: each reading is written down and counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

_BOOK = "looks.jsonl"
_COLUMNS = ["when", "run", "protocol", "seed"]


def count_look(folder: str | Path, *, run: str, protocol: str, seed: int) -> int:
    """Write one look at a protocol's test set down, before it is read.

    Parameters
    ----------
    folder : path
        The merge the test set was cut from; the book lies beside its manifest.
    run, protocol, seed
        Who looks, at which test set.

    Returns
    -------
    int
        How many looks at this protocol's test there were, this one included.

    Raises
    ------
    OSError
        If the book cannot be written: then the test must not be read either.
    """
    when = datetime.now(UTC).isoformat(timespec="seconds")
    line = {"when": when, "run": run, "protocol": protocol, "seed": seed}
    with (Path(folder) / _BOOK).open("a", encoding="utf-8") as book:
        book.write(json.dumps(line) + "\n")
    looks = list_looks(folder)
    return int((looks["protocol"] == protocol).sum())


def list_looks(folder: str | Path) -> pd.DataFrame:
    """List all looks at the tests of a merge, oldest first; may be empty.

    Returns
    -------
    DataFrame
        Columns when, run, protocol, seed.
    """
    book = Path(folder) / _BOOK
    lines = book.read_text("utf-8").splitlines() if book.is_file() else []
    return pd.DataFrame([json.loads(line) for line in lines], columns=_COLUMNS)
