"""A training under way to one file and back, to the bit."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from xraylab.files import whole_file
from xraylab.training import loop


def save_state(file: Path, state: loop.State) -> None:
    """Keep all that is needed to go on: weights, optimiser and history."""
    saved = state.optimiser.state_dict()
    tensors = {f"model/{k}": v for k, v in plain_weights(state.model).items()} | {
        f"optimiser/{number}/{name}": value.contiguous().cpu()
        for number, values in saved["state"].items()
        for name, value in values.items()
    }
    facts = {"param_groups": saved["param_groups"], "history": state.history}
    save_tensors(file, tensors, {"facts": json.dumps(facts)})


def plain_weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Weights on the CPU, in plain memory order, as files want them."""
    return {k: v.contiguous().cpu() for k, v in model.state_dict().items()}


def save_tensors(
    file: Path, tensors: dict[str, torch.Tensor], facts: dict[str, str] | None = None
) -> None:
    """Write a safetensors file, whole or not at all."""
    with whole_file(file) as half:
        half.touch()
        mode = half.stat().st_mode  # safetensors' own would shut others out
        try:
            save_file(tensors, half, metadata=facts)
            half.chmod(mode)
        except SafetensorError as error:  # a full disk, in its words
            raise OSError(errno.EIO, str(error)) from error


def load_state(file: Path, recipe: loop.Recipe) -> loop.State:
    """Rebuild the state after the last whole epoch."""
    state = loop.start(loop.without_download(recipe))
    weights, optimiser = {}, {}
    with safe_open(file, "pt") as kept:
        facts = json.loads(kept.metadata()["facts"])
        for name in kept.keys():  # noqa: SIM118, a safetensors file is no dict
            part, key = name.split("/", 1)
            if part == "model":
                weights[key] = kept.get_tensor(name)
            else:
                number, key = key.split("/")
                optimiser.setdefault(int(number), {})[key] = kept.get_tensor(name)
    state.model.load_state_dict(weights)
    state.optimiser.load_state_dict(
        {"state": optimiser, "param_groups": facts["param_groups"]}
    )
    _lay_out_like_weights(state.optimiser)
    state.history.extend(facts["history"])
    state.schedule.last_epoch = state.n_epochs
    return state


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
