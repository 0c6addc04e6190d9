"""Draw any image of a set again from its truth row, with masks or without disease."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path, PurePosixPath

import pandas as pd
from PIL import Image

from xraylab.errors import InputError
from xraylab.phantom.anatomy import Anatomy, draw_anatomy
from xraylab.phantom.export import FileFacts, draw_file
from xraylab.phantom.image import Masks, Rendering, render, resized_masks, twin
from xraylab.phantom.lesion import Lesion, draw_lesion
from xraylab.phantom.plants import GENERATOR, Plants
from xraylab.phantom.shots import Shot, draw_shot
from xraylab.plain_json import check_form, read_json

TRUTH_FOLDER = "truth"
_DRAWN = ["path", "kind", "block", "child_seed", "image_number"]
# an image is in one of them; the columns that tell how it was made
_TABLES = {
    "truth.csv": _DRAWN,
    "covid19.csv": _DRAWN,
    "copies.csv": ["path", "copy_of"],
}
_LETTERS = {"bacteria": "b", "virus": "v", "IM": "n", "NORMAL2": "n", "COVID19": "c"}


@dataclass(frozen=True)
class Case:
    """Everything that makes one image of a set."""

    anatomy: Anatomy
    shot: Shot
    lesion: Lesion
    facts: FileFacts
    doses: dict[str, float]  # of the plants that act on it

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.facts.width, self.facts.height


@dataclass(frozen=True)
class Sets:
    """The sets of built-in images that some files belong to.

    Attributes
    ----------
    places : list of (Path, str) or None
        Of each file the folder of its set and the path in it, as `masks_for` takes
        them; None for a file of no set.
    """

    places: list[tuple[Path, str] | None]

    @property
    def folders(self) -> list[Path]:
        """The folder of each set, once."""
        return list(dict.fromkeys(place[0] for place in self.places if place))

    @property
    def is_simulated(self) -> bool | None:
        """Whether all files are of such sets; None where some are and others not."""
        kinds = {place is not None for place in self.places}
        return kinds.pop() if len(kinds) == 1 else None


def make_case(
    *, kind: str, block: str, child_seed: int, image_number: int, plants: Plants
) -> Case:
    """Draw everything that makes one image.

    Parameters
    ----------
    kind : str
        "bacteria", "virus", "IM", "NORMAL2" or "COVID19".
    block : str
        Published split: "train", "val" or "test".
    child_seed : int
    image_number : int
        The child's image, 0 to 99.
    plants : Plants
    """
    doses = plants.doses(in_test=block == "test")
    lesion = draw_lesion(child_seed, _LETTERS[kind], image_number)
    anatomy = draw_anatomy(child_seed, adult=kind == "COVID19")
    shot_seed = child_seed * 100 + image_number
    shot = draw_shot(anatomy, shot_seed, lesion=lesion, doses=doses)
    label = int(lesion.has_pneumonia)
    facts = draw_file(shot_seed, label=label, block=block, doses=doses)
    return Case(anatomy, shot, lesion, facts, doses)


def describe_case(case: Case, rendering: Rendering) -> dict:
    """Give the truth row of an image, less its name and place."""
    shot, lesion = case.shot, case.lesion
    row = {
        "severity": lesion.severity,
        "lobe": lesion.lobe,
        "side": lesion.side,
        "second_focus": lesion.second_focus,
        "effusion": lesion.effusion,
        "visible": rendering.visible,
        "lesion_box": json.dumps(rendering.masks.lesion_box()),
        "shot_seed": shot.seed,
        "age": case.anatomy.age,
        "marker_x": shot.marker.place[0] if shot.marker else None,
        "marker_y": shot.marker.place[1] if shot.marker else None,
        "marker_height": shot.marker.height if shot.marker else None,
        "line": shot.line is not None,
    }
    for name in (
        *("inspiration", "roll", "yaw", "fill_x", "fill_y", "haze", "markings"),
        *("exposure", "sharpening", "dark", "bright"),
    ):
        row[name] = getattr(shot, name)
    row |= {f"dose_{name}": dose for name, dose in case.doses.items()}
    return row | asdict(case.facts)


def redraw(folder: str | Path, path: str, *, diseased: bool = True) -> Rendering:
    """Render one image of a set again, before it was saved as JPEG.

    Parameters
    ----------
    folder : path
        A folder from `write_phantom` or `builtin_data`.
    path : str
        Path of an image in it; a copy gives the image that it is a copy of.
    diseased : bool
        False: the disease-free twin of the image.

    Raises
    ------
    FileNotFoundError
        If `folder` holds no truth.
    KeyError
        If `path` is no image of the set.
    ValueError
        If the set was written by another version of the generator.
    """
    case = _read_case(Path(folder), path)
    draw = render if diseased else twin
    return draw(case.anatomy, case.shot, case.lesion, case.size)


def masks_for(
    folder: str | Path, path: str, *, size: tuple[int, int] | None = None
) -> Masks:
    """Give the true masks of one written image.

    They are not stored but rendered again, in about the time of one image.

    Parameters
    ----------
    folder : path
        A folder from `write_phantom` or `builtin_data`.
    path : str
        Path of an image in it, any of the three sources.
    size : two int, optional
        Width and height of the masks in pixels, such as (64, 64) for an image
        squeezed to that square; the file's own size by default.

    Returns
    -------
    Masks
        Left and right lung, heart (bool) and lesion (0 to 1).

    Raises
    ------
    FileNotFoundError, KeyError, ValueError
        As `redraw`.
    """
    masks = redraw(folder, path).masks
    if size is None:
        size = _file_size(Path(folder) / path)
    if size == masks.heart.shape[::-1]:
        return masks
    return resized_masks(masks, size)


def has_truth(folder: str | Path) -> bool:
    """Say whether a folder is a set of built-in images, known by its truth.

    A set whose truth was taken away cannot be told from a real one.
    """
    names = (*_TABLES, "plants.json")
    return all((Path(folder) / TRUTH_FOLDER / name).is_file() for name in names)


def find_sets(root: str | Path, paths: Iterable[str]) -> Sets:
    """Find the sets of built-in images that files belong to, through links too.

    A set is known by its truth, which names its files: one that was put beside them
    later is none of the set's.

    Parameters
    ----------
    root : path
    paths : iterable of str
        Relative to `root`, as in a table of files.
    """
    real, names = cache(Path.resolve), cache(_read_names)  # of folders, for one call
    above = cache(lambda folder: [f for f in (folder, *folder.parents) if names(f)])
    places: list[tuple[Path, str] | None] = []
    for path in map(Path(root).joinpath, paths):
        file = real(path.parent) / path.name
        file = file.resolve() if file.is_symlink() else file
        inside = ((f, file.relative_to(f).as_posix()) for f in above(file.parent))
        places.append(next((at for at in inside if at[1] in names(at[0])), None))
    return Sets(places)


def _read_names(folder: Path) -> set[str]:
    """Read which files are of the set in a folder; none where there is no set."""
    tables = _read_images(folder) if has_truth(folder) else []
    return {path for table in tables for path in table["path"]}


def read_truth(folder: str | Path) -> pd.DataFrame:
    """Read the truth, one row a rendered image of source 1.

    `marker_x`, `marker_y` (left and top) and `marker_height` are shares of the
    image's width and height, missing where no marker is; `dose_...` are the
    planted doses that act on the image; `lesion_box` is left, top, right,
    bottom in the file's pixels, as JSON.

    Raises
    ------
    FileNotFoundError
        If `folder` holds no truth.
    """
    return _read_table(Path(folder), "truth.csv")


def _read_table(folder: Path, name: str) -> pd.DataFrame:
    file = folder / TRUTH_FOLDER / name
    if not file.is_file():
        raise FileNotFoundError(
            f"folder must be a set of built-in images with its truth, but there is "
            f"no {file}. Write one with write_phantom, or use builtin_data()."
        )
    words = {"lobe": str, "side": str}
    try:
        table = pd.read_csv(file, dtype=words).fillna(dict.fromkeys(words, ""))
        if missing := [column for column in _TABLES[name] if column not in table]:
            raise ValueError(f"no column {', '.join(missing)}")
    except ValueError as error:
        raise _not_written_so(file, error) from error
    return table


def _not_written_so(file: Path, error: Exception) -> InputError:
    text = f"{file} must be as `xraylab phantom` writes it, but could not be read: "
    return InputError(f"{text}{error}. Write the set again.")


def _read_images(folder: Path) -> list[pd.DataFrame]:
    """Read the tables of all images of a set; the last is of the copies."""
    return [_read_table(folder, name) for name in _TABLES]


def _read_case(folder: Path, path: str) -> Case:
    *drawn, copied = _read_images(folder)
    images = pd.concat(drawn).set_index("path")
    copies = copied.set_index("path")["copy_of"]
    name = PurePosixPath(path).as_posix()
    name = copies.get(name, name)
    if name not in images.index:
        raise KeyError(
            f"path must be an image of the set {folder}, got {path!r}. "
            "Give it relative to that folder, as in truth.csv."
        )
    row = images.loc[name]
    return make_case(
        kind=row["kind"],
        block=row["block"],
        child_seed=int(row["child_seed"]),
        image_number=int(row["image_number"]),
        plants=_read_plants(folder),
    )


def _read_plants(folder: Path) -> Plants:
    file = folder / TRUTH_FOLDER / "plants.json"
    try:
        facts = read_json(file.read_bytes(), {"generator": int, "plants": dict})
        if facts["generator"] != GENERATOR:
            raise InputError(
                f"{folder} was written by generator {facts['generator']}, this is "
                f"generator {GENERATOR}. Write the set again."
            )
        check_form(facts["plants"], {plant.name: float for plant in fields(Plants)})
        return Plants(**facts["plants"])
    except InputError:
        raise
    except (ValueError, TypeError) as error:
        raise _not_written_so(file, error) from error


def _file_size(file: Path) -> tuple[int, int]:
    with Image.open(file) as image:
        return image.size
