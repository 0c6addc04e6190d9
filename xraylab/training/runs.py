"""A run on disk: recipe, history, weights, predictions.

Weights and the optimiser's state are safetensors, all else JSON and CSV:
opening a run executes nothing. Every file is written whole or not at all.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file

from xraylab.errors import InputError, NotARunError
from xraylab.files import write_text, write_texts
from xraylab.training import checkpoint, loop, models

TABLE_COLUMNS = ["path", "image_id", "group_id", "label", "split"]
PREDICTION_COLUMNS = ["path", "image_id", "group_id", "label", "score"]
THRESHOLD = 0.5  # the original's; lesson 05 chooses another on validation
_FACTS, _HISTORY, _TABLE = "run.json", "history.csv", "split.csv"
_BEST, _LAST = "best.safetensors", "last.safetensors"
_STATE = "unfinished.safetensors"  # weights, optimiser and history, in one file


@dataclass(frozen=True)
class Run:
    """A run as it lies on disk.

    `history` has one row an epoch; `table` says which file was in which split;
    `about` what the maker noted, such as the merge it came from.
    """

    folder: Path
    recipe: loop.Recipe
    protocol: str
    threshold: float
    about: dict
    history: pd.DataFrame
    table: pd.DataFrame

    def make_model(self, weights: str = "best") -> torch.nn.Module:
        """Load the network: "best" by validation AUROC, or "last"."""
        files = {"best": _BEST, "last": _LAST}
        if weights not in files:
            raise InputError(f'weights must be "best" or "last", got {weights!r}.')
        file = self.folder / files[weights]
        if not file.is_file():
            raise NotARunError(f"{self.folder} has no {file.name} yet: train it on.")
        model = models.make_model(self.recipe.model, dropout=self.recipe.dropout)
        model.load_state_dict(load_file(file))
        return model.eval()


def train_run(
    folder: str | Path,
    recipe: loop.Recipe,
    pixels: np.ndarray,
    table: pd.DataFrame,
    *,
    protocol: str,
    about: dict | None = None,
    progress: bool = True,
) -> Run:
    """Train and keep everything in a folder; go on where an earlier call stopped.

    Parameters
    ----------
    folder : path
        Of the run; made when missing.
    recipe : Recipe
    pixels : array of uint8, shape (n, size_px, size_px)
    table : DataFrame
        Columns path, image_id, group_id, label, split, and row: the row of
        `pixels`. Test rows are kept in the record and never looked at.
    protocol : str
        What the split promises.
    about : dict, optional
        Notes for the record, fit for JSON.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If the folder holds a run of another recipe, protocol or split, the table
        lacks a column, or train or valid lacks a class; nothing is written.
    xraylab.WeightsError
        If the weights cannot be had; nothing is written.
    OSError
        When the disk is full; the last whole epoch stays.
    """
    folder = Path(folder)
    missing = [c for c in [*TABLE_COLUMNS, "row"] if c not in table]
    if missing:
        raise InputError(f"table must have the columns {', '.join(missing)}.")
    facts = {"recipe": loop.as_dict(recipe), "protocol": protocol}
    _refuse_other_run(folder, facts, table)
    if not _is_file(folder, _LAST):
        labels = np.zeros(len(pixels), np.int64)
        labels[table["row"]] = table["label"]
        train, valid = (
            table.loc[table["split"] == name, "row"].to_numpy()
            for name in ("train", "valid")
        )
        loop.check_rows(recipe, pixels, labels, train, valid)
        state = loop.fit(
            recipe,
            pixels,
            labels,
            train,
            valid,
            state=_take_up(folder, recipe, facts | {"about": about or {}}, table),
            after_epoch=lambda state: _save_epoch(folder, state),
            progress=progress,
        )
        _finish(folder, state)
    return load_run(folder)


def load_run(folder: str | Path) -> Run:
    """Read a run.

    Raises
    ------
    NotARunError
        Naming what is missing.
    """
    folder = Path(folder)
    missing = [n for n in (_FACTS, _TABLE, _HISTORY, _BEST) if not _is_file(folder, n)]
    if missing:
        raise NotARunError(
            f"{folder} must be the folder of a run, but {', '.join(missing)} "
            "is missing. Make one with `xraylab train`."
        )
    try:
        facts = json.loads((folder / _FACTS).read_text("utf-8"))
        return Run(
            folder=folder,
            recipe=loop.Recipe(**facts["recipe"]),
            protocol=facts["protocol"],
            threshold=facts["threshold"],
            about=facts["about"],
            history=pd.read_csv(folder / _HISTORY),
            table=_read_table(folder),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise NotARunError(
            f"{folder / _FACTS} or its tables could not be read as a run: {error}. "
            "It was changed by hand or written by another version; train it anew."
        ) from error


def score_rows(
    run: Run, pixels: np.ndarray, table: pd.DataFrame, *, weights: str = "best"
) -> pd.DataFrame:
    """Let a run answer for rows of a table.

    Parameters
    ----------
    table : DataFrame
        As for `train_run`; every row is scored.

    Returns
    -------
    DataFrame
        `PREDICTION_COLUMNS`; score is the probability of pneumonia, 0 to 1.
    """
    logits = loop.score_logits(run.make_model(weights), pixels, table["row"].to_numpy())
    return table.assign(score=loop.as_scores(logits))[PREDICTION_COLUMNS]


def write_predictions(folder: str | Path, on: str, predictions: pd.DataFrame) -> None:
    """Keep predictions in the run, as predictions-{on}.csv."""
    text = predictions.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    write_text(Path(folder) / f"predictions-{on}.csv", text)


def _is_file(folder: Path, name: str) -> bool:
    return (folder / name).is_file()


def _refuse_other_run(folder: Path, facts: dict, table: pd.DataFrame) -> None:
    if not _is_file(folder, _FACTS):
        return
    old = json.loads((folder / _FACTS).read_text("utf-8"))
    was, now = ({"protocol": f["protocol"], **f["recipe"]} for f in (old, facts))
    other = [f"{key} {was.get(key)}" for key in now if was.get(key) != now[key]]
    if other:
        raise InputError(
            f"{folder} holds a run with {', '.join(other[:3])}, which is not what "
            "was asked for. Choose another folder, or the same settings to go on."
        )
    kept = _read_table(folder)
    for column, what in (("path", "images"), ("label", "labels"), ("split", "split")):
        if kept[column].tolist() != table[column].tolist():
            raise InputError(
                f"{folder} holds a run on other {what}. Choose another folder."
            )


def _read_table(folder: Path) -> pd.DataFrame:
    """Read the split; names made of digits stay names."""
    table = pd.read_csv(folder / _TABLE, dtype=str, keep_default_na=False)
    return table.astype({"label": int})


def _take_up(
    folder: Path, recipe: loop.Recipe, facts: dict, table: pd.DataFrame
) -> loop.State:
    """Go on with an unfinished run, or begin one."""
    if _is_file(folder, _STATE):
        return checkpoint.load_state(folder / _STATE, recipe)
    # first, since it may fail to fetch its weights: a folder that is already
    # written would refuse the next try with others
    state = loop.start(recipe)
    _begin(folder, facts, table)
    return state


def _begin(folder: Path, facts: dict, table: pd.DataFrame) -> None:
    """Write what is known before the first step."""
    packages = ("xraylab", "torch", "torchvision", "numpy", "pillow", "scikit-learn")
    facts = facts | {
        "threshold": THRESHOLD,
        "classes": models.CLASSES,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in packages},
    }
    text = table[TABLE_COLUMNS].to_csv(index=False, lineterminator="\n")
    facts_text = json.dumps(facts, indent=2) + "\n"
    write_texts({folder / _TABLE: text, folder / _FACTS: facts_text})


def _save_epoch(folder: Path, state: loop.State) -> None:
    """Keep an epoch; one file holds all that is needed to go on from it."""
    history = pd.DataFrame(state.history)
    if history["valid_auroc"].iloc[-1] >= history["valid_auroc"].max():
        checkpoint.save_tensors(folder / _BEST, checkpoint.plain_weights(state.model))
    checkpoint.save_state(folder / _STATE, state)
    _save_history(folder, state)


def _save_history(folder: Path, state: loop.State) -> None:
    text = pd.DataFrame(state.history).to_csv(index=False, lineterminator="\n")
    write_text(folder / _HISTORY, text)


def _finish(folder: Path, state: loop.State) -> None:
    _save_history(folder, state)  # a stop may have come between state and history
    checkpoint.save_tensors(folder / _LAST, checkpoint.plain_weights(state.model))
    (folder / _STATE).unlink(missing_ok=True)
