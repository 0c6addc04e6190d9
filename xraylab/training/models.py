"""Named networks: grey images in, one score each for normal and pneumonia out.

The normalisation is the first layer and is saved with the weights, so training
and prediction cannot drift apart.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from xraylab.errors import InputError
from xraylab.labels import CLASSES
from xraylab.training.torchvision_loading import torchvision
from xraylab.training.weights import NONE, load_into

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Normalise(nn.Module):
    """Grey levels in [0, 1] to three channels standardised as ImageNet's images."""

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


# Name -> function of the dropout that makes the network. It takes (n, 3, h, w), and
# its last layer is called fc: weights to begin with are loaded into all others.
MODELS = {
    "resnet18": _resnet18,
    "small": _small,
}


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
        known = ", ".join(MODELS)
        raise InputError(f"must be one of {known}, got {name!r}.", argument="name")
    with kept_generators():
        torch.manual_seed(seed)
        network = MODELS[name](dropout)
    if str(weights) != NONE:
        load_into(network, name, weights)
    parts = OrderedDict(normalise=Normalise(), network=network)
    return nn.Sequential(parts)


@contextmanager
def kept_generators() -> Iterator[None]:
    """Give every generator that `torch.manual_seed` seeds its state back."""
    is_used = torch.cuda.is_initialized()
    on_mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    with torch.random.fork_rng(range(torch.cuda.device_count()) if is_used else []):
        try:
            yield
        finally:
            if on_mps is not None:
                torch.mps.set_rng_state(on_mps)
