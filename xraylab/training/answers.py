"""A network's answers for rows of a table, and how a run keeps them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from xraylab.files import write_texts
from xraylab.training import scoring

COLUMNS = ["path", "image_id", "group_id", "label", "score"]


def score_rows(
    model: torch.nn.Module, pixels: np.ndarray, table: pd.DataFrame
) -> pd.DataFrame:
    """Let a network answer for rows of a table.

    Parameters
    ----------
    table : DataFrame
        As for `train_run`; every row is scored.

    Returns
    -------
    DataFrame
        `COLUMNS`; score is the probability of pneumonia, 0 to 1.
    """
    logits = scoring.score_logits(model, pixels, table["row"].to_numpy())
    return table.assign(score=scoring.as_scores(logits))[COLUMNS]


def write_predictions(
    folder: str | Path,
    on: str,
    predictions: pd.DataFrame,
    network: str,
    others: dict[str, str] | None = None,
) -> None:
    """Keep predictions in the run, as predictions-{on}.csv, scores to the last bit.

    A threshold may be one of the scores: rounded, its own image would fall below it.
    Each row names its network, so that answers of two are not taken for those of one.

    Parameters
    ----------
    network : str
        By content, as in `Run.network_id`.
    others : dict of str to str, optional
        Name of a file -> its text: they are written with it, all or none.
    """
    signed = predictions.assign(network=network)
    text = signed.to_csv(index=False, lineterminator="\n")
    texts = (others or {}) | {f"predictions-{on}.csv": text}
    write_texts({Path(folder) / name: text for name, text in texts.items()})
