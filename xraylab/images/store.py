"""What was seen of files, kept between runs in a small database.

It is written every few dozen files: a run that is killed loses seconds, and two runs
at once do no harm. Where it is locked, damaged or cannot be written, work goes on
without it, and one warning says so.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from xraylab.caches import cache_folder, warn_without_cache

Stamp = tuple[int, int, int]
_PATIENCE_S = 10  # for another run that writes; it does so within milliseconds
_TABLE = """
create table if not exists seen (
    path text primary key, size integer, written integer, changed integer,
    digest text, cause text, header text, square blob, inner blob
)"""


class Seen(NamedTuple):
    """What one reading of a file gave.

    `cause` says why it is no image, "" when it is; then `header` is a JSON list,
    `square` holds the grey levels, and `inner` those without bars, if any. Without a
    `stamp` it is looked at again next time.
    """

    path: str
    stamp: Stamp | None
    digest: str = ""
    cause: str = ""
    header: str = ""
    square: bytes = b""
    inner: bytes = b""


class Store:
    """The database of one root; closed when its `with` block ends.

    Parameters
    ----------
    name : str
        As from `xraylab.caches.cache_name`.
    n_bytes, n_facts : int
        Of a square and of a header; a row of others is damaged, and is passed over.
    """

    def __init__(self, name: str, *, n_bytes: int, n_facts: int) -> None:
        self._name, self._n_bytes, self._n_facts = name, n_bytes, n_facts
        self._file: Path | None = None
        self._database: sqlite3.Connection | None = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def load(self, stamps: Mapping[str, Stamp | None]) -> dict[str, Seen]:
        """Give what was seen of these files, as far as they have not changed since."""
        for is_last in (False, True):
            try:
                self._file = cache_folder() / f"{self._name}.sqlite"
                return self._read(stamps)
            except (OSError, sqlite3.OperationalError) as error:
                self._go_without(error)
                return {}
            except sqlite3.DatabaseError as error:  # damaged: it is begun anew
                if is_last or not self._remove():
                    self._go_without(error)
                    return {}
        raise AssertionError("the second round returns")

    def keep(self, rows: Iterable[Seen]) -> None:
        """Keep what was seen, if that can be done."""
        flat = [(row.path, *row.stamp, *row[2:]) for row in rows if row.stamp]
        if self._database is None or not flat:
            return
        try:
            with self._database:
                marks = ", ".join("?" * len(flat[0]))
                text = f"insert or replace into seen values ({marks})"
                self._database.executemany(text, flat)
        except sqlite3.Error as error:
            if not isinstance(error, sqlite3.OperationalError):
                self._remove()
            self._go_without(error)

    def _read(self, stamps: Mapping[str, Stamp | None]) -> dict[str, Seen]:
        self._database = sqlite3.connect(self._file, timeout=_PATIENCE_S)
        # a power cut may cost the cache, never an image
        self._database.execute("pragma synchronous = off")
        self._database.execute(_TABLE)
        # a damaged path matches no file, so that file is looked at again
        self._database.text_factory = partial(str, encoding="utf-8", errors="replace")
        found = {}
        with closing(self._database.execute("select * from seen")) as rows:
            for path, size, written, changed, *facts in rows:
                seen = Seen(path, (size, written, changed), *facts)
                if stamps.get(path) == seen.stamp and self._is_whole(seen):
                    found[path] = seen
        return found

    def _is_whole(self, seen: Seen) -> bool:
        if seen.cause:
            return isinstance(seen.cause, str)
        try:
            sizes = len(json.loads(seen.header)), len(seen.square)
            is_inner = len(seen.inner) in (0, self._n_bytes)
            return sizes == (self._n_facts, self._n_bytes) and is_inner
        except (ValueError, TypeError):
            return False

    def _go_without(self, error: Exception) -> None:
        self._close()
        warn_without_cache(self._file or self._name, error)

    def _close(self) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
        self._database = None

    def _remove(self) -> bool:
        """Remove a damaged database, and the journal that belongs to it."""
        self._close()
        try:
            self._file.unlink(missing_ok=True)
            self._file.with_name(f"{self._file.name}-journal").unlink(missing_ok=True)
        except OSError:
            return False
        return True
