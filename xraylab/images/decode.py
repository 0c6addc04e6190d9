"""A file to pixels: the one place that opens an image, whatever it may be.

The cache, the audit and the prediction all read through here, so they see the same.
"""

from __future__ import annotations

import io
import logging
import math
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from xraylab.errors import InputError, UnreadableImageError
from xraylab.images import bars, depth

MAX_PIXELS = 40_000_000  # a 30,000 x 30,000 header must not fill the memory
MAX_BYTES = 100_000_000  # a larger file is no image of this kind
# The formats of the sources' endings and no others: some of Pillow's readers
# start programs (EPS), some take text or noise for an image (XBM, TGA).
FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP")
# what Pillow has to say of a file stands in the cause, not on stderr
logging.getLogger("PIL").addHandler(logging.NullHandler())
DECODER = 3  # counts changes of what can be read and how; old caches are not used
_BAND = 1_000_000  # pixels made grey at once: a wide copy of all would fill the memory
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_ITS_SIDE = {_TURNS[orientation] for orientation in (5, 6, 7, 8)}


@dataclass(frozen=True)
class ImageFile:
    """All that one reading of a file tells.

    Attributes
    ----------
    header : dict
        As `read_header` gives it, and one more key, note: what is odd about the
        file's grey levels, such as 12 of 16 bits used; "" for most.
    shown_px : tuple of int
        Width and height as shown, with a camera's turn (EXIF) undone.
    colour : float
        Mean difference between the brightest and the darkest colour channel of a
        pixel, 0 (grey) to 255.
    square : array of uint8, shape (size_px, size_px)
        As `read_pixels` gives it.
    """

    header: dict
    shown_px: tuple[int, int]
    colour: float
    square: np.ndarray


def read_pixels(file: str | Path | bytes, size_px: int) -> np.ndarray:
    """Read one image as a grey square.

    16-bit greys are scaled to 8 bits (65,535 becomes 255), transparency is laid on
    black, colours become luminance, a camera's rotation (EXIF) is undone, and of
    several frames or pages the first is read. The image is squeezed to the square, as
    the original project does; a JPEG is decoded at the next scale of at least twice
    the size, which is quicker and hardly differs.

    Parameters
    ----------
    file : path or bytes
        An image file, or its content.
    size_px : int
        Side of the square, at least 1.

    Returns
    -------
    array of uint8, shape (size_px, size_px)
        Grey levels, 0 black to 255 white.

    Raises
    ------
    UnreadableImageError
        If the file is empty, truncated, no image or no regular file, its EXIF is
        broken, or it is larger than 40 million pixels or 100 million bytes.
    FileNotFoundError
        If there is no such file.
    """
    if size_px < 1:
        raise InputError(f"size_px must be at least 1, got {size_px}.")
    with opened_image(file) as image:
        return np.asarray(_grey_square(image, size_px))


def read_header(file: str | Path | bytes) -> dict:
    """Read what a file tells before its pixels are decoded.

    Parameters
    ----------
    file : path or bytes
        An image file, or its content.

    Returns
    -------
    dict
        width and height in pixels; mode (Pillow's, such as "L"); format, such as
        "JPEG"; table_sum: the sum of the JPEG's table of brightness steps, where
        higher is coarser (None for other formats); progressive (0 or 1); dpi,
        dots an inch (0 when not said).

    Raises
    ------
    UnreadableImageError
        If the file has no image's header.
    FileNotFoundError
        If there is no such file.
    """
    with opened_image(file) as image:
        return _header(image)


def look_at(
    file: str | Path | bytes, size_px: int
) -> tuple[dict, np.ndarray, np.ndarray | None]:
    """Read header and pixels at once, for a thumbnail.

    Returns
    -------
    header : dict
        As in `ImageFile`.
    square : array of uint8, shape (size_px, size_px)
    inner : array of uint8, shape (size_px, size_px), or None
        The same without the bars along its sides; None where there are none.
    """
    with opened_image(file) as image:
        header, grey = _read_grey(image, size_px)
        box = bars.find_inner(np.asarray(grey))
        inner = np.asarray(_squeeze(grey, size_px, box)) if box else None
        return header, np.asarray(_squeeze(grey, size_px)), inner


def read_image(file: str | Path | bytes, size_px: int) -> ImageFile:
    """Read a file once, and tell header, size as shown, colour and pixels.

    Raises what `read_pixels` raises.
    """
    is_bytes = isinstance(file, bytes)
    data, name = (file, "these bytes") if is_bytes else (read_bytes(file), file)
    with opened_image(data, name) as image:
        width, height = image.size
        header, grey = _read_grey(image, size_px)
        square = np.asarray(_squeeze(grey, size_px))
        if _turn(image) in _ON_ITS_SIDE:
            width, height = height, width
    with opened_image(data, name) as image:  # a JPEG read as grey has lost its colours
        return ImageFile(header, (width, height), _colour(image), square)


def read_bytes(file: str | Path) -> bytes:
    """Read the whole of an image file.

    Raises
    ------
    UnreadableImageError
        If it is no regular file, empty, or larger than 100 million bytes.
    OSError
        If there is no such file, or it cannot be read.
    """
    refuse_odd_file(file)
    with Path(file).open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)  # it may have grown since it was listed
    _refuse_size(str(file), len(data))
    return data


def _read_grey(image: Image.Image, size_px: int) -> tuple[dict, Image.Image]:
    header, is_deep = _header(image), depth.is_deep(image)
    grey = _grey(image, size_px)
    note = depth.note_depth(image) if is_deep else ""
    return {**header, "note": note}, grey


def _header(image: Image.Image) -> dict:
    tables = getattr(image, "quantization", None) or {}
    return {
        "width": image.width,
        "height": image.height,
        "mode": image.mode,
        "format": image.format or "",
        "table_sum": float(sum(tables[0])) if 0 in tables else None,
        "progressive": int(bool(image.info.get("progressive"))),
        "dpi": _dpi(image.info.get("dpi")),
    }


def _dpi(found: object) -> float:
    """Dots an inch; 0 for what is no number, as in broken files."""
    try:
        dpi = float(found[0])
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return 0.0
    return dpi if math.isfinite(dpi) and dpi > 0 else 0.0


def _grey_square(image: Image.Image, size_px: int) -> Image.Image:
    return _squeeze(_grey(image, size_px), size_px)


def _squeeze(
    grey: Image.Image, size_px: int, box: tuple[int, int, int, int] | None = None
) -> Image.Image:
    return grey.resize((size_px, size_px), Image.Resampling.BILINEAR, box)


def _grey(image: Image.Image, size_px: int) -> Image.Image:
    """Decode to grey, as it is to be shown; a JPEG no larger than `size_px` needs."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise Image.DecompressionBombError
    image.draft("L", (2 * size_px, 2 * size_px))
    image.load()
    turn = _turn(image)
    image = _grey_bands(image)
    return image if turn is None else image.transpose(turn)


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        return _TURNS.get(image.getexif().get(_ORIENTATION))
    except Exception as error:  # Pillow's reader raises half a dozen kinds
        text = "its EXIF, which says how it lies, is broken; save it without"
        raise InputError(text) from error


def _grey_bands(image: Image.Image) -> Image.Image:
    """Make an image grey band by band, so that only a band is held at full depth."""
    if image.mode == "L" and "transparency" not in image.info:
        return image
    width, height = image.size
    step = max(1, _BAND // max(1, width))
    grey = Image.new("L", image.size)
    for top in range(0, height, step):
        band = image.crop((0, top, width, min(top + step, height)))
        grey.paste(_to_grey(band), (0, top))
    return ImageOps.invert(grey) if depth.is_white_zero(image) else grey


def _to_grey(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit files open as I;16 or as I
        return Image.fromarray(depth.scale(np.asarray(image)))
    if image.mode == "F":
        text = "floating-point pixels have no agreed black and white; save it as 8 bits"
        raise InputError(text)
    return _on_black(image).convert("L")


def _on_black(image: Image.Image) -> Image.Image:
    """Lay what is transparent on black."""
    if "A" not in image.mode and "transparency" not in image.info:
        return image
    image = image.convert("RGBA")
    black = Image.new("RGBA", image.size, (0, 0, 0, 255))
    return Image.alpha_composite(black, image)


def _colour(image: Image.Image) -> float:
    """Mean difference between a pixel's colour channels, in grey levels."""
    if Image.getmodebase(image.mode) == "L":
        return 0.0
    image.draft("RGB", (128, 128))
    # few pixels first: a wide copy of all would fill the memory
    few = _on_black(image.resize((256, 256), Image.Resampling.NEAREST)).convert("RGB")
    channels = np.asarray(few.resize((64, 64)), np.int16)
    return float(np.ptp(channels, axis=2).mean())


@contextmanager
def opened_image(
    file: str | Path | bytes, name: str | Path = "these bytes"
) -> Iterator[Image.Image]:
    """Open an image; whatever goes wrong with it is named, of bytes by `name`."""
    name = str(name if isinstance(file, bytes) else file)
    try:
        if isinstance(file, bytes):
            _refuse_size(name, len(file))
        else:
            refuse_odd_file(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata; sizes are checked here
            opened = io.BytesIO(file) if isinstance(file, bytes) else file
            with Image.open(opened, formats=FORMATS) as image:
                yield image
    except (FileNotFoundError, UnreadableImageError):
        raise
    except Exception as error:  # Pillow's decoders raise a dozen kinds
        raise UnreadableImageError(name, _cause(error)) from error


def refuse_odd_file(file: str | Path) -> None:
    """Raise unless `file` is a regular file of a size that an image may have.

    Opening a pipe would wait for ever, and a device such as /dev/zero never ends.

    Raises
    ------
    UnreadableImageError
        If it is a folder, a pipe, a device, a socket, empty, or larger than 100
        million bytes.
    FileNotFoundError
        If there is no such file.
    """
    facts = Path(file).stat()
    if stat.S_ISDIR(facts.st_mode):
        raise UnreadableImageError(str(file), "it is a folder; give a file in it")
    if not stat.S_ISREG(facts.st_mode):
        text = "it is a pipe or a device, no file; give a file"
        raise UnreadableImageError(str(file), text)
    _refuse_size(str(file), facts.st_size)


def _refuse_size(name: str, n_bytes: int) -> None:
    if n_bytes == 0:
        raise UnreadableImageError(name, "it is empty; fetch it again or leave it out")
    if n_bytes > MAX_BYTES:
        text = f"it has more than {MAX_BYTES:,} bytes; make it smaller"
        raise UnreadableImageError(name, text)


def _cause(error: Exception) -> str:
    """Say why a file could not be decoded, and what helps."""
    if isinstance(error, Image.UnidentifiedImageError):
        known = ", ".join(FORMATS)
        text = f"it is no image format that is read here ({known})"
        return f"{text}; save it as one of these"
    if isinstance(error, Image.DecompressionBombError):
        return f"it has more than {MAX_PIXELS:,} pixels; make it smaller"
    return str(error) if isinstance(error, InputError) else tell_cause(error)


def tell_cause(error: Exception) -> str:
    """Say in one short line why a file could not be read, and what helps.

    Examples
    --------
    >>> tell_cause(PermissionError(13, "Permission denied"))
    'Permission denied; make it readable or leave it out'
    """
    said = getattr(error, "strerror", None)
    helps = "make it readable" if said else "fetch it again"
    if isinstance(error, FileNotFoundError):
        helps = "put it back"
    said = (said or str(error)).encode("ascii", "backslashreplace").decode()
    line = " ".join(said.split())[:60] or type(error).__name__
    return f"{line}; {helps} or leave it out"
