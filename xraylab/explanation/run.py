"""What moves the answers of one trained network, on images that are not its test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from xraylab import data, images, phantom, training
from xraylab.errors import InputError
from xraylab.evaluation import Interval
from xraylab.explanation.doses import perturb, rank_perturbations
from xraylab.explanation.perturbations import PERTURBATIONS
from xraylab.explanation.scorers import make_scorer

SHOWN_PX = 224  # images are changed at this size, or the network's if that is larger


def perturb_run(
    run_folder: str | Path,
    *,
    data_folder: str | Path | None = None,
    progress: bool = True,
) -> tuple[pd.DataFrame, str]:
    """Change a run's validation images by every perturbation, dose by dose.

    The test is never read. Images are read at 224 px, changed there, and squeezed to
    the network's size after that. The lungs are the true ones where the images are
    built-in, else a box (`lung_box`).

    Parameters
    ----------
    run_folder : path
        As written by `xraylab.training.train`.
    data_folder : path, optional
        Other images instead: a folder of two classes, in any layout that
        `xraylab audit` reads, or a merge. What lies in a test folder there is left
        out, and so is each image that is known to be of the run's test or training,
        by the file or a published file name, with its copies. One that was renamed
        and saved anew is not known.
    progress : bool
        Show progress bars on stderr.

    Returns
    -------
    table : DataFrame
        As from `perturb`, at the run's threshold.
    text : str
        The same for people: the strongest first.

    Raises
    ------
    xraylab.NotARunError
        If the folder holds no run.
    ValueError
        If the merge that the run was trained on is gone, the other images are not of
        two classes, or not both are left.
    """
    run = training.load_run(run_folder)
    if data_folder is None:
        root = _find_root(run)
        rows = run.table[run.table["split"] == "valid"]
        what = f"validation of {run.protocol}"
    else:
        root, rows = _find_others(run, Path(data_folder), progress)
        what = f"{data_folder}, without the run's training and test"
    side = max(SHOWN_PX, run.recipe.size_px)
    squares = np.stack([images.read_pixels(root / p, side) for p in rows["path"]])
    lungs = _true_lungs(root, rows["path"], side)
    found = perturb(
        make_scorer(run.make_model(), run.recipe.size_px, logit=True),
        squares,
        rows.reset_index(drop=True),
        lungs=lungs,
        threshold=run.threshold,
    )
    where = "a box for the lungs" if lungs is None else "the true lungs"
    head = f"{what}, threshold {run.threshold:.3f}, {where}"
    return found, "\n".join([head, *describe(found)])


def describe(table: pd.DataFrame) -> list[str]:
    """Write three lines for each perturbation, at the dose that turns most answers."""
    lines = []
    for name, _, swing, _, dose in rank_perturbations(table).itertuples(index=False):
        rows = table[(table["perturbation"] == name) & (table["dose"] == dose)]
        figures = rows.set_index("figure").apply(_as_text, axis=1)
        counts = rows.set_index("figure").loc["flipped"]
        lines += [
            f"{name}: mean logit moves by {swing:.2f} standard deviations over all "
            f"doses ({PERTURBATIONS[name].words})",
            f"  most flipped at dose {dose:g}: {figures['flipped']} of the answers, "
            f"n = {counts['n']:,}, {counts['n_groups']:,} groups",
            f"  sensitivity {figures['sensitivity']}, specificity "
            f"{figures['specificity']}, AUROC {figures['AUROC']}",
        ]
    return lines


def _as_text(row: pd.Series) -> str:
    return Interval(*(row[name] for name in Interval._fields)).figure


def _find_root(run: training.runs.Run) -> Path:
    home = run.about.get("merge", "")
    if not home or not data.Merge.is_saved_at(home):
        raise InputError(
            f"must be given: {run.folder} was trained on the merge in "
            f"{home or 'no folder'}, which is not there any more. Give a folder of "
            "the same images, or of others.",
            argument="data_folder",
        )
    return data.Merge.load(home).root


def _find_others(
    run: training.runs.Run, folder: Path, progress: bool
) -> tuple[Path, pd.DataFrame]:
    """List the images of a folder, each once, without the run's training and test."""
    if data.Merge.is_saved_at(folder):
        merged = data.Merge.load(folder)
    else:
        merged = data.merge(folder, layout="any", progress=progress)
    table, known = merged.manifest, run.table[run.table["split"] != "valid"]
    if table["label"].nunique() != 2:
        raise InputError(
            f"must hold two classes, found {table['label'].nunique()} in {folder}. "
            "Give a folder of normal and pneumonia.",
            argument="data_folder",
        )
    # without pixels, so that nothing of the run's test is opened
    is_out = training.external.find_known(table, known)
    of_test = table.loc[table["published_split"] == "test", "image_id"]
    is_out |= table["image_id"].isin(of_test)
    left = table[table["kept"] & ~is_out]
    if left["label"].nunique() < 2:
        raise InputError(
            f"must hold new images of both classes, found {len(left)} in {folder}, "
            f"beside {int(is_out.sum())} files of a test folder, or of the run's "
            "training or test, which are left out.",
            argument="data_folder",
        )
    return merged.root, left


def _true_lungs(root: Path, paths: pd.Series, side: int) -> np.ndarray | None:
    """Give the lungs of built-in images; None where the images are others."""
    if not phantom.is_simulated(root):
        return None
    masks = (phantom.masks_for(root, path, size=(side, side)) for path in paths)
    return np.stack([m.left_lung | m.right_lung for m in masks])
