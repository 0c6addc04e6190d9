"""The loop: a recipe, and what happens in each epoch.

It sees training and validation rows, never test rows. Where a launcher started several
processes, each works on its share of every batch and all train one network.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from xraylab.errors import InputError, TrainingError
from xraylab.progress import progress_bar, tqdm
from xraylab.training import batches, models, processes, schedules, scoring
from xraylab.training.recipe import Recipe

if TYPE_CHECKING:
    from accelerate import Accelerator


@dataclass
class State:
    """A training under way: all that is needed to go on.

    `network` is `model` as it is trained, on all processes; `model` has the weights.
    """

    model: nn.Module
    network: nn.Module
    optimiser: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    accelerator: Accelerator
    precision: torch.dtype
    history: list[dict] = field(default_factory=list)

    @property
    def n_epochs(self) -> int:
        """Epochs done."""
        return len(self.history)


@dataclass(frozen=True)
class _Images:
    """What a training may see."""

    pixels: np.ndarray
    labels: np.ndarray
    train: np.ndarray
    valid: np.ndarray


def start(recipe: Recipe) -> State:
    """Make the network and Adam of a recipe, on the device."""
    model = models.make_model(
        recipe.model, weights=recipe.weights, dropout=recipe.dropout, seed=recipe.seed
    )
    accelerator = processes.make_accelerator()
    device = accelerator.device
    model.to(device)
    precision = processes.choose_precision(device)
    return State(
        model=model,
        network=processes.prepare(model, accelerator),
        optimiser=torch.optim.Adam(
            model.parameters(),
            lr=recipe.lr,
            weight_decay=recipe.weight_decay,
            fused=device.type in {"cpu", "cuda"},
        ),
        scaler=torch.amp.GradScaler(device.type, enabled=precision is torch.float16),
        accelerator=accelerator,
        precision=precision,
    )


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

    Training loss and accuracy are the running ones, under dropout, changed images and
    the recipe's sampler; they lie a little below what the finished network would reach
    on the plain training images.

    Parameters
    ----------
    recipe : Recipe
    pixels : array of uint8, shape (n, size_px, size_px)
    labels : array of int, shape (n,)
        0 normal, 1 pneumonia, for every row of `pixels`.
    train, valid : array of int
        Row numbers.
    state : State, optional
        Where to go on; the result is the same to the bit as without a stop, on the
        same machine with the same threads, processes and versions.
    after_epoch : callable, optional
        Called with the state after each epoch, in the main process only.
    progress : bool
        Progress bar with loss and images per second on stderr.

    Returns
    -------
    State
        `history` has one dict an epoch: epoch, step, lr (at its first step),
        train_loss, train_accuracy, train_auroc, valid_loss, valid_accuracy,
        valid_auroc, images_per_second.

    Raises
    ------
    ValueError
        If train or valid is empty or lacks a class, if there are fewer training images
        than a batch, or if the images are not of the recipe's size.
    xraylab.TrainingError
        If the loss stops being a number, or the memory is full.
    """
    check_rows(recipe, pixels, labels, train, valid)
    state = state or start(recipe)
    seen = _Images(pixels, labels, train, valid)
    ends = _steps_by_epoch(recipe, len(train)).cumsum()
    bar = progress_bar(
        total=int(ends[-1]),
        initial=int(ends[state.n_epochs - 1]) if state.n_epochs else 0,
        unit="step",
        progress=progress and state.accelerator.is_main_process,
    )
    with bar, _own_randomness(state.accelerator.device), _memory_named(recipe, state):
        for _ in range(state.n_epochs, recipe.epochs):
            state.history.append(_run_epoch(recipe, state, seen, ends, bar))
            if after_epoch and state.accelerator.is_main_process:
                after_epoch(state)
    return state


def _steps_by_epoch(recipe: Recipe, n_train: int) -> np.ndarray:
    """Count the steps of each epoch, shape (epochs,)."""
    if recipe.n_steps is None:
        return np.full(recipe.epochs, batches.count_steps(n_train, recipe.batch_size))
    ends = np.linspace(0, recipe.n_steps, recipe.epochs + 1).round().astype(int)
    return np.diff(ends)


def _run_epoch(
    recipe: Recipe, state: State, seen: _Images, ends: np.ndarray, bar: tqdm
) -> dict:
    """Train for one epoch, score validation, and give the row of the history."""
    number = state.n_epochs
    steps = range(int(ends[number - 1]) if number else 0, int(ends[number]))
    row = {"epoch": number + 1, "step": steps.stop}
    row["lr"] = schedules.find_rate(recipe, steps.start, ends)
    row |= _train_epoch(recipe, state, seen, steps, ends, bar)
    logits = _score_together(state, seen.pixels, seen.valid)
    return row | scoring.measure("valid", logits, seen.labels[seen.valid], number + 1)


def _train_epoch(
    recipe: Recipe,
    state: State,
    seen: _Images,
    steps: range,
    ends: np.ndarray,
    bar: tqdm,
) -> dict:
    """Take the optimiser's steps of one epoch and measure along the way."""
    state.model.train()
    weights = _class_weights(recipe, seen.labels[seen.train])
    logits, labels, losses, n_seen = [], [], [], 0
    started = time.perf_counter()
    for step in steps:
        for group in state.optimiser.param_groups:
            group["lr"] = schedules.find_rate(recipe, step, ends)
        rows = _draw(recipe, seen, step)
        answer, y, loss = _take_step(recipe, state, seen, rows, step, weights)
        logits.append(answer)
        labels.append(y)
        losses.append(loss)
        n_seen += len(rows)
        speed = round(n_seen / (time.perf_counter() - started), 1)
        bar.update()
        if not bar.disable:  # reading the loss makes an accelerator wait
            facts = {"loss": loss.item(), "images_per_second": speed}
            bar.set_postfix(facts, refresh=False)
    _refuse_odd_loss(state, torch.stack(losses), steps)
    answers, truth = processes.gather(
        state.accelerator, torch.cat(logits), torch.cat(labels)
    )
    row = scoring.measure(
        "train", answers.cpu(), truth.cpu().numpy(), state.n_epochs + 1
    )
    return row | {"images_per_second": speed}


def _take_step(
    recipe: Recipe,
    state: State,
    seen: _Images,
    rows: np.ndarray,
    step: int,
    weights: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Take one step; give this process's logits, labels and share of the loss."""
    workers = state.accelerator
    share = slice(workers.process_index, None, workers.num_processes)
    x = _augmented(recipe, seen.pixels, rows, step, workers.device)[share]
    labels = torch.from_numpy(seen.labels[rows])
    whole = weights[labels].sum().item()  # of the batch on all processes
    y = labels[share].to(x.device)
    _seed_dropout(recipe.seed, step, workers.process_index)
    is_half = state.precision is not torch.float32
    with torch.autocast(x.device.type, state.precision, enabled=is_half):
        answer = state.network(x)  # (n, 2)
        loss = (
            functional.cross_entropy(answer, y, weights.to(answer), reduction="sum")
            / whole
        )
    state.optimiser.zero_grad()
    # gradients are averaged over processes, each of which has a part of the sum
    state.scaler.scale(loss * workers.num_processes).backward()
    state.scaler.step(state.optimiser)
    state.scaler.update()
    return answer.detach(), y, loss.detach()


def _draw(recipe: Recipe, seen: _Images, step: int) -> np.ndarray:
    """Rows of `pixels` in a step's batch, of all processes."""
    size, seed = recipe.batch_size, recipe.seed
    if recipe.sampler == "balanced":
        labels = seen.labels[seen.train]
        drawn = batches.draw_balanced(labels, size, seed=seed, step=step)
    else:
        drawn = batches.draw_rows(len(seen.train), size, seed=seed, step=step)
    return seen.train[drawn]


def _class_weights(recipe: Recipe, labels: np.ndarray) -> torch.Tensor:
    """Weight of each class in the loss, shape (2,): 1, or as if both were as many."""
    if recipe.class_weights == "none":
        return torch.ones(2)
    counts = np.bincount(labels, minlength=2)
    return torch.from_numpy(len(labels) / (2 * counts)).float()


def _score_together(state: State, pixels: np.ndarray, rows: np.ndarray) -> torch.Tensor:
    """Score rows on all processes; logits on the CPU, the same on each."""
    workers = state.accelerator
    own = np.arange(workers.process_index, len(rows), workers.num_processes)
    logits = scoring.score_logits(state.model, pixels, rows[own]).to(workers.device)
    places = torch.from_numpy(own).to(workers.device)
    logits, places = processes.gather(workers, logits, places)
    return logits[places.argsort()].cpu()


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
        If train or valid lacks a class, if there are fewer training images than a
        batch, or if the images are not of the recipe's size.
    """
    for name, rows in (("train", train), ("valid", valid)):
        counts = np.bincount(labels[rows], minlength=2)
        if not counts.all():
            raise InputError(
                f"{name} must hold both classes, got {counts[0]} normal and "
                f"{counts[1]} pneumonia. Give it images of both."
            )
    if recipe.batch_size > len(train):
        raise InputError(
            f"must be at most the number of training images, {len(train)}, got "
            f"{recipe.batch_size}.",
            argument="batch_size",
        )
    if pixels.shape[1:] != (recipe.size_px, recipe.size_px):
        raise InputError(
            f"pixels must be squares of {recipe.size_px} px as in the recipe, got "
            f"shape {pixels.shape}. Build the cache at that size."
        )


@contextmanager
def _own_randomness(device: torch.device) -> Iterator[None]:
    """Leave the caller's random numbers as they were."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield


@contextmanager
def _memory_named(recipe: Recipe, state: State) -> Iterator[None]:
    """Where torch says that memory is full, say which fields to change."""
    try:
        yield
    except RuntimeError as error:
        words = str(error).strip().splitlines()[0] if str(error).strip() else ""
        # on a GPU an OutOfMemoryError, on a CPU the allocator's words
        if "out of memory" not in words and "can't allocate memory" not in words:
            raise
        raise TrainingError(
            f"memory was full in epoch {state.n_epochs + 1}, with batch_size "
            f"{recipe.batch_size}, size_px {recipe.size_px} and model {recipe.model}: "
            f"{words} Choose less of one of the three."
        ) from error


def _seed_dropout(seed: int, step: int, process: int) -> None:
    """Make dropout a function of (seed, step), and of the process."""
    place = (seed, step, 2, process) if process else (seed, step, 2)
    drawn = np.random.SeedSequence(place).generate_state(1, np.uint64)
    torch.manual_seed(int(drawn[0]) >> 1)  # numpy 1 would make it a float


def _refuse_odd_loss(state: State, losses: torch.Tensor, steps: range) -> None:
    """Name the first step whose loss is no number; `losses` has shape (n_steps,)."""
    odd = ~state.accelerator.reduce(losses, "sum").isfinite()
    if odd.any():
        first = int(odd.cpu().nonzero()[0])
        raise TrainingError(
            f"the loss was {losses[first].item()} at step {steps[first] + 1}, in epoch "
            f"{state.n_epochs + 1}. Choose a smaller lr."
        )
