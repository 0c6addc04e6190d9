"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a name to write to, and move it to `path` only when all went well.

    A reader sees the old file or the new one, never half of one; an error
    leaves nothing behind.

    Raises
    ------
    OSError
        When the folder cannot be made or written, with the path in the text.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        yield half
        os.replace(half, path)
    except OSError as error:
        raise OSError(
            error.errno,
            f"{path} could not be written: {error.strerror or error}. "
            "Nothing was left half-written; free some space or choose another folder.",
        ) from error
    finally:
        half.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path`, whole or not at all."""
    with whole_file(path) as half:
        half.write_text(text, encoding="utf-8")
