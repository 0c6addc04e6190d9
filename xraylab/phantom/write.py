"""The set on disk: three sources in their published layouts, and the truth."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from xraylab.errors import InputError
from xraylab.files import NotWrittenError, made_folder, name_half
from xraylab.labels import CLASSES
from xraylab.phantom.children import draw_children, make_name, name_images
from xraylab.phantom.export import encode, re_encode
from xraylab.phantom.image import render
from xraylab.phantom.plants import GENERATOR, REAL_LIKE, Plants
from xraylab.phantom.truth import TRUTH_FOLDER, describe_case, make_case

FIRST = "chest-xray-pneumonia/chest_xray"
SECOND = "pneumonia-xray-images"
THIRD = "chest-xray-covid19-pneumonia/Data"
_FOLDERS = tuple(map(str.upper, CLASSES))
N_COVID = 12
_COPY_SHARE = 0.01  # of the images of source 1 lie there twice
_SECOND_STREAM, _COPY_STREAM = 31, 37
_COVID_SEED = 500_000


def write_phantom(
    folder: str | Path,
    *,
    n_children: int = 300,
    seed: int = 0,
    plants: Plants = REAL_LIKE,
    progress: bool = False,
) -> pd.DataFrame:
    """Write a set of simulated chest X-rays in the layouts of the three sources.

    The truth lies beside them in `folder`/truth: truth.csv (one row a rendered
    image), covid19.csv (those of COVID19), copies.csv (every copy) and
    plants.json. The folder is written whole or not at all.

    Parameters
    ----------
    folder : path
        New or empty.
    n_children : int
        24 or more; about 1.4 images each.
    seed : int
        0 to 4294967295. The same seed gives the same bytes on the same machine.
    plants : Plants
        Planted class-linked differences; `REAL_LIKE` or `CLEAN`, or your own.
    progress : bool
        Show a progress bar.

    Returns
    -------
    DataFrame
        The truth table, as in truth.csv.

    Raises
    ------
    xraylab.errors.InputError
        If `folder` exists and is not an empty folder, or is the working folder.
    ValueError
        If `n_children` is below 24, or the seed is outside its range.
    OSError
        If the folder cannot be written or the disk is full.
    """
    folder = Path(folder)
    images = name_images(draw_children(n_children, seed))
    try:
        _refuse_full_folder(folder)
        place = folder.resolve()  # a link stays, and leads to what is written
        half = name_half(place)
        with made_folder(place.parent):
            try:
                half.mkdir()  # before all the drawing
                truth = _write_sources(half, images, seed, plants, progress)
                if place.is_dir():
                    place.rmdir()  # empty; Windows does not replace a folder
                os.replace(half, place)
            finally:
                shutil.rmtree(half, ignore_errors=True)
    except OSError as error:
        raise NotWrittenError(folder, error) from error
    return truth


def _refuse_full_folder(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"must be new or empty, but {folder} holds files already. Choose another "
            "folder, or empty this one.",
            argument="folder",
        )
    if folder.resolve() == Path.cwd():  # it is replaced as a whole
        raise InputError(
            f"must be another folder than the one that xraylab was started in, got "
            f"{folder}. Name a new one in it.",
            argument="folder",
        )


def _write_sources(
    root: Path, images: pd.DataFrame, seed: int, plants: Plants, progress: bool
) -> pd.DataFrame:
    rows, files = [], {}
    for image in tqdm(
        images.to_dict("records"), "drawing", unit="image", disable=not progress
    ):
        row, data = _draw(image, plants)
        rows.append(row)
        files[row["path"]] = data
    truth = pd.DataFrame(rows)
    copies = _plant_copies(truth, seed)
    files |= {copy["path"]: files[copy["copy_of"]] for copy in copies}
    originals = {copy["path"]: copy["copy_of"] for copy in copies}
    for path, data in files.items():
        _write(root / path, data)
    copies += _write_second(root, files, originals, seed)
    copies += _write_third(root, files, originals)
    covid = _write_covid(root, seed, plants)
    _write_truth(root / TRUTH_FOLDER, truth, covid, copies, seed, plants)
    return truth


def _draw(image: dict, plants: Plants) -> tuple[dict, bytes]:
    """Render one image: its truth row and its bytes."""
    case = make_case(
        kind=image["kind"],
        block=image["block"],
        child_seed=image["seed"],
        image_number=image["image_number"],
        plants=plants,
    )
    rendering = render(case.anatomy, case.shot, case.lesion, case.size)
    data = encode(rendering.image, case.facts)
    place = {
        "path": f"{FIRST}/{image['block']}/{_FOLDERS[image['label']]}/{image['name']}",
        "patient_id": image["patient_id"],
        "image_number": image["image_number"],
        "block": image["block"],
        "label": image["label"],
        "kind": image["kind"],
        "child_seed": image["seed"],
    }
    facts = describe_case(case, rendering)
    return place | facts | {"bytes": len(data)}, data


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _plant_copies(truth: pd.DataFrame, seed: int) -> list[dict]:
    """Choose images that lie in source 1 twice, one under another child's name."""
    rng = np.random.default_rng([_COPY_STREAM, seed])
    # As in the real set, one pair carries the numbers of two neighbours.
    block = truth[(truth["kind"] == "NORMAL2") & (truth["block"] == "test")]
    first, second = block.drop_duplicates("patient_id").index[:2]
    pool = truth[truth["block"] != "val"].drop(index=first)
    n = max(1, round(_COPY_SHARE * len(truth)) - 1)
    chosen = pool.sample(n, random_state=rng).index.tolist()
    pairs = [(row, row) for row in chosen] + [(first, second)]
    return [
        _copy(truth.at[row, "path"], _further_path(truth.loc[child], i))
        for i, (row, child) in enumerate(pairs)
    ]


def _copy(path: str, target: str, kind: str = "same file") -> dict:
    return {"path": target, "copy_of": path, "kind": kind}


def _further_path(row: pd.Series, i: int) -> str:
    """Path of one more image of a child, with numbers that no other has."""
    number = int(row["patient_id"].split("-")[1])
    name = make_name(row["kind"], number, 20 + i, 9000 + i)
    return f"{row['path'].rsplit('/', 1)[0]}/{name}"


def _write_second(
    root: Path, files: dict[str, bytes], originals: dict[str, str], seed: int
) -> list[dict]:
    """Write the same bytes and names; train and val cut again at random, by image."""
    rng = np.random.default_rng([_SECOND_STREAM, seed])
    copies = []
    for label, name in enumerate(("normal", "opacity")):
        paths = sorted(path for path in files if f"/{_FOLDERS[label]}/" in path)
        pool = [path for path in paths if "/test/" not in path]
        val = set(rng.permutation(pool)[: max(1, round(0.2 * len(pool)))].tolist())
        for path in paths:
            split = "test" if "/test/" in path else "val" if path in val else "train"
            target = f"{SECOND}/{split}/{name}/{path.rsplit('/', 1)[1]}"
            _write(root / target, files[path])
            copies.append(_copy(originals.get(path, path), target))
    return copies


def _write_third(
    root: Path, files: dict[str, bytes], originals: dict[str, str]
) -> list[dict]:
    """Encode again; name by place in the class's pool sorted by file name."""
    copies = []
    for name in _FOLDERS:
        paths = [path for path in files if f"/{name}/" in path]
        paths.sort(key=lambda path: path.rsplit("/", 1)[1])
        for i, path in enumerate(paths):
            split = "train" if i < 0.8 * len(paths) else "test"
            target = f"{THIRD}/{split}/{name}/{name}({i}).jpg"
            _write(root / target, re_encode(files[path], scale=1.1, quality=60))
            copies.append(_copy(originals.get(path, path), target, "re-encoded"))
    return copies


def _write_covid(root: Path, seed: int, plants: Plants) -> pd.DataFrame:
    """Other, adult-like and severely ill patients: a third class, to be left out."""
    rows = []
    for i in range(N_COVID):
        image = {
            "kind": "COVID19",
            "block": "train" if i < 0.8 * N_COVID else "test",
            "seed": _COVID_SEED + seed * 1_000_003 + i,
            "image_number": 0,
            "patient_id": f"COVID19-{i}",
            "label": 1,
            "name": f"COVID19({i}).jpg",
        }
        row, data = _draw(image, plants)
        row["path"] = f"{THIRD}/{image['block']}/COVID19/{image['name']}"
        _write(root / row["path"], data)
        rows.append(row | {"label": ""})  # never to be called pneumonia
    return pd.DataFrame(rows)


def _write_truth(
    folder: Path,
    truth: pd.DataFrame,
    covid: pd.DataFrame,
    copies: list[dict],
    seed: int,
    plants: Plants,
) -> None:
    folder.mkdir(parents=True)
    truth.to_csv(folder / "truth.csv", index=False)
    covid.to_csv(folder / "covid19.csv", index=False)
    pd.DataFrame(copies).to_csv(folder / "copies.csv", index=False)
    facts = {
        "generator": GENERATOR,
        "seed": seed,
        "n_children": int(truth["patient_id"].nunique()),
        "plants": asdict(plants),
        "note": "Simulated images. They say nothing about clinical performance.",
    }
    text = json.dumps(facts, indent=1)
    (folder / "plants.json").write_text(text, encoding="utf-8")
