"""The built-in set: written once into the user's cache folder."""

from __future__ import annotations

from pathlib import Path

from xraylab.caches import cache_folder
from xraylab.phantom.plants import GENERATOR, REAL_LIKE, Plants
from xraylab.phantom.truth import TRUTH_FOLDER
from xraylab.phantom.write import write_phantom


def builtin_data(
    plants: Plants = REAL_LIKE, n_children: int = 300, seed: int = 0
) -> Path:
    """Give the folder of the built-in images; write it on first use.

    It lies in the user's cache folder, or in the folder that the environment
    variable XRAYLAB_CACHE names.

    Parameters
    ----------
    plants, n_children, seed
        As for `write_phantom`; each choice has its own folder.

    Returns
    -------
    Path
        Folder with the three sources and the truth.
    """
    name = f"phantom-v{GENERATOR}-{plants.digest()}-{n_children}-{seed}"
    folder = cache_folder() / name
    if _is_written(folder):
        return folder
    try:
        write_phantom(folder, n_children=n_children, seed=seed, plants=plants)
    except OSError:
        if not _is_written(folder):  # else another process was quicker
            raise
    return folder


def _is_written(folder: Path) -> bool:
    return (folder / TRUTH_FOLDER / "plants.json").is_file()
