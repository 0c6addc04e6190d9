"""Many images as one array on disk, decoded once and memory-mapped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xraylab.caches import cache_name, stamp, warn_without_cache
from xraylab.errors import UnreadableImageError
from xraylab.files import whole_file
from xraylab.images.decode import DECODER, read_pixels, tell_cause
from xraylab.progress import progress_bar

VERSION = 1  # counts changes of what is kept


@dataclass(frozen=True)
class Cache:
    """Many images as one array.

    `pixels` is a uint8 array, memory-mapped where it could be written, shape
    (n, size_px, size_px); `paths` names its rows.
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
    whole or not at all; where it cannot be written, the images are held in memory.

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
        At the first file that is no image or cannot be read.
    FileNotFoundError
        If a file is not there.
    """
    root, paths = Path(root), tuple(paths)
    try:
        stamps = [(path, *stamp(root / path)) for path in paths]
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{error.filename} is not there. Put it back, or merge again."
        ) from error
    name = cache_name(f"pixels-{size_px}px", VERSION, [DECODER, size_px, *stamps])
    file = Path(folder) / f"{name}.npy"
    shape = (len(paths), size_px, size_px)
    pixels = _open(file, shape)
    if pixels is None:
        try:
            with whole_file(file) as half:
                _decode_into(half, paths, root, size_px, progress)
            pixels = np.load(file, mmap_mode="r")
        except OSError as error:
            warn_without_cache(file, error)
            pixels = _decode(paths, root, size_px, progress)
    return Cache(pixels, paths)


def _open(file: Path, shape: tuple[int, int, int]) -> np.ndarray | None:
    """Open what is there; None where it is missing, damaged or another array."""
    try:
        pixels = np.load(file, mmap_mode="r")
    except (OSError, ValueError, EOFError):  # not there, or cut
        return None
    return pixels if (pixels.shape, pixels.dtype) == (shape, np.uint8) else None


def _decode_into(
    file: Path, paths: tuple[str, ...], root: Path, size_px: int, progress: bool
) -> None:
    shape = (len(paths), size_px, size_px)
    with file.open("wb") as out:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(out, header)
        for pixels in _read(paths, root, size_px, progress):
            out.write(pixels.tobytes())


def _decode(
    paths: tuple[str, ...], root: Path, size_px: int, progress: bool
) -> np.ndarray:
    held = np.empty((len(paths), size_px, size_px), np.uint8)
    for row, pixels in enumerate(_read(paths, root, size_px, progress)):
        held[row] = pixels
    return held


def _read(
    paths: tuple[str, ...], root: Path, size_px: int, progress: bool
) -> Iterator[np.ndarray]:
    title = f"reading at {size_px} px"
    for path in progress_bar(paths, title, unit="file", progress=progress):
        try:
            yield read_pixels(root / path, size_px)
        except OSError as error:  # else it would be taken for one of the cache
            raise UnreadableImageError(str(root / path), tell_cause(error)) from error
