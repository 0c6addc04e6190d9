"""Walking through folders that may hold anything: links, pipes, odd names.

One walk, one rule for what is passed over and one list of split names, for every
layout.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

IMAGE_ENDINGS = (".jpeg", ".jpg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp")
PACKED = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar")
SPLIT_NAMES = {  # in any case; the value is what `published_split` says
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
UNREAD = "folder that could not be read"
_MAC = "__macosx"
# Folders and files that systems, disks and editors leave behind, in lower case. A name
# that begins with a dot is hidden anyhow.
_SYSTEM = {
    *(_MAC, "temporary items", "network trash folder", "desktop.ini", "icon\r"),
    *("$recycle.bin", "recycler", "recycled", "system volume information"),
    *("thumbs.db", "ehthumbs.db", "lost+found", "found.000", "__pycache__"),
    *("@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot"),
    *("~snapshot", "lost%2bfound"),
}
# control characters, line breaks, and the stand-ins of bytes that are not UTF-8:
# they fit into no line of a table
_UNTOLD = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]")
_SHOWN = 3  # folders or endings named in a message


@dataclass(frozen=True)
class Place:
    """What a folder says of the images in it.

    `why_not` says why none of them is read, "" when they are.
    """

    source: str
    home: Path  # the folder that holds the splits, or the classes
    split: str  # train, val, test; "" where there are no splits
    label: int
    class_name: str
    why_not: str = ""


@dataclass(frozen=True)
class Scan:
    """A tree of folders, read once.

    Attributes
    ----------
    root : Path
    files : dict of Path to list of str
        Folder -> names of the files in it, sorted.
    unread : list of (str, str)
        Folders that were not read: path and reason.
    """

    root: Path
    files: dict[Path, list[str]]
    unread: list[tuple[str, str]]

    @cached_property
    def filled(self) -> dict[Path, int]:
        """Folder -> number of images right in it, systems' folders left out."""
        counts = {
            folder: sum(map(is_image, names))
            for folder, names in self.files.items()
            if not any(map(is_system, self.parts(folder)))
        }
        return {folder: n for folder, n in counts.items() if n}

    def parts(self, folder: Path) -> tuple[str, ...]:
        """Names of the folders from the root to this one."""
        return folder.relative_to(self.root).parts

    def split_of(self, folder: Path) -> str:
        """Give the split that a class folder stands in: train, val, test, or ""."""
        above = self.parts(folder)[:-1]
        return SPLIT_NAMES.get(above[-1].lower(), "") if above else ""

    def paths(self) -> Iterator[tuple[Path, str]]:
        """Give folder and path of each file; paths are relative, with slashes."""
        for folder, names in self.files.items():
            here = "/".join(self.parts(folder))
            for name in names:
                yield folder, f"{here}/{name}" if here else name

    def describe(self, folder: Path) -> str:
        """Say in sentences what lies in a folder and below it, and what to do."""
        below = [
            f
            for f in self.files
            if folder in (f, *f.parents) and not any(map(is_system, self.parts(f)))
        ]
        named = {f: list(filter(_is_shown, self.files[f])) for f in below}
        endings = Counter(_ending(name) for names in named.values() for name in names)
        deeper = {f: self.filled[f] for f in below if f != folder and f in self.filled}
        where = [f"{shown('/'.join(self.parts(f)))} ({n})" for f, n in deeper.items()]
        if where:
            more = f" and {len(where) - _SHOWN} more" if len(where) > _SHOWN else ""
            return (
                f"Images lie in {', '.join(where[:_SHOWN])}{more}. Each class must be "
                "a folder with its images right in it: move or link them, or give "
                "the folder above those."
            )
        listed = ", ".join(f"{n} {end}" for end, n in endings.most_common(_SHOWN))
        text = f"In {shown(str(folder))}: {listed}." if listed else ""
        if endings[".dcm"]:
            text += " DICOM is not read: write it as 8-bit PNG, for one with pydicom."
        elif any(map(endings.__contains__, PACKED)):
            text += " Unpack it."
        elif dead := [
            n for f, names in named.items() for n in names if leads_to_nothing(f / n)
        ]:
            text += f" The link {shown(dead[0])} leads to nothing: link it anew."
        elif endings and not any(map(endings.__contains__, IMAGE_ENDINGS)):
            text += f" Only images are read: {', '.join(IMAGE_ENDINGS)}."
        return text.strip()

    def could_not_be_read(self) -> str:
        """Name the folders that could not be read, as sentences; "" where all were."""
        found = [f"{path}: {why}." for path, why in self.unread if UNREAD in why]
        return " ".join(found[:_SHOWN])


def read(root: str | Path) -> Scan:
    """Read the tree.

    Links are followed after all real folders, so that a link never takes the
    place of the folder it leads to.

    Raises
    ------
    FileNotFoundError
        If `root` is no folder.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(
            f"{root} must be an existing folder that holds the sources, or class "
            "folders."
        )
    tree: dict[Path, list[str]] = {}
    unread = []
    seen = set()
    waiting = [root]

    def leave_out(folder: str | Path, reason: str) -> None:
        unread.append((shown(Path(folder).relative_to(root).as_posix()), reason))

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
            # some network drives give no number: then the path tells folders apart
            own = (facts.st_dev, facts.st_ino or os.path.realpath(here))
            if own in seen:  # a loop, or linked twice
                leave_out(here, "link to a folder already read")
                folders.clear()
                continue
            seen.add(own)
            folders.sort()
            waiting += [here / name for name in folders if (here / name).is_symlink()]
            tree[here] = sorted(files)
    return Scan(root, tree, unread)


def is_system(name: str) -> bool:
    """Tell whether a folder or file is hidden, or a system's, a disk's, an editor's.

    Examples
    --------
    >>> is_system(".ipynb_checkpoints"), is_system("@eaDir"), is_system("NORMAL")
    (True, True, False)
    """
    return name.startswith(".") or name.lower() in _SYSTEM


def is_image(name: str) -> bool:
    """Tell whether a file's name is that of an image."""
    return _is_shown(name) and _ending(name) in IMAGE_ENDINGS


def reason_to_ignore(path: str, not_read: str) -> str:
    """Say why a path leaves a file out, "" when it does not.

    Parameters
    ----------
    path : str
        Relative to the root, with slashes.
    not_read : str
        Why nothing in its folder is read, or "".
    """
    *folders, name = path.split("/")
    if name.startswith("._") or any(folder.lower() == _MAC for folder in folders):
        return "macOS file, not an image"
    if any(map(is_system, folders)):
        return "in a hidden folder or one of the system"
    if is_system(name):
        return "hidden file" if name.startswith(".") else "file of the system"
    if not not_read and not is_image(name):
        return f"not an image ending ({os.path.splitext(name)[1] or 'none'})"
    return not_read


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


def leads_to_nothing(path: Path) -> bool:
    """Tell whether a path is a link whose target is not there."""
    return path.is_symlink() and not path.exists()


def _is_shown(name: str) -> bool:
    return not is_system(name)


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower() or "without an ending"
