"""Labels, scores and groups, checked before anything is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from xraylab.errors import InputError


@dataclass(frozen=True)
class Rows:
    """Checked rows of a predictions table, and what was called at a threshold."""

    labels: np.ndarray  # int, shape (n,)
    scores: np.ndarray  # float, shape (n,)
    calls: np.ndarray  # bool, shape (n,)
    groups: np.ndarray  # int in 0..n_groups - 1, shape (n,)
    group_names: pd.Index  # shape (n_groups,)

    @property
    def smaller_class(self) -> int:
        """Number of groups of the class that has fewer."""
        return min(np.unique(self.groups[self.labels == i]).size for i in (0, 1))


def make_rows(predictions: pd.DataFrame, threshold: float = 0.5) -> Rows:
    """Check a predictions table and call each image.

    Parameters
    ----------
    predictions : DataFrame
        Columns label, score, group_id; where there is a column path, each
        once. Rows of two runs joined under different paths are not noticed.
    threshold : float
        In [0, 1]; an image is called pneumonia when its score is at or above.

    Raises
    ------
    InputError
        If a column is missing, the table is empty or holds a single class, a
        score or the threshold is outside [0, 1], a group_id is empty, or a
        path stands twice.
    """
    missing = {"label", "score", "group_id"} - set(predictions.columns)
    if missing:
        raise InputError(
            "predictions must have the columns label, score and group_id, found "
            f"no {', '.join(sorted(missing))}. Take the table that a run writes."
        )
    labels, scores = check_rows(predictions["label"], predictions["score"])
    if "path" in predictions and predictions["path"].duplicated().any():
        twice = predictions.loc[predictions["path"].duplicated(), "path"]
        raise InputError(
            f"predictions must hold each path once, found {len(twice)} again: "
            f"{', '.join(map(str, twice[:3]))}. Measure the table of one run at a time."
        )
    names = predictions["group_id"]
    groups, group_names = pd.factorize(names.mask(names.astype(str).str.strip() == ""))
    if (groups < 0).any():
        raise InputError(
            f"group_id must be filled in every row, got {(groups < 0).sum()} empty. "
            "An image of an unknown child is a group of its own."
        )
    return Rows(labels, scores, call(scores, threshold), groups, group_names)


def call(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Say which scores are called pneumonia: those at or above the threshold."""
    if not 0 <= threshold <= 1:
        raise InputError(f"threshold must be in [0, 1], got {threshold}.")
    return scores >= threshold


def check_rows(
    labels: ArrayLike, scores: ArrayLike, *, both_classes: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels as int and scores as float, each of shape (n,), or raise.

    Raises
    ------
    InputError
        If lengths differ, nothing is there, a label is not 0 or 1, a score is
        not in [0, 1], or a class is missing where both are needed.
    """
    labels, scores = as_numbers("labels", labels), as_numbers("scores", scores)
    if labels.shape != scores.shape or labels.ndim != 1:
        raise InputError(
            "labels and scores must be two lists of one length, got shapes "
            f"{labels.shape} and {scores.shape}."
        )
    if not labels.size:
        raise InputError("labels must hold at least one row, got none.")
    outside = scores[~((scores >= 0) & (scores <= 1))]  # holds NaN too
    if outside.size:
        raise InputError(
            f"scores must be probabilities in [0, 1], got {outside.size} outside: "
            f"{first_of(outside)}. Softmax makes them from logits, "
            "a division by 100 from per cent."
        )
    found = np.unique(labels)
    if not np.isin(found, [0, 1]).all():
        raise InputError(
            f"labels must be 0 (normal) or 1 (pneumonia), got {first_of(found)}."
        )
    if both_classes and found.size < 2:
        raise InputError(
            f"labels must hold both classes, got only {found[0]:.0f} in {labels.size} "
            "rows. Measure on images of both."
        )
    return labels.astype(int), scores


def as_numbers(name: str, values: ArrayLike) -> np.ndarray:
    """Return the values as floats, or raise InputError under their name."""
    values = np.asarray(values)
    try:
        return values.astype(float)
    except (TypeError, ValueError):
        raise InputError(
            f"{name} must be numbers, got {first_of(values.ravel())}."
        ) from None


def first_of(values: np.ndarray) -> str:
    """Write the first few values for a message."""
    return ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values[:3])
