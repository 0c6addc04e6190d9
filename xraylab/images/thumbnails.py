"""One reading of each file: its digest, its header and a small grey square.

What was seen is kept in the user's cache, so the next run over unchanged files reads
no pixels.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from xraylab.caches import cache_name, stamp
from xraylab.errors import ReadersEndedError, UnreadableImageError
from xraylab.images import decode
from xraylab.images.store import Seen, Stamp, Store
from xraylab.progress import progress_bar

THUMBNAIL_PX = 48
HEADER = [
    *("width", "height", "mode", "format", "table_sum", "progressive", "dpi", "note"),
]
_CHUNK = 64  # files looked at between two writes
_WORTH_WORKERS = 500  # below, starting processes takes longer than it saves
_MOST_WORKERS = 61  # Windows takes no more
_VERSION = 5  # counts changes of what is kept


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
        grey levels, "" for most) and square (a row number of `squares`; files of
        the same bytes share one).
    squares : array of uint8, shape (n_squares, 48, 48)
        Grey levels.
    barred : array of int, shape (n_barred,)
        Rows of `squares` with bars of one grey level along their sides.
    inner : array of uint8, shape (n_barred, 48, 48)
        These images without their bars.
    problems : DataFrame
        Columns path and cause: files that could not be read as images.
    """

    files: pd.DataFrame
    squares: np.ndarray
    barred: np.ndarray
    inner: np.ndarray
    problems: pd.DataFrame


def read_thumbnails(
    paths: Sequence[str],
    root: str | Path,
    *,
    workers: int = 1,
    progress: bool = True,
) -> Thumbnails:
    """Look at each file once; what was seen before is not read again.

    A file is new when its path, size, time of writing or time of change is new: see
    `xraylab.caches.stamp`. Files of the same bytes are decoded once.

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
    xraylab.ReadersEndedError
        If a process that reads images ended before it was done.
    """
    root = Path(root).resolve()
    stamps = {path: _stamp(root, path) for path in paths}
    name = cache_name("thumbnails", _VERSION, [decode.DECODER, THUMBNAIL_PX, root])
    with Store(name, n_bytes=THUMBNAIL_PX**2, n_facts=len(HEADER)) as store:
        seen = store.load(stamps)
        # by size, so that files of the same bytes lie side by side
        todo = sorted(
            (item for item in stamps.items() if item[0] not in seen),
            key=lambda item: (item[1] or (0,), item[0]),
        )
        for rows in _look_at_all(todo, root, workers, progress):
            store.keep(rows)
            seen |= {row.path: row for row in rows}
    return _collect([seen[path] for path in paths], stamps)


def _stamp(root: Path, path: str) -> Stamp | None:
    try:
        return stamp(os.path.join(root, path))
    except OSError:
        return None  # reading it will say why


def _look_at_all(
    todo: list[tuple[str, Stamp | None]], root: Path, workers: int, progress: bool
) -> Iterator[list[Seen]]:
    """Look at files, a chunk at a time, and show how far it is."""
    if not todo:
        return
    chunks = [todo[i : i + _CHUNK] for i in range(0, len(todo), _CHUNK)]
    with progress_bar(
        total=len(todo), desc="looking at", unit="file", progress=progress
    ) as bar:
        for rows in _look_in_processes(chunks, root, workers):
            yield rows
            bar.update(len(rows))


def _look_in_processes(
    chunks: list[list], root: Path, workers: int
) -> Iterator[list[Seen]]:
    look_at = partial(_look_at, root)
    if workers == 1 or len(chunks) * _CHUNK < _WORTH_WORKERS:
        yield from map(look_at, chunks)
        return
    workers = min(workers, _MOST_WORKERS)
    try:
        with ProcessPoolExecutor(workers, initializer=_end_with_parent) as pool:
            yield from pool.map(look_at, chunks)
    except BrokenProcessPool as error:
        raise ReadersEndedError(
            "a process that reads images ended before its work was done. Run again: "
            "what was seen is kept. If it happens again, read with workers=1; a script "
            'that reads with more needs `if __name__ == "__main__":`.'
        ) from error


def _end_with_parent() -> None:
    """Let a worker end when the process that started it was killed."""

    def wait() -> None:
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _look_at(root: Path, todo: Iterable[tuple[str, Stamp | None]]) -> list[Seen]:
    """Look at some files; those of the same bytes are decoded once."""
    seen: dict[str, dict] = {}
    rows = []
    for path, when in todo:
        try:
            data = decode.read_bytes(root / path)
        except UnreadableImageError as error:
            rows.append(Seen(path, when, cause=error.cause))
            continue
        except OSError as error:  # it may be reached another time
            rows.append(Seen(path, None, cause=decode.tell_cause(error)))
            continue
        digest = hashlib.blake2b(data, digest_size=16).hexdigest()
        if digest not in seen:
            seen[digest] = _decode(data)
        rows.append(Seen(path, when, digest, **seen[digest]))
    return rows


def _decode(data: bytes) -> dict:
    """Give what of `Seen` follows from a file's bytes."""
    try:
        header, square, inner = decode.look_at(data, THUMBNAIL_PX)
    except UnreadableImageError as error:
        return {"cause": error.cause}
    facts = json.dumps([header[name] for name in HEADER])
    within = b"" if inner is None else inner.tobytes()
    return {"header": facts, "square": square.tobytes(), "inner": within}


def _size(when: Stamp | None) -> int:
    return when[0] if when else 0  # it came between listing and reading


def _collect(seen: list[Seen], stamps: Mapping[str, Stamp | None]) -> Thumbnails:
    problems = [(row.path, row.cause) for row in seen if row.cause]
    rows = [row for row in seen if not row.cause]
    files = pd.DataFrame(
        (
            (row.path, row.digest, _size(stamps[row.path]), *json.loads(row.header))
            for row in rows
        ),
        columns=["path", "digest", "bytes", *HEADER],
    )
    files = files.astype({"table_sum": float})
    files = files.assign(
        square=pd.factorize(files["digest"])[0],
    )
    first = [rows[row] for row in np.flatnonzero(~files["square"].duplicated())]
    barred = np.flatnonzero([row.inner != b"" for row in first])
    return Thumbnails(
        files=files,
        squares=_as_squares([row.square for row in first]),
        barred=barred,
        inner=_as_squares([first[row].inner for row in barred]),
        problems=pd.DataFrame(sorted(problems), columns=["path", "cause"]),
    )


def _as_squares(held: list[bytes]) -> np.ndarray:
    squares = np.empty((len(held), THUMBNAIL_PX, THUMBNAIL_PX), np.uint8)
    for square, flat in zip(squares, held, strict=True):
        square[:] = np.frombuffer(flat, np.uint8).reshape(square.shape)
    return squares
