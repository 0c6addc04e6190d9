"""How alike two images are, and all pairs that are alike enough.

Images are compared as small grey squares, such as those of
`xraylab.images.thumbnails`: brightness and contrast do not matter, places do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.fft import dct
from scipy.ndimage import uniform_filter

from xraylab import cores
from xraylab.errors import InputError

_COARSE = 10  # 10 x 10 low frequencies bound the correlation from above
_BLOCK = 128  # images or pairs at once, so that memory stays small
# Above this many images only those of one neighbourhood are compared.
EXACT_UP_TO = 30_000
_NEIGHBOURHOODS = 4  # that each image belongs to
_SEED = 0


def correlate(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two images' grey levels, -1 to 1.

    Examples
    --------
    >>> correlate(np.array([[0, 1], [2, 3]]), np.array([[10, 12], [14, 16]]))
    1.0
    """
    return round(float(np.dot(normalise(a[None])[0], normalise(b[None])[0])), 6)


def normalise(images: np.ndarray) -> np.ndarray:
    """Mean 0 and length 1 an image, shape (n, d); a flat image becomes 0.

    Parameters
    ----------
    images : array, shape (n, ...)
        Grey levels of any type.
    """
    flat = images.reshape(len(images), np.prod(images.shape[1:], dtype=int))
    flat = flat.astype(np.float32)
    flat = flat - flat.mean(1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return flat / np.where(length > 0, length, 1)


def detail(squares: np.ndarray) -> np.ndarray:
    """Leave only what is finer than 5 pixels: float32, same shape (n, side, side)."""
    squares = squares.astype(np.float32)
    return squares - uniform_filter(squares, (0, 5, 5))


def find_pairs(squares: np.ndarray, *, at_least: float) -> pd.DataFrame:
    """Find the pairs of squares that correlate at least so much.

    Up to 30,000 squares all pairs are found: the low frequencies give an upper
    bound of each correlation (Cauchy and Schwarz on the rest), and only pairs
    whose bound passes are computed in full. Above, pairs are looked for within
    overlapping neighbourhoods of the low frequencies; the time then grows with
    n ** 1.5, and of the pairs near `at_least` a few can be missed.

    Parameters
    ----------
    squares : array, shape (n, side, side)
        Grey levels of any type.
    at_least : float
        Smallest correlation kept, in (0, 1].

    Returns
    -------
    DataFrame
        Columns a, b (row numbers, a < b) and correlation, sorted by a and b.

    Raises
    ------
    ValueError
        If `at_least` is outside (0, 1].
    """
    if not 0 < at_least <= 1:
        raise InputError(f"at_least must be in (0, 1], got {at_least}.")
    known = _measure(squares)
    whole = len(squares) <= EXACT_UP_TO
    sets = [np.arange(len(squares))] if whole else _neighbourhoods(known.bounds)
    blocks = [(rows, at) for rows in sets for at in cores.cut(len(rows), _BLOCK)]
    search = partial(_search, known, at_least)
    none = np.array([], int), np.array([], int), np.array([], np.float32)
    found = [none, *cores.share_out(search, blocks)]
    a, b, r = map(np.concatenate, zip(*found, strict=True))
    pairs = pd.DataFrame({"a": a, "b": b, "correlation": r})
    pairs = pairs.drop_duplicates(["a", "b"])  # one pair in two neighbourhoods
    return pairs.sort_values(["a", "b"], ignore_index=True)


@dataclass(frozen=True)
class _Known:
    """What is known of each square; `bounds` are vectors, see `_measure`."""

    flat: np.ndarray
    mean: np.ndarray
    length: np.ndarray
    bounds: np.ndarray


def _measure(squares: np.ndarray) -> _Known:
    """Measure each square, and vectors whose products bound the correlations.

    The product of two such vectors is never below the squares' correlation.
    """
    side = squares.shape[1]
    flat = squares.reshape(len(squares), side**2)
    waves = dct(np.eye(side, dtype=np.float32), norm="ortho", axis=0)[:_COARSE]
    bounds = np.empty((len(flat), len(waves) ** 2 + 1), np.float32)
    mean, length = np.empty((2, len(flat)), np.float32)
    for part in cores.cut(len(flat), _BLOCK):
        full = flat[part].astype(np.float32)
        mean[part] = full.mean(1)
        full -= mean[part, None]
        length[part] = np.linalg.norm(full, axis=1)
        length[part][length[part] == 0] = 1  # a flat image is like nothing
        full /= length[part, None]
        low = waves @ full.reshape(-1, side, side) @ waves.T
        bounds[part, :-1] = low.reshape(len(full), -1)
    rest = 1 - (bounds[:, :-1] ** 2).sum(1)
    bounds[:, -1] = np.sqrt(rest.clip(0))
    return _Known(flat, mean, length, bounds)


def _search(
    known: _Known, at_least: float, block: tuple[np.ndarray, slice]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give a, b and correlation of the pairs that a block of some rows begins."""
    rows, asked = block
    whole = len(rows) == len(known.flat)
    here = known.bounds if whole else known.bounds[rows]
    passed = here[asked] @ here[asked.start :].T >= at_least - 1e-5
    a, b = np.nonzero(passed)
    a, b = rows[asked.start + a[a < b]], rows[asked.start + b[a < b]]
    r = np.empty(len(a), np.float32)
    for part in cores.cut(len(a), _BLOCK):
        centred = known.flat[a[part]] - known.mean[a[part], None]
        other = known.flat[b[part]].astype(np.float32)
        r[part] = np.einsum("ij,ij->i", centred, other)
    r /= known.length[a] * known.length[b]
    keep = r >= at_least
    return a[keep], b[keep], r[keep]


def _neighbourhoods(bounds: np.ndarray) -> list[np.ndarray]:
    """Give the rows of each neighbourhood.

    The neighbourhoods are those of 4 sqrt(n) images drawn at random; each
    image belongs to the four whose centres are nearest.
    """
    n = len(bounds)
    rng = np.random.default_rng(_SEED)
    centres = bounds[rng.choice(n, 4 * int(n**0.5), replace=False)]
    home = np.empty((n, _NEIGHBOURHOODS), np.int32)
    for part in cores.cut(n, _BLOCK):
        near = bounds[part] @ centres.T
        nearest = np.argpartition(-near, _NEIGHBOURHOODS, axis=1)
        home[part] = nearest[:, :_NEIGHBOURHOODS]
    members = np.argsort(home.ravel(), kind="stable")
    ends = np.searchsorted(home.ravel()[members], np.arange(len(centres) + 1))
    return [
        np.sort(members[first:last] // _NEIGHBOURHOODS)
        for first, last in pairwise(ends)
    ]
