"""The sources: how they are laid out, and what a path tells.

All three Kaggle sets hold split folders (train, val, test) with class folders in
them; exports of them say valid, or Training. They are recognised by that structure
wherever they hang, whatever the folder above is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from xraylab import REPOSITORY, __version__
from xraylab.data import filenames, scan
from xraylab.data.scan import Place, Scan
from xraylab.errors import IncompleteSourceError, UnknownLayoutError
from xraylab.labels import CLASSES


@dataclass(frozen=True)
class Source:
    """One published set: its class folders, where it comes from, its file names.

    Attributes
    ----------
    classes : dict
        Lower-case folder -> label: 0 normal, 1 pneumonia, None is left out.
    page, licence : str
        Where it is published, and on what terms.
    is_own_name : function of a file name -> bool, optional
        Tells it from another source with the same class folders.
    """

    classes: dict[str, int | None]
    page: str
    licence: str
    is_own_name: Callable[[str], bool] | None = None


# In the order of publication: of several copies the first source's is kept.
SOURCES = {
    "chest-xray-pneumonia": Source(
        {"normal": 0, "pneumonia": 1},
        "https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia",
        "CC BY 4.0",
    ),
    "pneumonia-xray-images": Source(
        {"normal": 0, "opacity": 1},
        "https://www.kaggle.com/datasets/pcbreviglieri/pneumonia-xray-images",
        "as stated on its page",
    ),
    "chest-xray-covid19-pneumonia": Source(
        {"normal": 0, "pneumonia": 1, "covid19": None},
        "https://www.kaggle.com/datasets/prashant268/chest-xray-covid19-pneumonia",
        "as stated on its page",
        is_own_name=filenames.is_indexed,
    ),
}
FIRST, SECOND, THIRD, *_ = SOURCES
CLASS_FOLDERS = {
    name: label for s in SOURCES.values() for name, label in s.classes.items()
}
_LAYOUTS = f"{REPOSITORY}/blob/v{__version__}/data/README.md"
_TOLD = {name for name, label in CLASS_FOLDERS.items() if label is not None}


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
    return _find_sources(scan.read(root))


def find_places(tree: Scan) -> dict[Path, Place]:
    """Map each class folder of the sources in a tree to what it says.

    Raises
    ------
    UnknownLayoutError
        If there is no source in it.
    """
    return {
        folder: _place(folder, source, tree)
        for source in _find_sources(tree)
        for folder in _class_folders(source.root, tree)
        if folder.name.lower() in SOURCES[source.name].classes
    }


def _place(folder: Path, source: FoundSource, tree: Scan) -> Place:
    label = SOURCES[source.name].classes[folder.name.lower()]
    place = Place(source.name, source.root, tree.split_of(folder), -1, "")
    if label is None:
        why_not = f"{folder.name}: another origin, never pneumonia here"
        return replace(place, why_not=why_not)
    return replace(place, label=label, class_name=CLASSES[label])


def nested_twins(places: dict[Path, Place]) -> dict[Path, list[Path]]:
    """Give for each class folder those of which it may be a second copy.

    The download of the first source holds itself once more; the outer one counts.
    """
    homes = {(place.home, place.source) for place in places.values()}
    return {
        folder: [
            outer / folder.relative_to(place.home)
            for outer in place.home.parents
            if (outer, place.source) in homes
        ]
        for folder, place in places.items()
    }


def refuse_empty_classes(
    tree: Scan, places: dict[Path, Place], read: set[Place]
) -> None:
    """Refuse a split without images of a class, its folder empty or missing.

    Parameters
    ----------
    read : set of Place
        Those of which at least one file is read.

    Raises
    ------
    IncompleteSourceError
    """
    twins = nested_twins(places)
    for folder, place in places.items():
        if twins[folder]:
            continue  # a second copy nested in the same source may hold less
        for name, label in SOURCES[place.source].classes.items():
            if label is None or place.why_not:
                continue
            other = replace(place, label=label, class_name=CLASSES[label])
            if other not in read:
                raise IncompleteSourceError(
                    f"each split must hold images of both classes, found no images "
                    f"of {name} in {folder.parent}. "
                    + _what_to_do(tree, folder.parent, name)
                )


def _what_to_do(tree: Scan, split_folder: Path, name: str) -> str:
    there = [f for f in tree.files if f.parent == split_folder]
    found = [tree.describe(f) for f in there if f.name.lower() == name]
    to_do = "Finish the download, or take that folder out."
    return tree.could_not_be_read() or " ".join(filter(None, found)) or to_do


def names_by_index(files: pd.DataFrame) -> pd.Series:
    """Say which first-source file each third-source file should be.

    The rule: pool the first source's files of a class, sort them by file name,
    count from 0; `NORMAL(i)` is item i. It is inferred, so it is evidence to
    hold against the pixels, never a decision.

    Parameters
    ----------
    files : DataFrame
        Columns path, source, label, number, as from `xraylab.data.list_files`.

    Returns
    -------
    Series
        Index: path of a third-source file; value: path of a first-source file.
        Empty unless both sources are there.
    """
    by_name = files.assign(name=files["path"].str.rsplit("/", n=1).str[-1])
    pools = {
        label: pool.sort_values("name")["path"].tolist()
        for label, pool in by_name[by_name["source"] == FIRST].groupby("label")
    }
    third = files[(files["source"] == THIRD) & (files["number"] != "")]
    pairs = {
        path: pools[label][int(number)]
        for path, label, number in zip(
            third["path"], third["label"], third["number"], strict=True
        )
        if label in pools and int(number) < len(pools[label])
    }
    return pd.Series(pairs, dtype=object)


def _find_sources(tree: Scan) -> list[FoundSource]:
    homes = {
        folder.parent.parent
        for folder in tree.files
        if tree.split_of(folder)
        and folder.name.lower() in CLASS_FOLDERS
        and not any(map(scan.is_system, tree.parts(folder)))
    }
    ordered = sorted(homes, key=lambda home: (len(home.parts), home.as_posix()))
    classes = {home: _classes(home, tree) for home in ordered}
    names_of = {home: _recognise(classes[home]) for home in ordered}
    found = [FoundSource(name, home) for home, name in names_of.items() if name]
    # a source with one more class must not vanish beside others that are whole
    odd = [h for h in ordered if not names_of[h] and len(_TOLD & set(classes[h])) > 1]
    if odd or not found:
        inside = [name for home in odd or ordered for name in classes[home]]
        there = inside or sorted(p.name for p in tree.root.iterdir())
        what_to_do = [
            _what_to_rename(tree, odd),
            f"{_LAYOUTS} shows the three layouts.",
        ]
        raise UnknownLayoutError(
            "must hold train, val or test folders with NORMAL and PNEUMONIA (or "
            "opacity) folders in them and no other class, found "
            f"{', '.join(there[:6]) or 'nothing'} in {tree.root}. "
            f"{' '.join(filter(None, what_to_do))}",
            argument="root",
        )
    return found


def _what_to_rename(tree: Scan, odd: list[Path]) -> str:
    """Say what keeps folders from being a source, and what to do."""

    def named(folders: Iterable[Path]) -> str:
        paths = dict.fromkeys("/".join(tree.parts(f)) or str(f) for f in folders)
        return ", ".join(map(scan.shown, list(paths)[:3]))

    own = tree.root.resolve().name  # "." has none
    if tree.root in tree.filled and own.lower() in CLASS_FOLDERS:
        return f"{own} holds one class: give the folder with train, val or test in it."
    classes = [f for f in tree.filled if f.name.lower() in CLASS_FOLDERS]
    if own.lower() in scan.SPLIT_NAMES and any(f.parent == tree.root for f in classes):
        return f"{own} holds one split: give the folder right above it."
    splits = [f for f in tree.filled if f.name.lower() in scan.SPLIT_NAMES]
    under_class = [f for f in splits if f.parent.name.lower() in CLASS_FOLDERS]
    in_splits = [f for f in tree.filled if tree.split_of(f)]
    if odd:
        return (
            f"It is {named(odd)} that has another class: take that folder out, or give "
            "the folder of a source alone."
        )
    if unsplit := [f.parent for f in classes if not tree.split_of(f)]:
        return (
            f"Class folders lie in {named(unsplit)}: the folder right above them must "
            "be called train, val or test."
        )
    if under_class:
        return (
            f"The split must stand above the class, as in train/NORMAL, found "
            f"{named(under_class)}."
        )
    if in_splits and not classes:
        return (
            f"Images lie in {named(in_splits)}: call the class folders NORMAL and "
            "PNEUMONIA."
        )
    return tree.describe(tree.root)


def _class_folders(home: Path, tree: Scan) -> list[Path]:
    """List the folders that stand in a split folder of a source."""
    return [
        folder
        for folder in tree.files
        if home == folder.parent.parent
        and tree.split_of(folder)
        and not scan.is_system(folder.name)
    ]


def _classes(home: Path, tree: Scan) -> dict[str, list[str]]:
    """Name the class folders in the splits, with their images; others if filled."""
    classes: dict[str, list[str]] = {}
    for folder in _class_folders(home, tree):
        name = folder.name.lower()
        files = list(filter(scan.is_image, tree.files[folder]))
        if name in CLASS_FOLDERS or files:
            classes.setdefault(name, []).extend(files)
    return classes


def _recognise(classes: dict[str, list[str]]) -> str:
    """Name the source by its classes and its file names; "" if none."""
    files = [file for some in classes.values() for file in some]
    known = {n: s for n, s in SOURCES.items() if _may_be(s, set(classes))}
    by_name = [n for n, s in known.items() if s.is_own_name]
    own = [n for n in by_name if any(map(known[n].is_own_name, files))]
    return next(iter([*own, *known]), "")


def _may_be(source: Source, classes: set[str]) -> bool:
    """Tell whether a source may have these class folders, and no other."""
    labels = {source.classes.get(name) for name in classes}
    # with normal alone it is half a download: no set has a single class
    return classes <= set(source.classes) and (1 in labels or labels == {0})
