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

from xraylab import data
from xraylab.errors import InputError
from xraylab.files import alone, append_line
from xraylab.plain_json import read_json
from xraylab.training import content, origin
from xraylab.training.runs import Run

__all__ = [
    "count_reading",
    "describe_reader",
    "enter_reading",
    "find_folder",
    "list_readings",
    "readings_of",
]
LOG = "test-log.jsonl"
_NEEDED = {"when": str, "test": str}
# what else is known of a reading; empty where nobody knows it
_KNOWN = {
    "run": str,
    "protocol": str,
    "seed": int,
    "network": str,
    "recipe": dict,
    "source": str,
}
_FORM = _NEEDED | {f"{name}?": kind for name, kind in _KNOWN.items()}


def count_reading(folder: str | Path, *, test: str, **known: object) -> int:
    """Write one reading of a test set down, before it is read.

    Parameters
    ----------
    folder : path
        The merge the test set was cut from; the log lies beside its manifest.
    test : str
        The test set by content, as from `content.digest_test`.
    **known
        Who reads, fit for JSON: protocol, and what `describe_reader` gives: run (its
        name), seed, network and recipe. For a reading that was made elsewhere and is
        entered by hand: source, where it is told.

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
    line = {"when": datetime.now(UTC).isoformat(timespec="seconds"), "test": test}
    line |= {name: known.pop(name) for name in _KNOWN if name in known}
    if known:
        raise TypeError(f"a reading has no {', '.join(known)}")
    file = Path(folder) / LOG
    with alone(file):  # or two commands at once would be the same reading
        before = list_readings(folder)
        append_line(file, json.dumps(line))
    return int((before["test"] == test).sum()) + 1


def list_readings(folder: str | Path) -> pd.DataFrame:
    """List all readings of the tests of a merge, oldest first; may be empty.

    Returns
    -------
    DataFrame
        Columns when, test, run, protocol, seed, network, recipe and source; "" where
        nobody knows.

    Raises
    ------
    InputError
        Naming the line that is none of a log, or the log if it is no file.
    """
    file, rows = Path(folder) / LOG, []
    for number, line in enumerate(_read_lines(file), 1):
        try:
            row = read_json(line, _FORM)
        except ValueError as error:
            raise InputError(
                f"{file} must have one reading a line, but line {number} is none: "
                f"{error}. Mend that line: without it nobody can count the readings."
            ) from error
        rows.append([row.get(name, "") for name in (*_NEEDED, *_KNOWN)])
    return pd.DataFrame(rows, columns=[*_NEEDED, *_KNOWN], dtype=object)


def _read_lines(file: Path) -> list[bytes]:
    """Read the lines of a log; none where no log was begun."""
    try:
        return file.read_bytes().splitlines()
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not file.is_symlink():
            return []
        raise InputError(
            f"{file} must be a file with one reading a line, but could not be read "
            f"({error.strerror}). Put it back: without it nobody can count the "
            "readings."
        ) from error


def describe_reader(run: Run) -> dict:
    """Say who reads, as `count_reading` takes it."""
    return {
        "run": run.folder.resolve().name,
        "seed": run.recipe.seed,
        "network": run.network_id,
        "recipe": run.recipe.as_dict(),
    }


def readings_of(run: Run, merge: str | Path | None = None) -> pd.DataFrame:
    """List the readings of a run's test by any run, as a merge's log has them.

    Parameters
    ----------
    run : Run
    merge : path, optional
        Where the merge that the run was trained on is gone: the one with the log.

    Returns
    -------
    DataFrame
        As from `list_readings`, oldest first.

    Raises
    ------
    InputError
        If the merge with its log is gone or, where given, lacks images of the test;
        or the log is damaged.
    """
    readings = list_readings(_folder_of(run, merge))
    of_test = readings["test"] == content.digest_test(run.table)
    return readings[of_test].reset_index(drop=True)


def enter_reading(run: Run, source: str, merge: str | Path | None = None) -> int:
    """Enter a reading of a run's test that was made elsewhere.

    Parameters
    ----------
    run : Run
    source : str
        Where it is told: who, when, with what. A line break becomes a space.
    merge : path, optional
        As for `readings_of`.

    Returns
    -------
    int
        How many readings of this test there are now.

    Raises
    ------
    InputError
        If the source is empty, or the merge is none for `readings_of`.
    OSError
        If the log cannot be written.
    """
    told = " ".join(source.split())
    if not told:
        text = "must say where the reading is told, got an empty text."
        raise InputError(text, argument="source")
    test = content.digest_test(run.table)
    known = {"protocol": run.protocol, "source": told}
    return count_reading(_folder_of(run, merge), test=test, **known)


def find_folder(run: Run, merge: str | Path | None = None) -> Path:
    """Give the folder with the log of a run's test.

    It is the merge the run was trained on, as long as that is there, wherever its
    images are taken from: else each new merge would begin to count anew.
    """
    return run.merge_folder or origin.find_merge(run, merge)


def _folder_of(run: Run, merge: str | Path | None) -> Path:
    folder = find_folder(run, merge)
    if merge is not None:  # else any folder would tell of no reading
        test = run.table[run.table["split"] == "test"]
        lost = origin.find_lost(test, data.Merge.load(merge), by=["image_id"])
        if len(lost):
            raise InputError(
                f"must hold the images of the test of {run.folder}, but {len(lost)} of "
                f"{len(test)} are not in {merge}. Give a merge of the sources it was "
                "trained on.",
                argument="merge",
            )
    return folder
