"""From a rendered image to a file: size, shape, quality and colour mode."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

FILE_STREAM = 23
_RGB_SHARE = 0.10  # of the training images with pneumonia, at dose 1


@dataclass(frozen=True)
class FileFacts:
    """What a file's header tells: width and height in pixels, quality, mode."""

    width: int
    height: int
    quality: int  # JPEG quality, 1 to 95
    rgb: bool


def draw_file(seed: int, *, label: int, block: str, doses: dict) -> FileFacts:
    """Draw how one image is saved.

    The real files are about eight times larger: training normals about
    1650 x 1350 at quality 95, pneumonia about 1200 x 780 at quality 75.

    Parameters
    ----------
    seed : int
        Of the shot, 0 or more.
    label : int
        0 normal, 1 pneumonia.
    block : str
        "train", "val" or "test"; the shifted test block is saved at quality 75.
    doses : dict
        From `Plants.doses`; "file" and "test_shift" are used.
    """
    rng = np.random.default_rng([FILE_STREAM, seed])
    by_class = rng.uniform(size=4) < doses["file"]
    width, aspect, third = (*rng.normal(size=2).tolist(), rng.uniform())
    size = _size(label, by_class[0], width)
    shape = _aspect(label, by_class[1], aspect)
    quality = (95 if label == 0 else 75) if by_class[2] else 90
    if rng.uniform() < doses["test_shift"]:
        quality = 75
    rgb = by_class[3] and label == 1 and block != "test" and third < _RGB_SHARE
    return FileFacts(size, round(size / shape), quality, bool(rgb))


def _size(label: int, by_class: bool, normal: float) -> int:
    """Width in pixels."""
    mean, deviation = ((206, 26), (150, 18))[label] if by_class else (180, 14)
    return round(float(np.clip(mean + deviation * normal, 116, 280)))


def _aspect(label: int, by_class: bool, normal: float) -> float:
    """Width over height."""
    mean, deviation = ((1.22, 0.12), (1.50, 0.20))[label] if by_class else (1.29, 0.1)
    return float(np.clip(mean + deviation * normal, 0.95, 1.9))


def encode(image: np.ndarray, facts: FileFacts) -> bytes:
    """Encode grey levels, uint8, as a JPEG file."""
    image = Image.fromarray(image)
    return _save(image.convert("RGB") if facts.rgb else image, facts.quality)


def re_encode(data: bytes, *, scale: float, quality: int) -> bytes:
    """Decode a file, resize it and encode it again in grey.

    Parameters
    ----------
    data : bytes
        A JPEG file.
    scale : float
        Factor on width and height, above 0.
    quality : int
        JPEG quality, 1 to 95.
    """
    with Image.open(io.BytesIO(data)) as image:
        grey = image.convert("L")
    size = (round(grey.width * scale), round(grey.height * scale))
    return _save(grey.resize(size, Image.Resampling.BICUBIC), quality)


def _save(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()
