"""One look at each file: its digest, its header and a small grey square.

What was seen is kept in a small database in the user's cache, so the next run
over unchanged files reads no pixels. It is written every few dozen files: a run
that is killed loses seconds, and two runs at once do no harm.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from xraylab import _files, _progress, pixels

SQUARE_PX = 48
MAX_BYTES = 200_000_000  # a larger file is no picture of this kind
HEADER = ["width", "height", "mode", "format", "table_sum", "progressive", "dpi"]
_CHUNK = 64  # files looked at between two writes
_WORTH_WORKERS = 500  # below, starting processes takes longer than it saves
_VERSION = 1  # counts changes of what is kept
_TABLE = """
create table if not exists looks (
    path text primary key, size integer, changed integer,
    digest text, cause text, header text, square blob
)"""


@dataclass(frozen=True)
class Thumbnails:
    """What was seen of many files.

    Attributes
    ----------
    files : DataFrame
        One row a readable file: path, digest (of its bytes), bytes, width and
        height (pixels), mode (Pillow's, such as "L"), format, table_sum (of the
        JPEG's table of brightness steps, higher is coarser; NaN elsewhere),
        progressive (0 or 1) and dpi (0 when not said).
    squares : array of uint8, shape (n_files, 48, 48)
        Grey levels, row for row as in `files`.
    problems : DataFrame
        Columns path and cause: files that could not be read as pictures.
    """

    files: pd.DataFrame
    squares: np.ndarray
    problems: pd.DataFrame


def look(
    paths: Sequence[str],
    root: str | Path,
    *,
    workers: int = 1,
    progress: bool = True,
) -> Thumbnails:
    """Look at each file once; what was seen before is not read again.

    A file is new when its path, size or time of change is new. Files of the same
    bytes are decoded once.

    Parameters
    ----------
    paths : sequence of str
        Relative to `root`, each once.
    root : path
    workers : int
        Processes that read; 1 reads in this one, as notebooks should.
    progress : bool
        Show a progress bar on stderr.

    Raises
    ------
    xraylab._files.NotWrittenError
        If the cache cannot be written.
    """
    root, store = Path(root).resolve(), _store(root)
    with closing(_open(store)) as database:
        try:
            todo = _unseen(database, paths, root)
            chunks = [todo[i : i + _CHUNK] for i in range(0, len(todo), _CHUNK)]
            with _progress.bar(
                total=len(todo), desc="looking at", unit="file", progress=progress
            ) as bar:
                for rows in _look_at_all(chunks, root, workers):
                    _keep(database, rows)
                    bar.update(len(rows))
            return _collect(database, paths)
        except sqlite3.OperationalError as error:
            raise _files.NotWrittenError(store, OSError(str(error))) from error


def _store(root: str | Path) -> Path:
    place = f"{pixels.DECODER} {SQUARE_PX} {_VERSION} {Path(root).resolve()}"
    digest = hashlib.blake2b(place.encode(errors="replace"), digest_size=8).hexdigest()
    return _files.cache_folder() / f"looks-{digest}.sqlite"


def _open(store: Path) -> sqlite3.Connection:
    """Open the database; one that is damaged is begun anew, since it is a cache."""
    for _ in range(2):
        database = sqlite3.connect(store, timeout=60)
        try:
            # a power cut may cost the cache, never a picture
            database.execute("pragma synchronous = off")
            database.execute(_TABLE)
        except sqlite3.OperationalError as error:
            database.close()
            raise _files.NotWrittenError(store, OSError(str(error))) from error
        except sqlite3.DatabaseError:
            database.close()
            store.unlink()
        else:
            return database
    raise _files.NotWrittenError(store, OSError("it is no database"))


def _unseen(
    database: sqlite3.Connection, paths: Sequence[str], root: Path
) -> list[tuple[str, int, int]]:
    """List path, size and time of change of the files to look at.

    Sorted by size, so that files of the same bytes lie side by side.
    """
    known = {
        path: facts
        for path, *facts in database.execute("select path, size, changed from looks")
    }
    todo = []
    for path in paths:
        try:
            found = (root / path).stat()
        except OSError:
            facts = [-1, -1]  # reading it will say why
        else:
            facts = [found.st_size, found.st_mtime_ns]
        if known.get(path) != facts:
            todo.append((path, *facts))
    return sorted(todo, key=lambda row: (row[1], row[0]))


def _look_at_all(chunks: list[list], root: Path, workers: int) -> Iterator[list[tuple]]:
    look_at = partial(_look_at, root)
    if workers == 1 or len(chunks) * _CHUNK < _WORTH_WORKERS:
        yield from map(look_at, chunks)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(look_at, chunks)


def _look_at(root: Path, todo: Iterable[tuple[str, int, int]]) -> list[tuple]:
    """Make the database's rows for some files."""
    seen: dict[str, tuple] = {}
    rows = []
    for path, size, changed in todo:
        try:
            if size > MAX_BYTES:
                raise OSError(0, f"{size:,} bytes are more than {MAX_BYTES:,}")
            data = (root / path).read_bytes()
        except OSError as error:
            rows.append((path, size, changed, "", error.strerror, "", b""))
            continue
        digest = hashlib.blake2b(data, digest_size=16).hexdigest()
        if digest not in seen:
            seen[digest] = _decode(data)
        rows.append((path, size, changed, digest, *seen[digest]))
    return rows


def _decode(data: bytes) -> tuple[str, str, bytes]:
    """Give cause ("" when all is well), header as JSON, and the square."""
    try:
        header = pixels.read_header(data)
        square = pixels.read_pixels(data, SQUARE_PX)
    except pixels.UnreadablePictureError as error:
        return error.cause, "", b""
    return "", json.dumps([header[name] for name in HEADER]), square.tobytes()


def _keep(database: sqlite3.Connection, rows: list[tuple]) -> None:
    with database:
        database.executemany(
            "insert or replace into looks values (?, ?, ?, ?, ?, ?, ?)", rows
        )


def _collect(database: sqlite3.Connection, paths: Sequence[str]) -> Thumbnails:
    place = {path: i for i, path in enumerate(paths)}
    facts: list[tuple | None] = [None] * len(paths)
    squares = np.zeros((len(paths), SQUARE_PX, SQUARE_PX), np.uint8)
    problems = []
    columns = "path, size, digest, cause, header, square"
    for path, size, digest, cause, header, square in database.execute(
        f"select {columns} from looks"
    ):
        if path not in place:
            continue
        if cause:
            problems.append((path, cause))
            continue
        row = place[path]
        facts[row] = (path, digest, size, *json.loads(header))
        squares[row] = np.frombuffer(square, np.uint8).reshape(SQUARE_PX, SQUARE_PX)
    good = np.array([fact is not None for fact in facts], dtype=bool)
    names = ["path", "digest", "bytes", *HEADER]
    files = pd.DataFrame([fact for fact in facts if fact], columns=names)
    problems = pd.DataFrame(sorted(problems), columns=["path", "cause"])
    return Thumbnails(
        files.astype({"table_sum": float}),
        squares if good.all() else squares[good],
        problems,
    )


def all_cores() -> int:
    """Count the processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
