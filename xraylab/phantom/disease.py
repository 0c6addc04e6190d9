"""Pneumonia: where it sits in the lungs and how much air it takes away."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xraylab.errors import InputError
from xraylab.phantom.banks import WINDOW_PX, banks, take_window
from xraylab.phantom.geometry import Frame, smooth_step

LESION_STREAM = 19
# Lobe: centre and half-axes in lung coordinates, and how often it is struck.
LOBES = {
    "RUL": (0.45, 0.28, 0.36, 0.24, 0.20),
    "RML": (0.40, 0.66, 0.33, 0.20, 0.17),
    "RLL": (0.52, 0.86, 0.40, 0.22, 0.26),
    "LUL": (0.55, 0.36, 0.32, 0.28, 0.12),
    "LLL": (0.52, 0.84, 0.38, 0.25, 0.25),
}
_VISIBLE_MASK = 0.35


@dataclass(frozen=True)
class Lesion:
    """One child's disease on one image; severity 0 is none."""

    kind: str = "n"  # n normal, b bacterial, v viral
    severity: float = 0.0  # 0 to 1
    lobe: str = ""  # struck lobe (bacterial)
    ellipse: tuple[float, float, float, float] = (0, 0, 1, 1)
    second_focus: bool = False
    effusion: float = 0.0  # 0 none to 1
    asymmetry: float = 0.0  # viral: below 0 more on the left
    reach: float = 0.6  # viral: how far from the hilum
    textures: tuple[tuple[int, int], ...] = ((0, 0), (0, 0))

    @property
    def is_sick(self) -> bool:
        """Whether the child belongs to the pneumonia class."""
        return self.kind != "n"

    @property
    def side(self) -> str:
        """Struck lung: "right", "left", "both", or "" without disease."""
        if self.severity == 0:
            return ""
        if self.kind == "v" or self.second_focus:
            return "both"
        return "right" if self.lobe.startswith("R") else "left"


def draw_lesion(seed: int, kind: str, number: int = 0) -> Lesion:
    """Draw one child's disease as it is on one of its images.

    Parameters
    ----------
    seed : int
        The child's seed.
    kind : str
        "n" normal, "b" bacterial, "v" viral, "c" severely ill with COVID-19.
    number : int
        The child's image, from 0: severity differs a little between them.

    Raises
    ------
    ValueError
        If `kind` is none of these.

    Examples
    --------
    >>> draw_lesion(3, "n").severity
    0.0
    >>> draw_lesion(3, "b").lobe in LOBES
    True
    """
    if kind not in ("n", "b", "v", "c"):
        raise InputError(f'kind must be one of "n", "b", "v", "c", got {kind!r}.')
    rng = np.random.default_rng([LESION_STREAM, seed])
    textures = rng.integers(0, WINDOW_PX, (2, 2))
    severity = rng.beta(1.7, 1.3)
    lesion = Lesion(textures=tuple(map(tuple, textures.tolist())))
    if kind == "n":
        return lesion
    drift = np.random.default_rng([LESION_STREAM, seed, number]).normal(0, 0.08)
    severity = float(np.clip(severity + drift, 0.06, 1))
    if kind == "b":
        return _draw_bacterial(rng, replace(lesion, kind="b", severity=severity))
    severity = max(severity, 0.85) if kind == "c" else severity
    return replace(
        lesion,
        kind="v",
        severity=severity,
        asymmetry=rng.uniform(-0.5, 0.5),
        reach=rng.uniform(0.45, 0.8) + 0.3 * (kind == "c"),
    )


def without_disease(lesion: Lesion) -> Lesion:
    """Give the same lesion at severity 0, for a disease-free twin."""
    return replace(lesion, severity=0.0)


def _draw_bacterial(rng: np.random.Generator, lesion: Lesion) -> Lesion:
    shares = [lobe[4] for lobe in LOBES.values()]
    name = list(LOBES)[rng.choice(len(LOBES), p=shares)]
    x, y, half_x, half_y, _ = LOBES[name]
    size = 0.72 + 0.55 * lesion.severity
    shift = rng.normal(0, (0.08, 0.05)).tolist()
    stretch = rng.uniform(0.8, 1.25, 2).tolist()
    second, effusion, amount = rng.uniform(size=3)
    return replace(
        lesion,
        lobe=name,
        ellipse=(
            x + shift[0],
            y + shift[1],
            half_x * size * stretch[0],
            half_y * size * stretch[1],
        ),
        second_focus=bool(second < 0.22 * lesion.severity + 0.05),
        effusion=lesion.severity * (0.3 + 0.7 * amount)
        if effusion < 0.15 and name in ("RLL", "LLL")
        else 0.0,
    )


def lesion_mask(lesion: Lesion, frame: Frame) -> np.ndarray:
    """Give the soft mask of the disease, before it is cut to the lungs.

    Returns
    -------
    array of float32, shape of the frame
        0 to 1; all 0 at severity 0.
    """
    if lesion.severity == 0:
        return np.zeros(frame.shape, np.float32)
    blob = take_window(banks().blob, lesion.textures[0], frame.shape)
    if lesion.kind == "v":
        return _viral_mask(lesion, frame, blob)
    return _bacterial_mask(lesion, frame, blob)


def _bacterial_mask(lesion: Lesion, frame: Frame, blob: np.ndarray) -> np.ndarray:
    x0, y0, half_x, half_y = lesion.ellipse
    t, level = frame.t, frame.level
    side = frame.right if lesion.lobe.startswith("R") else ~frame.right
    down = (level - y0) * (1 / half_y)
    if lesion.lobe in ("RLL", "LLL"):  # runs down to the diaphragm
        down = np.where(down > 0, down * 0.4, down)
    edge = 1 - ((t - x0) * (1 / half_x)) ** 2 - down * down + 0.34 * blob
    mask = smooth_step(edge, -0.5, 0.9) * side
    if lesion.second_focus:
        other = ((t - 0.4) / 0.28) ** 2 + ((level - (1 - y0 * 0.8)) / 0.16) ** 2
        second = smooth_step(1 - other + 0.35 * blob, -0.1, 0.7)
        mask = np.maximum(mask, 0.6 * second * ~side)
    if lesion.effusion > 0:
        surface = level + 0.35 * (t - 0.5) - (1.0 - 0.4 * lesion.effusion)
        mask = np.maximum(mask, smooth_step(surface, -0.02, 0.06) * side)
    # Filled lung is patchy: some of it still holds air.
    patches = take_window(banks().pink, lesion.textures[1], frame.shape)
    return np.clip(mask * (0.84 + 0.14 * patches), 0, 1).astype(np.float32)


def _viral_mask(lesion: Lesion, frame: Frame, blob: np.ndarray) -> np.ndarray:
    across = (frame.t - 0.25) * (1 / lesion.reach)
    down = (frame.level - 0.55) * (1 / (lesion.reach * 0.75))
    weight = np.exp(-(across * across + down * down))
    weight *= np.where(frame.right, 1 + lesion.asymmetry, 1 - lesion.asymmetry)
    return np.clip(weight * (0.75 + 0.35 * blob), 0, 1).astype(np.float32)


def lost_air(
    lesion: Lesion, frame: Frame, mask: np.ndarray, lungs: dict[str, np.ndarray]
) -> np.ndarray:
    """Give the air that the disease takes from the lung.

    Parameters
    ----------
    mask : array of float32
        From `lesion_mask`.
    lungs : dict
        Parts of the healthy lung, from `healthy_air`.

    Returns
    -------
    array of float32, shape of the frame
        Share of the lung, below 0 where a vessel no longer shows.
    """
    severity = lesion.severity
    if severity == 0:
        return np.zeros(frame.shape, np.float32)
    room = 1 - lungs["haze"]
    general = 0.07 * severity
    if lesion.kind == "v":
        lost = room * (0.12 + 0.42 * severity) * mask + general
        lost += 0.25 * severity * lungs["vessel_strength"] * lungs["vessels"]
        lost += (0.08 + 0.20 * severity) * banks().cuffs[lungs["tree_index"]]
        return lost + (0.03 + 0.09 * severity) * lungs["mesh"]
    fill = (0.30 + 0.58 * severity) * mask
    # Vessels vanish in the filled lung, and open bronchi show dark in it.
    bronchi = lungs["vessels"] * fill * (lungs["vessel_strength"] + 0.16)
    return room * fill + general - bronchi
