"""Maps of what speaks for pneumonia, by name, and how to hold one against the truth.

To add a kind of map, add an entry to `MAPS`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import nn

from xraylab.errors import InputError
from xraylab.explanation.gradients import gradcam_map, integrated_gradients_map
from xraylab.explanation.occlusion import occlusion_map
from xraylab.explanation.scorers import make_scorer

Draw = Callable[[nn.Module, np.ndarray], np.ndarray]
_PATCH = 6  # patches to a side
_BLOB = 0.2  # standard deviation, as a share of the side


def _occlude(model: nn.Module, image: np.ndarray) -> np.ndarray:
    side = min(image.shape)
    patch_px = max(2, side // _PATCH)
    score = make_scorer(model, side, logit=True)
    return occlusion_map(score, image, patch_px, patch_px // 2)


# (network, image at its size) -> map of that shape; above 0 speaks for pneumonia
MAPS: dict[str, Draw] = {
    "occlusion": _occlude,
    "Grad-CAM": gradcam_map,
    "integrated gradients": integrated_gradients_map,
}


def centre_blob(shape: tuple[int, int]) -> np.ndarray:
    """Draw a map that knows no image: a round blob in the middle.

    A map must beat it before its place says anything, for lungs lie in the middle.

    Parameters
    ----------
    shape : two int
        Height and width.

    Returns
    -------
    array of float, of that shape
        1 in the middle, less outside; its standard deviation is a fifth of a side.
    """
    y, x = (np.linspace(-0.5, 0.5, side) / _BLOB for side in shape)
    return np.exp(-(y[:, None] ** 2 + x[None] ** 2) / 2)


def measure_map(found: np.ndarray, place: np.ndarray) -> dict[str, float]:
    """Hold a map against the true place.

    Parameters
    ----------
    found : array of float, shape (height, width)
        Above 0 speaks for pneumonia.
    place : array of bool, same shape
        Where the disease is.

    Returns
    -------
    dict
        hit: whether the strongest pixel lies in the place (the pointing game, Zhang
        et al. 2018; without a margin), of equals the first by rows: a map that is
        the same all over has no strongest place, and its hit says nothing; inside:
        share of all that is above 0 that lies in the place, 0 to 1. A map with
        nothing above 0 hits nothing, and has 0 inside.

    Raises
    ------
    ValueError
        If the shapes differ, a value is not finite, or the place is empty or not bool.

    Examples
    --------
    >>> found, place = np.array([[3.0, 1.0], [-2.0, 0.0]]), np.eye(2, dtype=bool)
    >>> measure_map(found, place)
    {'hit': True, 'inside': 0.75}
    """
    if not np.isfinite(found).all():
        text = f"must be finite, found {int((~np.isfinite(found)).sum())} pixels not."
        raise InputError(text, argument="found")
    if found.shape != place.shape or place.dtype != bool or not place.any():
        raise InputError(
            f"must be bool, of the map's shape {found.shape} and hold a pixel, got "
            f"{place.dtype} of {place.shape} with {int(np.count_nonzero(place))}.",
            argument="place",
        )
    evidence = np.clip(found, 0, None)
    total = float(evidence.sum())
    hit = total > 0 and bool(place.flat[evidence.argmax()])
    return {"hit": hit, "inside": float(evidence[place].sum() / total) if total else 0}
