"""Which learning rate: a short training in which it rises, and what its loss says.

The learning-rate range test of Smith (2017, arXiv 1506.01186, section 3.3), on the
loss and a logarithmic scale as of Gugger (2018).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from xraylab.errors import InputError, TrainingError
from xraylab.progress import progress_bar
from xraylab.training import loop, processes, steps
from xraylab.training.recipe import Recipe

__all__ = ["RULE", "range_test", "suggest_range"]

RULE = (
    "from the rate at which the smoothed loss has made a tenth of its fall, to the one "
    "at which it is lowest (ours, after Smith 2017)"
)
_RATES = 1e-6, 1.0  # those of the first and the last step
_BURST = 4  # times the least loss: then the test is over (Gugger 2018)


def range_test(
    recipe: Recipe,
    pixels: np.ndarray,
    labels: np.ndarray,
    train: np.ndarray,
    *,
    n_steps: int = 100,
    progress: bool = True,
) -> pd.DataFrame:
    """Train for a few steps at a rate that rises from each to the next.

    The rates lie evenly on a logarithmic scale, from a millionth to 1. A network of its
    own is trained and thrown away; training images are all it sees. The test ends early
    where the loss is no number, or four times its least.

    Parameters
    ----------
    recipe : Recipe
        Its rate, schedule and number of steps are not used.
    pixels : array of uint8, shape (n, size_px, size_px)
    labels : array of int, shape (n,)
        0 normal, 1 pneumonia, for every row of `pixels`.
    train : array of int
        Row numbers.
    n_steps : int
        At least 20: the loss is smoothed over a tenth of them.
    progress : bool
        Progress bar on stderr.

    Returns
    -------
    DataFrame
        One row a step: lr; loss, of the batch before the step; and smoothed, its mean
        over a tenth of the steps, the step in the middle. `attrs["ended"]` says why it
        ended early, "" where it did not.

    Raises
    ------
    ValueError
        If the steps are not as above, or the rows are none `fit` could train on.
    xraylab.TrainingError
        If memory is full, or the loss is no number from the first.
    """
    if not isinstance(n_steps, int) or n_steps < 20:
        text = f"must be a whole number from 20, got {n_steps}."
        raise InputError(text, argument="n_steps")
    processes.refuse_several("to look for a rate")
    loop.check_rows(recipe, pixels, labels, train=train)
    state = steps.start(recipe)
    state.model.train()
    seen = steps.Images(pixels, labels.astype(np.int64), train, train[:0])
    weights = steps.class_weights(recipe, labels[train])
    window, losses = n_steps // 10, []
    rates = np.geomspace(*_RATES, n_steps)
    bar = progress_bar(rates, "rates", unit="step", progress=progress)
    with bar, steps.guarded(recipe, state):
        for step, rate in enumerate(bar):
            for group in state.optimiser.param_groups:
                group["lr"] = rate
            rows = steps.draw(recipe, seen, step)
            _, _, loss = steps.take_step(recipe, state, seen, rows, step, weights)
            losses.append(loss.item())
            if ended := _why_over(losses, window):
                break
    if not np.isfinite(losses[0]):
        raise TrainingError(
            f"the loss was {losses[0]} before the first step was taken. Look whether "
            "each of the weights is a number."
        )
    curve = pd.DataFrame({"lr": rates[: len(losses)], "loss": losses})
    curve = curve[np.isfinite(curve["loss"])]
    smoothed = curve["loss"].rolling(window, center=True, min_periods=1).mean()
    curve.attrs["ended"] = ended and f"{ended} at a rate of {rate:.1e}"
    return curve.assign(smoothed=smoothed)


def suggest_range(curve: pd.DataFrame) -> tuple[float, float]:
    """Read the useful learning rates off a range test, by `RULE`.

    A rate that stays the same, or the top of a schedule, is usually taken well below
    the upper end: a tenth of it is a rule of thumb (Gugger 2018).

    Parameters
    ----------
    curve : DataFrame
        As from `range_test`.

    Returns
    -------
    low, high : float

    Raises
    ------
    xraylab.TrainingError
        If the loss does not fall by more than it moves from batch to batch: then no
        rate is named.
    """
    smoothed = curve["smoothed"].to_numpy()
    best = int(smoothed.argmin())
    fall = smoothed[0] - smoothed[best]
    noise = (curve["loss"] - smoothed)[: best + 1].std()
    if best < 2 or not fall > noise:
        first, last = curve["lr"].iloc[[0, -1]]
        raise TrainingError(
            f"the loss fell at no rate from {first:.2g} to {last:.2g} by more than it "
            "moves from batch to batch. Try larger batches: theirs moves less."
        )
    is_high = smoothed[:best] > smoothed[0] - 0.1 * fall
    begins = int(np.flatnonzero(is_high)[-1]) + 1
    return float(curve["lr"].iloc[begins]), float(curve["lr"].iloc[best])


def _why_over(losses: list[float], window: int) -> str:
    """Say how the loss has burst, after the last of these steps; "" if it has not."""
    if not np.isfinite(losses[-1]):
        return f"the loss was {losses[-1]}"
    means = np.convolve(losses, np.ones(window) / window, "valid")
    if len(means) == 0 or means[-1] <= _BURST * means.min():
        return ""
    return f"the mean loss of {window} steps was above {_BURST} times its least"
