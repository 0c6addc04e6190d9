"""What a training is made by: one table of plain values."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from xraylab.errors import InputError
from xraylab.training import models

SCHEDULES = ("step", "cosine", "one-cycle")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; the defaults are the original project's.

    With `n_steps` the run has so many steps in all, divided into `epochs` equal
    parts, so that the schedule falls at the same fractions of a shorter run.
    """

    model: str = "resnet18"
    weights: str = "imagenet"
    size_px: int = 224
    epochs: int = 20
    batch_size: int = 32
    lr: float = 0.001
    weight_decay: float = 1e-4
    dropout: float = 0.5
    schedule: str = "step"  # or "cosine", "one-cycle"
    step_size: int = 7  # step: every so many epochs ...
    gamma: float = 0.1  # ... the rate is multiplied by this
    warm_up: float = 0.1  # cosine, one-cycle: share of the steps in which it rises
    class_weights: str = "none"  # or "balanced": as if both classes were as many
    sampler: str = "shuffle"  # or "balanced": both classes drawn equally often
    rotation_degrees: float = 10
    blur: bool = True
    flip: bool = True
    n_steps: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("n_steps", *_WHOLE, *_RANGES):
            value = getattr(self, name)
            if isinstance(value, np.generic):  # JSON knows Python's own numbers only
                object.__setattr__(self, name, value.item())
        for name, known in _CHOICES.items():
            value = getattr(self, name)
            if value not in known:
                text = f"must be one of {', '.join(map(str, known))}, got {value!r}."
                raise InputError(text, argument=name)
        whole = dict(_WHOLE)
        if self.n_steps is not None:
            whole["n_steps"] = (self.epochs, _MANY)  # at least one step an epoch
        for name, (least, most) in whole.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                why = ", one an epoch" if name == "n_steps" else ""
                text = f"must be a whole number, at least {least}{why}, got {value!r}."
                raise InputError(text, argument=name)
            if value > most:
                text = f"must be at most {most}, got {value}."
                raise InputError(text, argument=name)
        for name, (is_fine, range_) in _RANGES.items():
            value = getattr(self, name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not is_fine(value):
                text = f"must be a number {range_}, got {value!r}."
                raise InputError(text, argument=name)

    def as_dict(self) -> dict:
        """Give plain values, fit for JSON."""
        return dataclasses.asdict(self) | {"weights": str(self.weights)}


_CHOICES = {
    "model": tuple(models.MODELS),
    "schedule": SCHEDULES,
    "class_weights": ("none", "balanced"),
    "sampler": ("shuffle", "balanced"),
    "blur": (True, False),
    "flip": (True, False),
}
_MANY = 10_000_000  # what is longer ends nowhere, or in no memory
_WHOLE = {  # field -> least, most
    "size_px": (1, 4096),
    "epochs": (1, _MANY),
    "batch_size": (2, _MANY),
    "step_size": (1, _MANY),
    "seed": (0, 2**32 - 1),  # as in errors.check_seed
}
_RANGES = {
    "lr": (lambda x: 0 < x < math.inf, "above 0"),
    "weight_decay": (lambda x: 0 <= x < math.inf, "from 0"),
    "dropout": (lambda x: 0 <= x < 1, "in [0, 1)"),
    "gamma": (lambda x: 0 < x <= 1, "in (0, 1]"),
    "warm_up": (lambda x: 0 <= x < 1, "in [0, 1)"),
    "rotation_degrees": (lambda x: 0 <= x <= 180, "in [0, 180]"),
}
RECIPES = {
    "original": Recipe(),
    "lesson": Recipe(weights="none", size_px=48, n_steps=300),
}


def without_download(recipe: Recipe) -> Recipe:
    """Give the same recipe with drawn weights: for going on with saved ones."""
    return dataclasses.replace(recipe, weights="none")
