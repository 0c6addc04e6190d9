"""The same picture in several files: found on pixels, never on names.

Each file is decoded once to a small grey square. Two files show the same
picture when their squares correlate almost perfectly; doubtful pairs are looked
at again with more detail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.fft import dctn
from scipy.ndimage import uniform_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from xraylab import _progress, pixels

THUMB_PX = 32
DETAIL_PX = 96
# Measured on re-encodings of all real pictures: worst true pair 0.9991, best
# false pair 0.976; between SAME and CERTAIN the detail decides.
SAME = 0.98
CERTAIN = 0.995
SAME_DETAIL = 0.9  # fine detail only: worst true pair 0.97, best false 0.81
_COARSE = 10  # 10 x 10 low frequencies bound the correlation from above
_BLOCK = 2048


def read_thumbnails(
    paths: Sequence[str], root: str | Path, *, progress: bool = True
) -> tuple[np.ndarray, list[str], list[tuple[str, str]]]:
    """Decode files to thumbnails and digest their bytes.

    Parameters
    ----------
    paths : sequence of str
        Relative to `root`.

    Returns
    -------
    thumbnails : array of float32, shape (n_read, 32, 32)
        Grey levels, 0 to 255.
    digests : list of str
        Hex digest of each read file's bytes, shape (n_read,).
    problems : list of (path, cause)
        Files that are no pictures; they have no thumbnail.
    """
    thumbnails, digests, problems = [], [], []
    for path in _progress.bar(paths, "looking at", unit="file", progress=progress):
        data = (Path(root) / path).read_bytes()
        try:
            square = pixels.read_pixels(data, DETAIL_PX)
        except pixels.UnreadablePictureError as error:
            problems.append((path, error.cause))
            continue
        thumbnails.append(_shrink(square))
        digests.append(hashlib.blake2b(data, digest_size=16).hexdigest())
    shape = (len(thumbnails), THUMB_PX, THUMB_PX)
    return np.array(thumbnails, np.float32).reshape(shape), digests, problems


def correlate(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two pictures' grey levels, -1 to 1.

    Examples
    --------
    >>> correlate(np.array([[0, 1], [2, 3]]), np.array([[10, 12], [14, 16]]))
    1.0
    """
    return round(float(np.dot(_normalise(a[None])[0], _normalise(b[None])[0])), 6)


def find_pairs(thumbnails: np.ndarray, *, at_least: float = SAME) -> pd.DataFrame:
    """Find all pairs of thumbnails that correlate at least so much.

    Exact, not approximate: the low frequencies give an upper bound of each
    correlation (Cauchy and Schwarz on the rest), and only pairs whose bound
    passes are computed in full.

    Parameters
    ----------
    thumbnails : array, shape (n, 32, 32)
    at_least : float
        Smallest correlation kept, in (0, 1].

    Returns
    -------
    DataFrame
        Columns a, b (row numbers, a < b) and correlation.
    """
    full = _normalise(thumbnails)
    coarse = _bounds(full)
    found = []
    for start in range(0, len(full), _BLOCK):
        block = coarse[start : start + _BLOCK]
        bound = block @ coarse[start:].T
        a, b = np.nonzero(np.triu(bound >= at_least - 1e-5, k=1))
        a, b = a + start, b + start
        for part in range(0, len(a), 50_000):  # keeps the memory small
            i, j = a[part : part + 50_000], b[part : part + 50_000]
            r = np.einsum("nd,nd->n", full[i], full[j])
            keep = r >= at_least
            found.append((i[keep], j[keep], r[keep]))
    empty = (np.array([], int), np.array([], int), np.array([], np.float32))
    a, b, r = map(np.concatenate, zip(empty, *found, strict=True))
    return pd.DataFrame({"a": a, "b": b, "correlation": r})


def find_pictures(
    manifest: pd.DataFrame, root: str | Path, *, progress: bool = True
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the same `picture_id` to all files that show the same picture.

    Parameters
    ----------
    manifest : DataFrame
        Columns path and source; earlier sources are kept before later ones in
        the order in which `source` first stands in `manifest`.
    root : path
        The paths are relative to it.

    Returns
    -------
    pictures : DataFrame
        Columns path, picture_id, match ("only", "kept", "same file",
        "re-encoded") and kept (one True a picture).
    problems : DataFrame
        Columns path and cause: files that could not be read.
    """
    paths = manifest["path"].tolist()
    thumbnails, digests, problems = read_thumbnails(paths, root, progress=progress)
    bad = {path for path, _ in problems}
    table = manifest.loc[~manifest["path"].isin(bad), ["path", "source"]]
    table = table.reset_index(drop=True).assign(digest=digests)
    first = table.drop_duplicates("digest").index.to_numpy()
    pairs = find_pairs(thumbnails[first])
    pairs = _confirm(pairs, table["path"].to_numpy()[first], root)
    number = _connect(len(first), pairs)
    by_digest = dict(zip(table["digest"].iloc[first], number, strict=True))
    table = table.assign(number=table["digest"].map(by_digest))
    return _choose_kept(table), pd.DataFrame(problems, columns=["path", "cause"])


def _choose_kept(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the copy of the earliest source, then the first by path."""
    order = {name: i for i, name in enumerate(table["source"].unique())}
    ranked = table.assign(rank=table["source"].map(order))
    ranked = ranked.sort_values(["number", "rank", "path"])
    kept = ~ranked["number"].duplicated()
    leader = ranked[kept].set_index("number")["digest"]
    ranked = ranked.assign(
        kept=kept,
        picture_id=ranked["number"].map(leader).astype(str).str[:16],
        alone=~ranked["number"].duplicated(keep=False),
    )
    same = ranked["digest"] == ranked["number"].map(leader)
    match = np.select(
        [ranked["alone"], ranked["kept"], same],
        ["only", "kept", "same file"],
        "re-encoded",
    )
    columns = ["path", "picture_id", "match", "kept"]
    return ranked.assign(match=match)[columns].sort_values("path", ignore_index=True)


def _confirm(pairs: pd.DataFrame, paths: np.ndarray, root: str | Path) -> pd.DataFrame:
    """Drop the doubtful pairs whose fine detail differs."""
    doubtful = pairs["correlation"] < CERTAIN
    details: dict[int, np.ndarray] = {}
    for row in set(pairs.loc[doubtful, ["a", "b"]].to_numpy().ravel()):
        square = pixels.read_pixels(Path(root) / paths[row], DETAIL_PX).astype(float)
        details[row] = square - uniform_filter(square, 9)
    same = [
        correlate(details[a], details[b]) >= SAME_DETAIL
        for a, b in pairs.loc[doubtful, ["a", "b"]].to_numpy()
    ]
    keep = ~doubtful.to_numpy()
    keep[~keep] = same
    return pairs[keep]


def _connect(n: int, pairs: pd.DataFrame) -> np.ndarray:
    """Give connected pictures the same number, shape (n,)."""
    ends = (pairs["a"].to_numpy(int), pairs["b"].to_numpy(int))
    links = coo_array((np.ones(len(pairs)), ends), shape=(n, n))
    return connected_components(links, directed=False)[1]


def _shrink(square: np.ndarray) -> np.ndarray:
    """Average 96 x 96 down to 32 x 32."""
    step = DETAIL_PX // THUMB_PX
    return square.reshape(THUMB_PX, step, THUMB_PX, step).mean((1, 3), np.float32)


def _normalise(pictures: np.ndarray) -> np.ndarray:
    """Mean 0 and length 1 a picture, shape (n, d); a flat picture becomes 0."""
    flat = pictures.reshape(len(pictures), np.prod(pictures.shape[1:], dtype=int))
    flat = flat.astype(np.float32)
    flat = flat - flat.mean(1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return flat / np.where(length > 0, length, 1)


def _bounds(full: np.ndarray) -> np.ndarray:
    """Vectors whose dot product is never below the true correlation."""
    squares = full.reshape(len(full), THUMB_PX, THUMB_PX)
    low = dctn(squares, axes=(1, 2), norm="ortho")[:, :_COARSE, :_COARSE]
    low = low.reshape(len(full), _COARSE**2)
    rest = np.sqrt(np.clip(1 - (low**2).sum(1, keepdims=True), 0, None))
    return np.hstack([low, rest]).astype(np.float32)
