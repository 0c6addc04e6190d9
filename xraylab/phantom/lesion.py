"""Pneumonia as drawn: which lobe, how severe, where; no pixel yet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xraylab.errors import InputError
from xraylab.phantom.banks import WINDOW_PX

LESION_STREAM = 19
# Lobe: centre and half-axes in lung coordinates, and how often it is struck.
LOBES = {
    "RUL": (0.45, 0.28, 0.36, 0.24, 0.20),
    "RML": (0.40, 0.66, 0.33, 0.20, 0.17),
    "RLL": (0.52, 0.86, 0.40, 0.22, 0.26),
    "LUL": (0.55, 0.36, 0.32, 0.28, 0.12),
    "LLL": (0.52, 0.84, 0.38, 0.25, 0.25),
}


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
    def has_pneumonia(self) -> bool:
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
