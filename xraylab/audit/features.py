"""What a file or a corner of an image tells, as numbers for a probe.

A new probe is one entry of `FEATURES`. All of it follows from one reading of
each file, so nothing is decoded here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

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


class Feature(NamedTuple):
    """What one probe reads.

    Attributes
    ----------
    about : str
        What the numbers are.
    finding : str
        Which finding of findings.toml it is when they tell the class: one a
        family of features, since each family is mended in its own way.
    measure : function of (files, squares) -> array of float, shape (n, d)
        files and squares as for `make_features`.
    asks_test : bool
        Whether it is also asked for a distribution shift of the test.
    """

    about: str
    finding: str
    measure: Callable[[pd.DataFrame, np.ndarray], np.ndarray]
    asks_test: bool = False


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
    InputError
        If there are not as many squares of 48 pixels as files.
    """
    expected = (len(files), THUMBNAIL_PX, THUMBNAIL_PX)
    if squares.shape != expected:
        raise InputError(f"squares must have shape {expected}, got {squares.shape}.")
    return {name: made.measure(files, squares) for name, made in FEATURES.items()}


def _measure_file(files: pd.DataFrame, _: np.ndarray) -> np.ndarray:
    n_pixels = files["width"] * files["height"]
    bytes_per_pixel = shortcuts.with_ratios(files)["bits_per_pixel"] / 8
    return np.log([files["bytes"], n_pixels, bytes_per_pixel]).T


def _measure_header(files: pd.DataFrame, _: np.ndarray) -> np.ndarray:
    words = pd.get_dummies(files[["mode", "format"]].astype(str), dtype=float)
    numbers = files[["table_sum", "progressive", "dpi"]].astype(float)
    numbers = numbers.assign(no_table=numbers["table_sum"].isna()).fillna(0)
    return np.hstack([words, np.log1p(numbers.astype(float))])


def _measure_aspect(files: pd.DataFrame, _: np.ndarray) -> np.ndarray:
    return np.log(shortcuts.with_ratios(files)[["aspect"]].to_numpy(float))


def _measure_greys(_: pd.DataFrame, squares: np.ndarray) -> np.ndarray:
    return _in_blocks(_describe_greys, squares)


def _measure_spectrum(_: pd.DataFrame, squares: np.ndarray) -> np.ndarray:
    return _in_blocks(_measure_bands, squares)


def _measure_ring(_: pd.DataFrame, squares: np.ndarray) -> np.ndarray:
    # the ring that hide_lungs leaves
    ring = shortcuts.hide_lungs(np.ones((1, SMALL_PX, SMALL_PX), bool), RING_PX)[0]
    return _shrink(squares)[:, ring]


def _measure_corners(_: pd.DataFrame, squares: np.ndarray) -> np.ndarray:
    edge = np.arange(SMALL_PX)
    is_near = (edge < CORNER_PX) | (edge >= SMALL_PX - CORNER_PX)
    return _shrink(squares)[:, np.outer(is_near, is_near)]


def _measure_thumbnail(_: pd.DataFrame, squares: np.ndarray) -> np.ndarray:
    return _shrink(squares).reshape(len(squares), SMALL_PX**2)


def _shrink(squares: np.ndarray) -> np.ndarray:
    step = THUMBNAIL_PX // SMALL_PX
    small = squares.reshape(len(squares), SMALL_PX, step, SMALL_PX, step)
    return small.mean((2, 4), dtype=np.float32)


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


FEATURES = {
    "file": Feature(
        "bytes, pixels and bits per pixel of the file",
        "class told by the file",
        _measure_file,
        asks_test=True,
    ),
    "header": Feature(
        "colour mode, format, coarseness of the JPEG, dots an inch",
        "class told by the file",
        _measure_header,
        asks_test=True,
    ),
    "aspect": Feature(
        "width over height of the file", "class told by the shape", _measure_aspect
    ),
    "intensity": Feature(
        "mean, standard deviation and five quantiles of the grey levels",
        "class told by brightness",
        _measure_greys,
        asks_test=True,
    ),
    "spectrum": Feature(
        f"power in {N_BANDS} bands of the spectrum, from coarse to fine",
        "class told by sharpness or noise",
        _measure_spectrum,
    ),
    "ring": Feature(
        f"a ring of {RING_PX} of {SMALL_PX} pixels along the border",
        "class told by the border",
        _measure_ring,
    ),
    "corners": Feature(
        f"four corners of {CORNER_PX} of {SMALL_PX} pixels",
        "class told by the border",
        _measure_corners,
    ),
    "thumbnail": Feature(
        f"the whole image at {SMALL_PX} pixels",
        "class told by the coarse image",
        _measure_thumbnail,
        asks_test=True,
    ),
}
