"""One look at each file: its digest, its header and a small grey square.

What was seen is kept in a small database in the user's cache, so the next run
over unchanged files reads no pixels. It is written every few dozen files: a run
that is killed loses seconds, and two runs at once do no harm.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from xraylab.errors import UnreadableImageError
from xraylab.files import NotWrittenError, cache_folder
from xraylab.images import decode
from xraylab.progress import progress_bar

THUMBNAIL_PX = 48
MAX_BYTES = 100_000_000  # a larger file is no image of this kind
HEADER = [
    *("width", "height", "mode", "format", "table_sum", "progressive", "dpi", "note"),
]
_CHUNK = 64  # files looked at between two writes
_WORTH_WORKERS = 500  # below, starting processes takes longer than it saves
_VERSION = 2  # counts changes of what is kept
_ASK_AGAIN = -1  # no time of change: a file that could not be reached is tried anew
_TABLE = """
create table if not exists seen (
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
        progressive (0 or 1), dpi (0 when not said), note (what is odd about its
        grey levels, "" for most), aspect (width by height), bits_per_pixel, and
        square (a row number of `squares`; files of the same bytes share one).
    squares : array of uint8, shape (n_squares, 48, 48)
        Grey levels.
    problems : DataFrame
        Columns path and cause: files that could not be read as images.
    """

    files: pd.DataFrame
    squares: np.ndarray
    problems: pd.DataFrame


def read_thumbnails(
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
    RuntimeError
        If a worker was ended from outside.
    """
    root, store = Path(root).resolve(), _store(root)
    for may_be_damaged in (True, False):
        try:
            with closing(sqlite3.connect(store, timeout=60)) as database:
                _prepare(database)
                todo = _unseen(database, paths, root)
                _look_and_keep(database, todo, root, workers, progress)
                return _collect(database, paths)
        except BrokenProcessPool as error:
            raise RuntimeError(
                "a process that read images was ended from outside, perhaps for want "
                "of memory. Run again: what was seen is kept."
            ) from error
        except sqlite3.OperationalError as error:
            raise NotWrittenError(store, OSError(str(error))) from error
        except sqlite3.DatabaseError:
            if not may_be_damaged:
                raise
        _remove(store)  # it is a cache, so it is begun anew
    raise AssertionError("the second round returns or raises")


def _store(root: str | Path) -> Path:
    place = f"{decode.DECODER} {THUMBNAIL_PX} {_VERSION} {Path(root).resolve()}"
    digest = hashlib.blake2b(place.encode(errors="replace"), digest_size=8).hexdigest()
    return cache_folder() / f"thumbnails-{digest}.sqlite"


def _prepare(database: sqlite3.Connection) -> None:
    # a power cut may cost the cache, never an image
    database.execute("pragma synchronous = off")
    database.execute(_TABLE)
    # a damaged path matches no file, so that file is looked at again
    database.text_factory = partial(str, encoding="utf-8", errors="replace")


def _remove(store: Path) -> None:
    """Remove a damaged database, and the journal that belongs to it."""
    try:
        store.unlink(missing_ok=True)
        store.with_name(f"{store.name}-journal").unlink(missing_ok=True)
    except OSError as error:
        raise NotWrittenError(store, error) from error


def _unseen(
    database: sqlite3.Connection, paths: Sequence[str], root: Path
) -> list[tuple[str, int, int]]:
    """List path, size and time of change of the files to look at.

    Sorted by size, so that files of the same bytes lie side by side.
    """
    known = {
        path: facts
        for path, *facts in database.execute("select path, size, changed from seen")
    }
    todo = []
    for path in paths:
        try:
            found = os.stat(os.path.join(root, path))
        except OSError:
            facts = [0, 0]  # reading it will say why
        else:
            facts = [found.st_size, found.st_mtime_ns]
        if known.get(path) != facts:
            todo.append((path, *facts))
    return sorted(todo, key=lambda row: (row[1], row[0]))


def _look_and_keep(
    database: sqlite3.Connection,
    todo: list[tuple[str, int, int]],
    root: Path,
    workers: int,
    progress: bool,
) -> None:
    if not todo:
        return
    chunks = [todo[i : i + _CHUNK] for i in range(0, len(todo), _CHUNK)]
    with progress_bar(
        total=len(todo), desc="looking at", unit="file", progress=progress
    ) as bar:
        for rows in _look_at_all(chunks, root, workers):
            _keep(database, rows)
            bar.update(len(rows))


def _look_at_all(chunks: list[list], root: Path, workers: int) -> Iterator[list[tuple]]:
    look_at = partial(_look_at, root)
    if workers == 1 or len(chunks) * _CHUNK < _WORTH_WORKERS:
        yield from map(look_at, chunks)
        return
    with ProcessPoolExecutor(workers, initializer=_end_with_parent) as pool:
        yield from pool.map(look_at, chunks)


def _end_with_parent() -> None:
    """Let a worker end when the process that started it was killed."""

    def wait() -> None:
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _look_at(root: Path, todo: Iterable[tuple[str, int, int]]) -> list[tuple]:
    """Make the database's rows for some files."""
    seen: dict[str, tuple] = {}
    rows = []
    for path, size, changed in todo:
        try:
            data = _read(root / path)
        except UnreadableImageError as error:
            rows.append((path, size, changed, "", error.cause, "", b""))
            continue
        except OSError as error:
            cause = error.strerror or type(error).__name__
            rows.append((path, size, _ASK_AGAIN, "", cause, "", b""))
            continue
        digest = hashlib.blake2b(data, digest_size=16).hexdigest()
        if digest not in seen:
            seen[digest] = _decode(data)
        rows.append((path, size, changed, digest, *seen[digest]))
    return rows


def _read(file: Path) -> bytes:
    decode.refuse_odd_file(file)
    with file.open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)  # it may have grown since it was listed
    if len(data) > MAX_BYTES:
        cause = f"it has more than {MAX_BYTES:,} bytes"
        raise UnreadableImageError(str(file), cause)
    return data


def _decode(data: bytes) -> tuple[str, str, bytes]:
    """Give cause ("" when all is well), header as JSON, and the square."""
    try:
        header, square = decode.read_both(data, THUMBNAIL_PX)
    except UnreadableImageError as error:
        return error.cause, "", b""
    return "", json.dumps([header[name] for name in HEADER]), square.tobytes()


def _keep(database: sqlite3.Connection, rows: list[tuple]) -> None:
    with database:
        database.executemany(
            "insert or replace into seen values (?, ?, ?, ?, ?, ?, ?)", rows
        )


def _collect(database: sqlite3.Connection, paths: Sequence[str]) -> Thumbnails:
    wanted = set(paths)
    seen = database.execute("select path, digest, size, header, cause from seen")
    rows = {path: facts for path, *facts in seen if path in wanted}
    problems = [(path, rows[path][-1]) for path in sorted(rows) if rows[path][-1]]
    problems = pd.DataFrame(problems, columns=["path", "cause"])
    try:
        files = _facts({path: rows[path] for path in paths if not rows[path][-1]})
        first = files[~files["square"].duplicated()]
        place = dict(zip(first["path"], first["square"], strict=True))
        return Thumbnails(files, _squares(database, place), problems)
    except (ValueError, TypeError) as error:
        raise sqlite3.DatabaseError("a row is damaged") from error


def _facts(rows: dict[str, list]) -> pd.DataFrame:
    files = pd.DataFrame(
        (
            (path, digest, size, *json.loads(header))
            for path, (digest, size, header, _) in rows.items()
        ),
        columns=["path", "digest", "bytes", *HEADER],
    )
    files = files.astype({"table_sum": float})
    return files.assign(
        aspect=files["width"] / files["height"],
        bits_per_pixel=8 * files["bytes"] / (files["width"] * files["height"]),
        square=pd.factorize(files["digest"])[0],
    )


def _squares(database: sqlite3.Connection, place: dict[str, int]) -> np.ndarray:
    squares = np.empty((len(place), THUMBNAIL_PX, THUMBNAIL_PX), np.uint8)
    for path, square in database.execute("select path, square from seen"):
        if path in place:
            flat = np.frombuffer(square, np.uint8)
            squares[place[path]] = flat.reshape(THUMBNAIL_PX, THUMBNAIL_PX)
    return squares
