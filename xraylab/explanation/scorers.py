"""A network as a function: images in, one number each out.

A `Score` is any function of images, uint8 of shape (n, height, width), to numbers,
shape (n,). A network is one (`make_scorer`); so is a rule written by hand, whose true
reason is known.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image
from torch import nn

from xraylab import training
from xraylab.errors import InputError

Score = Callable[[np.ndarray], np.ndarray]


def make_scorer(model: nn.Module, size_px: int, *, logit: bool = False) -> Score:
    """Make a network into a function of images of any size.

    Parameters
    ----------
    model : Module
        As from `xraylab.training.models.make_model`.
    size_px : int
        Side of the squares that the network was made for; other images are squeezed
        to it, as `xraylab.images.read_pixels` does.
    logit : bool
        Give the logit, not the probability: the output for pneumonia less the one
        for normal. It still moves where a probability of almost 1 can't.

    Returns
    -------
    callable
        Takes uint8, shape (n, height, width); gives float64, shape (n,). Raises
        ValueError on any other input.
    """

    def score(images: np.ndarray) -> np.ndarray:
        return training.score_images(model, shrink(images, size_px), logit=logit)

    return score


def shrink(images: np.ndarray, size_px: int) -> np.ndarray:
    """Squeeze images to squares, uint8 of shape (n, size_px, size_px)."""
    check_images(images)
    if images.shape[1:] == (size_px, size_px):
        return images
    squares = np.empty((len(images), size_px, size_px), np.uint8)
    for square, image in zip(squares, images, strict=True):
        small = Image.fromarray(image).resize(
            (size_px, size_px), Image.Resampling.BILINEAR
        )
        square[:] = np.asarray(small)
    return squares


def ask(score: Score, images: np.ndarray, argument: str) -> np.ndarray:
    """Ask for the number of each image, float of shape (n,); raise unless it is one."""
    found = np.asarray(score(images), float)
    if found.shape != (len(images),) or not np.isfinite(found).all():
        raise InputError(
            f"must give one finite number an image, got {found.size} for "
            f"{len(images)} images, {int((~np.isfinite(found)).sum())} not finite, of "
            f"shape {found.shape}.",
            argument=argument,
        )
    return found


def check_images(images: np.ndarray) -> None:
    """Raise unless these are grey images in one array."""
    is_array = isinstance(images, np.ndarray)
    if not is_array or images.dtype != np.uint8 or images.ndim != 3:
        found = f"{images.dtype} of shape {images.shape}" if is_array else type(images)
        raise InputError(
            f"must be uint8 of shape (n, height, width), got {found}. One image is "
            "image[None].",
            argument="images",
        )


def check_image(image: np.ndarray) -> None:
    """Raise unless this is one grey image."""
    is_array = isinstance(image, np.ndarray)
    if not is_array or image.dtype != np.uint8 or image.ndim != 2:
        found = f"{image.dtype} of shape {image.shape}" if is_array else type(image)
        raise InputError(
            f"must be uint8 of shape (height, width), got {found}.", argument="image"
        )
