"""What moves the answers of one trained network, on images that are not its test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from xraylab import data, evaluation, images, phantom, training
from xraylab.errors import InputError, renamed
from xraylab.evaluation import Interval
from xraylab.explanation import sanity, stored
from xraylab.explanation.doses import perturb, rank_perturbations
from xraylab.explanation.maps import MAPS
from xraylab.explanation.perturbations import PERTURBATIONS
from xraylab.explanation.scorers import make_scorer

__all__ = ["LEAST", "check_run", "describe_check", "perturb_run"]
SHOWN_PX = 224  # images are changed at this size, or the network's if that is larger
LEAST = (
    "To pass is the least one may ask: it says that a map depends on the weights, not "
    "that it shows a reason."
)
N_MAPPED = 12  # images of as many groups, half of each class


def perturb_run(
    run_folder: str | Path,
    *,
    data_folder: str | Path | None = None,
    merge: str | Path | None = None,
    progress: bool = True,
) -> tuple[pd.DataFrame, str]:
    """Change a run's validation images by every perturbation, dose by dose.

    What is found is kept in the run (`stored`). The test is never read. Images are
    read at 224 px, or at the network's size where that is larger, changed there, and
    squeezed to the network's size after that. The lungs are the true ones where the
    images are built-in, else a box (`lung_box`).

    Parameters
    ----------
    run_folder : path
        As written by `xraylab.training.train`.
    data_folder : path, optional
        Other images instead: two class folders, one of them without disease, in any
        layout that `xraylab audit` reads, or a merge. What lies in a test folder there
        is left out, and so is each image that is known to be of the run's test or
        training, by the file or a published file name, with its copies. One that was
        renamed and saved anew is not known.
    merge : path, optional
        As for `check_run`; not with other images.
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
    xraylab.files.NotWrittenError
        If the folder cannot be written.
    ValueError
        If no merge with the images is given or there, a merge is given beside other
        images, or these are not of the two classes, or not both are left.
    """
    if data_folder is not None and merge is not None:
        raise InputError(
            "must be given for the run's own images only, got it beside a folder of "
            "others. Leave one of the two away.",
            argument="merge",
        )
    run = training.load_run(run_folder)
    kind = "doses" if data_folder is None else "doses elsewhere"
    stored.try_keeping(run.folder, kind)
    if data_folder is None:
        valid = run.table[run.table["split"] == "valid"]
        root, rows = _find_own(run, valid, merge, progress)
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
    about = {"on": what, "network": run.network_id, "threshold": float(run.threshold)}
    stored.keep(run.folder, kind, about | {"lungs": where}, found)
    head = f"{what}, threshold {run.threshold:.3f}, {where}"
    return found, "\n".join([head, *_describe(found)])


def check_run(
    run_folder: str | Path,
    *,
    merge: str | Path | None = None,
    progress: bool = True,
) -> tuple[pd.DataFrame, str]:
    """Check every map of `MAPS` on a run's validation images with shuffled weights.

    One image each of up to 12 groups is drawn by chance, half of them of each class.
    What is found is kept in the run (`stored`). The test is never read.

    Parameters
    ----------
    run_folder : path
        As written by `xraylab.training.train`.
    merge : path, optional
        A merge that holds the run's images, where they have moved since the run was
        trained.
    progress : bool
        Show progress bars on stderr.

    Returns
    -------
    table : DataFrame
        One row a map: map, and the columns of `Interval`: the mean rank correlation
        with maps of shuffled networks, as in `SanityCheck`.
    text : str
        The same for people.

    Raises
    ------
    xraylab.NotARunError
        If the folder holds no run.
    xraylab.files.NotWrittenError
        If the folder cannot be written.
    ValueError
        If no merge with the images is given or there.
    """
    run = training.load_run(run_folder)
    stored.try_keeping(run.folder, "maps")
    valid = run.table[run.table["split"] == "valid"].sample(frac=1, random_state=0)
    few = valid.drop_duplicates("group_id").groupby("label").head(N_MAPPED // 2)
    root, few = _find_own(run, few, merge, progress)
    model, side = run.make_model(), run.recipe.size_px
    squares = np.stack([images.read_pixels(root / p, side) for p in few["path"]])
    others = sanity.shuffled_networks(model, squares)
    groups, rows = few["group_id"].to_numpy(), []
    for name, draw in MAPS.items():
        found = [sanity.similarity(draw, model, others, image) for image in squares]
        rows.append((name, *evaluation.mean_interval(found, groups)))
    table = pd.DataFrame(rows, columns=["map", *Interval._fields])
    about = {"on": f"validation of {run.protocol}", "network": run.network_id}
    counts = {"n_shuffled": len(others), "limit": sanity.LIMIT}
    stored.keep(run.folder, "maps", about | counts, table)
    head = f"{about['on']}, {len(others)} shuffled networks, limit {sanity.LIMIT}"
    lines = [describe_check(row, sanity.LIMIT) for row in table.to_dict("records")]
    return table, "\n".join([head, *lines, LEAST])


def describe_check(row: Mapping, limit: float) -> str:
    """Say of one map of `check_run` whether it passes, where its interval tells."""
    found = Interval(*(row[name] for name in Interval._fields))
    verdict = "passed" if found.high < limit else "FAILED"
    if not (found.high < limit or found.low >= limit):
        verdict = "not decided: the interval holds the limit, or there is none"
    return f"{row['map']}: sanity check {verdict}; likeness {found}"


def _describe(table: pd.DataFrame) -> list[str]:
    """Write three lines for each perturbation, at the dose that turns most answers."""
    lines = []
    for name, _, swing, _, dose in rank_perturbations(table).itertuples(index=False):
        rows = table[(table["perturbation"] == name) & (table["dose"] == dose)]
        figures = rows.set_index("figure").apply(_as_text, axis=1)
        flipped = Interval(
            *rows.set_index("figure").loc["flipped", list(Interval._fields)]
        )
        most = "no answer flipped at any dose,"
        if flipped.value > 0:
            most = f"most flipped at dose {dose:g}: {flipped.figure} of the answers,"
        lines += [
            f"{name}: mean logit moves by {swing:.2f} standard deviations over all "
            f"doses ({PERTURBATIONS[name].words})",
            f"  {most} {flipped.counts}",
            f"  sensitivity {figures['sensitivity']}, specificity "
            f"{figures['specificity']}, AUROC {figures['AUROC']}",
        ]
    return lines


def _as_text(row: pd.Series) -> str:
    return Interval(*(row[name] for name in Interval._fields)).figure


def _find_own(
    run: training.runs.Run,
    rows: pd.DataFrame,
    merge: str | Path | None,
    progress: bool,
) -> tuple[Path, pd.DataFrame]:
    """Find a run's own images, and give each the path that it has now."""
    own = training.origin.find_rows(run, rows, merge, progress=progress)
    return own.root, own.rows.assign(path=own.rows["now"])


def _find_others(
    run: training.runs.Run, folder: Path, progress: bool
) -> tuple[Path, pd.DataFrame]:
    """List the images of a folder, each once, without the run's training and test."""
    if data.Merge.is_saved_at(folder):
        merged = data.Merge.load(folder)
    else:
        with renamed(root="data_folder"):
            merged = data.merge(folder, layout="any", progress=progress)
    table, known = merged.manifest, run.table[run.table["split"] != "valid"]
    training.external.read_classes(table, folder)  # else a guess would be label 0
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
    """Give the lungs of built-in images; None where any image is another."""
    found = phantom.find_sets(root, paths)
    if not found.is_simulated:
        return None
    masks = (phantom.masks_for(*place, size=(side, side)) for place in found.places)
    return np.stack([m.left_lung | m.right_lung for m in masks])
