"""External validation: a run's answers for a labelled folder from elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from xraylab import data, images, phantom
from xraylab.caches import cache_folder
from xraylab.data import folders
from xraylab.errors import InputError, NotARunError, renamed
from xraylab.files import as_argument, try_writing
from xraylab.plain_json import read_json
from xraylab.training import answers, content, processes, runs, test_log

__all__ = ["External", "find_known", "read_basis", "read_classes", "score_external"]
_BASIS = "external.json"  # what the answers in predictions-external.csv rest on
_FORM = {
    "folder": str,
    "classes": {"0": [str], "1": [str]},
    "kinds": [str],
    "n_known": int,
    "n_readings": int,
}


@dataclass(frozen=True)
class External:
    """A run's answers for a folder from elsewhere.

    Attributes
    ----------
    predictions : DataFrame
        One row an image: path, image_id, group_id, label and score.
    n_readings : int
        Readings of this set so far, this one included.
    classes : dict of int -> list of str
        Which class folders each label was read from.
    kinds : set of str
        As from `xraylab.data.read_name`; "" where a name tells none; and "simulated"
        where any is built-in.
    n_known : int
        Files left out because the run knows the image.
    """

    predictions: pd.DataFrame
    n_readings: int
    classes: dict[int, list[str]]
    kinds: set[str]
    n_known: int


def score_external(
    run_folder: str | Path, data_folder: str | Path, *, progress: bool = True
) -> External:
    """Let a finished run answer for all images of a folder that it does not know.

    Each image counts once. Left out are images of the run's own table, known by the
    pixels the network sees, the file or a published file name, with all their copies.
    One that was renamed and saved anew is not known. The reading is written down
    first: beside the run's merge, or in the run where that is gone.

    Parameters
    ----------
    run_folder : path
        As written by `train`.
    data_folder : path
        Two class folders, one of them without disease, in any layout that
        `xraylab.data.merge` reads.
    progress : bool
        Show progress bars on stderr.

    Raises
    ------
    xraylab.errors.UnfinishedRunError
        If the training has not ended.
    xraylab.errors.InputError
        If the folder has not these two classes, an image lies in both, or no image of
        both is new.
    """
    processes.refuse_several("to score")  # each would count a reading
    run = runs.load_run(run_folder)
    run.refuse_unfinished("An external set is read")
    try_writing(run.folder / _BASIS)
    with renamed(root="data_folder"):
        merged = data.merge(data_folder, layout="any", progress=progress)
    table = merged.manifest
    classes = read_classes(table, data_folder)
    cache = images.build_cache(
        table["path"],
        merged.root,
        run.recipe.size_px,
        cache_folder() / "external",
        progress=progress,
    )
    table = table.assign(row=cache.rows(table["path"]))
    is_known = find_known(table, run.table, cache.pixels)
    rows = table[table["kept"] & ~is_known]
    if rows["label"].nunique() < 2:
        raise InputError(
            f"must hold new images of both classes, found {len(rows)} in {data_folder} "
            f"beside {int(is_known.sum())} files of images that the run knows.",
            argument="data_folder",
        )
    model = run.make_model().to(processes.make_accelerator().device)
    n_known, kinds = int(is_known.sum()), set(rows["kind"])
    if phantom.find_sets(merged.root, rows["path"]).folders:
        kinds.add("simulated")
    n_readings = _count(run, rows)
    predictions = answers.score_rows(model, cache.pixels, rows)
    found = External(predictions, n_readings, classes, kinds, n_known)
    _keep(run, found, Path(data_folder))
    return found


def read_classes(table: pd.DataFrame, folder: str | Path) -> dict[int, list[str]]:
    """Map each label to its class folders, one without disease and one with.

    Parameters
    ----------
    table : DataFrame
        Files, as in a merge's manifest.
    folder : path
        Where they lie, for the message.

    Raises
    ------
    InputError
        If these are not two classes of which names tell the normal one, or an image
        lies in both.
    """
    names = table.groupby("label")["class_name"].unique().map(sorted).to_dict()
    is_normal = {
        label: {name.lower() in folders.NO_DISEASE for name in own}
        for label, own in names.items()
    }
    if is_normal != {0: {True}, 1: {False}}:
        found = ", ".join(sorted(table["class_name"].unique()))
        raise InputError(
            "must hold two classes, one of them, and not the other, named "
            f"{', '.join(sorted(folders.NO_DISEASE))}; found {found} in {folder}. "
            "Which of two others is normal cannot be guessed: rename it.",
            argument="data_folder",
        )
    in_both = table.groupby("image_id")["label"].transform("nunique") > 1
    if in_both.any():
        raise InputError(
            f"must hold each image in one class, found {in_both.sum()} files of images "
            f"in both, first {table.loc[in_both, 'path'].iloc[0]}. Take one side away.",
            argument="data_folder",
        )
    return names


def find_known(
    table: pd.DataFrame, known: pd.DataFrame, pixels: np.ndarray | None = None
) -> pd.Series:
    """Say which files show an image of a run; all copies go with one.

    Parameters
    ----------
    table : DataFrame
        Files from elsewhere, as in a merge's manifest; with pixels also the column row.
    known : DataFrame
        Rows of a run's table.
    pixels : array of uint8, shape (n, size_px, size_px), optional
        What the run's network would see of the files. Without it an image is known by
        its file and a published file name only.

    Returns
    -------
    Series of bool
        One value a row of `table`.
    """
    names = {PurePosixPath(path).name for path in known["path"]}
    has_name = (table["kind"] != "") & table["path"].map(
        lambda path: PurePosixPath(path).name in names
    )
    is_known = has_name | table["image_id"].isin(known["image_id"])
    if pixels is not None:
        seen = pd.Series(content.digest_rows(pixels, table["row"]), index=table.index)
        is_known |= seen.isin(known["pixels"])
    return table["image_id"].isin(table.loc[is_known, "image_id"])


def read_basis(run_folder: str | Path) -> dict:
    """Read what a run's stored answers for images from elsewhere rest on.

    Returns
    -------
    dict
        folder (the name it had), classes, kinds, n_known and n_readings as in
        `External`; empty where no such set was read.

    Raises
    ------
    NotARunError
        If the file is damaged.
    """
    file = Path(run_folder) / _BASIS
    if not file.is_file():
        return {}
    try:
        kept = read_json(file.read_bytes(), _FORM)
    except ValueError as error:
        raise NotARunError(
            f"{file} must say what the external answers rest on, but could not be read "
            f"({error}). Read the set anew: xraylab evaluate "
            f"{as_argument(run_folder)} --on external --data DIR."
        ) from error
    classes = {label: kept["classes"][str(label)] for label in (0, 1)}
    return kept | {"classes": classes, "kinds": set(kept["kinds"])}


def _keep(run: runs.Run, found: External, data_folder: Path) -> None:
    """Keep the answers in the run, with what they rest on."""
    basis = {
        "folder": data_folder.resolve().name,
        "classes": found.classes,
        "kinds": sorted(found.kinds),
        "n_known": found.n_known,
        "n_readings": found.n_readings,
    }
    text = json.dumps(basis, indent=2) + "\n"
    answers.write_predictions(
        run.folder, "external", found.predictions, run.network_id, {_BASIS: text}
    )


def _count(run: runs.Run, rows: pd.DataFrame) -> int:
    return test_log.count_reading(
        run.merge_folder or run.folder,
        test=content.digest_test(rows.assign(split="test")),
        protocol="external",
        **test_log.describe_reader(run),
    )
