"""Noise and vessel textures, built once a process at the first image."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

BANK_PX = 512
WINDOW_PX = 256  # an image, whatever its size, covers this part of a bank
TREE_PX = 288
N_TREES = 24
_SEED = 7


@dataclass(frozen=True)
class Banks:
    """Textures with mean 0 and sd 1, shape (512, 512), unless said otherwise."""

    pink: np.ndarray
    blob: np.ndarray
    fine: np.ndarray
    grain: np.ndarray
    mesh: np.ndarray  # ridges, about -0.35 to 0.65
    vessels: np.ndarray  # (24 * 288 * 288,), 0 none to about 1
    cuffs: np.ndarray  # the same, blurred


@cache
def banks() -> Banks:
    """Build the textures; about 0.8 s, the same on every call."""
    rng = np.random.default_rng(_SEED)
    pink = _noise(rng, 1.5, 2, BANK_PX)
    blob = _noise(rng, 2.0, 4, 40)
    mesh = np.clip(1 - np.abs(_noise(rng, 0.8, 14, 70)) * 1.6, 0, 1) - 0.35
    fine = _noise(rng, 0.9, 20, 150)
    white = rng.standard_normal((BANK_PX, BANK_PX)).astype(np.float32)
    grain = gaussian_filter(white, 0.6, mode="wrap")
    trees = [_vessel_texture(np.random.default_rng(100 + i)) for i in range(N_TREES)]
    cuffs = [gaussian_filter(tree, 3.2) for tree in trees]
    return Banks(
        pink,
        blob,
        fine,
        grain / grain.std(),
        mesh.astype(np.float32),
        np.concatenate(trees, axis=None),
        np.concatenate(cuffs, axis=None),
    )


def take_window(
    bank: np.ndarray, offset: tuple[int, int], shape: tuple[int, int]
) -> np.ndarray:
    """Cut a window of half the bank and scale it to an image.

    So the texture is the same part of the chest at any size of image.

    Parameters
    ----------
    bank : array of float32, shape (512, 512)
    offset : two int
        Upper left corner, 0 to 256.
    shape : two int
        Height and width of the image in pixels.

    Returns
    -------
    array of float32, of `shape`
    """
    y, x = offset
    if shape == (WINDOW_PX, WINDOW_PX):
        return bank[y : y + WINDOW_PX, x : x + WINDOW_PX]
    window = Image.fromarray(bank[y : y + WINDOW_PX, x : x + WINDOW_PX])
    return np.asarray(window.resize(shape[::-1], Image.Resampling.BILINEAR))


def take_pixels(
    bank: np.ndarray, offset: tuple[int, int], shape: tuple[int, int]
) -> np.ndarray:
    """Cut a window pixel by pixel, wrapping at the bank's edge, of any `shape`."""
    y, x = offset
    rows = (y + np.arange(shape[0])) % BANK_PX
    columns = (x + np.arange(shape[1])) % BANK_PX
    return bank[rows[:, None], columns[None]]


def _noise(
    rng: np.random.Generator, power: float, low: float, high: float
) -> np.ndarray:
    """Periodic noise with spectrum f**-power between `low` and `high` cycles."""
    n = BANK_PX
    frequency = np.hypot(np.fft.fftfreq(n)[:, None] * n, np.fft.rfftfreq(n)[None] * n)
    frequency[0, 0] = 1
    inside = (frequency >= low) & (frequency <= high)
    weight = np.where(inside, frequency**-power, 0)
    noise = np.fft.irfft2(weight * np.fft.rfft2(rng.standard_normal((n, n))), s=(n, n))
    return (noise / noise.std()).astype(np.float32)


def _vessel_texture(rng: np.random.Generator) -> np.ndarray:
    """One lung's vessels; columns t 0 to 1, rows level -0.1 to 1.1."""
    scale = 2
    side = TREE_PX * scale
    image = Image.new("F", (side, side))
    draw = ImageDraw.Draw(image)
    twigs = _grow_tree(rng)
    for x0, y0, x1, y1, width in twigs[np.argsort(twigs[:, 4])]:  # thick ones on top
        ends = [
            ((0.16 + x * 0.86) * side, (0.46 + y * 0.56 + 0.1) / 1.2 * side)
            for x, y in ((x0, y0), (x1, y1))
        ]
        draw.line(
            [*ends[0], *ends[1]],
            fill=float(width**0.8),
            width=max(1, round(float(width) * 7.5)),
        )
    pixels = np.asarray(image).reshape(TREE_PX, scale, TREE_PX, scale).mean((1, 3))
    return gaussian_filter(pixels, 1.0).astype(np.float32)


def _grow_tree(rng: np.random.Generator) -> np.ndarray:
    """Twigs (x0, y0, x1, y1, width) from the hilum at (0, 0); x runs outwards."""
    twigs: list[tuple[float, ...]] = []
    for angle in np.linspace(-1.35, 1.45, 8) + rng.normal(0, 0.09, 8):
        start = (0.0, rng.normal(0, 0.07), angle)
        _grow_branch(rng, twigs, start, rng.uniform(0.75, 1.1), rng.uniform(0.55, 0.95))
    return np.array(twigs, np.float32)


def _grow_branch(rng, twigs, start, width, length, generation=0) -> None:
    x, y, angle = start
    bend = rng.normal(0, 0.10)
    for i in range(4):
        x1 = x + np.cos(angle) * length / 4
        y1 = y + np.sin(angle) * length / 4
        twigs.append((x, y, x1, y1, width))
        x, y = x1, y1
        angle += bend + rng.normal(0, 0.07)
        width *= 0.90
        may_fork = generation < 3 and (i > 0 or generation > 0)
        if may_fork and rng.random() < (0.7 if generation < 2 else 0.45):
            fork = angle + rng.choice([-1, 1]) * rng.uniform(0.35, 0.8)
            share = rng.uniform(0.4, 0.65)
            _grow_branch(
                rng, twigs, (x, y, fork), width * 0.66, length * share, generation + 1
            )
