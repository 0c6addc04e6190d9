"""Every file under a folder: those of a class, and those left out with a reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd

from xraylab.data import filenames, folders, scan, sources
from xraylab.data.scan import Place, Scan
from xraylab.errors import InputError, UnknownLayoutError

LAYOUTS = ("sources", "any")
FILE_COLUMNS = [
    *("path", "source", "published_split", "label", "class_name"),
    *("kind", "number", "patient_id", "bytes"),
]
# The reason of images in a folder that looks like one of a class: a finding.
LEFT_OUT = "in a class folder that is not read"


def list_files(
    root: str | Path, layout: str = "sources"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """List every file under a folder: those of a class, and those left out.

    Nothing is skipped silently: files + ignored = all files found.

    Parameters
    ----------
    root : path
        Folder that holds one or more of the three sources at any depth.
    layout : str
        "sources"; or "any", which also takes folders of other classes where there
        is no source: `split/class/image` or `class/image`.

    Returns
    -------
    files : DataFrame
        One row an image file, sorted by path: path (relative to `root`), source,
        published_split (train, val, test, or "" without splits), label, class_name,
        kind, number, patient_id ("" when the name tells no child) and bytes (the
        file's size).
    ignored : DataFrame
        Columns path and reason.

    Raises
    ------
    FileNotFoundError
        If `root` is no folder.
    UnknownLayoutError
        If no source is under `root`; with "any", if it has not two class folders.
    IncompleteSourceError
        If a split of a source has no images of a class.
    """
    tree = scan.read(root)
    places, in_source = _find_places(tree, layout)
    twins = sources.nested_twins(places)
    not_read = _reasons(tree, places)
    rows, ignored, read = [], list(tree.unread), set()
    for folder, path in tree.paths():
        reason, n_bytes = scan.reason_to_ignore(path, not_read[folder]), 0
        if not reason:
            n_bytes, reason = scan.measure(path, tree.root)
        if not reason and _is_in(twins[folder], path, n_bytes):
            reason = "second copy nested in the same source"
        if reason:
            ignored.append((scan.shown(path), reason))
        else:
            read.add(places[folder])
            rows.append(_file_row(path, places[folder], n_bytes))
    if in_source:
        sources.refuse_empty_classes(tree, places, read)
    return (
        pd.DataFrame(sorted(rows), columns=FILE_COLUMNS),
        pd.DataFrame(sorted(ignored), columns=["path", "reason"]),
    )


def find_unnamed(files: pd.DataFrame) -> pd.Series:
    """Count the images of each source in which no file is named as the published are.

    Folders tell a source, and other sets have the same folders. Where not one of a
    folder's names was published with its source, it may be one of these.

    Parameters
    ----------
    files : DataFrame
        Columns path, source, kind and number, as from `list_files`.

    Returns
    -------
    Series
        Index: source, and the folder with its splits ("." for the root); value:
        number of images.
    """
    parts = files["path"].str.split("/")
    home = parts.str[:-3].str.join("/").replace("", ".")
    is_own = (files["number"] != "") & ~files["kind"].isin(filenames.ELSEWHERE)
    is_own |= ~files["source"].isin(sources.SOURCES)
    found = is_own.groupby([files["source"], home], sort=False).agg(["any", "size"])
    return found.loc[~found["any"].astype(bool), "size"]


def left_out(ignored: pd.DataFrame) -> pd.Series:
    """Count the images by folder that looks like one of a class and is not read."""
    paths = ignored.loc[ignored["reason"] == LEFT_OUT, "path"]
    images = [path.rpartition("/") for path in paths]
    folder = [folder for folder, _, name in images if scan.is_image(name)]
    return pd.Series(folder, dtype=object).value_counts(sort=False)


def _find_places(tree: Scan, layout: str) -> tuple[dict[Path, Place], bool]:
    """Map each class folder to what it says; True where they are of the sources."""
    if layout not in LAYOUTS:
        text = f"must be one of {', '.join(LAYOUTS)}, got {layout!r}."
        raise InputError(text, argument="layout")
    try:
        return sources.find_places(tree), True
    except UnknownLayoutError:
        if layout == "sources":
            raise
        return folders.find_places(tree), False


def _reasons(tree: Scan, places: dict[Path, Place]) -> dict[Path, str]:
    """Say for each folder why none of its files is read; "" where they are."""
    reasons = dict.fromkeys(tree.files, "not in a class folder")
    reasons |= dict.fromkeys(_find_left_out(tree, places), LEFT_OUT)
    return reasons | {folder: place.why_not for folder, place in places.items()}


def _find_left_out(tree: Scan, places: dict[Path, Place]) -> list[Path]:
    """List the folders of images that are not read and look like class folders.

    They bear the name of a class, lie in a class folder, or stand beside another
    folder of images.
    """
    loose = [f for f in tree.filled if f not in places and f != tree.root]
    names = {folder.name.lower() for folder in places} | sources.CLASS_FOLDERS.keys()
    n_beside = Counter(folder.parent for folder in loose)
    read = {folder for folder, place in places.items() if not place.why_not}
    return [
        folder
        for folder in loose
        if folder.name.lower() in names
        or n_beside[folder.parent] > 1
        or not read.isdisjoint(folder.parents)
    ]


def _is_in(twins: list[Path], path: str, n_bytes: int) -> bool:
    found = (folder / path.rpartition("/")[2] for folder in twins)
    return any(twin.is_file() and twin.stat().st_size == n_bytes for twin in found)


def _file_row(path: str, place: Place, n_bytes: int) -> tuple:
    kind, number = filenames.read_name(path)
    patient = f"{kind}-{number}" if kind else ""
    told = place.source, place.split, place.label, place.class_name
    return path, *told, kind, number, patient, n_bytes
