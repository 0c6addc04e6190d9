"""Rows of the cache to augmented batches, on the device.

A batch is a function of (seed, step) alone, so a run that stops and goes on
sees the same images, rotated the same way.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional

from xraylab.errors import InputError

BLUR_SIGMA = (0.1, 2.0)  # torchvision's default range for GaussianBlur


def count_steps(n_rows: int, batch_size: int) -> int:
    """Count the batches of one pass; the last may be short.

    A single row left over joins the batch before it: batch normalisation cannot
    learn from one image.

    Examples
    --------
    >>> count_steps(64, 32), count_steps(65, 32), count_steps(66, 32)
    (2, 2, 3)
    """
    n_full, rest = divmod(n_rows, batch_size)
    return n_full + (rest > 1 or n_full == 0)


def draw_rows(n_rows: int, batch_size: int, *, seed: int, step: int) -> np.ndarray:
    """Say which rows make up a step's batch.

    One pass visits each row once, in an order drawn from (seed, pass).

    Parameters
    ----------
    n_rows, batch_size : int
        At least 1.
    seed, step : int
        Not negative; steps count on through the passes.

    Returns
    -------
    array of int, shape (about batch_size,)

    Examples
    --------
    >>> steps = range(count_steps(5, 2))
    >>> first = [draw_rows(5, 2, seed=0, step=s) for s in steps]
    >>> sorted(np.concatenate(first).tolist())
    [0, 1, 2, 3, 4]
    """
    number, place = divmod(step, count_steps(n_rows, batch_size))
    order = np.random.default_rng((seed, number)).permutation(n_rows)
    return _cut_batch(order, batch_size, place)


def draw_balanced(
    labels: np.ndarray, batch_size: int, *, seed: int, step: int
) -> np.ndarray:
    """Say which rows make up a step's batch, both classes drawn equally often.

    One pass has as many draws as there are rows, half of them of each class; a class
    goes through all its rows before one comes again.

    Parameters
    ----------
    labels : array of int, shape (n,)
        0 or 1, each at least once.

    Returns
    -------
    array of int, shape (about batch_size,)
        Row numbers of `labels`.
    """
    n_rows = len(labels)
    number, place = divmod(step, count_steps(n_rows, batch_size))
    rng = np.random.default_rng((seed, number, 3))
    halves = []
    for label, n_draws in ((0, n_rows // 2), (1, n_rows - n_rows // 2)):
        own = np.flatnonzero(labels == label)
        rounds = [rng.permutation(own) for _ in range(-(-n_draws // len(own)))]
        halves.append(np.concatenate([own[:0], *rounds])[:n_draws])
    order = rng.permutation(np.concatenate(halves))
    return _cut_batch(order, batch_size, place)


def _cut_batch(order: np.ndarray, batch_size: int, place: int) -> np.ndarray:
    is_last = place == count_steps(len(order), batch_size) - 1
    return order[place * batch_size : None if is_last else (place + 1) * batch_size]


def make_batch(
    pixels: np.ndarray, rows: np.ndarray, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Copy rows of the cache to the device as floats.

    Parameters
    ----------
    pixels : array of uint8, shape (n, size_px, size_px)
    rows : array of int, shape (k,)

    Returns
    -------
    tensor of float32, shape (k, 1, size_px, size_px)
        Grey levels in [0, 1].

    Raises
    ------
    ValueError
        If the pixels are of another type or shape: grey levels in [0, 1] would be
        divided by 255 once more.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3:
        raise InputError(
            "pixels must be grey levels from 0 to 255, uint8, of shape (n, height, "
            f"width), got {pixels.dtype} of shape {pixels.shape}."
        )
    grey = torch.from_numpy(np.ascontiguousarray(take_rows(pixels, rows))).to(device)
    return grey[:, None].float() / 255  # (k, 1, h, w)


def take_rows(pixels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Copy rows out of a cache, and hold no more memory than they need.

    What is read of a mapped file counts as memory of the process until the file is
    closed. It is given back at once, or a run's memory would grow with the number of
    its images.

    Parameters
    ----------
    pixels : array, shape (n, ...)
        Such as `pixels` of `xraylab.images.Cache`.
    rows : array of int, shape (k,)

    Returns
    -------
    array of the same type, shape (k, ...)

    Examples
    --------
    >>> take_rows(np.array([10, 20, 30]), np.array([2, 0])).tolist()
    [30, 10]
    """
    taken = pixels[rows]
    is_mapped = isinstance(pixels, np.memmap) and isinstance(pixels.base, mmap.mmap)
    # only what is never written, or writing would be lost; Windows has no such call
    if is_mapped and pixels.mode == "r" and hasattr(mmap, "MADV_DONTNEED"):
        pixels.base.madvise(mmap.MADV_DONTNEED)
    return taken


def in_order(n_rows: int, batch_size: int) -> Iterator[np.ndarray]:
    """Row numbers from first to last, in batches: for scoring."""
    for start in range(0, n_rows, batch_size):
        yield np.arange(start, min(start + batch_size, n_rows))


def augment(
    x: torch.Tensor,
    *,
    seed: int,
    step: int,
    rotation_degrees: float = 10,
    blur: bool = True,
    flip: bool = True,
) -> torch.Tensor:
    """Rotate, blur and mirror each image of a batch by its own draw.

    The numbers are drawn on the CPU from (seed, step), so every device sees the
    same images; the work is done for the whole batch at once.

    Parameters
    ----------
    x : tensor of float, shape (n, 1, h, w)
        Grey levels in [0, 1].
    rotation_degrees : float
        Each image is rotated by an angle drawn evenly from plus or minus this;
        0 switches it off. What comes in from outside is black.
    blur : bool
        Blur with a 3 x 3 Gaussian, sigma drawn evenly from 0.1 to 2 px.
    flip : bool
        Mirror left and right with probability 0.5.

    Returns
    -------
    tensor
        Shape and range of `x`; `x` itself is left alone.
    """
    rng = np.random.default_rng((seed, step, 1))
    n = len(x)
    angles = rng.uniform(-rotation_degrees, rotation_degrees, n)
    sigmas = rng.uniform(*BLUR_SIGMA, n)
    mirrored = rng.random(n) < 0.5
    if flip:
        x = flip_images(x, mirrored)
    if rotation_degrees:
        x = rotate_images(x, angles)
    return blur_images(x, sigmas) if blur else x


def flip_images(x: torch.Tensor, mirrored: np.ndarray) -> torch.Tensor:
    """Mirror the marked images; `mirrored` is bool, shape (n,)."""
    chosen = torch.from_numpy(mirrored).to(x.device)[:, None, None, None]
    return torch.where(chosen, x.flip(-1), x)


def rotate_images(x: torch.Tensor, degrees: np.ndarray) -> torch.Tensor:
    """Turn each image about its centre; `degrees` has shape (n,)."""
    n, _, h, w = x.shape
    turn = torch.from_numpy(np.deg2rad(degrees)).to(x.device, x.dtype)[:, None, None]
    # Pixel centres, counted from the middle, in pixels: turning keeps its shape
    # in an image that is not square, too.
    down = (torch.arange(h, device=x.device, dtype=x.dtype) - (h - 1) / 2)[:, None]
    right = (torch.arange(w, device=x.device, dtype=x.dtype) - (w - 1) / 2)[None]
    cos, sin = turn.cos(), turn.sin()
    grid = torch.empty((n, h, w, 2), device=x.device, dtype=x.dtype)
    grid[..., 0] = (cos * right - sin * down) * (2 / w)
    grid[..., 1] = (sin * right + cos * down) * (2 / h)
    return functional.grid_sample(x, grid, mode="bilinear", align_corners=False)


def blur_images(x: torch.Tensor, sigmas: np.ndarray) -> torch.Tensor:
    """Blur each image with its own 3 x 3 Gaussian; `sigmas` in px, shape (n,)."""
    side = torch.from_numpy(np.exp(-0.5 / sigmas**2)).to(x.device, x.dtype)
    side = (side / (1 + 2 * side))[:, None, None, None]  # weight of each neighbour
    for axis in (-1, -2):
        pad = (1, 1, 0, 0) if axis == -1 else (0, 0, 1, 1)
        wide = functional.pad(x, pad, mode="replicate")
        size = x.shape[axis]
        before, after = wide.narrow(axis, 0, size), wide.narrow(axis, 2, size)
        x = (1 - 2 * side) * x + side * (before + after)
    return x
