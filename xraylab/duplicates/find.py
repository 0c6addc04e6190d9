"""The same image in several files: found on pixels, never on names.

Each file is decoded once to a small grey square. Two files show the same image
when their squares correlate almost perfectly and agree in detail; what is left is
registered, so that copies that were cropped, rotated or mirrored are found too. Images
with bars along their sides are searched once more without them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from xraylab import cores, images
from xraylab.caches import cache_folder, cache_name, warn_without_cache
from xraylab.duplicates import correlation, registration
from xraylab.files import write_text
from xraylab.plain_json import read_json

# Measured on re-encodings of all real images and on altered copies of 500
# (benchmarks/merge.py): worst true pair 0.9994, best pair of strangers 0.975.
SAME = 0.98
CERTAIN = 0.995  # between the two, fine detail decides
SAME_DETAIL = 0.9  # of fine detail: worst true pair 0.983, best of strangers 0.80
# What people are told; measured by benchmarks/merge.py, see benchmarks/README.md.
LIMITS = (
    "Found are copies that were re-encoded, resized, brightened, mirrored, padded with "
    "bars of one grey level, cropped by up to 5 % a side or rotated by up to 3 "
    "degrees. Not surely found are those cropped or rotated further; not found those "
    "rotated by a quarter, upside down or inverted."
)
_NEAR = 0.97  # pairs from here on are looked at, to show the margin
_MARGIN = "least_alike_same", "most_alike_different"
_FORM = {"number": [int], "margin": dict.fromkeys(_MARGIN, float | None)}
_VERSION = 1  # counts changes of what is taken for the same
_BLOCK = 128  # pairs at once, so that memory stays small


@dataclass(frozen=True)
class Images:
    """Which files show the same image.

    Attributes
    ----------
    table : DataFrame
        One row a readable file, sorted by path: path, image_id, match and
        kept (one True an image). `match` says how a file is a copy of the kept
        one: "only" (there is no other), "kept", "same file" (equal bytes), "same
        pixels" (equal grey levels at 48 px), "re-encoded", "padded" (one of the two
        has bars along its sides), "mirrored", or "cropped or rotated".
    problems : DataFrame
        Columns path and cause: files that could not be read.
    margin : dict
        How far same and different are apart: the correlation of the least alike
        pair taken as the same without registration, `least_alike_same`, and of
        the most alike pair taken as different, `most_alike_different`; None
        without such a pair.
    thumbnails : Thumbnails
        As from `xraylab.images.read_thumbnails`, for the next step.
    """

    table: pd.DataFrame
    problems: pd.DataFrame
    margin: dict[str, float | None]
    thumbnails: Any


def find_images(
    manifest: pd.DataFrame,
    root: str | Path,
    *,
    workers: int = 1,
    progress: bool = True,
) -> Images:
    """Give the same `image_id` to all files that show the same image.

    A flat image is like no other: only files of the same bytes are its copies.
    Memory grows with the number of pairs alike: thousands of nearly equal images,
    such as the frames of a film, take gigabytes.

    Parameters
    ----------
    manifest : DataFrame
        Columns path and source; earlier sources are kept before later ones in
        the order in which `source` first stands in `manifest`.
    root : path
        The paths are relative to it.
    workers : int
        Processes that read files; 1 reads in this one, as notebooks should.
    progress : bool
        Show progress bars on stderr.
    """
    seen = images.read_thumbnails(
        manifest["path"].tolist(), root, workers=workers, progress=progress
    )
    number, margin = _remembered_group(seen, progress)
    source = manifest.set_index("path")["source"]
    order = {name: i for i, name in enumerate(manifest["source"].unique())}
    table = seen.files[["path", "digest", "square"]].assign(
        rank=seen.files["path"].map(source).map(order),
        number=number[seen.files["square"]],
    )
    table = table.sort_values(["rank", "path"], ignore_index=True)
    return Images(_name_matches(table, seen), seen.problems, margin, seen)


def find_same(squares: np.ndarray, *, at_least: float = SAME) -> pd.DataFrame:
    """Find the pairs of squares that show the same image in the same place.

    Parameters
    ----------
    squares : array of uint8, shape (n, 48, 48)
    at_least : float
        Smallest correlation shown; below `SAME` none is the same.

    Returns
    -------
    DataFrame
        Columns a, b (row numbers, a < b), correlation, and same (bool).
    """
    pairs = correlation.find_pairs(squares, at_least=at_least)
    same = (pairs["correlation"] >= CERTAIN).to_numpy(copy=True)
    likely = np.flatnonzero((pairs["correlation"] >= SAME) & ~same)
    for block in cores.cut(len(likely), _BLOCK):
        rows = likely[block]
        a, b = (correlation.detail(squares[pairs[end].iloc[rows]]) for end in "ab")
        agree = (correlation.normalise(a) * correlation.normalise(b)).sum(1)
        same[rows] = agree >= SAME_DETAIL
    return pairs.assign(same=same)


def _remembered_group(
    seen: Any, progress: bool
) -> tuple[np.ndarray, dict[str, float | None]]:
    """Group thumbnails; what was found before is read from the cache."""
    facts = [seen.squares, seen.barred, seen.inner]
    name = cache_name("groups", _VERSION, facts)
    try:
        store = cache_folder() / f"{name}.json"
        kept = read_json(store.read_bytes(), _FORM)
        if len(kept["number"]) == len(seen.squares):
            return np.array(kept["number"], dtype=int), kept["margin"]
    except (OSError, ValueError):
        pass  # not there, or damaged: it is a cache, so it is made anew
    number, margin = _group(*facts, progress)
    facts = {"number": number.tolist(), "margin": margin}
    try:
        write_text(cache_folder() / f"{name}.json", json.dumps(facts))
    except OSError as error:
        warn_without_cache(name, error)
    return number, margin


def _group(
    squares: np.ndarray, barred: np.ndarray, inner: np.ndarray, progress: bool
) -> tuple[np.ndarray, dict[str, float | None]]:
    """Give each square the number of its image, shape (n,); and the margin."""
    pairs = find_same(squares, at_least=_NEAR)
    same = pairs[pairs["same"]]
    leaders = np.unique(_connect(len(squares), same), return_index=True)[1]
    moved = registration.find_moved(squares, leaders, progress=progress)
    known = pd.concat([same, moved])[["a", "b"]]
    if len(barred):
        number = _connect(len(squares), known)
        known = pd.concat(
            [known, _find_barred(squares, barred, inner, number, progress)]
        )
    number = _connect(len(squares), known)
    apart = number[pairs["a"]] != number[pairs["b"]]
    ends = same["correlation"].min(), pairs[apart]["correlation"].max()
    return number, dict(zip(_MARGIN, map(_rounded, ends), strict=True))


def _find_barred(
    squares: np.ndarray,
    barred: np.ndarray,
    inner: np.ndarray,
    number: np.ndarray,
    progress: bool,
) -> pd.DataFrame:
    """Search once more, for images with bars along their sides, without these.

    Parameters
    ----------
    number : array of int, shape (n,)
        The image of each square, as far as is known; one square of each is searched,
        one with bars where there is one.
    """
    shown = squares.copy()
    shown[barred] = inner
    has_bars = np.zeros(len(squares), bool)
    has_bars[barred] = True
    order = np.argsort(~has_bars, kind="stable")
    rows = np.sort(order[np.unique(number[order], return_index=True)[1]])
    same = find_same(shown[rows])
    same = same.assign(a=rows[same["a"]], b=rows[same["b"]])
    same = same[same["same"] & (has_bars[same["a"]] | has_bars[same["b"]])]
    moved = registration.find_moved(
        shown, rows, asked=has_bars[rows], progress=progress
    )
    return pd.concat([same, moved])[["a", "b"]]


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def _connect(n: int, pairs: pd.DataFrame) -> np.ndarray:
    """Give connected images the same number, shape (n,)."""
    ends = (pairs["a"].to_numpy(int), pairs["b"].to_numpy(int))
    links = coo_array((np.ones(len(pairs)), ends), shape=(n, n))
    return connected_components(links, directed=False)[1]


def _name_matches(table: pd.DataFrame, seen: Any) -> pd.DataFrame:
    """Keep the first file of each image, and say how the others are copies."""
    kept = ~table["number"].duplicated()
    leader = table[kept].set_index("number")
    to = table["number"].map(leader["square"]).to_numpy()
    digest = table["number"].map(leader["digest"])
    match = np.full(len(table), "", dtype=object)
    match[table["digest"] == digest] = "same file"
    match[kept] = "kept"
    match[~table["number"].duplicated(keep=False)] = "only"
    others = np.flatnonzero(match == "")
    match[others] = _kinds(seen, table["square"].to_numpy()[others], to[others])
    named = table[["path"]].assign(
        image_id=digest.astype(str).str[:16], match=match, kept=kept
    )
    return named.sort_values("path", ignore_index=True)


def _kinds(seen: Any, copies: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Say how each copy differs from the kept file; rows of the squares."""
    kinds = np.empty(len(copies), dtype=object)
    for block in cores.cut(len(copies), _BLOCK):
        a, b = seen.squares[copies[block]], seen.squares[kept[block]]
        padded = np.isin(copies[block], seen.barred) != np.isin(
            kept[block], seen.barred
        )
        equal = (a == b).all((1, 2))
        alike = (correlation.normalise(a) * correlation.normalise(b)).sum(1)
        other_way = correlation.normalise(a[:, :, ::-1])
        mirrored = (other_way * correlation.normalise(b)).sum(1)
        kinds[block] = np.select(
            [equal, alike >= SAME, padded, mirrored > alike],
            ["same pixels", "re-encoded", "padded", "mirrored"],
            "cropped or rotated",
        )
    return kinds
