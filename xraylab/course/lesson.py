"""What a notebook needs: its data, its sizes, a place to work, sealed guesses.

Set these before starting, if at all:

XRAYLAB_DATA     folder with the real sources, or "built-in"
XRAYLAB_MODE     "quick" (default) or "full"
XRAYLAB_STEPS    training steps, instead of the mode's own
XRAYLAB_CACHE    where merges and runs are kept
XRAYLAB_GUESSES  the file of sealed guesses
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xraylab.course.guesses import guess as guess
from xraylab.course.guesses import keep_truth as keep_truth
from xraylab.course.guesses import read_guesses as read_guesses
from xraylab.course.guesses import read_truths as read_truths
from xraylab.course.guesses import reveal as reveal
from xraylab.data import find_sources
from xraylab.errors import InputError, NoDataError, UnknownLayoutError
from xraylab.files import cache_folder

if TYPE_CHECKING:
    from xraylab.training import Recipe

BUILT_IN = "built-in"
N_LESSONS = 10


@dataclass(frozen=True)
class FoundData:
    """Where the images are, and what was tried on the way.

    Attributes
    ----------
    root : Path or None
        The first place that holds a source.
    tried : list of str
        One line a place without: the place, and why not.
    """

    root: Path | None
    tried: list[str]


@dataclass(frozen=True)
class Lesson:
    """Data, sizes and folders of one lesson.

    Attributes
    ----------
    number : int
        0 to 9.
    root : Path
        Folder with the sources.
    is_builtin : bool
        True for the simulated images that come with the package.
    folder : Path
        For runs: one for each root and size of training, so none ever mix.
    merge_folder : Path
        For the merge of this root.
    mode : str
        "quick" or "full".
    settings : dict
        size_px, weights, and n_steps (quick) or epochs (full): what `recipe`
        changes.
    """

    number: int
    root: Path
    is_builtin: bool
    folder: Path
    merge_folder: Path
    mode: str
    settings: dict

    @property
    def data_name(self) -> str:
        """What figures call the data."""
        return "built-in images (simulated)" if self.is_builtin else "real images"

    @property
    def recipe(self) -> Recipe:
        """The recipe of this lesson, at its size."""
        from xraylab import training

        name = "original" if self.mode == "full" else "lesson"
        return replace(training.RECIPES[name], **self.settings)

    def __str__(self) -> str:
        steps = self.settings.get("n_steps")
        length = f"{steps:,} steps" if steps else f"{self.settings['epochs']} epochs"
        return (
            f"Lesson {self.number:02d} on the {self.data_name}.\n"
            f"Mode {self.mode}: {self.settings['size_px']} px, {length}.\n"
            "Not for clinical use."
        )


def start(number: int) -> Lesson:
    """Find the data, choose the sizes, and say both in three lines.

    Parameters
    ----------
    number : int
        The lesson's number, 0 to 9.

    Raises
    ------
    NoDataError
        If XRAYLAB_DATA is set to a place without sources.
    ValueError
        If the number, XRAYLAB_MODE or XRAYLAB_STEPS is not as above.
    """
    if number not in range(N_LESSONS):
        raise InputError(f"number must be 0 to {N_LESSONS - 1}, got {number!r}.")
    root, is_builtin = _choose_data()
    mode, settings = _choose_settings(is_builtin)
    home = cache_folder() / "lessons" / _root_name(root)
    size = "-".join(str(value) for value in settings.values())
    found = Lesson(
        number=number,
        root=root,
        is_builtin=is_builtin,
        folder=home / f"{mode}-{size}",
        merge_folder=home / "merge",
        mode=mode,
        settings=settings,
    )
    print(found)
    return found


def found_data(places: Sequence[str | Path]) -> FoundData:
    """Look for the sources in some places, in order, and stop at the first.

    Parameters
    ----------
    places : sequence of path
        Folders that may hold the sources at any depth.
    """
    tried = []
    for place in map(Path, places):
        if not place.is_dir():
            tried.append(f"{place}: no such folder")
        elif (place / "drive").is_dir():  # walking a mounted drive takes hours
            tried.append(f"{place}: a drive is mounted in it, so not searched")
        else:
            try:
                find_sources(place)
            except UnknownLayoutError:
                tried.append(f"{place}: none of the three sources in it")
            else:
                return FoundData(place, tried)
    return FoundData(None, tried)


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


def _choose_data() -> tuple[Path, bool]:
    """Pick the root, and say whether it is the built-in one."""
    asked = os.environ.get("XRAYLAB_DATA", "")
    if asked and asked != BUILT_IN:
        found = found_data([asked])
        if found.root is None:
            raise NoDataError(
                "XRAYLAB_DATA must be a folder with at least one of the three "
                f"sources, found {found.tried[0]}. data/README.md shows the layouts; "
                f"without XRAYLAB_DATA these places are searched: "
                f"{', '.join(map(str, usual_places()))}, then the built-in images."
            )
        return found.root.resolve(), False
    found = FoundData(None, []) if asked else found_data(usual_places())
    if found.root:
        return found.root.resolve(), False
    from xraylab import phantom

    return Path(phantom.builtin_data()), True


def _choose_settings(is_builtin: bool) -> tuple[str, dict]:
    """Choose sizes that fit two cores and a minute, or the original's."""
    mode = os.environ.get("XRAYLAB_MODE", "quick")
    if mode not in {"quick", "full"}:
        raise InputError(f'XRAYLAB_MODE must be "quick" or "full", got {mode!r}.')
    if mode == "full":
        settings = {"size_px": 224, "epochs": 20}
    else:
        size_px = 48 if is_builtin else 64
        settings = {"size_px": size_px, "n_steps": 300, "weights": "none"}
    if steps := os.environ.get("XRAYLAB_STEPS"):
        if not steps.isdecimal() or int(steps) < 1:
            raise InputError(
                f"XRAYLAB_STEPS must be a whole number from 1, got {steps!r}."
            )
        settings["n_steps"] = int(steps)
    return mode, settings


def _root_name(root: Path) -> str:
    """Name a root so that two of the same folder name do not share their work."""
    digest = hashlib.sha256(str(root.resolve()).encode()).hexdigest()
    return f"{root.name}-{digest[:10]}"
