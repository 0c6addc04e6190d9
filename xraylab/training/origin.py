"""Where a run's images are now: in the merge it was trained on, or in one given.

Names can be given to other images, so each is known by its content: by what a merge
noted of it, and, where images are read, by what the network sees.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from xraylab import data, images
from xraylab.errors import InputError
from xraylab.training import content
from xraylab.training.runs import Run


class Own(NamedTuple):
    """A run's own images, found again.

    Attributes
    ----------
    rows : DataFrame
        Rows of the run's table, with the columns row (of `pixels`) and now (the path
        below `root`, which may be another than in training).
    pixels : array of uint8, shape (n, size_px, size_px)
        Perhaps of more images than `rows` has.
    root : Path
    """

    rows: pd.DataFrame
    pixels: np.ndarray
    root: Path

    @property
    def files(self) -> list[Path]:
        """The file of each row."""
        return [self.root / path for path in self.rows["now"]]


def find_merge(run: Run, given: str | Path | None = None) -> Path:
    """Give the folder of the merge that has a run's images.

    Raises
    ------
    InputError
        Where none is given, and the one it was trained on is gone.
    """
    home = given or run.merge_folder
    if home is None:
        raise InputError(
            f"must be given: {run.missing_merge}. "
            "Merge the same sources with `xraylab merge`, and give that folder.",
            argument="merge",
        )
    return Path(home)


def find_lost(rows: pd.DataFrame, merged: data.Merge, *, by: list[str]) -> pd.Series:
    """List the paths of those of a run's rows that a merge's table lacks.

    Parameters
    ----------
    by : list of str
        ["image_id"], whatever the image is called there; or ["path", "image_id"].
    """
    there = pd.MultiIndex.from_frame(merged.manifest[by])
    return rows.loc[~pd.MultiIndex.from_frame(rows[by]).isin(there), "path"]


def find_rows(
    run: Run,
    rows: pd.DataFrame,
    merge: str | Path | None = None,
    *,
    progress: bool = True,
) -> Own:
    """Find rows of a run in a merge by what the network sees of them.

    Parameters
    ----------
    rows : DataFrame
        Of `run.table`.
    merge : path, optional
        As for `find_merge`.
    progress : bool
        Show a progress bar on stderr where images are read.

    Raises
    ------
    InputError
        If there is no merge, or an image of the rows is not in it or has other pixels.
    FileNotFoundError
        If the images of the merge have moved away.
    """
    home = find_merge(run, merge)
    merged = data.Merge.load(home)
    paths = run.table["path"]  # as in training: its cache is there already
    if len(find_lost(run.table, merged, by=["path", "image_id"])):
        paths = merged.manifest["path"]  # an image_id may be another after renaming
    cache = read_images(paths, merged.root, run.recipe.size_px, home, progress)
    digests = content.digest_rows(cache.pixels, range(len(cache.paths)))
    seen = pd.Series(digests, index=cache.paths)
    first = pd.Series(seen.index, index=seen.to_numpy()).groupby(level=0).first()
    is_there = rows["path"].map(seen) == rows["pixels"]
    now = rows["path"].where(is_there, rows["pixels"].map(first))
    lost = rows.loc[now.isna(), "path"]
    if len(lost):
        raise InputError(
            f"must hold the images of {run.folder}, but {len(lost)} of {len(rows)} "
            f"are not in {home}, or have other pixels, first {lost.iloc[0]}. Give a "
            "merge of the sources it was trained on.",
            argument="merge",
        )
    return Own(rows.assign(row=cache.rows(now), now=now), cache.pixels, merged.root)


def read_images(
    paths: pd.Series, root: Path, size_px: int, home: str | Path, progress: bool
) -> images.Cache:
    """Open the merge's cache of these images, or build it."""
    folder = Path(home) / "cache"
    return images.build_cache(paths, root, size_px, folder, progress=progress)
