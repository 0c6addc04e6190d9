"""Coordinates of one image: where each pixel lies in the chest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xraylab.phantom.anatomy import Anatomy
from xraylab.phantom.shots import Shot

_REACH = 2.2  # row tables run from -2.2 to 2.2
ROWS = np.linspace(-_REACH, _REACH, 2048).astype(np.float32)


@dataclass(frozen=True)
class Frame:
    """Coordinates of the pixels, float32 arrays of `shape`, and row tables.

    Row tables hold one value per entry of `ROWS`; `by_row` spreads them over
    the pixels.
    """

    shape: tuple[int, int]
    x: np.ndarray
    y: np.ndarray
    from_spine: np.ndarray  # x from the spine's middle
    right: np.ndarray  # bool: the child's right half, on the image's left
    t: np.ndarray  # distance from the spine / half-width of the cage
    level: np.ndarray  # 0 top of the lungs, 1 base
    row_levels: np.ndarray
    cage_widths: np.ndarray
    row_index: np.ndarray
    top: float
    height: float
    turn: tuple[float, float]  # cosine and sine of the roll
    centre: tuple[float, float]
    half: tuple[float, float]  # half of the image in patient units

    def by_row(self, table: np.ndarray) -> np.ndarray:
        """Spread a row table over the pixels."""
        return table.astype(np.float32)[self.row_index]

    def to_pixels(self, x, y) -> list[tuple[float, float]]:
        """Turn patient coordinates into pixel coordinates, as (column, row)."""
        cosine, sine = self.turn
        x, y = np.asarray(x) - self.centre[0], np.asarray(y) - self.centre[1]
        across = (cosine * x - sine * y) / self.half[0]
        down = (sine * x + cosine * y) / self.half[1]
        height, width = self.shape
        columns = (across + 1) * width / 2
        rows = (down + 1) * height / 2
        return list(zip(columns.tolist(), rows.tolist(), strict=True))

    @property
    def unit_px(self) -> float:
        """Pixels per patient unit, mean of both directions."""
        height, width = self.shape
        return float(np.sqrt(width / self.half[0] * height / self.half[1])) / 2


def make_frame(anatomy: Anatomy, shot: Shot, shape: tuple[int, int]) -> Frame:
    """Lay a grid of pixels over a child.

    Rotation and aspect enter here, through the coordinates: nothing is resampled.

    Parameters
    ----------
    shape : two int
        Height and width in pixels, at least 16.
    """
    height = anatomy.cage.height * (1 + shot.inspiration)
    top = anatomy.cage.top - 0.3 * shot.inspiration
    half_x = anatomy.cage.half_width / shot.fill_x
    half_y = height * 0.80 / shot.fill_y / 2
    centre = (shot.shift_x, top - shot.top * 2 * half_y + half_y)
    turn = (float(np.cos(shot.roll)), float(np.sin(shot.roll)))
    across = _centred(shape[1])[None] * np.float32(half_x)
    down = _centred(shape[0])[:, None] * np.float32(half_y)
    x = turn[0] * across + turn[1] * down + np.float32(centre[0])
    y = -turn[1] * across + turn[0] * down + np.float32(centre[1])
    rows = (y + _REACH) * ((ROWS.size - 1) / (2 * _REACH))
    rows = np.clip(rows, 0, ROWS.size - 1).astype(np.intp)
    levels = (ROWS - top) / height
    widths = _cage_widths(anatomy, levels)
    spine = anatomy.middle.spine_curve * np.sin(3 * ROWS + anatomy.middle.spine_phase)
    from_spine = x - spine.astype(np.float32)[rows]
    return Frame(
        shape=shape,
        x=x,
        y=y,
        from_spine=from_spine,
        right=from_spine < 0,
        t=np.abs(from_spine) / widths.astype(np.float32)[rows],
        level=(y - np.float32(top)) * np.float32(1 / height),
        row_levels=levels,
        cage_widths=widths,
        row_index=rows,
        top=float(top),
        height=float(height),
        turn=turn,
        centre=centre,
        half=(half_x, half_y),
    )


def _centred(n: int) -> np.ndarray:
    return (np.arange(n, dtype=np.float32) + 0.5) / n * 2 - 1


def _cage_widths(anatomy: Anatomy, levels: np.ndarray) -> np.ndarray:
    """Half-width of the cage at each row."""
    cage = anatomy.cage
    inside = np.clip(levels, 1e-4, 1)
    growth = 1 - (1 - np.clip(inside / 0.8, 0, 1)) ** cage.curve
    widths = cage.half_width * (cage.apex_share + (1 - cage.apex_share) * growth)
    widths = widths * (1 + cage.flare * (inside - 0.5))
    below = 1 - 0.05 * np.clip(levels - 1, 0, 2)
    return np.where(levels > 1, widths * below, widths)


def smooth_step(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Rise smoothly from 0 at `low` to 1 at `high`; `high` may be below `low`."""
    t = np.clip((x - low) * (1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)


def dome(square: np.ndarray) -> np.ndarray:
    """Profile of a round body: sqrt(1 - q) for q in [0, 1], 0 beyond."""
    return np.sqrt(np.clip(1 - square, 0, 1))
