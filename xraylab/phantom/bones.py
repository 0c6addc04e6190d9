"""Ribs, spine, collar bones, shoulder blades and upper arms."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from xraylab.phantom.anatomy import N_RIBS, Anatomy, Ribs
from xraylab.phantom.geometry import Frame, dome, smooth_step
from xraylab.phantom.organs import Organs, arm_places
from xraylab.phantom.shots import Shot

_BINS = 64  # entries of the rib table per rib
_SIDE = N_RIBS * _BINS
_SOFT_EDGE = np.array([0.05, 0.12, 0.2, 0.26, 0.2, 0.12, 0.05])


def build_bones(
    anatomy: Anatomy, shot: Shot, frame: Frame, organs: Organs
) -> np.ndarray:
    """Build the thickness of all bones, float32, patient units."""
    bones = _ribs(anatomy.ribs, frame)
    bones *= 0.42 + 0.58 * organs.above_dome
    columns = _spine_columns(frame)
    bones[:, columns] += _spine(anatomy, frame, columns)
    bones += _drawn_bones(anatomy, shot, frame) * (organs.body > 0.02)
    return bones


def _ribs(ribs: Ribs, frame: Frame) -> np.ndarray:
    """All ribs in one pass: each lies in a tilted plane, looked up in a table."""
    top = np.minimum(frame.row_levels, 0) / 0.13
    closed = frame.cage_widths * np.sqrt(np.clip(1 - top * top, 0.004, 1)) * 1.035
    t = np.abs(frame.from_spine) / frame.by_row(closed)
    depth = dome(t * t)
    # The ray runs long through the rib where the cage turns away from it.
    path = np.minimum(1 / np.maximum(depth, 0.35), 2.3)
    upper = frame.y - (frame.top - 0.10 * frame.height)
    path *= (t <= 1) * np.clip(upper * 4, 0.25, 1)
    table = _rib_table(ribs)
    side = np.where(frame.right, np.int32(0), np.int32(_SIDE))
    tilt = np.where(frame.right, ribs.asymmetry, -ribs.asymmetry).astype(np.float32)
    y = frame.y - (frame.top - 0.10)
    back = (y + ribs.tilt_back * (depth - 0.25)) * (1 / ribs.spacing) + tilt
    seen = (back > 0) & (back < 14) & (np.abs(frame.from_spine) > 0.09)
    bones = _look_up(table, back, side) * seen
    front = y - (ribs.tilt_front * 1.6 + 0.10) * (depth - 0.05)
    front = front * (1 / ribs.spacing) + tilt
    seen = np.clip((t - 0.42) * (1 / 0.3), 0, 1) * ((front > 0) & (front < 11))
    bones += 0.5 * seen * _look_up(table, front, side + np.int32(2 * _SIDE))
    return (bones * path * ribs.strength).astype(np.float32)


def _look_up(table: np.ndarray, rib: np.ndarray, offset: np.ndarray) -> np.ndarray:
    return table[np.clip(rib * _BINS, 0, _SIDE - 1).astype(np.int32) + offset]


def _rib_table(ribs: Ribs) -> np.ndarray:
    """Thickness along the rib number, for back right, back left, front ..."""
    number = np.arange(_SIDE) / _BINS
    rib = number.astype(int)
    tables = []
    for place in (0, 1):
        for side in (0, 1):
            width = ribs.width * ribs.widening[place, side][rib]
            centre = rib + 0.5 + ribs.shift[place, side][rib]
            edge = (number - centre) / (width * 0.5)
            hollow = 0.42 * dome((edge * 1.35) ** 2)
            thick = (dome(edge * edge) - hollow) * (1 + 0.15 * np.tanh(edge * 2))
            tables.append(np.convolve(thick, _SOFT_EDGE, "same"))
    return np.concatenate(tables).astype(np.float32)


def _spine_columns(frame: Frame) -> slice:
    """Columns of the image that can hold the spine."""
    width = frame.shape[1]
    lean = abs(frame.turn[1]) * frame.half[1] / frame.half[0] * width / 2
    (left, _), (right, _) = frame.to_pixels([-0.36, 0.36], [0.0, 0.0])
    first = int(np.clip(left - lean, 0, width - 8))
    return slice(first, int(np.clip(right + lean, first + 8, width)))


def _spine(anatomy: Anatomy, frame: Frame, columns: slice) -> np.ndarray:
    middle, levels = anatomy.middle, frame.row_levels
    rows = frame.row_index[:, columns]

    def by_row(table):
        return table.astype(np.float32)[rows]

    x = frame.from_spine[:, columns] * (1 / middle.spine_width)
    square = x * x
    number = levels * frame.height / anatomy.ribs.spacing + middle.vertebra_phase
    place = number - np.floor(number)
    disc = np.abs(place - 0.5)
    vertebra = 0.60 + 0.40 * smooth_step(disc, 0.5, 0.36)
    vertebra += 0.18 * np.exp(-(((disc - 0.36) / 0.05) ** 2))
    vertebra *= 1 - 0.45 * smooth_step(levels, 0.75, 1.05)
    column = dome(square * square) * by_row(vertebra)
    pedicle = np.exp(-(((np.abs(x) - 0.62) * 5) ** 2))
    pedicle *= by_row(np.exp(-(((place - 0.42) / 0.16) ** 2)))
    process = np.exp(-square * 39) * by_row(np.exp(-(((place - 0.75) / 0.16) ** 2)))
    wings = np.clip(1 - square * (1 / 4.4), 0, 1)
    wings *= by_row(np.exp(-(((place - 0.40) / 0.13) ** 2)))
    parts = 0.50 * column + 0.26 * pedicle + 0.08 * process + 0.14 * wings
    return middle.spine_strength * parts


def _drawn_bones(anatomy: Anatomy, shot: Shot, frame: Frame) -> np.ndarray:
    height, width = frame.shape
    image = Image.new("L", (width, height))
    draw = ImageDraw.Draw(image)
    arms = arm_places(anatomy, shot, frame)
    for i, side in enumerate((-1, 1)):
        _draw_scapula(draw, anatomy, frame, side)
        _draw_humerus(draw, frame, side, arms[i])
        _draw_clavicle(draw, anatomy, shot, frame, i)
    blurred = image.filter(ImageFilter.BoxBlur(1.3 * min(height, width) / 256))
    return np.asarray(blurred, np.float32) * np.float32(0.62 / 255)


def _draw_scapula(
    draw: ImageDraw.ImageDraw, anatomy: Anatomy, frame: Frame, side: int
) -> None:
    trunk = anatomy.trunk
    turn = trunk.scapula_turn + (0.25 if trunk.arms_up else 0)
    x = np.array([-0.10, 0.24, 0.26, -0.02 + 0.3 * turn, -0.10 + 0.3 * turn])
    y = np.array([-0.02, -0.06, 0.10, 0.56, 0.52])
    corners = frame.to_pixels(
        side * (trunk.scapula_place + x), frame.top + frame.height * 0.10 + y
    )
    draw.polygon(corners, fill=34)
    draw.line(corners[2:4], fill=74, width=_width(0.03, frame))
    draw.line(corners[:2], fill=66, width=max(2, _width(0.045, frame)))


def _draw_humerus(
    draw: ImageDraw.ImageDraw, frame: Frame, side: int, arm: tuple[float, ...]
) -> None:
    x, y, dx, dy = arm
    x += side * 0.04
    ends = frame.to_pixels([x, x + dx * 1.2], [y, y + dy * 1.2])
    width = max(4, 0.15 * frame.unit_px)
    draw.line(ends, fill=105, width=int(width))
    draw.line(ends, fill=72, width=max(1, int(width * 0.55)))
    (column, row), radius = ends[0], width * 0.66
    box = [column - radius, row - radius, column + radius, row + radius]
    draw.ellipse(box, fill=95)


def _draw_clavicle(
    draw: ImageDraw.ImageDraw, anatomy: Anatomy, shot: Shot, frame: Frame, i: int
) -> None:
    trunk, side = anatomy.trunk, (-1, 1)[i]
    along = np.linspace(0, 1, 14)
    slope = trunk.clavicle_slope - (0.05 if trunk.arms_up else 0)
    bow = np.sin(along * 6.2) * 0.55 - 0.6 * np.sin(along * 3.14)
    x = side * (0.11 + 0.86 * along) + shot.yaw * 0.4
    y = frame.top + frame.height * 0.13 + slope * along
    y = y + trunk.clavicle_bow * bow + shot.clavicle_shifts[i]
    points = frame.to_pixels(x, y)
    width = trunk.clavicle_width * 2 * frame.unit_px
    draw.line(points, fill=110, width=round(width + 1), joint="curve")
    draw.line(points, fill=84, width=max(1, round(width * 0.5)), joint="curve")


def _width(units: float, frame: Frame) -> int:
    return max(1, int(units * frame.unit_px))
