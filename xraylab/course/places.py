"""Where the images of the lessons are: looked for in a few places, never silently."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from xraylab import data, phantom
from xraylab.data import listing, scan, sources
from xraylab.errors import InputError, NoDataError

BUILT_IN = "built-in"
SMALL_SET = 80  # children: the built-in set of mode smoke
# Images of each class that lessons need of the first source; tried with these.
AT_LEAST = {"train": 24, "test": 9}
_TELLTALE = (  # endings of what somebody may have meant to use
    *(*scan.IMAGE_ENDINGS, *scan.PACKED, ".jfif", ".heic", ".dcm", ".nii", ".h5"),
    *(".hdf5", ".npy", ".npz", ".tfrec", ".tfrecord", ".part", ".crdownload"),
)


@dataclass(frozen=True)
class Found:
    """The images of a lesson.

    Attributes
    ----------
    root : Path
        Folder with the sources.
    files : DataFrame
        As from `xraylab.data.list_files`.
    is_simulated : bool
        True for images that `xraylab.phantom` has drawn.
    passed_over : list of str
        One line for each place that held something and was not taken: where, why,
        and what to do.
    """

    root: Path
    files: pd.DataFrame
    is_simulated: bool
    passed_over: list[str]

    @property
    def sources(self) -> list[str]:
        """Which of the three sources are there, in the order of publication."""
        there = set(self.files["source"])
        return [name for name in data.SOURCES if name in there]

    @property
    def name(self) -> str:
        """Name the folder, with a digest of its files' paths, sizes and times.

        So another source, or images that were changed in place, give another name,
        and a folder that only moved keeps its own.
        """
        digest = hashlib.blake2b(digest_size=5)
        for path in self.files["path"]:
            facts = (self.root / path).stat()
            digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
        return f"{len(self.files)}-files-{digest.hexdigest()}"


def find_images(*, small: bool = False) -> Found:
    """Find the images that XRAYLAB_DATA names, or in the usual places, or built in.

    Parameters
    ----------
    small : bool
        Take the smaller of the two built-in sets, where built-in ones are taken.

    Raises
    ------
    NoDataError
        If XRAYLAB_DATA is set to a place without the first source.
    """
    asked = os.environ.get("XRAYLAB_DATA", "")
    if asked and asked != BUILT_IN:
        found, reasons = look_in([asked])
        if found is None:
            raise NoDataError(
                "XRAYLAB_DATA must lead to the first source at least, found "
                f"{asked}: {reasons[Path(asked)]} Without XRAYLAB_DATA these places "
                f"are searched: {', '.join(map(str, usual_places()))}, and then the "
                "built-in images are taken."
            )
        return found
    found, reasons = look_in(() if asked else usual_places())
    said = [f"{p}: {why}" for p, why in reasons.items() if _may_be_meant(p)]
    return replace(found or _built_in(small), passed_over=said)


def look_in(places: Sequence[str | Path]) -> tuple[Found | None, dict[Path, str]]:
    """Look for the sources in some places, in order, and stop at the first.

    Returns
    -------
    found : Found or None
    reasons : dict
        Place -> why it was not taken.
    """
    reasons: dict[Path, str] = {}
    for place in _each_once(places):
        try:
            return _read(place), reasons
        except InputError as error:
            reasons[place] = f"it {error.text}" if error.argument else error.text
        except FileNotFoundError:
            reasons[place] = "there is no such folder."
        except OSError as error:
            reasons[place] = f"it could not be read ({error.strerror or error})."
    return None, reasons


def usual_places() -> list[Path]:
    """List where images are looked for when XRAYLAB_DATA is not set."""
    return [
        Path("data"),
        Path("../data"),  # from the folder of notebooks
        Path(__file__).parents[2] / "data",
        Path("/kaggle/input"),
        Path("/content/data"),
        Path("/content"),
    ]


def _each_once(places: Sequence[str | Path]) -> list[Path]:
    """Give the places in order; one that is reached in two ways comes once."""
    found: dict[Path, Path] = {}
    for place in map(Path, places):
        found.setdefault(place.resolve(), place)
    return list(found.values())


def _read(place: Path) -> Found:
    """List the sources under a place.

    Raises
    ------
    FileNotFoundError, OSError, InputError
        If it cannot be used.
    """
    if (place / "drive").is_dir():  # walking a mounted drive takes hours
        raise NoDataError(
            "a drive is mounted in it, so it was not searched. Set XRAYLAB_DATA to the "
            "folder in it that holds the sources."
        )
    root = place.resolve(strict=True)
    with os.scandir(root):  # a folder that is closed says so here
        pass
    files, _ = data.list_files(root)
    simulated = _simulated_set(root, files)
    if simulated is not None:
        root = simulated
        files, _ = data.list_files(root)
    if sources.FIRST not in set(files["source"]):
        others = ", ".join(files["source"].unique())
        raise NoDataError(
            f"it holds {others}, but not {sources.FIRST}, which alone has children's "
            "names and a published test. Add it."
        )
    _refuse_too_few(files[files["source"] == sources.FIRST])
    _refuse_others(files)
    return Found(root, files, simulated is not None, [])


def _refuse_too_few(first: pd.DataFrame) -> None:
    """Refuse a first source on which a lesson would stop half-way.

    Raises
    ------
    NoDataError
    """
    for split, least in AT_LEAST.items():
        labels = first.loc[first["published_split"] == split, "label"]
        found = [int((labels == label).sum()) for label in (0, 1)]
        if min(found) < least:
            raise NoDataError(
                f"lessons need {least} images of each class in the {split} folder of "
                f"{sources.FIRST}, found {found[0]} normal and {found[1]} with "
                "pneumonia. Take the whole set."
            )


def _refuse_others(files: pd.DataFrame) -> None:
    """Refuse a set that only has the folders of a source, beside others or alone.

    Raises
    ------
    NoDataError
    """
    for (source, folder), n in listing.find_unnamed(files).items():
        where = "" if folder == "." else f"{folder} with "
        raise NoDataError(
            f"it holds {where}the folders of {source}, but none of its {n} images is "
            "named as in that set, so it may be another one. Take it out, or set "
            "XRAYLAB_DATA to the folder that holds the sources alone."
        )


def _simulated_set(root: Path, files: pd.DataFrame) -> Path | None:
    """Find the simulated set that all files under a folder are of, if they are.

    Raises
    ------
    NoDataError
        If they are a part of such a set, of several, or only some of them are of one.
    """
    found = phantom.find_sets(root, files["path"])
    if found.is_simulated is False:
        return None
    sets = ", ".join(map(str, found.folders))
    if not found.is_simulated:
        places = zip(files["path"], found.places, strict=True)
        others = [path for path, place in places if place is None]
        raise NoDataError(
            f"it holds simulated images, of {sets}, beside others ({len(others):,}, "
            f"first {others[0]}): neither real nor simulated as a whole. Take one "
            "kind out, or set XRAYLAB_DATA to the folder that holds the other alone."
        )
    home, *more = found.folders
    if more:
        raise NoDataError(
            f"it holds {len(found.folders)} simulated sets: {sets}. Lessons take one: "
            "set XRAYLAB_DATA to its folder."
        )
    if len(data.list_files(home)[0]) > len(files):
        raise NoDataError(
            f"it is a part of the simulated set {home}. Give that folder."
        )
    return home


def _built_in(small: bool) -> Found:
    return _read(phantom.builtin_data(n_children=SMALL_SET if small else 300))


def _may_be_meant(place: Path) -> bool:
    """Tell whether somebody may expect that the images of a place are used.

    A folder that is missing, empty, or holds text and tables only is no surprise.
    """
    if (place / "drive").is_dir():
        return True
    classes = {name for source in data.SOURCES.values() for name in source.classes}
    not_read: list[OSError] = []
    seen: set[str] = set()  # a link may lead in a circle
    for folder, folders, files in os.walk(
        place, onerror=not_read.append, followlinks=True
    ):
        if (real := os.path.realpath(folder)) in seen:
            folders.clear()
            continue
        seen.add(real)
        if Path(folder).name.lower() in classes:  # empty: half a download
            return True
        links = (Path(folder, name) for name in (*folders, *files))
        if any(map(scan.leads_to_nothing, links)):
            return True
        if any(name.lower().endswith(_TELLTALE) for name in files):
            return True
    return any(not isinstance(error, FileNotFoundError) for error in not_read)
