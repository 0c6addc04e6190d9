"""Copies that were cropped, turned a little or mirrored: found by laying them over.

Pixel by pixel such a copy is far from its original. So a picture may first be moved,
stretched, turned and sheared a little, along a straight line in the space of pictures
(tangent distance: Simard et al., 1993). The partner that comes nearest is laid over
it properly (Lucas and Kanade, 1981), and the two are compared place by place: a copy
agrees everywhere; in two exposures of one child the heart has moved.

Tested limits: 5 % cropped at each side, 3 degrees turned, mirrored, and all together.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.fft import dct
from scipy.ndimage import gaussian_filter

from xraylab import _motion, _progress

# Measured on altered copies of 500 real pictures and on all real pictures: worst
# copy 0.010, best pair of two exposures 0.063, best pair of strangers 0.20.
SAME_PLACES = 0.025
_NEAR = 0.93  # in the span of the partner: worst copy 0.947 from the better side
_FIRST_LOOK = 0.1  # at 24 px after two steps: worst copy 0.06, most strangers more
_SECOND_LOOK = 0.5  # at 48 px, resampled linearly: worst copy 0.5, strangers 1.9
_SIDE, _FULL = 24, 48  # search at 24 px, confirm at 48
_WAVES = 8  # 8 x 8 low frequencies, without the mean
_ROWS, _COLUMNS = 256, 2048  # a block of the search fits a processor's cache
_FLAT = 1.0  # grey levels
_PLACES = 6  # 6 x 6 places are compared, each on its own


def find_moved(squares: np.ndarray, *, progress: bool = True) -> pd.DataFrame:
    """Find copies that are cropped, turned or mirrored.

    Each square is held against its best partner only, as it is and mirrored; so
    of several copies of one picture some may join in a second call, on one square
    of each group.

    Parameters
    ----------
    squares : array of uint8, shape (n, 48, 48)
        Grey levels; pictures that are plainly the same should stand here once.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    DataFrame
        Columns a, b (row numbers, a < b), mirrored (bool) and difference: how
        much of the detail differs where it differs most, 0 (nothing) upwards.
        Only pairs at or below `SAME_PLACES`.

    Raises
    ------
    ValueError
        If the squares are not of 48 px.
    """
    if squares.shape[1:] != (_FULL, _FULL):
        raise ValueError(f"squares must be (n, 48, 48), got {squares.shape}.")
    small = _shrink(squares)
    shown = np.flatnonzero(small.std((1, 2)) > _FLAT)  # a flat picture is like nothing
    if len(shown) < 2:
        return pd.DataFrame({"a": [], "b": [], "mirrored": [], "difference": []})
    pairs = _candidates(small[shown], progress)
    pairs = pairs.assign(a=shown[pairs["a"]], b=shown[pairs["b"]])
    different = np.empty(len(pairs))
    starts = range(0, len(pairs), _ROWS)
    for start in _progress.bar(starts, "laying over", unit="block", progress=progress):
        part = pairs.iloc[start : start + _ROWS]
        a, b = squares[part["a"]], squares[part["b"]]
        a = np.where(part["mirrored"].to_numpy()[:, None, None], a[:, :, ::-1], a)
        different[start : start + _ROWS] = compare(a, b)
    pairs = pairs.assign(difference=different)
    return pairs[pairs["difference"] <= SAME_PLACES].reset_index(drop=True)


def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Lay each picture over its partner and say how much differs at worst.

    Parameters
    ----------
    a, b : array of uint8, shape (n, 48, 48)
        Row for row.

    Returns
    -------
    array of float, shape (n,)
        Share of the detail that differs in the place where most does: 0 for
        copies, about 1 or more for strangers; infinite where the two cannot be
        laid over each other at all.
    """
    different = _lay_over(a, b)
    near = np.flatnonzero(np.isfinite(different))
    # a crop is finer than its original, so one way may fit better than the other
    other_way = _lay_over(b[near], a[near])
    different[near] = np.minimum(different[near], other_way)
    return different


def _shrink(squares: np.ndarray) -> np.ndarray:
    """Average to 24 x 24 and smooth, so that small moves change little."""
    small = squares.reshape(len(squares), _SIDE, 2, _SIDE, 2).mean(
        (2, 4), dtype=np.float32
    )
    return gaussian_filter(small, (0, 1, 1))


def _low(pictures: np.ndarray) -> np.ndarray:
    """Low frequencies without the mean, shape (n, 63)."""
    waves = dct(np.eye(_SIDE), norm="ortho", axis=0)[:_WAVES].astype(np.float32)
    found = np.einsum("ay,nyx,bx->nab", waves, pictures, waves, optimize=True)
    return found.reshape(len(pictures), -1)[:, 1:]


def _spans(small: np.ndarray) -> np.ndarray:
    """Give each picture and its motions as orthonormal vectors: (7, 63, n)."""
    spans = np.empty((7, _WAVES**2 - 1, len(small)), np.float32)
    for start in range(0, len(small), _COLUMNS):
        part = small[start : start + _COLUMNS]
        vectors = [_unit(_low(p)) for p in (part, *_motion.motions(part))]
        basis = np.linalg.qr(np.stack(vectors, axis=2))[0]
        spans[:, :, start : start + _COLUMNS] = basis.transpose(2, 1, 0)
    return spans


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Scale each row to length 1, shape (n, d)."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


def _candidates(small: np.ndarray, progress: bool) -> pd.DataFrame:
    """Pair each picture, as it is and mirrored, with the one that comes nearest."""
    n = len(small)
    spans = _spans(small)
    found = []
    starts = [(m, r) for m in (False, True) for r in range(0, n, _ROWS)]
    for mirrored, start in _progress.bar(
        starts, "searching", unit="block", progress=progress
    ):
        rows = np.arange(start, min(start + _ROWS, n))
        asked = small[rows, :, ::-1] if mirrored else small[rows]
        partner, near = _best_partner(_unit(_low(asked)), spans, rows)
        rows, partner = rows[near >= _NEAR], partner[near >= _NEAR]
        ends = np.minimum(rows, partner), np.maximum(rows, partner)
        found.append(pd.DataFrame({"a": ends[0], "b": ends[1], "mirrored": mirrored}))
    return pd.concat(found).drop_duplicates(ignore_index=True)


def _best_partner(
    asked: np.ndarray, spans: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give for each asked picture the row, not its own, whose span comes nearest.

    And how near: the share of its square that lies in the span, 0 to 1.
    """
    best = np.full(len(asked), -1.0, np.float32)
    partner = np.zeros(len(asked), np.int64)
    for start in range(0, spans.shape[2], _COLUMNS):
        part = spans[:, :, start : start + _COLUMNS]
        near = np.zeros((len(asked), part.shape[2]), np.float32)
        for span in part:
            share = asked @ span
            share *= share
            near += share
        itself = rows - start
        here = np.flatnonzero((itself >= 0) & (itself < near.shape[1]))
        near[here, itself[here]] = -1
        column = near.argmax(1)
        value = near[np.arange(len(asked)), column]
        better = value > best
        best[better], partner[better] = value[better], column[better] + start
    return partner, best


def _lay_over(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Compare a with b laid over it, in three looks, each finer and for fewer."""
    different = np.full(len(a), np.inf)
    small_a, small_b = _shrink(a), _shrink(b)
    motion = _motion.fit(small_a, small_b, steps=2)
    rough = _worst_place(small_a, *_motion.move(small_b, motion))
    rows = np.flatnonzero(rough <= _FIRST_LOOK)

    motion = _motion.fit(small_a[rows], small_b[rows], steps=3, start=motion[rows])
    rough = _worst_place(_between(a[rows]), *_motion.move(_between(b[rows]), motion))
    rows, motion = rows[rough <= _SECOND_LOOK], motion[rough <= _SECOND_LOOK]

    sharp = [gaussian_filter(p[rows].astype(np.float32), (0, 0.7, 0.7)) for p in (a, b)]
    motion = _motion.fit(*sharp, steps=3, start=motion)
    moved, inside = _motion.move_smoothly(b[rows], motion)
    different[rows] = _worst_place(_between(a[rows]), _between(moved), inside)
    return different


def _worst_place(a: np.ndarray, b: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Say how much of a differs from b in the place where most does, shape (n,).

    In units of the mean square of the whole: about 2 where nothing agrees.
    """
    side = a.shape[1]
    weights = _motion.inner(side) * inside
    different = (_weigh(a, weights) - _weigh(b, weights)) ** 2
    different *= weights.sum((1, 2), keepdims=True)
    n_there = _by_place(weights)
    share = _by_place(different) / np.maximum(n_there, 1)
    share[n_there < 0.6 * (side // _PLACES) ** 2] = 0
    return share.max((1, 2))


def _between(pictures: np.ndarray) -> np.ndarray:
    """Leave the detail between 0.7 and 2 pixels: finer is noise of the encoding."""
    pictures = pictures.astype(np.float32)
    fine, coarse = (gaussian_filter(pictures, (0, s, s)) for s in (0.7, 2))
    return fine - coarse


def _by_place(values: np.ndarray) -> np.ndarray:
    """Sum over each of 6 x 6 places, shape (n, 6, 6)."""
    step = values.shape[1] // _PLACES
    return values.reshape(len(values), _PLACES, step, _PLACES, step).sum((2, 4))


def _weigh(pictures: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean 0 and length 1 where the weights are 1, and 0 elsewhere."""
    n = np.maximum(weights.sum((1, 2), keepdims=True), 1)
    pictures = (
        pictures - (pictures * weights).sum((1, 2), keepdims=True) / n
    ) * weights
    length = np.sqrt((pictures**2).sum((1, 2), keepdims=True))
    return pictures / np.maximum(length, 1e-6)
