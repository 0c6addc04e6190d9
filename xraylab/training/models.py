"""Named networks: grey images in, one score each for normal and pneumonia out.

The normalisation is the first layer and is saved with the weights, so training
and prediction cannot drift apart.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from contextlib import redirect_stdout
from pathlib import Path
from urllib.error import URLError

import torch
from safetensors.torch import load_file
from torch import nn

from xraylab.errors import InputError, WeightsError
from xraylab.training.vision import torchvision

CLASSES = ("normal", "pneumonia")
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Normalise(nn.Module):
    """Grey levels in [0, 1] to three channels with ImageNet's mean and spread."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, 1, h, w) to (n, 3, h, w)."""
        return (x - self.mean) / self.std


class Block(nn.Module):
    """A residual block: two convolutions learn what to add to their input."""

    def __init__(self, n_in: int, n_out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.shortcut = nn.Identity()
        if stride != 1 or n_in != n_out:  # the sum needs one shape
            self.shortcut = nn.Sequential(
                nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, n_in, h, w) to (n, n_out, h / stride, w / stride)."""
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def _resnet18(dropout: float) -> nn.Module:
    network = torchvision.models.resnet18(weights=None)
    network.fc = _head(512, dropout)
    return network.to(memory_format=torch.channels_last)


def _small(dropout: float) -> nn.Module:
    """Four blocks, about 0.2 million weights: quick on two cores."""
    return nn.Sequential(
        OrderedDict(
            stem=nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False),
            block1=Block(16, 16),
            block2=Block(16, 32, stride=2),
            block3=Block(32, 64, stride=2),
            block4=Block(64, 96, stride=2),
            pool=nn.AdaptiveAvgPool2d(1),
            flat=nn.Flatten(),
            fc=_head(96, dropout),
        )
    )


def _head(n_features: int, dropout: float) -> nn.Module:
    return nn.Sequential(nn.Dropout(dropout), nn.Linear(n_features, len(CLASSES)))


MODELS = {"resnet18": _resnet18, "small": _small}


def make_model(
    name: str, *, weights: str | Path = "none", dropout: float = 0.5, seed: int = 0
) -> nn.Module:
    """Make a network with its normalisation in front and two outputs.

    Parameters
    ----------
    name : str
        A key of `MODELS`.
    weights : str or path
        "none": drawn from `seed`. "imagenet": torchvision's, downloaded on first
        use. Else a .safetensors or .pth file with torchvision's names. The last
        layer is always drawn anew.
    dropout : float
        Share of features dropped before the last layer in training, in [0, 1).
    seed : int
        Seed of the drawn weights.

    Returns
    -------
    Module
        Takes floats in [0, 1], shape (n, 1, h, w); gives logits, shape (n, 2),
        in the order of `CLASSES`.

    Raises
    ------
    ValueError
        If the name is unknown.
    WeightsError
        If the weights cannot be had or do not fit.
    """
    if name not in MODELS:
        raise InputError(f"model must be one of {', '.join(MODELS)}, got {name!r}.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = MODELS[name](dropout)
    if str(weights) != "none":
        _load_into(network, _read_weights(name, weights), weights)
    parts = OrderedDict(normalise=Normalise(), network=network)
    return nn.Sequential(parts)


def _read_weights(name: str, weights: str | Path) -> dict[str, torch.Tensor]:
    if str(weights) == "imagenet":
        return _download_imagenet(name)
    file = Path(weights)
    if not file.is_file():
        raise WeightsError(
            f'weights must be "imagenet", "none" or an existing file, got {weights}.'
        )
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # both readers raise many kinds
        raise WeightsError(
            f"{file} must hold weights as .safetensors or .pth, but could not be "
            f"read: {error}"
        ) from error


def _download_imagenet(name: str) -> dict[str, torch.Tensor]:
    if name != "resnet18":
        raise WeightsError(
            f"weights imagenet exist for resnet18, got model {name}. Use none."
        )
    kind = torchvision.models.ResNet18_Weights.IMAGENET1K_V1
    try:
        # torch says "Downloading" on stdout, which belongs to answers
        with redirect_stdout(sys.stderr):
            return kind.get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError, RuntimeError) as error:
        raise WeightsError(
            f"weights imagenet could not be downloaded from {kind.url}: {error}. "
            "Fetch that file where there is a network and give its path as weights, "
            "or use weights none."
        ) from error


def _load_into(
    network: nn.Module, weights: dict[str, torch.Tensor], name: str | Path
) -> None:
    """Copy all weights but the last layer's, after checking that they fit."""
    own = network.state_dict()
    wanted = [key for key in own if not key.startswith("fc.")]
    missing = [
        key
        for key in wanted
        if not key.endswith("num_batches_tracked")
        and (key not in weights or weights[key].shape != own[key].shape)
    ]
    if missing:
        raise WeightsError(
            f"{name} does not fit the network: {len(missing)} of {len(wanted)} "
            f"weights are missing or of another shape, first {', '.join(missing[:3])}."
        )
    given = {key: weights[key] for key in wanted if key in weights}
    network.load_state_dict(given, strict=False)  # copies half precision to float
