"""Weights to begin with: none, ImageNet's, or a file; known by their content."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from urllib.error import URLError

import torch
from torch import nn

from xraylab.errors import WeightsError
from xraylab.training import content, tensors
from xraylab.training.torchvision_loading import torchvision

NONE, IMAGENET = "none", "imagenet"


def identify(weights: str | Path) -> str:
    """Name weights by content: equal for equal values, wherever a file lies.

    Returns
    -------
    str
        "none", or "sha256:" and hexadecimal digits: all 64 of a file, and the first
        eight of ImageNet's, which torchvision publishes in the file's name.

    Raises
    ------
    WeightsError
        If there is no such file.
    """
    if str(weights) == NONE:
        return NONE
    if str(weights) == IMAGENET:
        return f"sha256:{_published_digest()}"
    return f"sha256:{content.digest_file(_existing(weights))}"


def check(model: str, weights: str | Path) -> None:
    """Raise WeightsError where there are none such, before work is done."""
    if str(weights) == IMAGENET:
        if model != "resnet18":
            raise WeightsError(
                f"must be none or a file for model {model}, got imagenet.",
                argument="weights",
            )
    elif str(weights) != NONE:
        _read(_existing(weights))


def load_into(network: nn.Module, model: str, weights: str | Path) -> None:
    """Copy all weights but the last layer's, after checking that they fit.

    Raises
    ------
    WeightsError
        If they cannot be had, or do not fit.
    """
    check(model, weights)
    given = _download_imagenet() if str(weights) == IMAGENET else _read(Path(weights))
    wanted = {
        name: value
        for name, value in network.state_dict().items()
        if not name.startswith("fc.") and not name.endswith("num_batches_tracked")
    }
    misfits = tensors.find_misfits(wanted, given)
    if misfits:
        raise WeightsError(
            f"{weights} does not fit the network {model}: {len(misfits)} of "
            f"{len(wanted)} weights are missing, of another shape or no numbers, "
            f"first {', '.join(misfits[:3])}. Give a file with torchvision's names."
        )
    network.load_state_dict(  # copies half precision to float
        {name: given[name] for name in wanted}, strict=False
    )


def _existing(weights: str | Path) -> Path:
    file = Path(weights)
    if not file.is_file():
        raise WeightsError(
            f'must be "imagenet", "none" or an existing file, got {weights}.',
            argument="weights",
        )
    return file


def _read(file: Path) -> tensors.Tensors:
    if file.suffix == ".safetensors":
        return tensors.read_tensors(file, error=WeightsError)[0]
    return _read_pth(file)


def _read_pth(file: Path) -> tensors.Tensors:
    expected = (
        f"{file} must hold the state dict of a network, such as torchvision's "
        "resnet18, as .pth or .safetensors"
    )
    try:
        given = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds
        found = tensors.describe_damage(file)
        raise WeightsError(f"{expected}, but {found}") from error
    is_by_name = isinstance(given, dict)
    values = given.values() if is_by_name else [given]
    if not is_by_name or not all(isinstance(value, torch.Tensor) for value in values):
        raise WeightsError(
            f"{expected}: tensors by name, but it holds "
            f"{', '.join(sorted({type(value).__name__ for value in values}))}. "
            "Save a model's state_dict()."
        )
    return dict(given)


def _published_digest() -> str:
    """First eight hexadecimal digits, from a name such as resnet18-f37072fd.pth."""
    return Path(_imagenet().url).stem.rsplit("-", 1)[-1]


def _imagenet() -> object:
    return torchvision.models.ResNet18_Weights.IMAGENET1K_V1


def _download_imagenet() -> tensors.Tensors:
    kind = _imagenet()
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(kind.url).name
    # torch looks at the digest when it fetches, not when it finds a file
    if file.is_file() and not content.digest_file(file).startswith(_published_digest()):
        raise WeightsError(
            f"{file} must be ImageNet's weights as published, but its SHA-256 is "
            "another. Delete it, and it is fetched anew."
        )
    try:
        # torch says "Downloading" on stdout, which belongs to answers
        with redirect_stdout(sys.stderr):
            return kind.get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError, RuntimeError) as error:
        raise WeightsError(
            f"weights imagenet could not be downloaded from {kind.url}: {error}. "
            "Fetch that file where there is a network and give its path as weights, "
            "or begin without: weights none, in a command --weights none or --recipe "
            "lesson."
        ) from error
