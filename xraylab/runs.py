"""A run on disk: recipe, history, weights, predictions.

Weights and the optimiser's state are safetensors, all else JSON and CSV:
opening a run executes nothing. Every file is written whole or not at all.
"""

from __future__ import annotations

import errno
import importlib.metadata
import json
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from xraylab import _files, models, training

TABLE_COLUMNS = ["path", "picture_id", "group_id", "label", "split"]
PREDICTION_COLUMNS = ["path", "picture_id", "group_id", "label", "score"]
THRESHOLD = 0.5  # the original's; lesson 05 chooses another on validation
_FACTS, _HISTORY, _TABLE = "run.json", "history.csv", "split.csv"
_BEST, _LAST = "best.safetensors", "last.safetensors"
_STATE = "unfinished.safetensors"  # weights, optimiser and history, in one file


class NotARunError(ValueError):
    """A folder that holds no run."""


@dataclass(frozen=True)
class Run:
    """A run as it lies on disk.

    `history` has one row an epoch; `table` says which file was in which split;
    `about` what the maker noted, such as the merge it came from.
    """

    folder: Path
    recipe: training.Recipe
    protocol: str
    threshold: float
    about: dict
    history: pd.DataFrame
    table: pd.DataFrame

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are done."""
        return _is_file(self.folder, _LAST)

    def make_model(self, weights: str = "best") -> torch.nn.Module:
        """Load the network: "best" by validation AUROC, or "last"."""
        file = self.folder / {"best": _BEST, "last": _LAST}[weights]
        model = models.make_model(self.recipe.model, dropout=self.recipe.dropout)
        model.load_state_dict(load_file(file))
        return model.eval()


def train_run(
    folder: str | Path,
    recipe: training.Recipe,
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
        Columns path, picture_id, group_id, label, split, and row: the row of
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
        If the folder holds a run of another recipe, protocol or split.
    OSError
        When the disk is full; the last whole epoch stays.
    """
    folder = Path(folder)
    facts = {"recipe": training.as_dict(recipe), "protocol": protocol}
    _refuse_other_run(folder, facts, table)
    if not _is_file(folder, _LAST):
        state = _load_state(folder, recipe)
        if state is None:
            _begin(folder, facts, about or {}, table)
        labels = np.zeros(len(pixels), np.int64)
        labels[table["row"]] = table["label"]
        rows = {name: part["row"].to_numpy() for name, part in table.groupby("split")}
        state = training.fit(
            recipe,
            pixels,
            labels,
            rows["train"],
            rows["valid"],
            state=state,
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
    facts = json.loads((folder / _FACTS).read_text("utf-8"))
    return Run(
        folder=folder,
        recipe=training.Recipe(**facts["recipe"]),
        protocol=facts["protocol"],
        threshold=facts["threshold"],
        about=facts["about"],
        history=pd.read_csv(folder / _HISTORY),
        table=pd.read_csv(folder / _TABLE),
    )


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
    logits = training.score_logits(
        run.make_model(weights), pixels, table["row"].to_numpy()
    )
    return table.assign(score=training.as_scores(logits))[PREDICTION_COLUMNS]


def write_predictions(folder: str | Path, on: str, predictions: pd.DataFrame) -> None:
    """Keep predictions in the run, as predictions-{on}.csv."""
    text = predictions.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    _files.write_text(Path(folder) / f"predictions-{on}.csv", text)


def _is_file(folder: Path, name: str) -> bool:
    return (folder / name).is_file()


def _refuse_other_run(folder: Path, facts: dict, table: pd.DataFrame) -> None:
    if not _is_file(folder, _FACTS):
        return
    old = json.loads((folder / _FACTS).read_text("utf-8"))
    was, now = ({"protocol": f["protocol"], **f["recipe"]} for f in (old, facts))
    other = [f"{key} {was.get(key)}" for key in now if was.get(key) != now[key]]
    if other:
        raise ValueError(
            f"{folder} holds a run with {', '.join(other[:3])}, which is not what "
            "was asked for. Choose another folder, or the same settings to go on."
        )
    if not pd.read_csv(folder / _TABLE)["path"].equals(
        table["path"].reset_index(drop=True)
    ):
        raise ValueError(
            f"{folder} holds a run on other pictures. Choose another folder."
        )


def _begin(folder: Path, facts: dict, about: dict, table: pd.DataFrame) -> None:
    """Write what is known before the first step."""
    packages = ("xraylab", "torch", "torchvision", "numpy", "pillow", "scikit-learn")
    facts = facts | {
        "threshold": THRESHOLD,
        "classes": models.CLASSES,
        "about": about,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in packages},
    }
    text = table[TABLE_COLUMNS].to_csv(index=False, lineterminator="\n")
    _files.write_text(folder / _TABLE, text)
    _files.write_text(folder / _FACTS, json.dumps(facts, indent=2) + "\n")


def _save_epoch(folder: Path, state: training.State) -> None:
    """Keep an epoch; one file holds all that is needed to go on from it."""
    history = pd.DataFrame(state.history)
    weights = _weights(state.model)
    if history["valid_auroc"].iloc[-1] >= history["valid_auroc"].max():
        _save_tensors(folder / _BEST, weights)
    saved = state.optimiser.state_dict()
    tensors = {f"model/{name}": value for name, value in weights.items()} | {
        f"optimiser/{number}/{name}": value.contiguous().cpu()
        for number, values in saved["state"].items()
        for name, value in values.items()
    }
    facts = {"param_groups": saved["param_groups"], "history": state.history}
    _save_tensors(folder / _STATE, tensors, {"facts": json.dumps(facts)})
    text = history.to_csv(index=False, lineterminator="\n")
    _files.write_text(folder / _HISTORY, text)


def _finish(folder: Path, state: training.State) -> None:
    _save_tensors(folder / _LAST, _weights(state.model))
    (folder / _STATE).unlink()


def _weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {k: v.contiguous().cpu() for k, v in model.state_dict().items()}


def _save_tensors(
    file: Path, tensors: dict[str, torch.Tensor], facts: dict[str, str] | None = None
) -> None:
    with _files.whole_file(file) as half:
        try:
            save_file(tensors, half, metadata=facts)
        except SafetensorError as error:  # a full disk, in its words
            raise OSError(errno.EIO, str(error)) from error


def _load_state(folder: Path, recipe: training.Recipe) -> training.State | None:
    """Rebuild the state after the last whole epoch; None when there is none."""
    if not _is_file(folder, _STATE):
        return None
    state = training.start(training.without_download(recipe))
    weights, optimiser = {}, {}
    with safe_open(folder / _STATE, "pt") as file:
        facts = json.loads(file.metadata()["facts"])
        for name in file.keys():  # noqa: SIM118, a safetensors file is no dict
            part, key = name.split("/", 1)
            if part == "model":
                weights[key] = file.get_tensor(name)
            else:
                number, key = key.split("/")
                optimiser.setdefault(int(number), {})[key] = file.get_tensor(name)
    state.model.load_state_dict(weights)
    state.optimiser.load_state_dict(
        {"state": optimiser, "param_groups": facts["param_groups"]}
    )
    state.history.extend(facts["history"])
    state.schedule.last_epoch = state.n_epochs
    return state
