"""Walking through folders that may hold anything: links, pipes, odd names."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

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
        ignored.append((shown(Path(folder), root), reason))

    def say(error: OSError) -> None:
        leave_out(error.filename, f"folder that could not be read: {error.strerror}")

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


def measure(path: Path, root: Path) -> tuple[int, str]:
    """Give a file's size, and a reason to ignore what is no regular file.

    Opening a pipe would wait for ever; a device such as /dev/zero never ends.
    """
    if _UNTOLD.search(relative(path, root)):
        return 0, "name not UTF-8, or with a line break: rename it"
    try:
        facts = path.stat()
    except OSError as error:  # a link to nothing, a loop, or gone meanwhile
        return 0, f"cannot be reached: {error.strerror}"
    if not stat.S_ISREG(facts.st_mode):
        return 0, "a pipe or a device, no file"
    return facts.st_size, ""


def relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def shown(path: Path, root: Path) -> str:
    """Write a path so that it fits into any table: odd bytes and breaks escaped."""
    text = os.fsencode(relative(path, root)).decode("utf-8", "backslashreplace")
    return _UNTOLD.sub(lambda sign: ascii(sign[0])[1:-1], text)
