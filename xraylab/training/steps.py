"""One step: a batch is drawn, the network answers, and the optimiser moves the weights.

What a step does is a function of the recipe, the weights and the step's number; where
a launcher started several processes, each works on its share of the batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from xraylab.errors import TrainingError
from xraylab.training import batches, models, processes
from xraylab.training.recipe import Recipe

if TYPE_CHECKING:
    from accelerate import Accelerator


# Weights this near 0 change no answer. Weight decay shrinks one that no gradient
# reaches by about a twentieth a step, so between two looks to no less than 1e-23.
VANISHED, LOOK_EVERY = 1e-20, 100


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
class Images:
    """What a training may see.

    `pixels` and `labels` (int64, as the loss asks) have a row an image; `train` and
    `valid` are row numbers.
    """

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


def take_step(
    recipe: Recipe,
    state: State,
    seen: Images,
    rows: np.ndarray,
    step: int,
    weights: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Take one step; give this process's logits, labels and share of the loss."""
    workers = state.accelerator
    share = slice(workers.process_index, None, workers.num_processes)
    x = augmented(recipe, seen.pixels, rows, step, workers.device)[share]
    labels = torch.from_numpy(seen.labels[rows])
    whole = weights[labels].sum().item()  # of the batch on all processes
    y = labels[share].to(x.device)
    _seed_dropout(recipe.seed, step, workers.process_index)
    is_half = state.precision is not torch.float32
    with torch.autocast(x.device.type, state.precision, enabled=is_half):
        answer = state.network(x)  # (n, 2)
        # not in half precision: autocast takes the loss in whole, and so is `whole`
        at_least = torch.promote_types(answer.dtype, torch.float32)
        of_class = weights.to(answer.device, at_least)
        loss = functional.cross_entropy(answer, y, of_class, reduction="sum") / whole
    state.optimiser.zero_grad()
    # gradients are averaged over processes, each of which has a part of the sum
    state.scaler.scale(loss * workers.num_processes).backward()
    state.scaler.step(state.optimiser)
    state.scaler.update()
    if step % LOOK_EVERY == LOOK_EVERY - 1:
        drop_vanished(state.optimiser)
    return answer.detach(), y, loss.detach()


def drop_vanished(optimiser: torch.optim.Optimizer) -> None:
    """Set weights to 0, in place, that weight decay alone has shrunk to nothing.

    Filters that no gradient reaches shrink without end. A float32 below 1.2e-38 is
    subnormal, and a processor takes many times as long for it: the original's steps at
    224 px took three times as long from the 1,300th on. A weight that only passes 0
    still moves, so its `exp_avg` tells it from one that has vanished.

    Parameters
    ----------
    optimiser : Optimizer
        Adam, after a step.
    """
    for weight, kept in optimiser.state.items():
        average = kept["exp_avg"]
        is_gone = (weight.detach().abs() < VANISHED) & (average.abs() < VANISHED)
        weight.detach().masked_fill_(is_gone, 0)
        average.masked_fill_(is_gone, 0)


def draw(recipe: Recipe, seen: Images, step: int) -> np.ndarray:
    """Rows of `pixels` in a step's batch, of all processes."""
    size, seed = recipe.batch_size, recipe.seed
    if recipe.sampler == "balanced":
        labels = seen.labels[seen.train]
        drawn = batches.draw_balanced(labels, size, seed=seed, step=step)
    else:
        drawn = batches.draw_rows(len(seen.train), size, seed=seed, step=step)
    return seen.train[drawn]


def class_weights(recipe: Recipe, labels: np.ndarray) -> torch.Tensor:
    """Weight of each class in the loss, shape (2,): 1, or as if both were as many."""
    if recipe.class_weights == "none":
        return torch.ones(2)
    counts = np.bincount(labels, minlength=2)
    return torch.from_numpy(len(labels) / (2 * counts)).float()


def augmented(
    recipe: Recipe,
    pixels: np.ndarray,
    rows: np.ndarray,
    step: int,
    device: torch.device,
) -> torch.Tensor:
    """Give a step's batch as the network sees it, shape (n, 1, size_px, size_px)."""
    return batches.augment(
        batches.make_batch(pixels, rows, device),
        seed=recipe.seed,
        step=step,
        rotation_degrees=recipe.rotation_degrees,
        blur=recipe.blur,
        flip=recipe.flip,
    )


def _seed_dropout(seed: int, step: int, process: int) -> None:
    """Make dropout a function of (seed, step), and of the process."""
    place = (seed, step, 2, process) if process else (seed, step, 2)
    drawn = np.random.SeedSequence(place).generate_state(1, np.uint64)
    torch.manual_seed(int(drawn[0]) >> 1)  # numpy 1 would make it a float


@contextmanager
def guarded(recipe: Recipe, state: State) -> Iterator[None]:
    """Leave the caller's random numbers as they were, and name a full memory.

    Raises
    ------
    xraylab.TrainingError
        Where memory is full, with the fields of the recipe that take it.
    """
    try:
        with models.kept_generators():
            yield
    except (RuntimeError, MemoryError) as error:
        if not _is_full_memory(error):
            raise
        words = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise TrainingError(
            f"memory was full in epoch {state.n_epochs + 1}, with {recipe.batch_size} "
            f"images a step, {recipe.size_px} px a side and model {recipe.model}: "
            f"{words.rstrip('.')}. Choose less of one of the three."
        ) from error


def _is_full_memory(error: Exception) -> bool:
    """Tell a full memory from other errors: by type, or by the allocators' words."""
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    allocators = (
        "DefaultCPUAllocator: can't allocate memory",
        "DefaultCPUAllocator: not enough memory",  # on Windows
        "MPS backend out of memory",
        "CUDA error: out of memory",
    )
    return any(words in str(error) for words in allocators)
