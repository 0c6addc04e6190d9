"""Candidates for registration: each image against all others, transformed a little.

An image and its derivatives by the parameters of an affine transform (its Jacobian)
span a small space. Another image is near when most of it lies in that space (tangent
distance: Simard et al., 1993). All is done on low frequencies, so that it is quick.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import dct
from scipy.ndimage import gaussian_filter

from xraylab import cores
from xraylab.duplicates import warp
from xraylab.progress import progress_bar

_SIDE_PX = 24
_WAVES = 8  # 8 x 8 low frequencies, without the mean
_NEAR = 0.93  # in the span of the partner: worst copy 0.947 from the better side
_FLAT = 1.0  # grey levels
_ROWS, _COLUMNS = 256, 2048  # a block of the search fits a processor's cache


def shrink(squares: np.ndarray) -> np.ndarray:
    """Average to 24 x 24 and smooth, so that small shifts change little."""
    lines = squares[:, ::2].astype(np.float32) + squares[:, 1::2]
    return gaussian_filter((lines[:, :, ::2] + lines[:, :, 1::2]) / 4, (0, 1, 1))


def describe(squares: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give each image as a vector, (n, 63), and its span: (7, 63, n).

    The span is that of the image and its Jacobian, as orthonormal vectors (QR). A flat
    image is like nothing, and all of it is 0.
    """
    low = np.empty((len(rows), _WAVES**2 - 1), np.float32)
    spans = np.empty((7, low.shape[1], len(rows)), np.float32)
    for block in cores.cut(len(rows), _ROWS):
        part = shrink(squares[rows[block]])
        shown = part.std((1, 2)) > _FLAT
        vectors = [_unit(_low(p)) for p in (part, *warp.jacobian(part))]
        basis = np.linalg.qr(np.stack(vectors, axis=2))[0]
        low[block] = vectors[0] * shown[:, None]
        spans[:, :, block] = basis.transpose(2, 1, 0) * shown
    return low, spans


def find_partners(
    low: np.ndarray, spans: np.ndarray, asked: np.ndarray, *, progress: bool
) -> np.ndarray:
    """Give each that is asked the one that comes nearest, or -1 if none is near.

    Parameters
    ----------
    low, spans : array
        As from `describe`.
    asked : array of bool, shape (2, n)
        Which images ask, as they are and mirrored.

    Returns
    -------
    array of int, shape (n_asked,)
        In the order of `asked`.
    """
    # to mirror an image changes the sign of each wave that is odd from left to right
    odd = np.where(np.arange(_WAVES**2)[1:] % _WAVES % 2, -1, 1).astype(np.float32)
    mirrored, row = np.nonzero(asked)
    vectors = low[row] * np.where(mirrored[:, None], odd, np.float32(1))
    blocks = cores.cut(len(row), _ROWS)
    found = cores.share_out(
        lambda part: _best_partner(vectors[part], spans, row[part]), blocks
    )
    bar = progress_bar(
        found, desc="searching", total=len(blocks), unit="block", progress=progress
    )
    return np.concatenate([np.array([], int), *bar])


def _best_partner(asked: np.ndarray, spans: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Give for each asked image the row, not its own, whose span comes nearest."""
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
    return np.where(best >= _NEAR, partner, -1)


def _low(images: np.ndarray) -> np.ndarray:
    """Low frequencies without the mean, shape (n, 63)."""
    waves = dct(np.eye(_SIDE_PX), norm="ortho", axis=0)[:_WAVES].astype(np.float32)
    found = np.einsum("ay,nyx,bx->nab", waves, images, waves, optimize=True)
    return found.reshape(len(images), -1)[:, 1:]


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Scale each row to length 1, shape (n, d)."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
