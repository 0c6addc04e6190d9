"""Affine transforms of small images, and the one that registers two of them.

A pixel at (x, y) is read at (x + tx + xx x + xy y, y + ty + yx x + yy y), both in sides
of the square from its middle. Registration is that of Lucas and Kanade (1981) with gain
and offset: minimise sum of (a - gain * b(transform) - offset)^2 by Gauss and Newton.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import map_coordinates

_BORDER = 0.1  # at each side not compared: a crop or a rotation leaves nothing there
# A step of each parameter, and of all steps together: twice what the tested limits ask
# (a crop of 5 % is a scale of 0.11); larger steps leave the basin of attraction.
_STEP, _FINE_STEP, _MOST = 0.08, 0.03, 0.3
_RIDGE = 0.01  # on the diagonal of the normal equations, so that flat images solve
_LEAST_GAIN = 0.1  # the parameters are divided by it


def places(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Give y and x of each pixel in sides of the square, 0 in the middle."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    return (y - (side - 1) / 2) / side, (x - (side - 1) / 2) / side


def jacobian(images: np.ndarray) -> list[np.ndarray]:
    """Differentiate each image by the six parameters of an affine transform.

    By the chain rule: the gradient of the image times 1, x and y. Units: grey levels a
    pixel; in sides of the square it is `side` times that.
    """
    y, x = places(images.shape[1])
    down, right = np.gradient(images, axis=(1, 2))
    return [right, right * x, right * y, down, down * x, down * y]


def inner(side: int) -> np.ndarray:
    """Weights, 1 in the inner part that is compared."""
    y, x = places(side)
    return (np.maximum(abs(y), abs(x)) < 0.5 - _BORDER).astype(np.float32)


def fit(
    a: np.ndarray, b: np.ndarray, *, steps: int, start: np.ndarray | None = None
) -> np.ndarray:
    """Find the affine transform that registers b to a, with gain and offset.

    Parameters
    ----------
    a, b : array of float, shape (n, side, side)
        Row for row.
    steps : int
        Of Gauss and Newton.
    start : array, shape (n, 6), optional
        A transform to begin with; steps are smaller then.

    Returns
    -------
    array of float32, shape (n, 6)
        tx, xx, xy, ty, yx, yy: see above; each within 0.3.
    """
    n, side = len(a), a.shape[1]
    weights = inner(side)
    most = _STEP if start is None else _FINE_STEP
    transform = np.zeros((n, 6), np.float32) if start is None else start
    for step in range(steps):
        is_first = step == 0 and start is None
        moved, inside = (b, np.ones_like(b)) if is_first else resample(b, transform)
        columns = [side * column for column in jacobian(moved)]
        columns = np.stack([*columns, moved, np.ones_like(moved)], 1)
        design = columns.reshape(n, 8, side**2)
        weighed = design * (weights * inside).reshape(n, 1, side**2)
        normal = weighed @ design.transpose(0, 2, 1)
        normal += _RIDGE * np.eye(8, dtype=np.float32)
        found = np.linalg.solve(normal, weighed @ a.reshape(n, side**2, 1))[:, :, 0]
        # the fit gives gain times the change of the transform
        gain = found[:, 6:7]
        gain = np.where(np.abs(gain) < _LEAST_GAIN, _LEAST_GAIN, gain)
        transform = transform + np.clip(found[:, :6] / gain, -most, most)
        transform = np.clip(transform, -_MOST, _MOST).astype(np.float32)
    return transform


def resample(
    images: np.ndarray, transform: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Resample linearly at a transform: (resampled, True where there was image)."""
    n, side, _ = images.shape
    to_y, to_x, inside = _targets(side, transform)
    to_x, to_y = np.clip(to_x, 0, side - 1.001), np.clip(to_y, 0, side - 1.001)
    left, top = to_x.astype(np.int32), to_y.astype(np.int32)
    right, down = to_x - left, to_y - top
    at = (np.arange(n)[:, None, None] * side + top) * side + left
    grey = images.reshape(-1)
    above = grey[at] * (1 - right) + grey[at + 1] * right
    below = grey[at + side] * (1 - right) + grey[at + side + 1] * right
    return above * (1 - down) + below * down, inside


def resample_smoothly(
    images: np.ndarray, transform: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Resample with cubic splines: slower, and detail is kept."""
    to_y, to_x, inside = _targets(images.shape[1], transform)
    moved = np.empty(images.shape, np.float32)
    for i, image in enumerate(images.astype(np.float32)):
        map_coordinates(image, (to_y[i], to_x[i]), moved[i], 3, mode="nearest")
    return moved, inside


def _targets(
    side: int, transform: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give y and x where each pixel is read, and whether that is in the image."""
    y, x = places(side)
    tx, xx, xy, ty, yx, yy = transform.T[:, :, None, None]
    middle = (side - 1) / 2
    to_x = middle + side * (x + tx + xx * x + xy * y)
    to_y = middle + side * (y + ty + yx * x + yy * y)
    inside = (np.minimum(to_x, to_y) >= 0) & (np.maximum(to_x, to_y) <= side - 1)
    return to_y, to_x, inside
