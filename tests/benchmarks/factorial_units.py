"""Made-up units of the factorial, whose effects are known."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import factorial_analysis as analysis  # noqa: F401  (tests take it from here)
import factorial_estimate as estimating

CELLS = ("clean", "block", "siblings", "copies", "all")


def make_images(test: str, half: int, n_groups: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng((half, test == "R"))
    sizes = rng.integers(1, 4, n_groups)
    group = np.repeat(np.arange(n_groups), sizes)
    return pd.DataFrame(
        {
            "test": test,
            "path": [f"{test}{half}-{i:05}" for i in range(len(group))],
            "group_id": [f"{test}{half}-{g}" for g in group],
            "label": group % 2,
            "copied": (group % 10 != 0).astype(int),
            "has_sibling": (group % 4 < 2).astype(int),
        }
    )


def answer(images: pd.DataFrame, right: np.ndarray) -> pd.DataFrame:
    """Scores that are right, or wrong, at 0.5."""
    call = np.where(right, images["label"], 1 - images["label"])
    return images.assign(score=0.25 + 0.5 * call)


def make_units(
    gains: dict[str, float],
    *,
    seeds=(0, 1, 2, 3),
    n_steps=1450,
    rng_seed=0,
    noise=0.05,
    seed_sd=0.0,
    n_groups=200,
) -> list[estimating.Unit]:
    """A cell is right with 0.8 plus its gain; hard images are hard in every cell."""
    rng = np.random.default_rng(rng_seed)
    images = {
        images: make_images(images[0], int(images[1:] or 0), n_groups)
        for images in estimating.IMAGES
    }
    luck = {name: rng.random(len(rows)) for name, rows in images.items()}
    units = []
    for seed in seeds:
        for cell in CELLS:
            shared = rng.normal(0, seed_sd)
            answers = {}
            for test in ("O", "R"):
                name = estimating._images(test, seed % 2)
                own = luck[name] + rng.normal(0, noise, len(luck[name]))
                right = own < 0.8 + gains.get(cell, 0) + shared
                answers[test] = answer(images[name], right)
            units.append(
                estimating.Unit(cell, "none", n_steps, seed, seed % 2, 0.99, answers)
            )
    return units


def against_clean(cell: str, n_steps: int = 1450) -> dict:
    return {(cell, n_steps, "none"): 1, ("clean", n_steps, "none"): -1}
