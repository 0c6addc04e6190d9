"""What a training is made by; `xraylab.training` gives these names to the world."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from xraylab.errors import InputError
from xraylab.training import models


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
    step_size: int = 7  # StepLR: every so many epochs ...
    gamma: float = 0.1  # ... the rate is multiplied by this
    rotation_degrees: float = 10
    blur: bool = True
    flip: bool = True
    n_steps: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model not in models.MODELS:
            known = ", ".join(models.MODELS)
            text = f"must be one of {known}, got {self.model!r}."
            raise InputError(text, argument="model")
        whole = {"size_px": 1, "epochs": 1, "batch_size": 2, "step_size": 1, "seed": 0}
        if self.n_steps is not None:
            whole["n_steps"] = self.epochs  # at least one step an epoch
        for name, least in whole.items():
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise InputError(
                    f"must be a whole number, at least {least}, got {value!r}.",
                    argument=name,
                )
        for name, (is_fine, range_) in {
            "lr": (0 < self.lr < float("inf"), "above 0"),
            "weight_decay": (0 <= self.weight_decay < float("inf"), "0 or above"),
            "dropout": (0 <= self.dropout < 1, "in [0, 1)"),
            "gamma": (0 < self.gamma <= 1, "in (0, 1]"),
            "rotation_degrees": (0 <= self.rotation_degrees <= 180, "in [0, 180]"),
        }.items():
            if not is_fine:
                text = f"must be {range_}, got {getattr(self, name)}."
                raise InputError(text, argument=name)


RECIPES = {
    "original": Recipe(),
    "lesson": Recipe(weights="none", size_px=48, n_steps=300),
}


def as_dict(recipe: Recipe) -> dict:
    """Recipe as plain values, fit for JSON."""
    return dataclasses.asdict(recipe) | {"weights": str(recipe.weights)}


def without_download(recipe: Recipe) -> Recipe:
    """Give the same recipe with drawn weights: for going on with saved ones."""
    return dataclasses.replace(recipe, weights="none")
