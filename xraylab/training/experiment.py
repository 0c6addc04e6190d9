"""From a merge to a trained run, and from a run to its predictions.

This is the one place that reads a test set, and it counts every look.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from xraylab import data, images
from xraylab.errors import InputError
from xraylab.training import loop, runs, test_log


def train(
    merge_folder: str | Path,
    protocol: str,
    recipe: loop.Recipe,
    out: str | Path,
    *,
    progress: bool = True,
) -> runs.Run:
    """Split a merge, read its images once, and train on them.

    An unfinished run in `out` goes on where it stopped; a finished one of the
    same recipe is only loaded.

    Parameters
    ----------
    merge_folder : path
        As written by `xraylab.data.Merge.save`.
    protocol : str
        A key of `xraylab.data.PROTOCOLS`; split with the recipe's seed.
    recipe : Recipe
        Network, sizes, schedule and seed.
    out : path
        Folder of the run.
    progress : bool
        Show progress bars on stderr.

    Raises
    ------
    FileNotFoundError
        If there is no merge in `merge_folder`.
    ValueError
        If the protocol does not fit the data, or `out` holds another run.
    """
    merged = data.Merge.load(merge_folder)
    table = data.split(merged.manifest, protocol, seed=recipe.seed)
    cache = _read(table, merged.root, recipe.size_px, merge_folder, progress)
    return runs.train_run(
        out,
        recipe,
        cache.pixels,
        table.assign(row=cache.rows(table["path"])),
        protocol=protocol,
        about={"merge": str(Path(merge_folder).resolve())},
        progress=progress,
    )


def score(
    run_folder: str | Path, *, on: str = "valid", progress: bool = True
) -> tuple[pd.DataFrame, int]:
    """Let a run answer for its validation or test rows, and keep the answers.

    Parameters
    ----------
    run_folder : path
        As written by `train`.
    on : str
        "valid", to choose with; or "test", which is counted as a look before
        a single image is read.

    Returns
    -------
    predictions : DataFrame
        Columns path, image_id, group_id, label and score (probability of
        pneumonia, 0 to 1); also written to `predictions-{on}.csv` in the run.
    n_looks : int
        Looks at this protocol's test so far, this one included; 0 on "valid".

    Raises
    ------
    ValueError
        If `on` is neither.
    xraylab.NotARunError
        If the folder holds no run.
    """
    if on not in {"valid", "test"}:
        raise InputError(f'on must be "valid" or "test", got {on!r}.')
    run = runs.load_run(run_folder)
    home = Path(run.about["merge"])
    root = data.Merge.load(home).root
    n_looks = 0
    if on == "test":
        name, seed = Path(run_folder).name, run.recipe.seed
        n_looks = test_log.count_look(home, run=name, protocol=run.protocol, seed=seed)
    cache = _read(run.table, root, run.recipe.size_px, home, progress)
    table = run.table[run.table["split"] == on]
    rows = table.assign(row=cache.rows(table["path"]))
    predictions = runs.score_rows(run, cache.pixels, rows)
    runs.write_predictions(run_folder, on, predictions)
    return predictions, n_looks


def _read(
    table: pd.DataFrame, root: Path, size_px: int, home: str | Path, progress: bool
) -> images.Cache:
    """Open the merge's cache of these images, or build it."""
    folder = Path(home) / "cache"
    return images.build_cache(table["path"], root, size_px, folder, progress=progress)
