"""Copies that were cropped, rotated a little or mirrored: found by registration.

Pixel by pixel such a copy is far from its original. So for each image the candidate
that comes nearest is registered to it: an affine transform, gain and offset are
fitted by least squares (Lucas and Kanade, 1981), and the two are compared place by
place. A copy agrees everywhere; in two exposures of one child the heart has moved.

Tested limits: 5 % cropped at each side, 3 degrees rotated, mirrored, and all together.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from xraylab import cores
from xraylab.duplicates import candidates, warp
from xraylab.errors import InputError
from xraylab.progress import progress_bar

# Measured on altered copies of 500 real images and on all real images: worst
# copy 0.008, best pair of two exposures 0.068, next best pair 0.23.
SAME_PLACES = 0.025
# At 24 px after two steps, one way and the better way: worst copy 0.07 and 0.022;
# of strangers 8 in 10 have more, then 9 in 10 of the rest.
_FIRST_LOOK, _BETTER_LOOK = 0.1, 0.04
_SIDE = 48
_GLANCES, _PAIRS = 128, 32  # at once, so that memory stays small
_PLACES = 6  # 6 x 6 places are compared, each on its own
_SEEN = 0.6  # of a place that must lie in both images, so that it is compared


def find_moved(
    squares: np.ndarray,
    rows: np.ndarray,
    *,
    asked: np.ndarray | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Find copies that are cropped, rotated or mirrored.

    Each image, as it is and mirrored, is held against its best partner. Where
    the two are the same one of them is set aside, and whoever had that one as its
    best partner is asked again.

    Parameters
    ----------
    squares : array of uint8, shape (n, 48, 48)
        Grey levels.
    rows : array of int
        The squares to search; images that are plainly the same should be here
        once.
    asked : array of bool, shape (n_rows,), optional
        Which of `rows`, in ascending order, are held against all; all when not given.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    DataFrame
        Columns a, b (row numbers of `squares`, a < b), mirrored (bool) and
        difference: how much of the detail differs where it differs most, 0
        (nothing) upwards. Only pairs at or below `SAME_PLACES`.

    Raises
    ------
    ValueError
        If the squares are not of 48 px.
    """
    if squares.shape[1:] != (_SIDE, _SIDE):
        raise InputError(f"squares must be (n, 48, 48), got {squares.shape}.")
    rows = np.sort(rows)
    low, spans = candidates.describe(squares, rows)
    partner = np.full((2, len(rows)), -1)
    is_asked = low.any(1) if asked is None else low.any(1) & asked
    asked = np.broadcast_to(is_asked, partner.shape)  # as it is, and mirrored
    found = [_pair(partner, asked).assign(difference=0.0)]  # none yet
    while asked.any():
        partner[asked] = candidates.find_partners(low, spans, asked, progress=progress)
        pairs = _pair(partner, asked)
        ends = rows[pairs["a"]], rows[pairs["b"]], pairs["mirrored"].to_numpy()
        pairs = pairs.assign(difference=_differences(squares, *ends, progress))
        found.append(pairs[pairs["difference"] <= SAME_PLACES])
        gone = found[-1]["b"].unique()
        spans[:, :, gone] = 0
        asked = np.isin(partner, gone)
        asked[:, gone] = False
    moved = pd.concat(found, ignore_index=True)
    return moved.assign(a=rows[moved["a"]], b=rows[moved["b"]])


def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Register each image to its partner and say how much differs at worst.

    Parameters
    ----------
    a, b : array of uint8, shape (n, 48, 48)
        Row for row.

    Returns
    -------
    array of float, shape (n,)
        Share of the detail that differs in the place where most does: 0 for
        copies, about 1 or more for strangers.
    """
    # a crop is finer than its original, so one way may fit better than the other
    return np.minimum(_register(a, b), _register(b, a))


def _pair(partner: np.ndarray, asked: np.ndarray) -> pd.DataFrame:
    """List who is to be compared, each pair once: a < b, mirrored."""
    mirrored, row = np.nonzero(asked & (partner >= 0))
    other = partner[mirrored, row]
    ends = {"a": np.minimum(row, other), "b": np.maximum(row, other)}
    pairs = pd.DataFrame(ends | {"mirrored": mirrored == 1})
    return pairs.drop_duplicates(ignore_index=True)


def _differences(
    squares: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    mirrored: np.ndarray,
    progress: bool,
) -> np.ndarray:
    """Compare pairs of rows; infinite where a glance says that they differ."""

    def show(part: slice | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        one, other = squares[a[part]], squares[b[part]]
        one[mirrored[part]] = one[mirrored[part], :, ::-1]
        return one, other

    parts = cores.cut(len(a), _GLANCES)
    near = cores.share_out(lambda part: _are_near(*show(part)), parts)
    bar = progress_bar(
        near, desc="registering", total=len(parts), unit="block", progress=progress
    )
    rows = np.flatnonzero(np.concatenate([np.array([], bool), *bar]))
    parts = [rows[part] for part in cores.cut(len(rows), _PAIRS)]
    different = np.full(len(a), np.inf)
    found = cores.share_out(lambda part: compare(*show(part)), parts)
    for part, differs in zip(parts, found, strict=True):
        different[part] = differs
    return different


def _are_near(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Say which pairs are worth a closer comparison, bool, shape (n,)."""
    rough = _glance(a, b)
    rows = np.flatnonzero(rough <= _FIRST_LOOK)
    rough[rows] = np.minimum(rough[rows], _glance(b[rows], a[rows]))
    return rough <= _BETTER_LOOK


def _glance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Compare a with b roughly registered to it, shape (n,)."""
    small_a, small_b = candidates.shrink(a), candidates.shrink(b)
    transform = warp.fit(small_a, small_b, steps=2)
    return _worst_place(small_a, *warp.resample(small_b, transform))


def _register(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Compare the detail of a with that of b registered to it, shape (n,).

    From coarse to fine: five steps at 24 px, three at 48 px.
    """
    transform = warp.fit(candidates.shrink(a), candidates.shrink(b), steps=5)
    sharp = [gaussian_filter(p.astype(np.float32), (0, 0.7, 0.7)) for p in (a, b)]
    transform = warp.fit(*sharp, steps=3, start=transform)
    registered, inside = warp.resample_smoothly(b, transform)
    return _worst_place(_detail(a), _detail(registered), inside)


def _worst_place(a: np.ndarray, b: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Say how much of a differs from b in the place where most does, shape (n,).

    The squared difference, in units of the mean square of the whole: for images of
    mean 0 and length 1 it is 2 - 2 r, so about 2 where nothing agrees.
    """
    side = a.shape[1]
    weights = warp.inner(side) * inside
    different = (_weigh(a, weights) - _weigh(b, weights)) ** 2
    different *= weights.sum((1, 2), keepdims=True)
    n_there = _by_place(weights)
    share = _by_place(different) / np.maximum(n_there, 1)
    # a place of which most lies outside of the image says nothing
    share[n_there < _SEEN * (side // _PLACES) ** 2] = 0
    return share.max((1, 2))


def _detail(images: np.ndarray) -> np.ndarray:
    """Leave the detail between 0.7 and 2 pixels: finer is noise of the encoding."""
    images = images.astype(np.float32)
    fine, coarse = (gaussian_filter(images, (0, s, s)) for s in (0.7, 2))
    return fine - coarse


def _by_place(values: np.ndarray) -> np.ndarray:
    """Sum over each of 6 x 6 places, shape (n, 6, 6)."""
    step = values.shape[1] // _PLACES
    return values.reshape(len(values), _PLACES, step, _PLACES, step).sum((2, 4))


def _weigh(images: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean 0 and length 1 where the weights are 1, and 0 elsewhere."""
    n = np.maximum(weights.sum((1, 2), keepdims=True), 1)
    images = (images - (images * weights).sum((1, 2), keepdims=True) / n) * weights
    length = np.sqrt((images**2).sum((1, 2), keepdims=True))
    return images / np.maximum(length, 1e-6)
