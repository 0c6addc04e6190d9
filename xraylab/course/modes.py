"""How large the trainings of a lesson are: one switch, three modes.

The switch is an argument of `lesson.start`, else the environment variable
XRAYLAB_MODE, which `xraylab lessons --mode` sets; else "quick".
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from xraylab.errors import InputError, WeightsError

if TYPE_CHECKING:
    from xraylab.training import Recipe

MODES = {
    "smoke": "tiny, only to see that everything runs",
    "quick": "fits two cores and a minute",
    "full": "the original's size: ResNet18, ImageNet weights, 224 px, 20 epochs",
}
TRAININGS = {0: 1, 4: 36, 5: 1, 6: 1, 7: 1, 8: 4, 9: 4}  # lesson -> how many it has
_DRAWN = {4: 600}  # lesson -> images that it trains on at most
_BASE = {
    "smoke": {"model": "small", "weights": "none", "epochs": 2, "n_steps": 6},
    "quick": {"model": "small", "weights": "none", "n_steps": 300},
    "full": {"model": "resnet18", "weights": "imagenet"},
}
# What differs in a lesson: the claim is that of a ResNet18, and many trainings
# must be small ones.
_QUICK = {
    0: {"model": "resnet18"},
    4: {"size_px": 32, "epochs": 10, "n_steps": 100},
}


def choose_mode(asked: str | None = None) -> str:
    """Give the mode that was asked for, by argument or by environment.

    Raises
    ------
    ValueError
        If there is no such mode.
    """
    place = "mode" if asked else "XRAYLAB_MODE"
    mode = asked or os.environ.get("XRAYLAB_MODE") or "quick"
    if mode not in MODES:
        raise InputError(f"{place} must be {', '.join(MODES)}, got {mode!r}.")
    return mode


def choose_settings(number: int, mode: str, *, is_simulated: bool) -> dict:
    """Give what a lesson changes of the original's recipe.

    XRAYLAB_STEPS is the number of steps of each training, instead of the mode's.

    Raises
    ------
    ValueError
        If XRAYLAB_STEPS is no whole number above 0.
    """
    size_px = {"smoke": 32, "quick": 48 if is_simulated else 64, "full": 224}[mode]
    settings = {"size_px": size_px, "epochs": 20} | _BASE[mode]
    if mode == "quick":
        settings |= _QUICK.get(number, {})
    if steps := os.environ.get("XRAYLAB_STEPS"):
        if not steps.isdecimal() or int(steps) < 1:
            raise InputError(
                f"XRAYLAB_STEPS must be a whole number from 1, got {steps!r}."
            )
        settings["n_steps"] = int(steps)
        settings["epochs"] = min(settings["epochs"], int(steps))
    return settings


def find_weights() -> tuple[str, str]:
    """Find ImageNet weights for a ResNet18, or say that there are none.

    XRAYLAB_WEIGHTS names a file with them; else torchvision's are taken, which are
    downloaded on first use.

    Returns
    -------
    weights : str
        As for `xraylab.training.Recipe`; "none" where they cannot be had.
    said : str
        What the lesson says of them.

    Raises
    ------
    WeightsError
        If XRAYLAB_WEIGHTS names no file that fits.
    """
    from xraylab import training

    given = os.environ.get("XRAYLAB_WEIGHTS")
    if given:
        given = str(Path(given).resolve())
    try:
        training.models.make_model("resnet18", weights=given or "imagenet")
    except WeightsError as error:
        if given:
            raise WeightsError(f"XRAYLAB_WEIGHTS: {error}") from error
        return "none", (
            "No ImageNet weights, so this is not the original: the weights start at "
            f"random instead. {error} In a lesson the path goes into XRAYLAB_WEIGHTS."
        )
    return given or "imagenet", f"ImageNet weights from {given or 'torchvision'}."


def estimate_cost(number: int, recipe: Recipe, n_files: int) -> str:
    """Say how long the trainings of a lesson take here; measured in two steps.

    Parameters
    ----------
    number : int
        Of the lesson; one of `TRAININGS`.
    recipe : Recipe
    n_files : int
        Image files that the lesson has.
    """
    from xraylab.training import batches

    n_images = min(n_files, _DRAWN.get(number, n_files))
    n_steps = recipe.n_steps or recipe.epochs * batches.count_steps(
        n_images, recipe.batch_size
    )
    per_step = measure_step(recipe)
    n = TRAININGS[number]
    many = f"{n} trainings" if n > 1 else "1 training"
    time = _as_time(n * n_steps * per_step)
    return f"{many} of at most {n_steps:,} steps, on this machine about {time}."


@lru_cache
def measure_step(recipe: Recipe) -> float:
    """Measure the seconds of one training step on noise, after one to warm up."""
    import numpy as np

    from xraylab import training

    n = recipe.batch_size
    shape = (n, recipe.size_px, recipe.size_px)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    rows = np.arange(n)
    once = replace(recipe, weights="none", epochs=1, n_steps=1)
    for tried in (once, replace(once, n_steps=2)):
        state = training.fit(tried, pixels, rows % 2, rows, rows[:2], progress=False)
    return n / state.history[0]["images_per_second"]


def _as_time(seconds: float) -> str:
    """Write a time with one unit that fits."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
