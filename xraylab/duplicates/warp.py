"""Small images moved, stretched, turned and sheared; and the motion that fits."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import map_coordinates

_BORDER = 0.1  # at each side not compared: a crop or a turn leaves nothing there


def places(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Give y and x of each pixel in sides of the square, 0 in the middle."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    return (y - (side - 1) / 2) / side, (x - (side - 1) / 2) / side


def motions(images: np.ndarray) -> list[np.ndarray]:
    """Give what a small move, stretch, turn and shear adds to each image."""
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
    """Find the motion that lays b over a, a few steps of Gauss and Newton.

    Returns
    -------
    array of float32, shape (n, 6)
        Of x: shift, share of x, share of y; then the same of y; in sides.
    """
    n, side = len(a), a.shape[1]
    weights = inner(side)
    most = 0.08 if start is None else 0.03  # a step; larger ones lose the way
    motion = np.zeros((n, 6), np.float32) if start is None else start
    for step in range(steps):
        still = step == 0 and start is None
        moved, inside = (b, np.ones_like(b)) if still else move(b, motion)
        ways = [side * way for way in motions(moved)]
        ways = np.stack([*ways, moved, np.ones_like(moved)], 1).reshape(n, 8, side**2)
        weighed = ways * (weights * inside).reshape(n, 1, side**2)
        square = weighed @ ways.transpose(0, 2, 1) + 0.01 * np.eye(8, dtype=np.float32)
        shares = np.linalg.solve(square, weighed @ a.reshape(n, side**2, 1))[:, :, 0]
        contrast = np.where(np.abs(shares[:, 6:7]) < 0.1, 0.1, shares[:, 6:7])
        motion = motion + np.clip(shares[:, :6] / contrast, -most, most)
        motion = np.clip(motion, -0.3, 0.3).astype(np.float32)
    return motion


def move(images: np.ndarray, motion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Resample linearly along a motion: (moved, True where there was image)."""
    n, side, _ = images.shape
    to_y, to_x, inside = _targets(side, motion)
    to_x, to_y = np.clip(to_x, 0, side - 1.001), np.clip(to_y, 0, side - 1.001)
    left, top = to_x.astype(np.int32), to_y.astype(np.int32)
    right, down = to_x - left, to_y - top
    at = (np.arange(n)[:, None, None] * side + top) * side + left
    grey = images.reshape(-1)
    above = grey[at] * (1 - right) + grey[at + 1] * right
    below = grey[at + side] * (1 - right) + grey[at + side + 1] * right
    return above * (1 - down) + below * down, inside


def move_smoothly(
    images: np.ndarray, motion: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Resample with cubic splines: slower, and detail is kept."""
    to_y, to_x, inside = _targets(images.shape[1], motion)
    moved = np.empty(images.shape, np.float32)
    for i, image in enumerate(images.astype(np.float32)):
        map_coordinates(image, (to_y[i], to_x[i]), moved[i], 3, mode="nearest")
    return moved, inside


def _targets(
    side: int, motion: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give y and x where each pixel is read, and whether that is in the image."""
    y, x = places(side)
    sx, xx, xy, sy, yx, yy = motion.T[:, :, None, None]
    middle = (side - 1) / 2
    to_x = middle + side * (x + sx + xx * x + xy * y)
    to_y = middle + side * (y + sy + yx * x + yy * y)
    inside = (np.minimum(to_x, to_y) >= 0) & (np.maximum(to_x, to_y) <= side - 1)
    return to_y, to_x, inside
