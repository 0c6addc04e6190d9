"""Rules with known reasons, and images for them."""

import numpy as np

from tests.conftest import blob_image
from xraylab import training

SIZE = 24


def corner(images):
    """How bright the upper left corner is, 0 to 1."""
    return images[:, :6, :6].mean(axis=(1, 2)) / 255


def brightness(images):
    """How bright the whole is: a logit of 0 at grey 128."""
    return (images.mean(axis=(1, 2)) - 128) / 32


def some_images(n=6, size_px=SIZE):
    return np.stack([blob_image(i, size_px) for i in range(n)])


def small_model(seed=0):
    return training.models.make_model("small", weights="none", seed=seed).eval()
