"""Files to pixels: one decode for the cache, the audit and the prediction."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from xraylab import _files, _progress
from xraylab._opening import MAX_PIXELS, opened_image
from xraylab._opening import UnreadableImageError as UnreadableImageError

DECODER = 2  # counts changes of what can be read and how; old caches are not used
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


def read_pixels(file: str | Path | bytes, size_px: int) -> np.ndarray:
    """Read one image as a grey square.

    16-bit greys are scaled to 8 bits, transparency is laid on black, colours
    become luminance, a camera's turn (EXIF) is undone, and of several frames or
    pages the first is read. The image is squeezed to the square, as the original
    project does; a JPEG is decoded at the next scale of at least twice the size,
    which is quicker and hardly differs.

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
        broken, or it is larger than 40 million pixels.
    FileNotFoundError
        If there is no such file.
    """
    if size_px < 1:
        raise ValueError(f"size_px must be at least 1, got {size_px}.")
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


def read_both(file: str | Path | bytes, size_px: int) -> tuple[dict, np.ndarray]:
    """Read header and pixels at once: see `read_header` and `read_pixels`."""
    with opened_image(file) as image:
        return _header(image), np.asarray(_grey_square(image, size_px))


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
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise Image.DecompressionBombError
    image.draft("L", (2 * size_px, 2 * size_px))
    image.load()
    turn = _turn(image)
    image = _grey_bands(image)
    image = image if turn is None else image.transpose(turn)
    return image.resize((size_px, size_px), Image.Resampling.BILINEAR)


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        return _TURNS.get(image.getexif().get(_ORIENTATION))
    except Exception as error:  # Pillow's reader raises half a dozen kinds
        raise ValueError("its EXIF, which says how it lies, is broken") from error


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
    return grey


def _to_grey(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit files open as I;16 or as I
        levels = np.asarray(image).astype(np.float64) / 257
        return Image.fromarray(levels.round().clip(0, 255).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("floating-point pixels have no agreed black and white")
    if "A" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, image)
    return image.convert("L")


@dataclass(frozen=True)
class Cache:
    """Many images as one array on disk.

    `pixels` is a memory-mapped uint8 array, shape (n, size_px, size_px);
    `paths` names its rows.
    """

    pixels: np.ndarray
    paths: tuple[str, ...]

    @property
    def size_px(self) -> int:
        """Side of the squares."""
        return self.pixels.shape[1]

    def rows(self, paths: Sequence[str]) -> np.ndarray:
        """Row numbers of `paths`, int array of the same length.

        Raises
        ------
        KeyError
            If a path is not in the cache.
        """
        number = {path: row for row, path in enumerate(self.paths)}
        missing = [path for path in paths if path not in number]
        if missing:
            raise KeyError(
                f"paths must be in the cache, {len(missing)} are not, first "
                f"{', '.join(missing[:3])}. Build the cache for these paths."
            )
        return np.array([number[path] for path in paths], dtype=np.int64)


def build_cache(
    paths: Sequence[str],
    root: str | Path,
    size_px: int,
    folder: str | Path,
    *,
    progress: bool = True,
) -> Cache:
    """Decode images once into one file, or open it when it is there.

    The file's name holds a digest of what went in (paths, sizes, times of
    change, `size_px`), so a changed image makes a new cache. It is written
    whole or not at all.

    Parameters
    ----------
    paths : sequence of str
        Relative to `root`.
    size_px : int
        Side of the squares.
    folder : path
        Where the cache lies; made when missing.

    Raises
    ------
    UnreadableImageError
        At the first file that is no image.
    OSError
        When the disk is full or the folder cannot be written.
    """
    root, paths = Path(root), tuple(paths)
    file = Path(folder) / f"pixels-{size_px}px-{_digest(paths, root, size_px)}.npy"
    if not file.exists():
        with _files.whole_file(file) as half:
            _decode_into(half, paths, root, size_px, progress)
            _files.write_text(file.with_suffix(".json"), json.dumps(paths))
    return Cache(np.load(file, mmap_mode="r"), paths)


def _digest(paths: tuple[str, ...], root: Path, size_px: int) -> str:
    digest = hashlib.blake2b(f"{DECODER} {size_px}".encode(), digest_size=8)
    for path in paths:
        facts = (root / path).stat()
        digest.update(f"\n{path} {facts.st_size} {facts.st_mtime_ns}".encode())
    return digest.hexdigest()


def _decode_into(
    file: Path, paths: tuple[str, ...], root: Path, size_px: int, progress: bool
) -> None:
    shape = (len(paths), size_px, size_px)
    with file.open("wb") as out:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(out, header)
        title = f"reading at {size_px} px"
        for path in _progress.bar(paths, title, unit="file", progress=progress):
            out.write(read_pixels(root / path, size_px).tobytes())
