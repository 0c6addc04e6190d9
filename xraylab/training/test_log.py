"""The test log: each reading of a test set is written down first, and counted.

A test set is told by its images and labels. So the same test, merged anew in the same
folder, keeps its count, and a test of other images begins at one. The log lies beside
the merge: a merge into another folder begins another log.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from xraylab.errors import InputError
from xraylab.files import NotWrittenError

_LOG = "test-log.jsonl"
_COLUMNS = ["when", "run", "protocol", "seed", "test", "network"]


def count_reading(
    folder: str | Path, *, run: str, protocol: str, seed: int, test: str, network: str
) -> int:
    """Write one reading of a test set down, before it is read.

    Parameters
    ----------
    folder : path
        The merge the test set was cut from; the log lies beside its manifest.
    run, protocol, seed
        Who reads, and how the test was cut.
    test : str
        The test set by content, as from `content.digest_test`.
    network : str
        The network by content, as from `Run.network_id`.

    Returns
    -------
    int
        How many readings of this test there were, this one included.

    Raises
    ------
    InputError
        If the log is damaged, so that nobody can count.
    OSError
        If it cannot be written: then the test must not be read either.
    """
    before = list_readings(folder)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    line = dict(zip(_COLUMNS, (when, run, protocol, seed, test, network), strict=True))
    file = Path(folder) / _LOG
    try:
        with file.open("a", encoding="utf-8", newline="\n") as log:
            log.write(json.dumps(line) + "\n")
    except OSError as error:
        raise NotWrittenError(file, error) from error
    return int((before["test"] == test).sum()) + 1


def list_readings(folder: str | Path) -> pd.DataFrame:
    """List all readings of the tests of a merge, oldest first; may be empty.

    Returns
    -------
    DataFrame
        Columns when, run, protocol, seed, test, network.

    Raises
    ------
    InputError
        Naming the line that is none of a log.
    """
    file = Path(folder) / _LOG
    rows = []
    text = file.read_bytes().decode("utf-8", "replace") if file.is_file() else ""
    for number, line in enumerate(text.splitlines(), 1):
        try:
            row = json.loads(line)
            rows.append([row[name] for name in _COLUMNS])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{file} must have one reading a line, but line {number} is none. "
                "Mend that line: without it nobody can count the readings."
            ) from error
    return pd.DataFrame(rows, columns=_COLUMNS)
