"""A training under way to one file and back, to the bit."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from xraylab.errors import NotARunError
from xraylab.plain_json import read_json
from xraylab.training import record, steps, tensors
from xraylab.training.recipe import Recipe, without_download

_FORM = {
    "recipe": dict,
    "param_groups": [dict],
    "scaler": dict,
    "history": [record.EPOCH],
}


def save_state(file: Path, recipe: Recipe, state: steps.State) -> None:
    """Keep all that is needed to go on: weights, optimiser and history."""
    saved = state.optimiser.state_dict()
    kept = {f"model/{k}": v for k, v in tensors.plain_weights(state.model).items()} | {
        f"optimiser/{number}/{name}": value.contiguous().cpu()
        for number, values in saved["state"].items()
        for name, value in values.items()
    }
    facts = {
        "recipe": without_download(recipe).as_dict(),  # weights are known by content
        "param_groups": saved["param_groups"],
        "scaler": state.scaler.state_dict(),
        "history": state.history,
    }
    tensors.save_tensors(file, kept, {"facts": json.dumps(facts)})


def load_state(file: Path, recipe: Recipe) -> steps.State:
    """Rebuild the state after the last whole epoch.

    Raises
    ------
    NotARunError
        If the file is damaged, or holds a training by another recipe.
    """
    kept, metadata = tensors.read_tensors(file, error=NotARunError)
    state = steps.start(without_download(recipe))
    try:
        facts = read_json(metadata["facts"], _FORM)
        if facts["recipe"] != without_download(recipe).as_dict():
            raise ValueError("it is of a training by another recipe")
        weights, moments = _sort(kept)
        _fill(state, weights, {"state": moments, "param_groups": facts["param_groups"]})
        state.history.extend(facts["history"])
        if facts["scaler"]:  # none where it was begun without half precision
            state.scaler.load_state_dict(facts["scaler"])
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise NotARunError(
            f"{file} must hold a training by the recipe in run.json, but it does not "
            f"fit: {_first_line(error)}. Copy the right one back, or train "
            "anew in another folder."
        ) from error
    return state


def _sort(kept: tensors.Tensors) -> tuple[tensors.Tensors, dict[int, dict]]:
    """Tell the weights from the optimiser's values, by weight and name."""
    weights, moments = {}, {}
    for name, value in kept.items():
        part, key = name.split("/", 1)
        if part == "model":
            weights[key] = value
        else:
            number, key = key.split("/")
            moments.setdefault(int(number), {})[key] = value
    return weights, moments


def _fill(state: steps.State, weights: tensors.Tensors, optimiser: dict) -> None:
    misfits = tensors.find_misfits(state.model.state_dict(), weights)
    if misfits:
        raise ValueError(f"weights missing or of another shape, first {misfits[0]}")
    state.model.load_state_dict(weights)
    state.optimiser.load_state_dict(optimiser)
    for weight in state.model.parameters():
        values = state.optimiser.state[weight]
        if {v.shape for v in values.values()} - {weight.shape, torch.Size()}:
            raise ValueError("the optimiser's values have other shapes")
    _lay_out_like_weights(state.optimiser)


def _lay_out_like_weights(optimiser: torch.optim.Optimizer) -> None:
    """Give Adam's averages the memory layout of their weights.

    Files hold them in plain order. The fused step walks through memory without
    asking for the layout, so beside a channels_last weight a plain average
    would be taken for other weights, and no error would say so.
    """
    for weight, values in optimiser.state.items():
        for name, value in values.items():
            if value.shape == weight.shape:
                values[name] = torch.empty_like(weight).copy_(value)


def _first_line(error: Exception) -> str:
    text = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
    return text.strip().splitlines()[0].rstrip(".:")
