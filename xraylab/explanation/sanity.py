"""The sanity check: a map that stays when the weights are shuffled explains nothing."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import nn

from xraylab import training
from xraylab.errors import InputError
from xraylab.explanation.maps import Draw

LIMIT = 0.5  # of the rank correlation; a choice, not a law
N_SHUFFLED = 3
_MOST = 64  # images are enough for the statistics of the normalisation


@dataclass(frozen=True)
class SanityCheck:
    """How far a map depends on what the network learnt.

    Attributes
    ----------
    similarity : float
        Rank correlation, in size, between the map and those of networks whose
        weights were shuffled; mean over these. 1: nothing that was learnt is in
        it. A map that is the same everywhere counts as 0.
    n : int
        Shuffled networks.
    """

    similarity: float
    n: int

    @property
    def passed(self) -> bool:
        """Whether the similarity is below the limit, 0.5."""
        return self.similarity < LIMIT

    @property
    def verdict(self) -> str:
        """One short line: "sanity check passed: 0.15, limit 0.5"."""
        word = "passed" if self.passed else "FAILED"
        return f"sanity check {word}: {self.similarity:.2f}, limit {LIMIT}"

    def __str__(self) -> str:
        return f"{self.verdict} (rank correlation with {self.n} shuffled networks)"


def randomise(model: nn.Module, images: np.ndarray, seed: int = 0) -> nn.Module:
    """Shuffle every weight of a network among its layer's (Adebayo et al. 2018).

    The size of the weights stays, what they learnt goes. The layers that normalise
    are fitted to the images anew; else the network would be dead, and any map of it
    unlike any other.

    Parameters
    ----------
    model : Module
        Left alone.
    images : array of uint8, shape (n, size_px, size_px)
        At least 2; the first 64 are used.
    seed : int

    Returns
    -------
    Module
        A copy, ready to answer.

    Raises
    ------
    ValueError
        If there are fewer than 2 images.
    """
    if len(images) < 2:
        text = f"must be at least 2, to normalise by, got {len(images)}."
        raise InputError(text, argument="images")
    shuffled = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    norms = [m for m in shuffled.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # so that one batch sets them
    device = next(model.parameters()).device
    rows = np.arange(min(len(images), _MOST))
    few = training.batches.make_batch(images, rows, device)
    with torch.no_grad():
        for weights in shuffled.parameters():
            order = torch.randperm(weights.numel(), generator=generator).to(device)
            weights.copy_(weights.flatten()[order].view(weights.shape))
        shuffled.train()
        shuffled(few)
    return shuffled.eval()


def check_map(
    draw: Draw, model: nn.Module, image: np.ndarray, images: np.ndarray, seed: int = 0
) -> SanityCheck:
    """Draw a map again with shuffled weights, and see whether it stays.

    Parameters
    ----------
    draw : callable
        (network, image) -> map, such as an entry of `MAPS`.
    model : Module
        The network that is explained.
    image : array of uint8, shape (size_px, size_px)
    images : array of uint8, shape (n, size_px, size_px)
        For `randomise`, such as the validation images.
    seed : int
        Of the shuffling.

    Raises
    ------
    ValueError
        As `randomise`.
    """
    others = shuffled_networks(model, images, seed)
    return SanityCheck(similarity(draw, model, others, image), N_SHUFFLED)


def shuffled_networks(
    model: nn.Module, images: np.ndarray, seed: int = 0
) -> list[nn.Module]:
    """Shuffle a network as often as a check asks for; arguments as of `randomise`."""
    return [randomise(model, images, seed + i) for i in range(N_SHUFFLED)]


def similarity(
    draw: Draw, model: nn.Module, others: Sequence[nn.Module], image: np.ndarray
) -> float:
    """Mean rank correlation of a network's map of an image with those of others."""
    return compare(draw(model, image), [draw(other, image) for other in others])


def compare(found: np.ndarray, others: Sequence[np.ndarray]) -> float:
    """Mean rank correlation of one map with others, signs left out."""
    size = np.abs(found).ravel()
    values = []
    for other in np.abs(np.stack(others)).reshape(len(others), -1):
        is_flat = np.ptp(size) == 0 or np.ptp(other) == 0
        values.append(0.0 if is_flat else spearmanr(size, other).statistic)
    return float(np.mean(values))
