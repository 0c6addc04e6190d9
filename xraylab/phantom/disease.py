"""Pneumonia in the image: where it lies in the lungs, and how much air it takes."""

from __future__ import annotations

import numpy as np

from xraylab.phantom.banks import banks, take_window
from xraylab.phantom.geometry import Frame, smooth_step
from xraylab.phantom.lesion import Lesion


def lesion_mask(lesion: Lesion, frame: Frame) -> np.ndarray:
    """Give the soft mask of the disease, before it is cut to the lungs.

    Returns
    -------
    array of float32, shape of the frame
        0 to 1; all 0 at severity 0.
    """
    if lesion.severity == 0:
        return np.zeros(frame.shape, np.float32)
    blob = take_window(banks().blob, lesion.textures[0], frame.shape)
    if lesion.kind == "v":
        return _viral_mask(lesion, frame, blob)
    return _bacterial_mask(lesion, frame, blob)


def _bacterial_mask(lesion: Lesion, frame: Frame, blob: np.ndarray) -> np.ndarray:
    x0, y0, half_x, half_y = lesion.ellipse
    t, level = frame.t, frame.level
    side = frame.right if lesion.lobe.startswith("R") else ~frame.right
    down = (level - y0) * (1 / half_y)
    if lesion.lobe in ("RLL", "LLL"):  # runs down to the diaphragm
        down = np.where(down > 0, down * 0.4, down)
    edge = 1 - ((t - x0) * (1 / half_x)) ** 2 - down * down + 0.34 * blob
    mask = smooth_step(edge, -0.5, 0.9) * side
    if lesion.second_focus:
        other = ((t - 0.4) / 0.28) ** 2 + ((level - (1 - y0 * 0.8)) / 0.16) ** 2
        second = smooth_step(1 - other + 0.35 * blob, -0.1, 0.7)
        mask = np.maximum(mask, 0.6 * second * ~side)
    if lesion.effusion > 0:
        surface = level + 0.35 * (t - 0.5) - (1.0 - 0.4 * lesion.effusion)
        mask = np.maximum(mask, smooth_step(surface, -0.02, 0.06) * side)
    # Filled lung is patchy: some of it still holds air.
    patches = take_window(banks().pink, lesion.textures[1], frame.shape)
    return np.clip(mask * (0.84 + 0.14 * patches), 0, 1).astype(np.float32)


def _viral_mask(lesion: Lesion, frame: Frame, blob: np.ndarray) -> np.ndarray:
    across = (frame.t - 0.25) * (1 / lesion.reach)
    down = (frame.level - 0.55) * (1 / (lesion.reach * 0.75))
    weight = np.exp(-(across * across + down * down))
    weight *= np.where(frame.right, 1 + lesion.asymmetry, 1 - lesion.asymmetry)
    return np.clip(weight * (0.75 + 0.35 * blob), 0, 1).astype(np.float32)


def lost_air(
    lesion: Lesion, frame: Frame, mask: np.ndarray, lungs: dict[str, np.ndarray]
) -> np.ndarray:
    """Give the air that the disease takes from the lung.

    Parameters
    ----------
    mask : array of float32
        From `lesion_mask`.
    lungs : dict
        Parts of the healthy lung, from `healthy_air`.

    Returns
    -------
    array of float32, shape of the frame
        Share of the lung, below 0 where a vessel no longer shows.
    """
    severity = lesion.severity
    if severity == 0:
        return np.zeros(frame.shape, np.float32)
    room = 1 - lungs["haze"]
    general = 0.07 * severity
    if lesion.kind == "v":
        lost = room * (0.12 + 0.42 * severity) * mask + general
        lost += 0.25 * severity * lungs["vessel_strength"] * lungs["vessels"]
        lost += (0.08 + 0.20 * severity) * banks().cuffs[lungs["tree_index"]]
        return lost + (0.03 + 0.09 * severity) * lungs["mesh"]
    fill = (0.30 + 0.58 * severity) * mask
    # Vessels vanish in the filled lung, and open bronchi show dark in it.
    bronchi = lungs["vessels"] * fill * (lungs["vessel_strength"] + 0.16)
    return room * fill + general - bronchi
