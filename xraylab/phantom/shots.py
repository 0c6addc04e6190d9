"""One exposure: pose, field of view, exposure, reader and things on the film.

All of it is nuisance: it is drawn from its own random stream, so that the same
shot can be rendered with and without disease.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xraylab.phantom.anatomy import Anatomy
from xraylab.phantom.banks import WINDOW_PX
from xraylab.phantom.lesion import Lesion

SHOT_STREAM = 13
GAS_STREAM = 17
# A child's shots share this much of a habit; the rest is drawn for each shot.
_CHILD_PART, _SHOT_PART = 0.45, 0.89


@dataclass(frozen=True)
class Marker:
    """The letter R: place as shares of width and height, and its size."""

    place: tuple[float, float]
    height: float  # share of the image's height
    grey: int


@dataclass(frozen=True)
class Shot:
    """What one exposure adds to the child's anatomy."""

    seed: int
    inspiration: float  # share by which the chest is taller
    roll: float  # radians
    yaw: float
    fill_x: float  # share of the image's width that the cage takes
    fill_y: float  # share of its height that the lungs take
    shift_x: float
    top: float  # share of the height above the lungs
    head: tuple[float, float]  # side shift, thickness
    arm_angles: tuple[float, float]
    clavicle_shifts: tuple[float, float]
    haze: float
    markings: float
    mottle: float
    attenuation: float
    exposure: float
    sharpening: float
    equalised: bool
    dark: float  # grey of the lungs
    bright: float  # grey of the dense parts
    curve: float
    toe: float
    collimated: tuple[float, int]  # share of the width, grey
    marker: Marker | None
    line: tuple[np.ndarray, int, float] | None  # points, grey, width share
    gas: tuple[tuple[float, ...], ...]
    gas_strength: float
    textures: np.ndarray  # (4, 2) offsets in the banks


def draw_shot(
    anatomy: Anatomy, seed: int, *, lesion: Lesion, doses: dict[str, float]
) -> Shot:
    """Draw one exposure of a child.

    Parameters
    ----------
    anatomy : Anatomy
    seed : int
        0 or more, of this shot alone.
    lesion : Lesion
        Only its class and severity are used: a child with bacterial pneumonia
        breathes in less, and planted differences follow the class.
    doses : dict
        From `Plants.doses`.
    """
    rng = np.random.default_rng([SHOT_STREAM, seed])
    mixed = _CHILD_PART * anatomy.habits + _SHOT_PART * rng.standard_normal(20)
    mixed = mixed.tolist()  # a numpy float64 would double every float32 field
    side = 1 if lesion.has_pneumonia else -1
    inspiration = 0.05 * mixed[0] - 0.035 * lesion.severity * (lesion.kind == "b")
    numbers = {
        **_draw_pose(rng, mixed, side, doses),
        **_draw_lungs(rng, mixed, anatomy, inspiration),
        **_draw_exposure(rng, mixed, side, doses),
        **_draw_reader(rng, mixed, side, doses),
        **_draw_gas(seed, anatomy),
    }
    return Shot(
        seed=seed,
        inspiration=float(inspiration),
        marker=_draw_marker(rng, anatomy, side, doses),
        line=_draw_line(rng),
        textures=rng.integers(0, WINDOW_PX, (4, 2)),
        **numbers,
    )


def _draw_pose(rng, mixed, side: int, doses: dict[str, float]) -> dict:
    zoom = 1 + 0.06 * doses["zoom"] * side
    taller = 1 + 0.10 * doses["aspect"] * side
    return {
        "roll": 0.055 * mixed[1],
        "yaw": 0.06 * mixed[2],
        "fill_x": float(np.clip(0.72 + 0.06 * mixed[3], 0.56, 0.88)) * zoom,
        "fill_y": float(np.clip(0.65 + 0.06 * mixed[4], 0.47, 0.80)) * zoom * taller,
        "shift_x": 0.07 * mixed[5],
        "top": float(np.clip(0.105 + 0.05 * mixed[6], -0.02, 0.24)),
        "head": (rng.normal(0, 0.08), 0.25 + 0.08 * mixed[7]),
        "arm_angles": tuple(rng.normal(0, 0.1, 2)),
        "clavicle_shifts": tuple(rng.normal(0, 0.015, 2)),
    }


def _draw_lungs(rng, mixed, anatomy: Anatomy, inspiration: float) -> dict:
    """Haze and markings that both classes have."""
    shallow = -0.8 * inspiration
    haze = anatomy.cage.density + 0.03 * mixed[13] + shallow
    return {
        "haze": float(np.clip(haze + 0.10 * (rng.uniform() < 0.12), 0, 0.35)),
        "markings": 0.05
        + 0.05 * rng.uniform()
        + 0.10 * (rng.uniform() < 0.15) * rng.uniform(),
    }


def _draw_exposure(rng, mixed, side: int, doses: dict[str, float]) -> dict:
    less = 5 ** -doses["noise"] if side > 0 else 1.0
    return {
        "mottle": 0.0035 + 0.002 * abs(mixed[14]),
        "attenuation": 2.6 * (1 + rng.normal(0, 0.08)),
        "exposure": float(np.exp(12.7 + 0.6 * mixed[12])) * less,
    }


def _draw_reader(rng, mixed, side: int, doses: dict[str, float]) -> dict:
    """Draw the reader's sharpening and display curve."""
    brighter = 18 * doses["brightness"] * side + 12 * doses["test_shift"]
    return {
        "sharpening": 0.05 + 0.20 * mixed[11] - 0.5 * doses["sharpness"] * side,
        "equalised": rng.uniform() < 0.8,
        "dark": float(np.clip(72 + 18 * mixed[8], 22, 130)) + brighter,
        "bright": float(np.clip(200 + 13 * mixed[9], 165, 240))
        + 8 * doses["test_shift"],
        "curve": float(np.clip(1.0 + 0.45 * mixed[10], 0.1, 2.2)),
        "toe": 1.25 + 0.3 * mixed[15],
        "collimated": (
            (rng.uniform() < 0.25) * rng.uniform(0.0, 0.06),
            int(rng.uniform(0, 8)),
        ),
    }


def _draw_gas(seed: int, anatomy: Anatomy) -> dict:
    """Gas bubbles below the left diaphragm: x, level, half-axes."""
    rng = np.random.default_rng([GAS_STREAM, seed])
    bubbles = tuple(
        (
            rng.uniform(0.1, 0.75),
            rng.uniform(0.98, 1.25),
            rng.uniform(0.12, 0.32),
            rng.uniform(0.08, 0.20),
        )
        for _ in range(rng.integers(0, 4))
    )
    return {"gas": bubbles, "gas_strength": rng.uniform(0.10, 0.34)}


def _draw_marker(
    rng: np.random.Generator, anatomy: Anatomy, side: int, doses: dict[str, float]
) -> Marker | None:
    present, by_class = rng.uniform() < 0.85, rng.uniform() < doses["marker"]
    site = (0 if side < 0 else 2) if by_class else anatomy.marker_site
    u, v, size = rng.uniform(size=3)
    grey = int(rng.uniform(200, 255))
    if not present:
        return None
    if site == 0:
        return Marker((0.01 + 0.04 * u, 0.18 + 0.32 * v), 0.04 + 0.012 * size, grey)
    return Marker((0.02 + 0.10 * u, 0.08 * v), 0.05 + 0.03 * size, grey)


def _draw_line(
    rng: np.random.Generator,
) -> tuple[np.ndarray, int, float] | None:
    """Draw a tube or cable: x at four levels into the chest, and where it ends."""
    present = rng.uniform() < 0.07
    across = rng.uniform([-0.6, -0.4, -0.25, -0.2], [0.6, 0.4, 0.25, 0.2])
    end, grey, width = (
        rng.uniform(0.4, 1.2),
        int(rng.uniform(150, 225)),
        rng.uniform(0.004, 0.009),
    )
    return (np.append(across, end), grey, width) if present else None
