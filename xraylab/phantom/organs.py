"""Soft tissue and lungs as fields of thickness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xraylab.phantom.anatomy import Anatomy
from xraylab.phantom.banks import TREE_PX, banks, take_window
from xraylab.phantom.geometry import Frame, dome, smooth_step
from xraylab.phantom.shots import Shot


@dataclass(frozen=True)
class Organs:
    """Thickness fields of one child without disease, float32, patient units."""

    body: np.ndarray
    lungs: np.ndarray
    middle: np.ndarray  # heart and mediastinum
    heart: np.ndarray
    above_dome: np.ndarray  # 1 above the diaphragm, falling to 0 below it
    dome_row: np.ndarray  # y of the diaphragm


def build_organs(anatomy: Anatomy, shot: Shot, frame: Frame) -> Organs:
    """Build the thickness fields of body, lungs, heart and diaphragm."""
    heart = _heart(anatomy, shot, frame)
    middle = np.maximum(_mediastinum(anatomy, shot, frame), heart)
    dome_row, above = _diaphragm(anatomy, frame)
    # Heart and mediastinum push the lung away; they are not added to it.
    lungs = np.clip(_full_lungs(anatomy, frame) - 0.85 * middle, 0, None) * above
    body = _trunk(anatomy, frame)
    np.maximum(body, _arms(anatomy, shot, frame), out=body)
    body += _head(anatomy, shot, frame)
    return Organs(body, lungs, middle, heart, above, dome_row)


def arm_places(anatomy: Anatomy, shot: Shot, frame: Frame) -> list[tuple[float, ...]]:
    """Shoulder joint and direction of each arm: x, y, dx, dy."""
    trunk = anatomy.trunk
    out = 0.92 if trunk.arms_up else 1.04 + 0.45 * trunk.fat
    y = frame.top + frame.height * (0.13 + trunk.shoulder_level * 0.3)
    places = []
    for side, more in zip((-1, 1), shot.arm_angles, strict=True):
        angle = trunk.arm_angle + more
        direction = (float(np.cos(angle)) * side, float(np.sin(angle)))
        places.append((side * anatomy.cage.half_width * out, y, *direction))
    return places


def _trunk(anatomy: Anatomy, frame: Frame) -> np.ndarray:
    trunk, levels = anatomy.trunk, frame.row_levels
    flanks = np.maximum(frame.cage_widths, 0.98) * (1.05 + trunk.fat)
    flanks = np.where(levels > 0, flanks, 0)
    shoulder = smooth_step(
        levels, trunk.shoulder_level - 0.20, trunk.shoulder_level + 0.06
    )
    half = anatomy.cage.half_width * trunk.shoulder_width
    upper = trunk.neck + (half - trunk.neck) * shoulder
    widths = np.maximum(np.where(levels > 0.25, flanks, upper), upper * (levels < 0.35))
    widths = np.convolve(np.pad(widths, 40, "edge"), np.ones(81) / 81, "valid")
    depth = 0.66 + 0.34 * smooth_step(levels, -0.25, 0.35)
    depth = trunk.depth * (depth + 0.02 * smooth_step(levels, 0.9, 1.3))
    q = frame.x / frame.by_row(widths)
    q *= q
    return frame.by_row(depth) * dome(q * q)  # a round profile leaves dark flanks


def _arms(anatomy: Anatomy, shot: Shot, frame: Frame) -> np.ndarray:
    thickest = np.zeros(frame.shape, np.float32)
    radius = 0.36 + 0.4 * anatomy.trunk.fat
    for x, y, dx, dy in arm_places(anatomy, shot, frame):
        px, py = frame.x - np.float32(x), frame.y - np.float32(y)
        along = np.clip(px * dx + py * dy, 0, 1.2)
        off = (px - along * dx) ** 2 + (py - along * dy) ** 2
        np.maximum(thickest, 0.55 * dome(off * (1 / radius**2)), out=thickest)
    return thickest


def _head(anatomy: Anatomy, shot: Shot, frame: Frame) -> np.ndarray:
    shift, depth = shot.head
    y = frame.top - anatomy.trunk.head_height
    square = ((frame.x - shift) * (1 / 0.52)) ** 2 + ((frame.y - y) * (1 / 0.34)) ** 2
    return max(depth, 0.0) * dome(square)


def _full_lungs(anatomy: Anatomy, frame: Frame) -> np.ndarray:
    """Both lungs as if neither heart nor diaphragm were there."""
    cage = anatomy.cage
    depth = cage.depth * (0.52 + 0.48 * smooth_step(frame.row_levels, -0.05, 0.5))
    side = np.abs(frame.from_spine) - cage.apex_place
    cap = (frame.y - frame.top - cage.apex_curve * side * side) * 9
    round_ = frame.by_row(depth) * dome(frame.t * frame.t)
    return round_ * np.sqrt(np.clip(cap, 0, 1))


def _mediastinum(anatomy: Anatomy, shot: Shot, frame: Frame) -> np.ndarray:
    middle, levels = anatomy.middle, frame.row_levels
    upper = 1 + 0.18 * np.clip(0.22 - levels, 0, 0.3) / 0.3
    width = middle.half_width * upper + 0.02
    width = width * (0.78 + 0.42 * smooth_step(levels, 0.02, 0.45))
    width += middle.thymus * 0.5 * np.exp(-(((levels - 0.25) / 0.13) ** 2))
    q = (frame.from_spine - shot.yaw * 0.5) / frame.by_row(width)
    band = 0.48 * dome(q * q)
    x = (frame.from_spine - (0.19 + shot.yaw * 0.5)) * (1 / 0.19)
    y = (frame.y - (frame.top + frame.height * 0.45)) * (1 / 0.30)
    return np.maximum(band, 0.42 * dome(x * x + y * y))  # aortic knob


def _heart(anatomy: Anatomy, shot: Shot, frame: Frame) -> np.ndarray:
    middle = anatomy.middle
    x = frame.from_spine - (middle.heart_place + shot.yaw)
    y = frame.y - (frame.top + frame.height * (0.69 - 0.02 * anatomy.age))
    y = np.where(y > 0, 0.55 * y, y)  # its lower edge must not show in the abdomen
    cosine, sine = float(np.cos(middle.heart_turn)), float(np.sin(middle.heart_turn))
    along = (x * cosine + y * sine) * (1 / (middle.heart_length * 1.12))
    across = (y * cosine - x * sine) * (1 / middle.heart_breadth)
    left = middle.heart_depth * np.sqrt(dome(along * along + across * across))
    x = (frame.from_spine + (0.12 - shot.yaw)) * (1 / 0.20)
    y = (frame.y - (frame.top + frame.height * 0.73)) * (1 / 0.34)
    return np.maximum(left, 0.44 * np.sqrt(dome(x * x + y * y)))  # right atrium


def _diaphragm(anatomy: Anatomy, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Row of the diaphragm, and how much lung is left below it."""
    middle = anatomy.middle
    base = frame.top + frame.height * 0.905
    # A hard switch between the domes would draw a line in the spine.
    right = 0.5 - 0.5 * np.tanh(frame.from_spine * 9)
    left = 1 - right
    row = right * (base - middle.dome_right)
    row += left * (base - middle.dome_left + middle.dome_step)
    out = frame.t - np.float32(0.42)
    arch = right * (middle.dome_right * 1.8) + left * (middle.dome_left * 1.8)
    row += arch * out * out * np.where(out > 0, np.float32(2.4), np.float32(0.9))
    depth = np.sqrt(np.clip((frame.y - row) * (1 / 0.30), 0, 1))
    return row, 1 - (0.5 * np.sqrt(depth) + 0.5 * depth)


def healthy_air(
    anatomy: Anatomy, shot: Shot, frame: Frame
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Give the share of air in the healthy lung, and the fields it is made of.

    Returns
    -------
    air : array of float32, shape of the frame
        About 0 to 1, not yet clipped.
    parts : dict
        "haze" and "vessel_strength" (numbers), "vessels", "mesh", and "tree_index",
        each pixel's place in the bank of vessel textures.
    """
    bank = banks()
    hilum = ((frame.t - 0.30) * (1 / 0.30)) ** 2 + ((frame.level - 0.50) / 0.30) ** 2
    hilum = np.exp(-hilum)
    mesh = take_window(bank.mesh, tuple(shot.textures[0]), frame.shape)
    mesh = mesh * (hilum + 0.25) * np.clip(frame.t * 4 - 0.4, 0, 1.2)
    index = _tree_index(anatomy, frame)
    parts = {
        "haze": shot.haze,
        "vessel_strength": anatomy.vessels,
        "vessels": bank.vessels[index],
        "tree_index": index,
        "mesh": mesh,
    }
    air = 1 - shot.haze - 0.10 * hilum - shot.markings * mesh
    air += 0.05 * take_window(bank.pink, anatomy.texture, frame.shape)
    air -= parts["vessels"] * anatomy.vessels
    return air, parts


def _tree_index(anatomy: Anatomy, frame: Frame) -> np.ndarray:
    """Place of each pixel in the flat array of vessel textures."""
    column = np.minimum(frame.t * TREE_PX, TREE_PX - 1).astype(np.int32)
    row = np.clip((frame.level + 0.1) * (TREE_PX / 1.2), 0, TREE_PX - 1)
    index = row.astype(np.int32) * np.int32(TREE_PX) + column
    right, left = (np.int32(tree * TREE_PX * TREE_PX) for tree in anatomy.trees)
    return index + np.where(frame.right, right, left)


def gas_field(
    shot: Shot, frame: Frame, organs: Organs, blob: np.ndarray
) -> np.ndarray | float:
    """Give the air in stomach and bowel; `blob` is noise that shapes its edge."""
    if not shot.gas:
        return 0.0
    bubbles = np.zeros(frame.shape, np.float32)
    for x, level, half_x, half_y in shot.gas:
        across = (frame.x - x) * (1 / half_x)
        down = (frame.y - (frame.top + frame.height * level)) * (1 / half_y)
        edge = 1 - across * across - down * down + 0.15 * blob
        np.maximum(bubbles, np.clip(edge * 1.4, 0, 1), out=bubbles)
    below = np.clip((frame.y - organs.dome_row - 0.02) * 20, 0, 1)
    return shot.gas_strength * bubbles * below


def windpipe(shot: Shot, frame: Frame) -> np.ndarray:
    """Give the air in the windpipe."""
    q = (frame.from_spine + (0.01 - shot.yaw * 0.3)) * (1 / 0.062)
    levels = frame.row_levels
    shown = smooth_step(levels, -0.65, -0.55) * (1 - smooth_step(levels, 0.32, 0.38))
    return 0.065 * dome(q * q) * frame.by_row(shown)
