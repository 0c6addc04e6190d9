"""Files that are written whole or not at all, and in the place of no others' files."""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from errno import (
    EACCES,
    EAGAIN,
    EDQUOT,
    EEXIST,
    EISDIR,
    ENAMETOOLONG,
    ENOSPC,
    ENOTDIR,
    ENOTEMPTY,
    EPERM,
    EROFS,
)
from pathlib import Path

from filelock import FileLock, Timeout

_ADVICE = {  # where the system's number alone says what helps
    **dict.fromkeys((ENOSPC, EDQUOT), "free some space"),
    **dict.fromkeys((EACCES, EPERM, EROFS), "choose another folder"),
    ENOTEMPTY: "choose another place",
    **dict.fromkeys(
        (EEXIST, ENOTDIR),
        "a file stands where a folder should be: choose another name",
    ),
    EISDIR: "choose another name",
    ENAMETOOLONG: "choose a shorter name",
    EAGAIN: "try again when that has ended",
}
_HALF_LETTERS = 32  # at most 128 bytes: where a name is not too long, its half is not
_PATIENCE = 10.0  # seconds; what is done alone takes milliseconds


class NotWrittenError(OSError):
    """A file or folder that could not be written; nothing is left of it."""

    def __init__(self, path: Path, error: OSError) -> None:
        self._given = path, error
        advice = f"; {_ADVICE[error.errno]}" if error.errno in _ADVICE else ""
        super().__init__(
            error.errno,
            f"{path} could not be written: {error.strerror or error}. Nothing was left "
            f"half-written{advice}.",
        )

    def __reduce__(self) -> tuple:  # so that it comes back from another process
        return type(self), self._given


def as_argument(path: Path) -> str:
    """Write a path as one word of a command, in quotes where the shell needs them."""
    text = str(path)
    return subprocess.list2cmdline([text]) if os.name == "nt" else shlex.quote(text)


def name_half(path: Path) -> Path:
    """Name what is written of a file or folder until it is whole: hidden, beside it."""
    return path.with_name(f".{path.name[:_HALF_LETTERS]}.{uuid.uuid4().hex[:8]}")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let an error of the system name a path; one that is named stays as it is."""
    try:
        yield
    except NotWrittenError:
        raise
    except OSError as error:
        raise NotWrittenError(path, error) from error


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a name to write to, and move it to `path` only when all went well.

    A reader sees the old file or the new one, never half of one; an error
    leaves nothing behind, not even an empty folder.

    Raises
    ------
    NotWrittenError
        When the folder cannot be made or written, with the path in the text.
    """
    half = name_half(path)
    with _named(path), made_folder(path.parent):
        try:
            yield half
            os.replace(half, path)
        finally:
            half.unlink(missing_ok=True)


def try_writing(path: Path) -> None:
    """Raise NotWrittenError where a file could not be written, before work is done.

    An empty file is made beside it and taken away, with the folders it needed.
    """
    _refuse_name(path)
    folder = path.parent
    with _named(path), made_folder(folder), tempfile.TemporaryFile(dir=folder):
        pass


def refuse_foreign(folder: Path, names: Iterable[str], *, mark: str) -> None:
    """Raise NotWrittenError where files of these names lie without one named `mark`.

    What we write into a folder has names that others use too, such as manifest.csv.
    Whether `mark` itself is ours its content tells: see `refuse_unlike`.
    """
    if os.path.lexists(folder / mark):
        return
    for path in (folder / name for name in names):
        if os.path.lexists(path):
            other = f"one is there, and no {mark} beside it says that it is ours"
            raise NotWrittenError(path, OSError(ENOTEMPTY, other))


def refuse_unlike(file: Path, maker: str, read: Callable[[bytes], object]) -> None:
    """Raise NotWrittenError where a file lies that `maker`, a command, did not write.

    Its content tells: `read` raises ValueError, which says why, of that of others.
    """
    if not os.path.lexists(file):
        return
    try:
        if not stat.S_ISREG(os.stat(file).st_mode):  # a pipe would be waited for
            raise ValueError("it is no regular file")
        read(file.read_bytes())
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        other = f"the one there is not of {maker}: {cause}"
        raise NotWrittenError(file, OSError(ENOTEMPTY, other)) from error


def _refuse_name(path: Path) -> None:
    """Raise NotWrittenError where no file can have a name: too long, or a folder's."""
    try:
        if stat.S_ISDIR(os.stat(path).st_mode):
            raise IsADirectoryError(EISDIR, "it is a folder")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise NotWrittenError(path, error) from error


def remove_halves(folder: Path, names: Iterable[str]) -> None:
    """Remove what a kill left of files of these names that were being written.

    Others' hidden files stay. Only for who writes there alone: the half of a file that
    is being written goes, too.
    """
    named = "|".join(re.escape(name[:_HALF_LETTERS]) for name in names)
    for file in folder.glob(".*"):
        if re.fullmatch(rf"\.(?:{named})\.[0-9a-f]{{8}}", file.name):
            file.unlink(missing_ok=True)


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a folder, and take it away again when nothing came to lie in it."""
    missing = _list_missing(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        _remove_empty(missing)


def _list_missing(folder: Path) -> list[Path]:
    """List a folder and those above it that are not there, the innermost first."""
    return [part for part in (folder, *folder.parents) if not part.exists()]


def _remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders one by one, as far as they are there and empty."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path`, whole or not at all."""
    write_texts({path: text})


def write_texts(texts: Mapping[Path, str]) -> None:
    """Write each text to its path: all of them, or none.

    They get their names in the order given, when all are written. Where one cannot get
    its name, those before it get back what they held. Only a kill between two
    renamings can leave new files beside old ones. Of two commands at once, the second
    is told of the first by NotWrittenError: else theirs would lie side by side.
    """
    for path in texts:
        _refuse_name(path)
    with _together(texts), _put_back_on_error(texts) as before, ExitStack() as halves:
        for path, text in reversed(texts.items()):
            half = halves.enter_context(whole_file(path))
            half.write_text(text, encoding="utf-8")
            halves.enter_context(_noted(path, before))


@contextmanager
def alone(path: Path, *, is_long: bool = False) -> Iterator[None]:
    """Let one process or thread at a time read a file and then change it.

    Others wait for ten seconds. An empty file beside it, its name with `.lock`, is what
    they wait for; it stays, and a kill leaves nobody waiting. The folder must be there.
    Of what takes long others are told at once, and the empty file goes at its end.

    Raises
    ------
    NotWrittenError
        When another one takes longer than that, or the folder cannot be written.
    """
    patience = 0 if is_long else _PATIENCE
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=patience)
    try:
        os.stat(path.parent)  # the lock would make the folder
        held = lock.acquire()
    except Timeout:
        busy = OSError(EAGAIN, "another command is writing it")
        raise NotWrittenError(path, busy) from busy
    except OSError as error:
        raise NotWrittenError(path, error) from error
    with held:
        try:
            yield
        finally:
            if is_long:
                with suppress(OSError):  # Windows removes no file that is open
                    os.unlink(lock.lock_file)


@contextmanager
def _together(paths: Collection[Path]) -> Iterator[None]:
    """Keep others out while several files are written; one alone cannot be mixed."""
    if len(paths) < 2:
        yield
        return
    first = next(iter(paths))
    with _named(first), made_folder(first.parent), alone(first, is_long=True):
        yield


@contextmanager
def _put_back_on_error(paths: Collection[Path]) -> Iterator[dict[Path, bytes | None]]:
    """Give files back what they held, as noted, when not all could get their names."""
    missing = [part for path in paths for part in _list_missing(path.parent)]
    before: dict[Path, bytes | None] = {}
    try:
        yield before
    except BaseException:
        put_back(before)
        _remove_empty(missing)
        raise


@contextmanager
def _noted(path: Path, before: dict[Path, bytes | None]) -> Iterator[None]:
    """Note what a file holds, when all are written and it is about to be replaced."""
    yield
    before |= note_content([path])


def note_content(paths: Iterable[Path]) -> dict[Path, bytes | None]:
    """Note what files hold, None where there is none; folders are left out."""
    files = (path for path in paths if not path.is_dir())
    return {path: path.read_bytes() if path.is_file() else None for path in files}


def put_back(before: Mapping[Path, bytes | None]) -> None:
    """Give files back what `note_content` noted, and remove those that came since."""
    for path, held in before.items():
        if held is None:
            path.unlink(missing_ok=True)
        elif not path.is_file() or path.read_bytes() != held:
            with whole_file(path) as half:
                half.write_bytes(held)


def append_line(path: Path, line: str) -> None:
    """Add a line at the end of a file, whole or not at all; the folder must be there.

    Where the last line lacks its end, as an editor may leave it, it gets it first.

    Raises
    ------
    NotWrittenError
        When the file cannot be written; the lines before stay.
    """
    before = path.read_bytes() if path.is_file() else b""
    end = "\n" if before and not before.endswith(b"\n") else ""
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"{end}{line}\n")
    except OSError as error:
        with suppress(OSError):
            os.truncate(path, len(before))
        raise NotWrittenError(path, error) from error


def encodable(text: str) -> str:
    r"""Escape what UTF-8 cannot hold, such as odd bytes in a folder's name.

    Examples
    --------
    >>> encodable("a\udcff")
    'a\\udcff'
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
