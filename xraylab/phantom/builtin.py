"""The built-in set: written once into the user's cache folder."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path

from platformdirs import user_cache_dir

from xraylab.phantom.plants import GENERATOR, REAL_LIKE, Plants
from xraylab.phantom.truth import TRUTH_FOLDER
from xraylab.phantom.write import write_phantom


def builtin_data(
    plants: Plants = REAL_LIKE, n_children: int = 300, seed: int = 0
) -> Path:
    """Give the folder of the built-in pictures; write it on first use.

    It lies in the user's cache folder, or in the folder that the environment
    variable XRAYLAB_CACHE names. When that cannot be written, a temporary
    folder is used, with a warning.

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
        return _write_once(folder, plants, n_children, seed)
    except OSError as error:
        other = Path(tempfile.gettempdir()) / f"xraylab-{_user()}" / name
        warnings.warn(
            f"{folder} could not be written ({error.strerror or error}); the built-in "
            f"pictures go to {other}. Set XRAYLAB_CACHE to a folder you may write.",
            stacklevel=2,
        )
    if _is_written(other):
        return other
    return _write_once(other, plants, n_children, seed)


def cache_folder() -> Path:
    """Give the folder for what xraylab keeps between runs; it may not exist yet."""
    return Path(os.environ.get("XRAYLAB_CACHE") or user_cache_dir("xraylab"))


def _write_once(folder: Path, plants: Plants, n_children: int, seed: int) -> Path:
    try:
        write_phantom(folder, n_children=n_children, seed=seed, plants=plants)
    except OSError:
        if not _is_written(folder):  # else another process was quicker
            raise
    return folder


def _is_written(folder: Path) -> bool:
    return (folder / TRUTH_FOLDER / "plants.json").is_file()


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
