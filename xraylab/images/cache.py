"""Many images as one array on disk, decoded once and memory-mapped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xraylab.files import whole_file, write_text
from xraylab.images.decode import DECODER, read_pixels
from xraylab.progress import progress_bar


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
        with whole_file(file) as half:
            _decode_into(half, paths, root, size_px, progress)
            write_text(file.with_suffix(".json"), json.dumps(paths))
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
        for path in progress_bar(paths, title, unit="file", progress=progress):
            out.write(read_pixels(root / path, size_px).tobytes())
