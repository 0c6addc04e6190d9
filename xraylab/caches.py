"""What is kept between runs, and where.

A cache is named by what it was made of, and never stops work: where it cannot be used,
work goes on without it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import platformdirs

from xraylab.files import NotWrittenError


def cache_folder() -> Path:
    """Give the folder for what is kept between runs; XRAYLAB_CACHE overrides it.

    Where that cannot be written, a temporary folder is used, with a warning.

    Raises
    ------
    NotWrittenError
        If neither can be written.
    """
    folder = Path(
        os.environ.get("XRAYLAB_CACHE") or platformdirs.user_cache_path("xraylab")
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
        other = Path(tempfile.gettempdir()) / f"xraylab-{user}"
        warnings.warn(
            f"{folder} could not be written ({error.strerror or error}); images and "
            f"runs go to {other}. Set XRAYLAB_CACHE to a folder you may write.",
            stacklevel=1,  # one place, so it is said once
        )
        try:
            other.mkdir(parents=True, exist_ok=True)
        except OSError as neither:
            raise NotWrittenError(other, neither) from neither
        return other


def cache_name(stage: str, version: int, facts: Sequence[object] = ()) -> str:
    """Name a cache by what it was made of, so that no other is taken for it.

    Parameters
    ----------
    stage : str
        What the cache holds; the name begins with it.
    version : int
        The stage's count of changes of what is kept or how it is made.
    facts : sequence
        What went in: bytes and arrays by their content, all else as written out.

    Examples
    --------
    >>> cache_name("groups", 1, [b"pixels"]) == cache_name("groups", 2, [b"pixels"])
    False
    """
    digest = hashlib.blake2b(f"{version}".encode(), digest_size=8)
    for fact in facts:
        is_text = isinstance(fact, str | int | tuple | Path)
        content = repr(fact).encode(errors="replace") if is_text else memoryview(fact)
        digest.update(f"\n{len(content)} ".encode())
        digest.update(content)
    return f"{stage}-{digest.hexdigest()}"


def stamp(path: str | Path) -> tuple[int, int, int]:
    """Give what changes when a file's content does: size, and two times.

    The time of the last write can be set back; that of the last change of the file's
    record (ctime) cannot. Windows has none: there, content that is replaced by as
    many bytes with the time set back looks unchanged.
    """
    facts = os.stat(path)
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def warn_without_cache(cache: Path | str, error: Exception) -> None:
    """Say that a cache could not be used, and that work goes on without it."""
    first = error.__cause__ or error
    cause = getattr(first, "strerror", None) or first
    warnings.warn(
        f"the cache {cache} could not be used ({cause}); work goes on without it, and "
        "the next run does it again.",
        stacklevel=2,
    )
