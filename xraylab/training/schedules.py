"""The learning rate as a function of the step, so that a schedule has no state to keep.

The rates are those of torch's StepLR, CosineAnnealingLR and OneCycleLR.
"""

from __future__ import annotations

import math

import numpy as np

from xraylab.training import batches
from xraylab.training.recipe import SCHEDULES, Recipe

# one-cycle: shares of lr, torch's defaults
_FIRST = 1 / 25
_LAST = 1 / 25e4


def list_rates(recipe: Recipe, n_train: int) -> np.ndarray:
    """List the learning rate of each step of a whole training.

    Parameters
    ----------
    recipe : Recipe
    n_train : int
        Number of training images, at least 1.

    Returns
    -------
    array of float, shape (n_steps,)
    """
    ends = find_ends(recipe, n_train)
    return np.array([find_rate(recipe, step, ends) for step in range(ends[-1])])


def find_ends(recipe: Recipe, n_train: int) -> np.ndarray:
    """Say how many steps were taken when each epoch ends.

    Returns
    -------
    array of int, shape (epochs,)
    """
    if recipe.n_steps is None:
        n_pass = batches.count_steps(n_train, recipe.batch_size)
        return np.arange(1, recipe.epochs + 1) * n_pass
    ends = np.linspace(0, recipe.n_steps, recipe.epochs + 1).round().astype(int)
    return ends[1:]


def find_rate(recipe: Recipe, step: int, ends: np.ndarray) -> float:
    """Say the learning rate of a step.

    Parameters
    ----------
    recipe : Recipe
    step : int
        From 0, counted on through the epochs.
    ends : array of int, shape (epochs,)
        As from `find_ends`.
    """
    return recipe.lr * _SHARES[recipe.schedule](recipe, step, ends)


def _step(recipe: Recipe, step: int, ends: np.ndarray) -> float:
    """Multiply by gamma after every `step_size` epochs."""
    epoch = int(np.searchsorted(ends, step, side="right"))
    return recipe.gamma ** (epoch // recipe.step_size)


def _cosine(recipe: Recipe, step: int, ends: np.ndarray) -> float:
    """Rise in a line, then fall by half a cosine to 0."""
    n_steps = int(ends[-1])
    n_rise = round(recipe.warm_up * n_steps)
    if step < n_rise:
        return (step + 1) / n_rise
    return _half_cosine(1, 0, (step - n_rise) / (n_steps - n_rise))


def _one_cycle(recipe: Recipe, step: int, ends: np.ndarray) -> float:
    """Rise by half a cosine from a 25th, then fall to nearly nothing (Smith 2018)."""
    n_steps = int(ends[-1])
    top = max(recipe.warm_up * n_steps - 1, 0)
    if step < top:
        return _half_cosine(_FIRST, 1, step / top)
    return _half_cosine(1, _LAST, (step - top) / ((n_steps - 1 - top) or 1))


def _half_cosine(first: float, last: float, share: float) -> float:
    """From `first` at share 0 to `last` at share 1."""
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2


_SHARES = dict(zip(SCHEDULES, (_step, _cosine, _one_cycle), strict=True))
