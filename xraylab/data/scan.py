"""Walking through folders that may hold anything: links, pipes, odd names."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

IMAGE_ENDINGS = (".jpeg", ".jpg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp")
UNREAD = "folder that could not be read"
# control characters, line breaks, and the stand-ins of bytes that are not UTF-8:
# they fit into no line of a table
_UNTOLD = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]")


def walk(root: Path) -> tuple[dict[Path, list[str]], list[tuple[str, str]]]:
    """Read the tree: folder -> file names; and the folders that were not read.

    Links are followed after all real folders, so that a link never takes the
    place of the folder it leads to.
    """
    tree: dict[Path, list[str]] = {}
    ignored = []
    seen = set()
    waiting = [root]

    def leave_out(folder: str | Path, reason: str) -> None:
        ignored.append((shown(Path(folder).relative_to(root).as_posix()), reason))

    def say(error: OSError) -> None:
        leave_out(error.filename, f"{UNREAD}: {error.strerror}")

    while waiting:
        for folder, folders, files in os.walk(waiting.pop(0), onerror=say):
            here = Path(folder)
            try:
                facts = here.stat()
            except OSError as error:  # gone meanwhile
                say(error)
                continue
            if (facts.st_dev, facts.st_ino) in seen:  # a loop, or linked twice
                leave_out(here, "link to a folder already read")
                folders.clear()
                continue
            seen.add((facts.st_dev, facts.st_ino))
            folders.sort()
            waiting += [here / name for name in folders if (here / name).is_symlink()]
            tree[here] = sorted(files)
    return tree, ignored


def list_paths(tree: dict[Path, list[str]], root: Path) -> Iterator[tuple[Path, str]]:
    """Give folder and path of each file; paths are relative, with slashes."""
    for folder, files in tree.items():
        here = folder.relative_to(root).as_posix()
        yield from (
            (folder, name if here == "." else f"{here}/{name}") for name in files
        )


def reason_to_ignore(path: str, not_read: str) -> str:
    """Say why a path leaves a file out, "" when it does not.

    Parameters
    ----------
    path : str
        With slashes.
    not_read : str
        Why nothing in its folder is read, or "".
    """
    folder, _, name = path.rpartition("/")
    if name.startswith("._") or "__MACOSX" in folder.split("/"):
        return "macOS file, not an image"
    if name.startswith("."):
        return "hidden file"
    ending = os.path.splitext(name)[1]
    if not not_read and ending.lower() not in IMAGE_ENDINGS:
        return f"not an image ending ({ending or 'none'})"
    return not_read


def is_image(name: str) -> bool:
    """Tell whether a file's name is that of an image."""
    return not reason_to_ignore(name, "")


def unread(ignored: list[tuple[str, str]]) -> str:
    """Name the folders that could not be read, as sentences; "" where all were."""
    found = [f"{path}: {why}." for path, why in ignored if why.startswith(UNREAD)]
    return " ".join(found[:3])


def measure(path: str, root: Path) -> tuple[int, str]:
    """Give a file's size, and a reason to ignore what is no regular file.

    Opening a pipe would wait for ever; a device such as /dev/zero never ends.
    """
    if _UNTOLD.search(path):
        return 0, "name not UTF-8, or with a line break: rename it"
    try:
        facts = os.stat(os.path.join(root, path))
    except OSError as error:  # a link to nothing, a loop, or gone meanwhile
        return 0, f"cannot be reached: {error.strerror}"
    if not stat.S_ISREG(facts.st_mode):
        return 0, "a pipe or a device, no file"
    return facts.st_size, ""


def shown(path: str) -> str:
    """Write a path so that it fits into any table: odd bytes and breaks escaped."""
    if not _UNTOLD.search(path):
        return path
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return _UNTOLD.sub(lambda sign: ascii(sign[0])[1:-1], text)
