"""Where to draw the line between normal and pneumonia: the operating point."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import roc_curve

from xraylab.errors import InputError
from xraylab.evaluation.rows import check_rows


def choose_threshold(
    labels: ArrayLike, scores: ArrayLike, *, min_sensitivity: float
) -> float:
    """Pick the highest threshold that still finds enough of the pneumonia images.

    Use validation scores only: a threshold picked on the test set makes the
    test result look better than it is.

    Parameters
    ----------
    labels : array of int, shape (n_images,)
        0 for normal, 1 for pneumonia.
    scores : array of float, shape (n_images,)
        Predicted probability of pneumonia, in [0, 1].
    min_sensitivity : float
        Share of pneumonia images that must be found, in (0, 1].

    Returns
    -------
    float
        Threshold in [0, 1]; an image is called pneumonia when its score is
        at or above it.

    Raises
    ------
    InputError
        If `labels` holds a single class, or `min_sensitivity` is outside (0, 1].

    Examples
    --------
    >>> choose_threshold([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], min_sensitivity=1.0)
    0.4
    """
    labels, scores = check_rows(labels, scores)
    if not 0 < min_sensitivity <= 1:
        raise InputError(f"min_sensitivity must be in (0, 1], got {min_sensitivity}.")
    _, found, thresholds = roc_curve(labels, scores, drop_intermediate=False)
    return float(thresholds[np.argmax(found >= min_sensitivity)])
