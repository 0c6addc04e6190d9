"""A run on disk: what it was made from, its history, weights and predictions.

Weights and the optimiser's state are safetensors, all else is text: opening a run
executes nothing. Every file is written whole or not at all, but the history, which
gets a line an epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from xraylab import data
from xraylab.errors import (
    InputError,
    NotARunError,
    TrainingError,
    UnfinishedRunError,
)
from xraylab.training import (
    board,
    checkpoint,
    content,
    disk,
    loop,
    models,
    processes,
    record,
    steps,
    tensors,
    weights,
)
from xraylab.training.recipe import Recipe

TABLE_COLUMNS = ["path", "image_id", "group_id", "label", "split", "row"]


@dataclass(frozen=True)
class Run:
    """A run as it lies on disk.

    Attributes
    ----------
    folder : Path
    recipe : Recipe
    protocol : str
    threshold : float
        Scores from here on are called pneumonia, in [0, 1].
    operating_point : dict
        How the threshold was chosen: rule, and what `keep_operating_point` was given.
    about : dict
        What the maker noted, such as the merge it came from.
    versions : dict
        Of Python and the packages it was begun with.
    history : DataFrame
        One row an epoch.
    table : DataFrame
        One row an image file: path, image_id, group_id, label, split, and pixels, a
        digest of what the network saw.
    note : str
        How `train` came by it: "trained", "continued after epoch 2" (with what it was
        begun with, where that was another device or version) or "finished earlier,
        loaded"; "" when it was only read.
    """

    folder: Path
    recipe: Recipe
    protocol: str
    threshold: float
    operating_point: dict
    about: dict
    versions: dict
    history: pd.DataFrame
    table: pd.DataFrame
    note: str = ""

    @property
    def rule(self) -> str:
        """Which rule the threshold was chosen by."""
        return str(self.operating_point.get("rule", ""))

    @property
    def merge_folder(self) -> Path | None:
        """The merge it was trained on; None where that is told nowhere, or gone."""
        home = self.about.get("merge")  # "" would be the folder one works in
        is_there = home and (Path(home) / "manifest.csv").is_file()
        return Path(home) if is_there else None

    @property
    def simulated(self) -> str:
        """Which of its images are built-in: "all", "some", "none"; "" if not noted."""
        return self.about.get("simulated", "")

    @property
    def missing_merge(self) -> str:
        """Say which merge is away, for an error where `merge_folder` is None."""
        home = self.about.get("merge") or "no folder"
        return (
            f"{self.folder} was trained on the merge in {home}, which is not there "
            "any more"
        )

    @property
    def network_id(self) -> str:
        """The network by content: 16 digits of the SHA-256 of its best weights."""
        return content.digest_file(self.folder / disk.BEST)[:16]

    @property
    def is_finished(self) -> bool:
        """False while epochs are still to come."""
        return disk.is_finished(self.folder)

    @property
    def kept_epoch(self) -> int:
        """The epoch with the best AUROC on validation, of equals the last."""
        aurocs = self.history["valid_auroc"]
        return int(self.history.loc[aurocs >= aurocs.max(), "epoch"].iloc[-1])

    @property
    def unfinished(self) -> str:
        """How far the training came, as a sentence; "" when it has ended."""
        if self.is_finished:
            return ""
        n_epochs = f"{len(self.history)} of {self.recipe.epochs}"
        return f"Unfinished: {n_epochs} epochs are trained."

    def refuse_unfinished(self, what: str) -> None:
        """Raise UnfinishedRunError while epochs are still to come."""
        if not self.is_finished:
            raise UnfinishedRunError(
                f"{self.folder} is unfinished: {len(self.history)} of "
                f"{self.recipe.epochs} epochs. {what} when training has ended; train "
                "it on with the command it was begun with, or evaluate on valid."
            )

    def make_model(self, weights: str = "best") -> torch.nn.Module:
        """Load the network: "best" by validation AUROC, or "last".

        Raises
        ------
        NotARunError
            If its file is missing, damaged, or of another network.
        """
        files = {"best": disk.BEST, "last": disk.LAST}
        if weights not in files:
            text = f'must be "best" or "last", got {weights!r}.'
            raise InputError(text, argument="weights")
        file = self.folder / files[weights]
        if not file.is_file():
            to_do = "any more: copy it back" if self.is_finished else "yet: train it on"
            raise NotARunError(f"{self.folder} has no {file.name} {to_do}.")
        model = models.make_model(self.recipe.model, dropout=self.recipe.dropout)
        given, _ = tensors.read_tensors(file, error=NotARunError)
        misfits = tensors.find_misfits(model.state_dict(), given)
        if misfits:
            raise NotARunError(
                f"{file} must hold the weights of a {self.recipe.model}, but "
                f"{len(misfits)} are missing, of another shape or no numbers, first "
                f"{misfits[0]}. Copy a good one back, or train anew in another folder."
            )
        model.load_state_dict({name: given[name] for name in model.state_dict()})
        return model.eval()


def train_run(
    folder: str | Path,
    recipe: Recipe,
    pixels: np.ndarray,
    table: pd.DataFrame,
    *,
    protocol: str,
    about: dict | None = None,
    tensorboard: str | Path | None = None,
    progress: bool = True,
) -> Run:
    """Train and keep everything in a folder; go on where an earlier call stopped.

    Whether a folder holds the same run is told by content: recipe, protocol, the
    pixels, labels and split of each file, and the digest of the weights it began with.
    Whatever stops it, the last whole epoch stays; before the first is kept, nothing.
    A KeyboardInterrupt says how many are kept.

    Parameters
    ----------
    folder : path
        Of the run; made when missing.
    recipe : Recipe
    pixels : array of uint8, shape (n, size_px, size_px)
    table : DataFrame
        Columns path, image_id, group_id, label, split, and row: the row of
        `pixels`. Test rows are kept in the record and never shown to the network.
    protocol : str
        What the split promises.
    about : dict, optional
        Notes for the record, fit for JSON.
    tensorboard : path, optional
        Folder that also gets the history, as events for TensorBoard.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If the folder holds another run, the table lacks a column, train or valid lacks
        a class, or tensorboard is asked for and not installed or no folder; nothing is
        written.
    xraylab.NotARunError
        If what the folder holds is damaged; it is left as it is.
    xraylab.WeightsError
        If the weights cannot be had; nothing is written.
    xraylab.TrainingError
        If the loss stops being a number or memory is full.
    OSError
        If another command trains in the folder meanwhile, or files of these names are
        there that are of no run; what they hold stays. When the disk is full.
    """
    board.check(tensorboard)
    folder = Path(folder)
    missing = [c for c in TABLE_COLUMNS if c not in table]
    if missing:
        raise InputError(f"table must have the columns {', '.join(missing)}.")
    table = table.assign(pixels=content.digest_rows(pixels, table["row"]))
    made_from = (recipe, protocol, weights.identify(recipe.weights))
    if disk.has_epochs(folder) and (folder / record.FACTS).is_file():
        record.refuse_other(folder, *made_from, table)
        if disk.is_finished(folder):
            disk.tidy(folder)
            return replace(load_run(folder), note="finished earlier, loaded")
    rows = _rows_by_part(recipe, pixels, table)
    with disk.held(folder):
        # before anything is written: it may fail to fetch its weights, and a folder
        # that is already written would refuse the next try with others
        state = _take_up(folder, recipe)
        place = processes.describe(state.accelerator, state.precision)
        if state.accelerator.is_main_process:
            disk.remove_rests(folder)
            if not disk.has_epochs(folder):
                record.write(folder, *made_from, about or {}, place, table)
            record.write_history(folder, state.history)
        state.accelerator.wait_for_everyone()
        note = _how_it_begins(folder, state, place)
        events = tensorboard if state.accelerator.is_main_process else None
        with board.open_board(events, state.history) as log:
            _fit_and_keep(folder, recipe, pixels, rows, state, log, progress)
    return replace(load_run(folder), note=note)


def load_run(folder: str | Path) -> Run:
    """Read a run.

    Raises
    ------
    NotARunError
        Naming what is missing or damaged, or saying that the folder holds a merge.
    """
    folder = Path(folder)
    names = (record.FACTS, record.TABLE, record.HISTORY, disk.BEST)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing and folder.is_dir() and data.Merge.is_saved_at(folder):
        raise NotARunError(
            f"{folder} must be the folder of a run, but holds a merge. Train on it "
            "with `xraylab train`, and give the folder of that run."
        )
    if missing:
        are = "is" if len(missing) == 1 else "are"
        raise NotARunError(
            f"{folder} must be the folder of a run, but {', '.join(missing)} "
            f"{are} missing. Make one with `xraylab train`."
        )
    kept = record.read(folder)
    run = Run(
        folder=folder,
        recipe=kept.recipe,
        protocol=kept.protocol,
        threshold=kept.threshold,
        operating_point=kept.operating_point,
        about=kept.about,
        versions=kept.versions,
        history=record.read_history(folder),
        table=kept.table,
    )
    if run.is_finished and len(run.history) != run.recipe.epochs:
        raise NotARunError(
            f"{folder / record.HISTORY} must have {run.recipe.epochs} epochs, as the "
            f"run is finished, but has {len(run.history)}. Copy a good one back, or "
            "train anew in another folder."
        )
    return run


def _rows_by_part(
    recipe: Recipe, pixels: np.ndarray, table: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels of all pixels, and the rows of train and valid, checked."""
    labels = np.zeros(len(pixels), np.int64)
    labels[table["row"]] = table["label"]
    train, valid = (
        table.loc[table["split"] == name, "row"].to_numpy()
        for name in ("train", "valid")
    )
    loop.check_rows(recipe, pixels, labels, train=train, valid=valid)
    return labels, train, valid


def _take_up(folder: Path, recipe: Recipe) -> steps.State:
    """Begin, or go on with an unfinished run.

    A state that is gone or damaged is never passed over.
    """
    if (folder / disk.STATE).is_file():
        return checkpoint.load_state(folder / disk.STATE, recipe)
    has_history = (folder / record.HISTORY).is_file()
    if has_history and len(record.read_history(folder)):
        raise NotARunError(
            f"{folder} has epochs behind it, but {disk.STATE} is missing, so it cannot "
            "go on. Copy it back, or train anew in another folder."
        )
    return steps.start(recipe)


def _save_epoch(folder: Path, recipe: Recipe, state: steps.State) -> None:
    """Keep an epoch; one file holds all that is needed to go on from it."""
    aurocs = [row["valid_auroc"] for row in state.history]
    if aurocs[-1] >= max(aurocs):
        weights_now = tensors.plain_weights(state.model)
        tensors.save_tensors(folder / disk.BEST, weights_now)
    checkpoint.save_state(folder / disk.STATE, recipe, state)
    record.append_history(folder, state.history[-1])


def _how_it_begins(folder: Path, state: steps.State, place: dict) -> str:
    """Say from where a training goes on, and what keeps it from the same bits."""
    if not state.n_epochs:
        return "trained"
    note = f"continued after epoch {state.n_epochs}"
    kept = record.read(folder)
    now, begun = place | record.list_versions(), kept.place | kept.versions
    other = [f"{key} {begun.get(key)}" for key in now if begun.get(key) != now[key]]
    if other:
        note += f"; begun with {', '.join(other)}, so perhaps not to the same bits"
    return note


def _fit_and_keep(
    folder: Path,
    recipe: Recipe,
    pixels: np.ndarray,
    rows: tuple[np.ndarray, np.ndarray, np.ndarray],
    state: steps.State,
    log: Callable[[dict], None],
    progress: bool,
) -> None:
    """Train to the end; only the main process writes."""

    def keep(state: steps.State) -> None:
        _save_epoch(folder, recipe, state)
        log(state.history[-1])

    try:
        loop.fit(
            recipe, pixels, *rows, state=state, after_epoch=keep, progress=progress
        )
    except TrainingError as error:
        if not state.n_epochs:  # then nothing of it stays
            raise
        raise TrainingError(
            f"{error} {folder} keeps the network after epoch {state.n_epochs}. Another "
            "recipe needs another folder."
        ) from error
    except KeyboardInterrupt as stopped:
        if n_kept := len(record.read_history(folder)):
            n_epochs = f"{n_kept} of {recipe.epochs} epochs"
            text = f"Kept in {folder}: {n_epochs}. The same command goes on from there."
            stopped.args = (text,)
        raise
    if state.accelerator.is_main_process:
        _finish(folder, state)
    state.accelerator.wait_for_everyone()


def _finish(folder: Path, state: steps.State) -> None:
    tensors.save_tensors(folder / disk.LAST, tensors.plain_weights(state.model))
    disk.tidy(folder)
