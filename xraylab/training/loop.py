"""The loop: a recipe, and what happens in each epoch.

It sees training and validation rows, never test rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np
import torch
from accelerate import Accelerator
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.nn import functional

from xraylab.errors import InputError
from xraylab.progress import progress_bar, tqdm
from xraylab.training import batches, models
from xraylab.training.recipe import RECIPES, Recipe, as_dict, without_download

__all__ = [
    "RECIPES",
    "Recipe",
    "State",
    "as_dict",
    "as_scores",
    "check_rows",
    "fit",
    "score_logits",
    "start",
    "without_download",
]


@dataclass
class State:
    """A training under way: all that is needed to go on."""

    model: nn.Module
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.StepLR
    accelerator: Accelerator
    history: list[dict] = field(default_factory=list)

    @property
    def n_epochs(self) -> int:
        """Epochs done."""
        return len(self.history)


def start(recipe: Recipe) -> State:
    """Make the network, Adam and StepLR of a recipe, on the device."""
    model = models.make_model(
        recipe.model, weights=recipe.weights, dropout=recipe.dropout, seed=recipe.seed
    )
    accelerator = Accelerator()
    model.to(accelerator.device)
    optimiser = torch.optim.Adam(
        model.parameters(),
        lr=recipe.lr,
        weight_decay=recipe.weight_decay,
        fused=accelerator.device.type in {"cpu", "cuda"},
    )
    schedule = torch.optim.lr_scheduler.StepLR(
        optimiser, recipe.step_size, recipe.gamma
    )
    return State(model, optimiser, schedule, accelerator)


def fit(
    recipe: Recipe,
    pixels: np.ndarray,
    labels: np.ndarray,
    train: np.ndarray,
    valid: np.ndarray,
    *,
    state: State | None = None,
    after_epoch: Callable[[State], None] | None = None,
    progress: bool = True,
) -> State:
    """Train by a recipe, from the beginning or from a state.

    Training loss and accuracy are the running ones, under dropout and changed
    images; they lie a little below what the finished network would reach on
    the plain training images.

    Parameters
    ----------
    recipe : Recipe
    pixels : array of uint8, shape (n, size_px, size_px)
    labels : array of int, shape (n,)
        0 normal, 1 pneumonia, for every row of `pixels`.
    train, valid : array of int
        Row numbers.
    state : State, optional
        Where to go on; the result is the same to the bit as without a stop.
    after_epoch : callable, optional
        Called with the state after each epoch.
    progress : bool
        Progress bar with loss and images per second on stderr.

    Returns
    -------
    State
        `history` has one dict an epoch: epoch, step, lr, train_loss,
        train_accuracy, train_auroc, valid_loss, valid_accuracy, valid_auroc,
        images_per_second.

    Raises
    ------
    ValueError
        If train or valid is empty or holds a single class, if the images are
        not of the recipe's size, or if the loss stops being a number.
    """
    check_rows(recipe, pixels, labels, train, valid)
    state = state or start(recipe)
    n_steps = _steps_by_epoch(recipe, len(train))
    bar = progress_bar(
        total=int(n_steps.sum()),
        initial=int(n_steps[: state.n_epochs].sum()),
        unit="step",
        progress=progress,
    )
    with bar, _own_randomness(state.accelerator.device):
        for epoch in range(state.n_epochs, recipe.epochs):
            steps = range(n_steps[:epoch].sum(), n_steps[: epoch + 1].sum())
            row = {"epoch": epoch + 1, "step": steps.stop}
            row["lr"] = state.optimiser.param_groups[0]["lr"]
            row |= _train_epoch(recipe, state, pixels, labels, train, steps, bar)
            state.schedule.step()
            logits = score_logits(state.model, pixels, valid)
            row |= _measure("valid", logits, labels[valid])
            state.history.append(row)
            if after_epoch:
                after_epoch(state)
    return state


def score_logits(
    model: nn.Module, pixels: np.ndarray, rows: np.ndarray, *, batch_size: int = 128
) -> torch.Tensor:
    """Let a network answer for rows of the cache, without dropout or changes.

    Returns
    -------
    tensor of float32, shape (len(rows), 2), on the CPU
        Logits in the order of `xraylab.training.CLASSES`.
    """
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        parts = [
            model(batches.make_batch(pixels, rows[part], device)).float().cpu()
            for part in batches.in_order(len(rows), batch_size)
        ]
    return torch.cat(parts) if parts else torch.empty(0, 2)


def as_scores(logits: torch.Tensor) -> np.ndarray:
    """Probability of pneumonia from logits: softmax, float64, shape (n,)."""
    return logits.double().softmax(1)[:, 1].numpy()


def _steps_by_epoch(recipe: Recipe, n_train: int) -> np.ndarray:
    """Count the steps of each epoch, shape (epochs,)."""
    if recipe.n_steps is None:
        return np.full(recipe.epochs, batches.count_steps(n_train, recipe.batch_size))
    ends = np.linspace(0, recipe.n_steps, recipe.epochs + 1).round().astype(int)
    return np.diff(ends)


def _train_epoch(
    recipe: Recipe,
    state: State,
    pixels: np.ndarray,
    labels: np.ndarray,
    train: np.ndarray,
    steps: range,
    bar: tqdm,
) -> dict:
    """Take the optimiser's steps of one epoch and measure along the way."""
    state.model.train()
    logits, seen, started = [], [], time.perf_counter()
    for step in steps:
        drawn = batches.draw_rows(
            len(train), recipe.batch_size, seed=recipe.seed, step=step
        )
        rows = train[drawn]
        x = _augmented(recipe, pixels, rows, step, state.accelerator.device)
        y = torch.from_numpy(labels[rows]).to(x.device)
        _seed_dropout(recipe.seed, step)
        answer = state.model(x)  # (n, 2)
        loss = functional.cross_entropy(answer, y)
        state.optimiser.zero_grad()
        state.accelerator.backward(loss)
        state.optimiser.step()
        logits.append(answer.detach())
        seen.append(labels[rows])
        bar.update()
        if not bar.disable:  # reading the loss makes an accelerator wait
            facts = {"loss": loss.item(), "images_per_second": _speed(seen, started)}
            bar.set_postfix(facts, refresh=False)
    speed = {"images_per_second": _speed(seen, started)}
    return _measure("train", torch.cat(logits).cpu(), np.concatenate(seen)) | speed


def _augmented(
    recipe: Recipe,
    pixels: np.ndarray,
    rows: np.ndarray,
    step: int,
    device: torch.device,
) -> torch.Tensor:
    return batches.augment(
        batches.make_batch(pixels, rows, device),
        seed=recipe.seed,
        step=step,
        rotation_degrees=recipe.rotation_degrees,
        blur=recipe.blur,
        flip=recipe.flip,
    )


def _speed(seen: list[np.ndarray], started: float) -> float:
    """Images a second since `started`."""
    return round(sum(map(len, seen)) / (time.perf_counter() - started), 1)


def check_rows(
    recipe: Recipe,
    pixels: np.ndarray,
    labels: np.ndarray,
    train: np.ndarray,
    valid: np.ndarray,
) -> None:
    """Refuse images and rows that `fit` cannot train on.

    Raises
    ------
    ValueError
        If train or valid is empty or holds a single class, or if the images
        are not of the recipe's size.
    """
    for name, rows in (("train", train), ("valid", valid)):
        if len(set(labels[rows].tolist())) < 2:
            raise InputError(f"{name} must hold both classes, got {len(rows)} rows.")
    if pixels.shape[1:] != (recipe.size_px, recipe.size_px):
        raise InputError(
            f"pixels must be squares of {recipe.size_px} px as in the recipe, got "
            f"shape {pixels.shape}. Build the cache at that size."
        )


def _own_randomness(device: torch.device) -> AbstractContextManager:
    """Leave the caller's random numbers as they were."""
    return torch.random.fork_rng([device] if device.type == "cuda" else [])


def _seed_dropout(seed: int, step: int) -> None:
    """Make dropout a function of (seed, step)."""
    drawn = np.random.SeedSequence((seed, step, 2)).generate_state(1, np.uint64)
    torch.manual_seed(int(drawn[0]) >> 1)


def _measure(part: str, logits: torch.Tensor, labels: np.ndarray) -> dict:
    """Loss, accuracy at 0.5 and AUROC of one part, named after it."""
    loss = functional.cross_entropy(logits, torch.from_numpy(labels)).item()
    if not np.isfinite(loss):
        raise InputError(
            f"{part}_loss must be a number, got {loss}: training ran away. Lower lr."
        )
    scores = as_scores(logits)
    both = len(set(labels.tolist())) == 2  # a very short epoch may see one class
    return {
        f"{part}_loss": loss,
        f"{part}_accuracy": float(((scores >= 0.5) == labels).mean()),
        f"{part}_auroc": float(roc_auc_score(labels, scores)) if both else None,
    }
