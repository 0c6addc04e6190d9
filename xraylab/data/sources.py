"""The three sources: how they are laid out, and what a path tells.

All three Kaggle sets hold split folders (train, val, test) with class folders
in them. They are recognised by that structure wherever they hang, whatever
the folder above is called.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from xraylab.data import filenames, scan
from xraylab.errors import IncompleteSourceError, UnknownLayoutError

SPLITS = ("train", "val", "test")
FILE_COLUMNS = [
    *("path", "source", "published_split", "label"),
    *("kind", "number", "patient_id", "bytes"),
]


@dataclass(frozen=True)
class Source:
    """One published set: its name, its class folders and where it comes from."""

    name: str
    classes: dict[str, int | None]  # lower-case folder -> label, None is left out
    page: str
    licence: str


# In the order of publication: of several copies the first source's is kept.
SOURCES = {
    source.name: source
    for source in (
        Source(
            "chest-xray-pneumonia",
            {"normal": 0, "pneumonia": 1},
            "https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia",
            "CC BY 4.0",
        ),
        Source(
            "pneumonia-xray-images",
            {"normal": 0, "opacity": 1},
            "https://www.kaggle.com/datasets/pcbreviglieri/pneumonia-xray-images",
            "as stated on its page",
        ),
        Source(
            "chest-xray-covid19-pneumonia",
            {"normal": 0, "pneumonia": 1, "covid19": None},
            "https://www.kaggle.com/datasets/prashant268/chest-xray-covid19-pneumonia",
            "as stated on its page",
        ),
    )
}
FIRST, SECOND, THIRD = SOURCES
_TOLD = {"normal", "pneumonia", "opacity"}  # folders with a label


@dataclass(frozen=True)
class FoundSource:
    """A source met on disk: which one, and the folder with its split folders."""

    name: str
    root: Path


def find_sources(root: str | Path) -> list[FoundSource]:
    """Find the known sources under a folder, nested copies included.

    Outer folders come before those nested in them.

    Raises
    ------
    FileNotFoundError
        If `root` is no folder.
    UnknownLayoutError
        If no split folders with class folders are under `root`.
    """
    root = _existing_folder(root)
    return _find_sources(root, scan.walk(root)[0])


def list_files(root: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """List every file under a folder: those of a source, and those left out.

    Nothing is skipped silently: files + ignored = all files found.

    Parameters
    ----------
    root : path
        Folder that holds one or more of the three sources at any depth.

    Returns
    -------
    files : DataFrame
        One row an image file, columns `FILE_COLUMNS`, sorted by path; `path`
        is relative to `root`, `bytes` the file's size.
    ignored : DataFrame
        Columns path and reason.

    Raises
    ------
    FileNotFoundError
        If `root` is no folder.
    UnknownLayoutError
        If no source is under `root`.
    IncompleteSourceError
        If a split has no images of a class.
    """
    root = _existing_folder(root)
    tree, ignored = scan.walk(root)
    found = _find_sources(root, tree)
    places = _class_folders(found, tree)
    outers = {folder: _outer_copies(folder, places, found) for folder in tree}
    not_read = {folder: _reason_of_place(folder, places.get(folder)) for folder in tree}
    rows, read = [], set()
    for folder, path in scan.list_paths(tree, root):
        reason, n_bytes = scan.reason_to_ignore(path, not_read[folder]), 0
        if not reason:
            n_bytes, reason = scan.measure(path, root)
        if not reason and _is_in(outers[folder], path, n_bytes):
            reason = "second copy nested in the same source"
        if reason:
            ignored.append((scan.shown(path), reason))
        else:
            read.add(places[folder])
            rows.append(_file_row(path, places[folder], n_bytes))
    _refuse_empty_classes(places, read, ignored)
    return _sorted_table(rows, FILE_COLUMNS), _sorted_table(ignored, ["path", "reason"])


def _existing_folder(root: str | Path) -> Path:
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(
            f"root must be an existing folder, got {root}. Unpack the Kaggle "
            "downloads into one folder and give its path; data/README.md says how."
        )
    return root


def _children(folder: Path, tree: dict[Path, list[str]]) -> dict[str, list[Path]]:
    """Sub-folders by lower-case name (NORMAL and normal are the same class)."""
    children: dict[str, list[Path]] = {}
    for other in tree:
        if other.parent == folder and other != folder:
            children.setdefault(other.name.lower(), []).append(other)
    return children


def _find_sources(root: Path, tree: dict[Path, list[str]]) -> list[FoundSource]:
    homes = {
        folder.parent.parent
        for folder in tree
        if folder.parent.name.lower() in SPLITS
        and any(folder.name.lower() in s.classes for s in SOURCES.values())
        and "__MACOSX" not in folder.relative_to(root).parts
        and folder.parent != root
    }
    ordered = sorted(homes, key=lambda home: (len(home.parts), home.as_posix()))
    classes = {home: _classes(home, tree) for home in ordered}
    names_of = {home: _recognise(classes[home]) for home in ordered}
    found = [FoundSource(name, home) for home, name in names_of.items() if name]
    # a source with one more class must not vanish beside others that are whole
    odd = [h for h in ordered if not names_of[h] and len(_TOLD & set(classes[h])) > 1]
    if odd or not found:
        inside = [name for home in odd or ordered for name in classes[home]]
        shown = inside or sorted(p.name for p in root.iterdir())
        raise UnknownLayoutError(
            "root must hold train, val or test folders with NORMAL and PNEUMONIA (or "
            "opacity) folders in them and no other class, found "
            f"{', '.join(shown[:6]) or 'nothing'} in {root}. "
            "data/README.md shows the three layouts."
        )
    return found


def _classes(home: Path, tree: dict[Path, list[str]]) -> dict[str, list[str]]:
    """Name the class folders in the splits, with their images; others if filled."""
    known = {name for source in SOURCES.values() for name in source.classes}
    classes: dict[str, list[str]] = {}
    for split, folders in _children(home, tree).items():
        for folder in folders if split in SPLITS else []:
            for name, inner in _children(folder, tree).items():
                files = [n for f in inner for n in tree[f] if scan.is_image(n)]
                if name in known or (files and name[0].isalnum()):  # .ipynb_checkpoints
                    classes.setdefault(name, []).extend(files)
    return classes


def _recognise(classes: dict[str, list[str]]) -> str:
    """Name the source by its classes and the look of its file names; "" if none."""
    files = [file for some in classes.values() for file in some]
    name = FIRST
    if "opacity" in classes:
        name = SECOND
    elif "covid19" in classes or any(map(filenames.is_indexed, files)):
        name = THIRD
    known = SOURCES[name].classes
    is_sick = any(known.get(folder) == 1 for folder in classes)
    # with normal alone it is half a download: no set has a single class
    is_known = set(classes) <= set(known) and (is_sick or set(classes) == {"normal"})
    return name if is_known else ""


@dataclass(frozen=True)
class _Place:
    source: str
    home: Path
    split: str
    label: int | None


def _class_folders(
    found: list[FoundSource], tree: dict[Path, list[str]]
) -> dict[Path, _Place]:
    """Map each class folder of the found sources to what it says."""
    places = {}
    for source in found:
        classes = SOURCES[source.name].classes
        for split, split_folders in _children(source.root, tree).items():
            for split_folder in split_folders if split in SPLITS else []:
                for name, folders in _children(split_folder, tree).items():
                    for folder in folders if name in classes else []:
                        places[folder] = _Place(
                            source.name, source.root, split, classes[name]
                        )
    return places


def _reason_of_place(folder: Path, place: _Place | None) -> str:
    """Say why nothing in a folder is read; "" when it is."""
    if place is None:
        return "not in a class folder of a source"
    if place.label is None:
        return f"{folder.name}: another origin, never pneumonia here"
    return ""


def _outer_copies(
    folder: Path, places: dict[Path, _Place], found: list[FoundSource]
) -> list[Path]:
    """List the folders of outer sources of which this one may be a second copy."""
    place = places.get(folder)
    return [
        outer.root / folder.relative_to(place.home)
        for outer in found
        if place and outer.name == place.source and outer.root in place.home.parents
    ]


def _is_in(folders: list[Path], path: str, n_bytes: int) -> bool:
    twins = (folder / path.rpartition("/")[2] for folder in folders)
    return any(twin.is_file() and twin.stat().st_size == n_bytes for twin in twins)


def _file_row(path: str, place: _Place, n_bytes: int) -> tuple:
    kind, number = filenames.read_name(path)
    return (
        path,
        place.source,
        place.split,
        place.label,
        kind,
        number,
        f"{kind}-{number}" if kind else "",
        n_bytes,
    )


def _refuse_empty_classes(
    places: dict[Path, _Place], read: set[_Place], ignored: list[tuple[str, str]]
) -> None:
    """Refuse a split without images of a class, its folder empty or missing."""
    homes = {(place.home, place.source) for place in places.values()}
    for folder, place in places.items():
        if any((outer, place.source) in homes for outer in place.home.parents):
            continue  # a second copy nested in the same source may hold less
        for name, label in SOURCES[place.source].classes.items():
            if label is not None and replace(place, label=label) not in read:
                to_do = "Finish the download, or take that folder out."
                raise IncompleteSourceError(
                    "each split must hold images of both classes, found no images "
                    f"of {name} in {folder.parent}. {scan.unread(ignored) or to_do}"
                )


def _sorted_table(rows: list[tuple], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(sorted(rows), columns=columns)
