"""What a file or a corner of an image tells, as numbers for a probe.

All of it follows from one look at each file, so nothing is decoded here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from xraylab import cores
from xraylab.audit import shortcuts
from xraylab.errors import InputError
from xraylab.images import THUMBNAIL_PX

SMALL_PX = 24  # thumbnails, rings and corners are looked at so coarsely
RING_PX = 4  # of 24: a sixth of the side, outside the lungs of most images
CORNER_PX = 5
N_BANDS = 10  # of the spectrum, from coarse to fine
_BLOCK = 256  # images
FEATURES = {
    "file": "bytes, pixels and bits a pixel of the file",
    "header": "colour mode, format, coarseness of the JPEG, dots an inch",
    "aspect": "width over height of the file",
    "intensity": "mean, spread and five quantiles of the grey levels",
    "spectrum": f"strength of {N_BANDS} bands from coarse to fine",
    "ring": f"a ring of {RING_PX} of {SMALL_PX} pixels along the border",
    "corners": f"four corners of {CORNER_PX} of {SMALL_PX} pixels",
    "thumbnail": f"the whole image at {SMALL_PX} pixels",
}


def make_features(files: pd.DataFrame, squares: np.ndarray) -> dict[str, np.ndarray]:
    """Make the numbers of each probe.

    Parameters
    ----------
    files : DataFrame
        As from `xraylab.images.read_thumbnails`: bytes, width, height, mode, format,
        table_sum, progressive and dpi.
    squares : array of uint8, shape (n, 48, 48)
        Grey levels, row for row as in `files`.

    Returns
    -------
    dict
        Key of `FEATURES` -> array of float, shape (n, d).

    Raises
    ------
    ValueError
        If there are not as many squares of 48 pixels as files.
    """
    expected = (len(files), THUMBNAIL_PX, THUMBNAIL_PX)
    if squares.shape != expected:
        raise InputError(f"squares must have shape {expected}, got {squares.shape}.")
    step = THUMBNAIL_PX // SMALL_PX
    small = squares.reshape(len(squares), SMALL_PX, step, SMALL_PX, step)
    small = small.mean((2, 4), dtype=np.float32)
    return {
        **make_file_features(files),
        "intensity": _in_blocks(_describe_greys, squares),
        "spectrum": _in_blocks(_measure_bands, squares),
        "ring": small[:, _border(RING_PX)],
        "corners": small[:, _corners()],
        "thumbnail": small.reshape(len(small), SMALL_PX**2),
    }


def make_file_features(files: pd.DataFrame) -> dict[str, np.ndarray]:
    """Make the numbers that need no pixels: file, header and aspect.

    Parameters
    ----------
    files : DataFrame
        As for `make_features`.
    """
    n_pixels = files["width"] * files["height"]
    size = np.log([files["bytes"], n_pixels, files["bytes"] / n_pixels]).T
    words = pd.get_dummies(files[["mode", "format"]].astype(str), dtype=float)
    numbers = files[["table_sum", "progressive", "dpi"]].astype(float)
    numbers = numbers.assign(no_table=numbers["table_sum"].isna()).fillna(0)
    aspect = np.log((files["width"] / files["height"]).to_numpy(float))
    return {
        "file": size,
        "header": np.hstack([words, np.log1p(numbers.astype(float))]),
        "aspect": aspect[:, None],
    }


def _in_blocks(measure: Callable, squares: np.ndarray) -> np.ndarray:
    blocks = cores.cut(len(squares), _BLOCK)
    return np.vstack([measure(squares[block]) for block in blocks])


def _describe_greys(squares: np.ndarray) -> np.ndarray:
    flat = squares.reshape(len(squares), THUMBNAIL_PX**2)
    quantiles = np.quantile(flat, [0.05, 0.25, 0.5, 0.75, 0.95], axis=1)
    return np.vstack([flat.mean(1), flat.std(1), quantiles]).T


def _measure_bands(squares: np.ndarray) -> np.ndarray:
    """Log power in rings of the spectrum; a window hides the jump at the border."""
    window = np.hanning(THUMBNAIL_PX)
    shown = (squares - squares.mean((1, 2), keepdims=True)) * np.outer(window, window)
    power = np.abs(np.fft.rfft2(shown)) ** 2
    up = np.fft.fftfreq(THUMBNAIL_PX)[:, None]
    radius = np.hypot(up, np.fft.rfftfreq(THUMBNAIL_PX)[None])
    ends = np.geomspace(1 / THUMBNAIL_PX, 0.5, N_BANDS + 1)
    band = np.digitize(radius, ends[1:-1])
    means = [power[:, band == i].mean(1) for i in range(N_BANDS)]
    return np.log(np.array(means).T + 1)


def _border(ring_px: int) -> np.ndarray:
    """Mark the ring that `xraylab.audit.hide_lungs` leaves."""
    return shortcuts.hide_lungs(np.ones((1, SMALL_PX, SMALL_PX), bool), ring_px)[0]


def _corners() -> np.ndarray:
    edge = np.arange(SMALL_PX)
    is_near = (edge < CORNER_PX) | (edge >= SMALL_PX - CORNER_PX)
    return np.outer(is_near, is_near)
