"""How many of a file's grey levels its pixels use.

X-ray detectors give 10 to 14 bits. Stored in 16-bit files without scaling, the
brightest pixel is far from white, and 16 bits made 8 leave a nearly black image. The
levels mean what the file says they mean, so nothing is rescaled here; it is said.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

_WHITE = 65_535  # of 16 bits
_PHOTOMETRIC = 262  # TIFF's tag: 0 where 0 is white (DICOM's MONOCHROME1)


def is_deep(image: Image.Image) -> bool:
    """Tell whether a file that is open, but not loaded, stores 16 bits a channel."""
    # grey opens as I;16 or as I; of colours Pillow drops the lower byte when it loads
    return image.mode.startswith("I") or any(";16" in str(t[-1]) for t in image.tile)


def note_depth(image: Image.Image) -> str:
    """Say that a 16-bit image uses half of its levels or fewer; "" otherwise.

    Parameters
    ----------
    image : Image
        Of which `is_deep` is true; loaded, and not converted yet.

    Examples
    --------
    >>> note_depth(Image.fromarray(np.array([[0, 4095]], np.uint16)))
    '12 of 16 bits used: no brighter than level 16 of 255'
    """
    most = _brightest(image)
    if most > _WHITE:
        return f"{most.bit_length()} bits used, 16 are read: levels above are white"
    n_bits = max(1, most.bit_length())
    end = round((2**n_bits - 1) / 257)
    if n_bits == 16:
        return ""
    if is_white_zero(image):
        return f"{n_bits} of 16 bits used: no darker than level {255 - end} of 255"
    return f"{n_bits} of 16 bits used: no brighter than level {end} of 255"


def _brightest(image: Image.Image) -> int:
    """Give the highest level of a channel that is no transparency, of 16 bits."""
    if image.mode.startswith("I"):
        return max(0, int(image.getextrema()[1]))
    ends = [image.getchannel(c).getextrema() for c in image.getbands() if c != "A"]
    most = max(int(high) for _, high in ends)
    return 256 * most + 255 if most else 0


def is_white_zero(image: Image.Image) -> bool:
    """Tell whether 0 is white in a 16-bit TIFF; Pillow turns only 8-bit ones over."""
    tags = getattr(image, "tag_v2", {})
    return image.mode.startswith("I") and tags.get(_PHOTOMETRIC) == 0


def scale(levels: np.ndarray) -> np.ndarray:
    """Scale 16-bit levels to 8 bits: 0 stays 0, 65,535 becomes 255."""
    return (levels.astype(np.float64) / 257).round().clip(0, 255).astype(np.uint8)
