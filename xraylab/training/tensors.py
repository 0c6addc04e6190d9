"""Files of tensors: written whole or not at all; what is wrong with one is said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from xraylab.errors import InputError
from xraylab.files import whole_file

Tensors = dict[str, torch.Tensor]


def plain_weights(model: torch.nn.Module) -> Tensors:
    """Weights on the CPU, in plain memory order, as files want them."""
    return {k: v.contiguous().cpu() for k, v in model.state_dict().items()}


def save_tensors(
    file: Path, tensors: Tensors, facts: dict[str, str] | None = None
) -> None:
    """Write a safetensors file, whole or not at all."""
    # written here: of safetensors' own writing a kill leaves a file of unknown name
    content = save(tensors, metadata=facts)
    with whole_file(file) as half:
        half.write_bytes(content)


def read_tensors(file: Path, *, error: type[InputError]) -> tuple[Tensors, dict]:
    """Read a safetensors file: its tensors, and the facts beside them.

    Raises
    ------
    error
        If the file is no whole safetensors file, with what it is instead.
    """
    try:
        with safe_open(file, "pt") as kept:
            names = list(kept.keys())
            return {n: kept.get_tensor(n) for n in names}, kept.metadata() or {}
    except (SafetensorError, OSError) as cause:
        found = describe_damage(file)
        raise error(f"{file} must be a whole safetensors file, but {found}") from cause


def describe_damage(file: Path) -> str:
    """Say what a file is that could not be read, and what to do about it."""
    with file.open("rb") as opened:
        head = opened.read(200).lstrip().lower()
    if not head:
        return "it is empty. Fetch or copy it again."
    if head.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS. Fetch the file itself: git lfs pull."
    if head.startswith((b"<!doctype html", b"<html")):
        return "it is a web page. Fetch the file itself."
    # torch's own words for it are its inner ones, or advise to run what is in the file
    return "it is none. Give another, or fetch it again."


def find_misfits(wanted: Mapping[str, torch.Tensor], given: Tensors) -> list[str]:
    """Name what `given` lacks of `wanted`: missing, of another shape, or no number."""
    return [
        name
        for name, own in wanted.items()
        if name not in given
        or given[name].shape != own.shape
        or not torch.isfinite(given[name]).all()
    ]
