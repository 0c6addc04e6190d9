"""One child's body: the numbers that stay the same from image to image.

Lengths are in half-widths of the chest cage's base, y runs downwards,
thicknesses are in units of the same size. The numbers were fitted by eye and to
the feature ranges of real images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xraylab.phantom.banks import N_TREES, WINDOW_PX

CHILD_STREAM = 11
N_RIBS = 18
ADULT_AGE = 1.4  # on the scale on which children run from 0 to 1


@dataclass(frozen=True)
class Cage:
    """The chest cage and the lungs in it."""

    top: float
    height: float
    half_width: float
    apex_share: float  # half-width at the top, share of the base
    curve: float
    flare: float
    apex_place: float
    apex_curve: float
    depth: float  # thickness of the lungs
    density: float  # share of the lung that is not air


@dataclass(frozen=True)
class Ribs:
    """Eighteen ribs a side, seen twice: behind and in front."""

    spacing: float
    tilt_front: float
    tilt_back: float
    width: float  # share of the spacing
    shift: np.ndarray  # (2, 2, 18): front or back, side, rib; share of the spacing
    widening: np.ndarray  # (2, 2, 18)
    asymmetry: float
    strength: float


@dataclass(frozen=True)
class Middle:
    """Heart, mediastinum, diaphragm and spine."""

    heart_length: float
    heart_place: float
    heart_breadth: float
    heart_turn: float  # radians
    heart_depth: float
    half_width: float
    thymus: float
    dome_right: float
    dome_left: float
    dome_step: float
    spine_width: float
    spine_curve: float
    spine_phase: float
    spine_strength: float
    vertebra_phase: float


@dataclass(frozen=True)
class Trunk:
    """Soft tissue, arms, shoulder bones."""

    fat: float
    depth: float
    neck: float
    shoulder_level: float
    shoulder_width: float
    arms_up: bool
    arm_angle: float
    head_height: float
    clavicle_slope: float
    clavicle_bow: float
    clavicle_width: float
    scapula_place: float
    scapula_turn: float


@dataclass(frozen=True)
class Anatomy:
    """One child: its organs, and the habits its images share."""

    seed: int
    age: float  # 0 about one year, 1 about five
    cage: Cage
    ribs: Ribs
    middle: Middle
    trunk: Trunk
    trees: tuple[int, int]  # vessel tree of the right and the left lung
    vessels: float  # strength
    marker_site: int  # 0 beside the chest, 1 and 2 at the top
    habits: np.ndarray  # (20,) standard normal: what its shots have in common
    scatter: float
    equalisation: float
    texture: tuple[int, int]


def draw_anatomy(seed: int, *, adult: bool = False) -> Anatomy:
    """Draw one child's body.

    Parameters
    ----------
    seed : int
        0 or more; the same seed gives the same child.
    adult : bool
        Draw an adult-like body instead.
    """
    rng = np.random.default_rng([CHILD_STREAM, seed])
    age = rng.uniform(0, 1)
    age = ADULT_AGE if adult else age
    return Anatomy(
        seed=seed,
        age=age,
        cage=_draw_cage(rng, age),
        ribs=_draw_ribs(rng, age),
        middle=_draw_middle(rng, age),
        trunk=_draw_trunk(rng, age),
        trees=tuple(rng.integers(0, N_TREES, 2).tolist()),
        vessels=rng.uniform(0.08, 0.17),
        marker_site=int(rng.integers(0, 3)),
        habits=rng.standard_normal(20),
        scatter=rng.uniform(0.15, 0.45),
        equalisation=rng.uniform(0.0, 0.22),
        texture=tuple(rng.integers(0, WINDOW_PX, 2).tolist()),
    )


def _draw_cage(rng: np.random.Generator, age: float) -> Cage:
    return Cage(
        top=-0.72,
        height=1.42 + 0.30 * age + rng.normal(0, 0.07),
        half_width=1 + rng.normal(0, 0.03),
        apex_share=rng.uniform(0.48, 0.64),
        curve=1.45 + 0.5 * rng.uniform(),
        flare=rng.normal(0, 0.035),
        apex_place=rng.uniform(0.26, 0.34),
        apex_curve=rng.uniform(0.7, 1.3),
        depth=rng.uniform(0.62, 0.74),
        density=rng.uniform(0.0, 0.12),
    )


def _draw_ribs(rng: np.random.Generator, age: float) -> Ribs:
    return Ribs(
        spacing=(0.160 + 0.018 * age) * (1 + rng.normal(0, 0.05)),
        tilt_front=0.10 + 0.14 * age + rng.normal(0, 0.03),
        tilt_back=0.20 + 0.14 * age + rng.normal(0, 0.04),
        width=rng.uniform(0.42, 0.58),
        shift=rng.normal(0, 0.06, (2, 2, N_RIBS)),
        widening=1 + rng.normal(0, 0.10, (2, 2, N_RIBS)),
        asymmetry=rng.normal(0, 0.12),
        strength=max(0.06, 0.115 + 0.06 * age + rng.normal(0, 0.03)),
    )


def _draw_middle(rng: np.random.Generator, age: float) -> Middle:
    return Middle(
        heart_length=rng.uniform(0.50, 0.62) - 0.06 * age,
        heart_place=rng.uniform(0.12, 0.21),
        heart_breadth=rng.uniform(0.31, 0.41),
        heart_turn=rng.uniform(0.70, 1.0),
        heart_depth=rng.uniform(0.46, 0.58),
        half_width=rng.uniform(0.17, 0.25) - 0.03 * age,
        thymus=max(0.0, rng.uniform(-0.1, 0.3) - 0.20 * age),
        dome_right=rng.uniform(0.12, 0.24),
        dome_left=rng.uniform(0.10, 0.22),
        dome_step=rng.uniform(0.02, 0.14),
        spine_width=rng.uniform(0.125, 0.155),
        spine_curve=rng.normal(0, 0.025),
        spine_phase=rng.uniform(0, 6),
        spine_strength=0.38 + 0.08 * age + rng.normal(0, 0.03),
        vertebra_phase=rng.uniform(0, 1),
    )


def _draw_trunk(rng: np.random.Generator, age: float) -> Trunk:
    arms_up = rng.uniform() < 0.85
    return Trunk(
        fat=rng.uniform(0.16, 0.34),
        depth=1 + rng.normal(0, 0.05),
        neck=rng.uniform(0.36, 0.50),
        shoulder_level=rng.uniform(-0.20, 0.0),
        shoulder_width=rng.uniform(1.10, 1.30),
        arms_up=arms_up,
        arm_angle=rng.uniform(-1.1, -0.35) if arms_up else rng.uniform(0.9, 1.3),
        head_height=rng.uniform(0.36, 0.62) + 0.10 * age,
        clavicle_slope=rng.uniform(-0.17, 0.0),
        clavicle_bow=rng.uniform(0.05, 0.12),
        clavicle_width=rng.uniform(0.030, 0.042),
        scapula_place=rng.uniform(0.70, 0.86),
        scapula_turn=rng.uniform(0.3, 0.75),
    )
