"""From a merge to a trained run, and from a run to its predictions.

This is the one place that scores a test set, and it counts every reading.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from xraylab import data, phantom
from xraylab.errors import InputError, renamed
from xraylab.files import try_writing
from xraylab.training import (
    answers,
    board,
    content,
    disk,
    origin,
    processes,
    rates,
    record,
    runs,
    test_log,
    weights,
)
from xraylab.training.recipe import Recipe


def train(
    merge_folder: str | Path,
    protocol: str,
    recipe: Recipe,
    out: str | Path,
    *,
    tensorboard: str | Path | None = None,
    progress: bool = True,
) -> runs.Run:
    """Split a merge, read its images once, and train on them.

    An unfinished run in `out` goes on where it stopped; a finished one of the same
    recipe on the same images is only loaded, and its `note` says so.

    Parameters
    ----------
    merge_folder : path
        As written by `xraylab.data.Merge.save`.
    protocol : str
        A key of `xraylab.data.PROTOCOLS`; split with the recipe's seed.
    recipe : Recipe
        Network, sizes, schedule and seed.
    out : path
        Folder of the run.
    tensorboard : path, optional
        Folder that also gets the history, as events for TensorBoard.
    progress : bool
        Show progress bars on stderr, or in a notebook bars and a live chart.

    Raises
    ------
    FileNotFoundError
        If there is no merge in `merge_folder`.
    ValueError
        If the protocol does not fit the data, `out` holds another run or a merge, or
        tensorboard is asked for and not installed.
    xraylab.WeightsError
        If the weights cannot be had.
    """
    board.check(tensorboard)  # before images are read, which may take minutes
    weights.check(recipe.model, recipe.weights)
    merged = data.Merge.load(merge_folder)
    with renamed(folder="out"):
        merged.refuse_among_images(out)
    if Path(out).is_dir() and data.Merge.is_saved_at(out):
        text = f"must be a folder for the run, but {out} holds a merge. Choose another."
        raise InputError(text, argument="out")
    if processes.is_main():  # before images are read, and again when it is written
        disk.refuse_others(Path(out))
        if not disk.is_finished(out):
            try_writing(Path(out) / record.FACTS)
    with renamed(manifest="merge_folder"):
        table = data.split(merged.manifest, protocol, seed=recipe.seed)
    is_simulated = phantom.find_sets(merged.root, table["path"]).is_simulated
    simulated = {True: "all", None: "some", False: "none"}[is_simulated]
    with processes.main_first():
        cache = origin.read_images(
            table["path"], merged.root, recipe.size_px, merge_folder, progress
        )
    return runs.train_run(
        out,
        recipe,
        cache.pixels,
        table.assign(row=cache.rows(table["path"])),
        protocol=protocol,
        about={"merge": str(Path(merge_folder).resolve()), "simulated": simulated},
        tensorboard=tensorboard,
        progress=progress,
    )


def find_lr(
    merge_folder: str | Path,
    protocol: str,
    recipe: Recipe,
    *,
    progress: bool = True,
) -> pd.DataFrame:
    """Let the learning rate rise over a split's training images.

    See `xraylab.training.rates.range_test`. Of the other splits the network sees no
    image; nothing is kept but the cache of the images.

    Parameters
    ----------
    merge_folder, protocol, recipe, progress
        As for `train`.

    Returns
    -------
    DataFrame
        One row a step: lr, loss, smoothed.
    """
    weights.check(recipe.model, recipe.weights)
    merged = data.Merge.load(merge_folder)
    with renamed(manifest="merge_folder"):
        table = data.split(merged.manifest, protocol, seed=recipe.seed)
    cache = origin.read_images(
        table["path"], merged.root, recipe.size_px, merge_folder, progress
    )
    labels = np.zeros(len(cache.paths), np.int64)
    train = table[table["split"] == "train"]
    rows = cache.rows(train["path"])
    labels[rows] = train["label"]
    return rates.range_test(recipe, cache.pixels, labels, rows, progress=progress)


def score(
    run_folder: str | Path,
    *,
    on: str = "valid",
    merge: str | Path | None = None,
    progress: bool = True,
) -> tuple[pd.DataFrame, int]:
    """Let a run answer for its validation or test rows, and keep the answers.

    Parameters
    ----------
    run_folder : path
        As written by `train`.
    on : str
        "valid", to choose with; or "test", of a finished run only: the reading is
        written down and counted before the network sees an image.
    merge : path, optional
        A merge that holds the run's images, where they have moved since the run was
        trained. They are found by content, whatever they are called there.
    progress : bool
        Show progress bars on stderr.

    Returns
    -------
    predictions : DataFrame
        Columns path, image_id, group_id, label and score (probability of
        pneumonia, 0 to 1); also written to `predictions-{on}.csv` in the run, with
        the network beside each.
    n_readings : int
        Readings of this test so far, this one included; 0 on "valid".

    Raises
    ------
    ValueError
        If `on` is neither, or the merge lacks an image of the run.
    xraylab.UnfinishedRunError
        If the test is asked for while epochs are still to come.
    xraylab.NotARunError
        If the folder holds no run.
    """
    if on not in {"valid", "test"}:
        raise InputError(f'must be "valid" or "test", got {on!r}.', argument="on")
    processes.refuse_several("to score")
    run = runs.load_run(run_folder)
    if on == "test":
        run.refuse_unfinished("The test is read")
    asked = run.table[run.table["split"] == on]
    own = origin.find_rows(run, asked, merge, progress=progress)
    # before the reading: a damaged file must cost none, nor a folder that is shut
    try_writing(run.folder / f"predictions-{on}.csv")
    model = run.make_model().to(processes.make_accelerator().device)
    n_readings = 0
    if on == "test":
        n_readings = test_log.count_reading(
            test_log.find_folder(run, merge),
            test=content.digest_test(run.table),
            protocol=run.protocol,
            **test_log.describe_reader(run),
        )
    predictions = answers.score_rows(model, own.pixels, own.rows)
    answers.write_predictions(run_folder, on, predictions, run.network_id)
    return predictions, n_readings


def keep_operating_point(
    run_folder: str | Path,
    threshold: float,
    *,
    rule: str,
    merge: str | Path | None = None,
    **chosen: object,
) -> runs.Run:
    """Store a threshold in a run, for all that answers with it later.

    Parameters
    ----------
    run_folder : path
        Of a finished run whose network has read no test yet, nor images from elsewhere.
    threshold : float
        In [0, 1], chosen on validation.
    rule : str
        How it was chosen, named beforehand.
    merge : path, optional
        As for `score`: its log is asked, too.
    **chosen
        What else is known of the choice, fit for JSON.

    Raises
    ------
    xraylab.errors.InputError
        If such a reading was made before, or the threshold is not in [0, 1].
    xraylab.errors.UnfinishedRunError
        If the training has not ended: its network may still change.
    """
    run = runs.load_run(run_folder)
    run.refuse_unfinished("A threshold is chosen")
    if not 0 <= threshold <= 1:  # nan is in no range
        text = f"must be in [0, 1], got {threshold}."
        raise InputError(text, argument="threshold")
    if n_readings := _count_own_readings(run, merge):
        raise InputError(
            "must come before a test is read, or images from elsewhere, but "
            f"{run.folder} has read such (readings: {n_readings}). The run keeps "
            f"{run.threshold:.3f}, {run.rule}; --threshold shows figures at another "
            "one and stores nothing.",
            argument="rule",
        )
    record.keep_operating_point(run.folder, float(threshold), {"rule": rule, **chosen})
    return runs.load_run(run_folder)


def _count_own_readings(run: runs.Run, merge: str | Path | None) -> int:
    """Count how often this network read a test: by the logs and what it left here."""
    given = merge and Path(merge).resolve()
    folders = {run.merge_folder, run.folder.resolve(), given} - {None}
    logs = map(test_log.list_readings, folders)
    n_logged = sum(int((log["network"] == run.network_id).sum()) for log in logs)
    left = (run.folder / f"predictions-{on}.csv" for on in ("test", "external"))
    was_read = any(map(os.path.lexists, left))  # the log may be away
    return max(n_logged, int(was_read))
