"""The loop: a recipe, and what happens in each epoch.

It sees training and validation rows, never test rows. Where a launcher started several
processes, each works on its share of every batch and all train one network.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from xraylab.errors import InputError, TrainingError
from xraylab.progress import progress_bar, tqdm
from xraylab.training import chart, processes, schedules, scoring, steps
from xraylab.training.recipe import Recipe


def fit(
    recipe: Recipe,
    pixels: np.ndarray,
    labels: np.ndarray,
    train: np.ndarray,
    valid: np.ndarray,
    *,
    state: steps.State | None = None,
    after_epoch: Callable[[steps.State], None] | None = None,
    progress: bool = True,
) -> steps.State:
    """Train by a recipe, from the beginning or from a state.

    Training loss and accuracy are the running ones, under dropout, changed images and
    the recipe's sampler: not what the finished network would have on the plain training
    images, where loss tends to be lower and accuracy higher.

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
        Progress bar with loss, images per second and time left, on stderr or as a
        widget; in a notebook also a chart of loss and accuracy while it lasts.

    Returns
    -------
    State
        `history` has one dict an epoch: epoch, step, lr (at its first step),
        train_loss, train_accuracy, train_auroc, valid_loss, valid_accuracy,
        valid_auroc, images_per_second.

    Raises
    ------
    ValueError
        If labels or rows are no whole numbers, a label is neither 0 nor 1, train or
        valid lacks a class, there are fewer training images than a batch, or the images
        are not uint8 of the recipe's size.
    xraylab.TrainingError
        If the loss stops being a number, or the memory is full.
    """
    check_rows(recipe, pixels, labels, train=train, valid=valid)
    state = state or steps.start(recipe)
    seen = steps.Images(pixels, labels.astype(np.int64), train, valid)
    ends = schedules.find_ends(recipe, len(train))
    shown = progress and state.accelerator.is_main_process
    bar = progress_bar(
        total=int(ends[-1]),
        initial=int(ends[state.n_epochs - 1]) if state.n_epochs else 0,
        unit="step",
        progress=shown,
    )
    with bar, chart.live_chart(shown) as draw, steps.guarded(recipe, state):
        for _ in range(state.n_epochs, recipe.epochs):
            state.history.append(_run_epoch(recipe, state, seen, ends, bar))
            if after_epoch and state.accelerator.is_main_process:
                after_epoch(state)
            draw(state.history)
    return state


def _run_epoch(
    recipe: Recipe, state: steps.State, seen: steps.Images, ends: np.ndarray, bar: tqdm
) -> dict:
    """Train for one epoch, score validation, and give the row of the history."""
    done = state.n_epochs
    numbers = range(int(ends[done - 1]) if done else 0, int(ends[done]))
    row = {"epoch": done + 1, "step": numbers.stop}
    row["lr"] = schedules.find_rate(recipe, numbers.start, ends)
    row |= _train_epoch(recipe, state, seen, numbers, ends, bar)
    logits = _score_together(state, seen.pixels, seen.valid)
    return row | scoring.measure("valid", logits, seen.labels[seen.valid], done + 1)


def _train_epoch(
    recipe: Recipe,
    state: steps.State,
    seen: steps.Images,
    numbers: range,
    ends: np.ndarray,
    bar: tqdm,
) -> dict:
    """Take the optimiser's steps of one epoch and measure along the way."""
    state.model.train()
    weights = steps.class_weights(recipe, seen.labels[seen.train])
    logits, labels, losses, n_seen = [], [], [], 0
    started = time.perf_counter()
    for step in numbers:
        for group in state.optimiser.param_groups:
            group["lr"] = schedules.find_rate(recipe, step, ends)
        rows = steps.draw(recipe, seen, step)
        answer, y, loss = steps.take_step(recipe, state, seen, rows, step, weights)
        logits.append(answer)
        labels.append(y)
        losses.append(loss)
        n_seen += len(rows)
        speed = round(n_seen / (time.perf_counter() - started), 1)
        bar.update()
        if not bar.disable:  # reading the loss makes an accelerator wait
            whole = loss.item() * state.accelerator.num_processes  # about
            facts = {"loss": whole, "images_per_second": speed}
            bar.set_postfix(facts, refresh=False)
    _refuse_odd_loss(state, torch.stack(losses), numbers)
    answers, truth = processes.gather(
        state.accelerator, torch.cat(logits), torch.cat(labels)
    )
    row = scoring.measure(
        "train", answers.cpu(), truth.cpu().numpy(), state.n_epochs + 1
    )
    return row | {"images_per_second": speed}


def _score_together(
    state: steps.State, pixels: np.ndarray, rows: np.ndarray
) -> torch.Tensor:
    """Score rows on all processes; logits on the CPU, the same on each."""
    workers = state.accelerator
    own = np.arange(workers.process_index, len(rows), workers.num_processes)
    logits = scoring.score_logits(state.model, pixels, rows[own]).to(workers.device)
    places = torch.from_numpy(own).to(workers.device)
    logits, places = processes.gather(workers, logits, places)
    return logits[places.argsort()].cpu()


def check_rows(
    recipe: Recipe,
    pixels: np.ndarray,
    labels: np.ndarray,
    **parts: np.ndarray,
) -> None:
    """Refuse images and rows that `fit` cannot train on.

    Parameters
    ----------
    **parts
        Row numbers of train, and of valid where there is one.

    Raises
    ------
    ValueError
        If labels or rows are no whole numbers, a label is neither 0 nor 1, a part lacks
        a class, there are fewer training images than a batch, or the images are not of
        the recipe's size.
    """
    for name, numbers in {"labels": labels, **parts}.items():
        kind = np.asarray(numbers).dtype
        if kind.kind not in "iu":  # a mask is no list of rows
            raise InputError(f"{name} must be whole numbers, got {kind}.")
    if odd := set(np.unique(labels)) - {0, 1}:
        raise InputError(f"labels must be 0 or 1, found {min(odd)} among them.")
    for name, rows in parts.items():
        counts = np.bincount(labels[rows], minlength=2)
        if not counts.all():
            raise InputError(
                f"{name} must hold both classes, got {counts[0]} normal and "
                f"{counts[1]} pneumonia. Give it images of both."
            )
    n_train = len(parts["train"])
    if recipe.batch_size > n_train:
        raise InputError(
            f"must be at most the number of training images, {n_train}, got "
            f"{recipe.batch_size}.",
            argument="batch_size",
        )
    if pixels.shape[1:] != (recipe.size_px, recipe.size_px):
        raise InputError(
            f"pixels must be squares of {recipe.size_px} px as in the recipe, got "
            f"shape {pixels.shape}. Build the cache at that size."
        )


def _refuse_odd_loss(state: steps.State, losses: torch.Tensor, numbers: range) -> None:
    """Name the first step whose loss is no number; `losses` has shape (n_steps,)."""
    whole = state.accelerator.reduce(losses, "sum")  # of all processes
    odd = ~whole.isfinite()
    if odd.any():
        first = int(odd.cpu().nonzero()[0])
        raise TrainingError(
            f"the loss was {whole[first].item()} at step {numbers[first] + 1}, in "
            f"epoch {state.n_epochs + 1}. Choose a smaller lr."
        )
