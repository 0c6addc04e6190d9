"""What differs between the classes besides disease: in files, and in pixels.

A feature that has nothing to do with lungs and still tells the class is a possible
shortcut: a way for a network to be right for the wrong reason (Geirhos et al. 2020).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from xraylab import images
from xraylab.errors import InputError, check_seed
from xraylab.labels import CLASSES

N_FOLDS = 5
# Strong, since there are about as many pixels as images; the same everywhere,
# so that probes can be compared.
STRENGTH = 0.01


class OneFeature(NamedTuple):
    """How well a single number tells the classes apart.

    `auroc` is 0.5 (not at all) to 1 (perfectly), whichever way the number
    points; `high_means` is the class with the higher values.
    """

    auroc: float
    high_means: str


def file_facts(manifest: pd.DataFrame, root: str | Path) -> pd.DataFrame:
    """Read what files tell without looking at the image: headers only.

    Parameters
    ----------
    manifest : DataFrame
        Column path, relative to `root`.
    root : path
        Folder of the sources.

    Returns
    -------
    DataFrame
        Index as in `manifest`; columns path, width and height (pixels), mode
        (Pillow's, such as "L"), bytes, table_sum: the sum of the JPEG's table of
        brightness steps, where higher is coarser, NaN for other formats; and
        aspect and bits_per_pixel as from `with_ratios`.

    Raises
    ------
    xraylab.UnreadableImageError
        At the first file without an image's header.
    FileNotFoundError
        If a file is not there.
    """
    rows = []
    for path in manifest["path"]:
        file = Path(root) / path
        header = images.read_header(file)
        rows.append({"path": path, "bytes": file.stat().st_size, **header})
    columns = ["path", "width", "height", "mode", "bytes", "table_sum"]
    table = pd.DataFrame(rows, index=manifest.index)[columns]
    return with_ratios(table.astype({"table_sum": float}))


def with_ratios(files: pd.DataFrame) -> pd.DataFrame:
    """Add aspect (width / height) and bits_per_pixel to a table of files.

    Parameters
    ----------
    files : DataFrame
        Columns width and height (pixels), and bytes.
    """
    n_pixels = files["width"] * files["height"]
    return files.assign(
        aspect=files["width"] / files["height"],
        bits_per_pixel=8 * files["bytes"] / n_pixels,
    )


def one_feature_auroc(values: ArrayLike, labels: ArrayLike) -> OneFeature:
    """Measure the AUROC of one number, in its better direction.

    The share of pairs, one of each class, that the number puts in order; ties
    count half.

    Parameters
    ----------
    values : array of float, shape (n,)
    labels : array of int, shape (n,)
        0 normal, 1 pneumonia.

    Raises
    ------
    ValueError
        If the lengths differ, a value is not finite, or labels are not 0 and 1
        with both there.

    Examples
    --------
    >>> one_feature_auroc([30, 40, 10, 20], [0, 0, 1, 1])
    OneFeature(auroc=1.0, high_means='normal')
    """
    values, labels = np.asarray(values, dtype=float), _as_labels(labels)
    if values.shape != labels.shape:
        raise InputError(
            f"values must be one a label, got {values.shape} for {labels.shape}."
        )
    n_bad = int((~np.isfinite(values)).sum())
    if n_bad:
        raise InputError(
            f"values must be finite, found {n_bad} that are not. Leave their rows out."
        )
    share = float(roc_auc_score(labels, values))
    return OneFeature(max(share, 1 - share), CLASSES[int(share >= 0.5)])


def hide_lungs(pixels: np.ndarray, ring_px: int) -> np.ndarray:
    """Keep only a ring along the border and paint the inside black.

    Parameters
    ----------
    pixels : array, shape (n, height, width)
        Grey levels of any type.
    ring_px : int
        Width of the ring in pixels, at least 1.

    Returns
    -------
    array, same shape and type
        A copy.

    Raises
    ------
    ValueError
        If the shape is another, or the ring is no ring.
    """
    if pixels.ndim != 3:
        raise InputError(f"pixels must be (n, height, width), got {pixels.shape}.")
    most = (min(pixels.shape[1:]) - 1) // 2  # something must be left to hide
    if not 1 <= ring_px <= most:
        raise InputError(f"ring_px must be 1 to {most} here, got {ring_px}.")
    ring = pixels.copy()
    ring[:, ring_px:-ring_px, ring_px:-ring_px] = 0
    return ring


def probe(
    features: np.ndarray, labels: ArrayLike, groups: ArrayLike, *, seed: int = 0
) -> np.ndarray:
    """Let a simple model guess the class, each row by a model that never saw it.

    Scaling and logistic regression under cross-validation; groups stay whole.

    Parameters
    ----------
    features : array, shape (n, ...)
        Images or numbers; flattened to one row each.
    labels : array of int, shape (n,)
        0 or 1.
    groups : array, shape (n,)
        Rows of one group, such as one child, are never in two folds.
    seed : int
        Seed of the folds, 0 to 4294967295.

    Returns
    -------
    array of float, shape (n,)
        Out-of-fold score of label 1, in [0, 1].

    Raises
    ------
    ValueError
        If the lengths differ, labels are not 0 and 1 with both there, a class has
        fewer groups than there are folds, or the seed is not as above.
    """
    return score_folds(features, labels, make_folds(labels, groups, seed=seed))


def make_folds(labels: ArrayLike, groups: ArrayLike, *, seed: int = 0) -> np.ndarray:
    """Cut rows into five folds: groups stay whole, classes stay balanced.

    Parameters
    ----------
    labels : array of int, shape (n,)
        0 or 1.
    groups : array, shape (n,)
    seed : int

    Returns
    -------
    array of int, shape (n,)
        The fold of each row, 0 to 4.

    Raises
    ------
    ValueError
        As `probe`.
    """
    check_seed(seed)
    labels, groups = _as_labels(labels), np.asarray(groups)
    if len(labels) != len(groups):
        raise InputError(
            "labels and groups must be of one length, got "
            f"{len(labels)} and {len(groups)}."
        )
    fewest = min(len(np.unique(groups[labels == value])) for value in (0, 1))
    if fewest < N_FOLDS:
        raise InputError(
            f"each class must have at least {N_FOLDS} groups, found {fewest}."
        )
    cutter = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
    folds = np.empty(len(labels), dtype=int)
    for i, (_, asked) in enumerate(cutter.split(labels, labels, groups)):
        folds[asked] = i
    return folds


def score_folds(
    features: np.ndarray, labels: ArrayLike, folds: np.ndarray
) -> np.ndarray:
    """Score each fold by a model that was fitted on the others.

    Parameters
    ----------
    features : array, shape (n, ...)
    labels : array of int, shape (n,)
    folds : array of int, shape (n,)
        As from `make_folds`; several probes can share them.

    Returns
    -------
    array of float, shape (n,)
        Out-of-fold score of label 1, in [0, 1].

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    labels = _as_labels(labels)
    scores = np.empty(len(labels))
    for fold in np.unique(folds):
        known = folds != fold
        scores[~known] = fit_and_score(features, labels, known)
    return scores


def fit_and_score(
    features: np.ndarray, labels: ArrayLike, known: np.ndarray
) -> np.ndarray:
    """Fit the simple model on some rows, and score the others.

    Parameters
    ----------
    features : array, shape (n, ...)
    labels : array of int, shape (n,)
    known : array of bool, shape (n,)
        Rows to fit on.

    Returns
    -------
    array of float, shape (n_not_known,)
        Score of label 1, in [0, 1].

    Raises
    ------
    ValueError
        If the lengths differ, or the known rows do not hold both classes.
    """
    if not len(features) == len(labels) == len(known):
        raise InputError(
            "features, labels and known rows must be of one length, got "
            f"{len(features)}, {len(labels)}, {len(known)}."
        )
    rows = np.asarray(features, dtype=float).reshape(len(known), -1)
    # balanced, so that folds of other shares are not told apart by their mean
    model = make_pipeline(
        StandardScaler(),
        LogisticRegression(C=STRENGTH, max_iter=2000, class_weight="balanced"),
    )
    model.fit(rows[known], _as_labels(np.asarray(labels)[known]))
    return model.predict_proba(rows[~known])[:, 1]


def _as_labels(labels: ArrayLike) -> np.ndarray:
    labels = np.asarray(labels)
    found = np.unique(labels).tolist()
    if found != [0, 1]:
        shown = ", ".join(map(str, found[:3])) or "none"
        raise InputError(f"labels must be 0 and 1, both there, found {shown}.")
    return labels.astype(np.int64)
