"""Where guesses are kept: on one's own computer, on Kaggle, on Colab.

Lesson 08 opens what the others sealed, so the file must outlive a session. On Kaggle
each notebook has a folder of its own; what an earlier one sealed comes as its attached
output.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import platformdirs

KAGGLE = Path("/kaggle")
DRIVE = Path("/content/drive/MyDrive")
_ON_COLAB = "COLAB_RELEASE_TAG"  # an environment variable of Colab's machines
GUESSES, TRUTHS = "guesses.jsonl", "guesses.truths.json"


def find_folder() -> Path:
    """Give the folder for guesses, the first of these that is there.

    Kaggle's working folder, a mounted Drive, Colab's disk, or the user's own folder.
    """
    if _is_kaggle():
        return KAGGLE / "working/xraylab"
    if DRIVE.is_dir():
        return DRIVE / "xraylab"
    if _ON_COLAB in os.environ:
        return DRIVE.parents[1] / "xraylab"
    return platformdirs.user_data_path("xraylab")


def open_folder() -> str:
    """Bring along what earlier notebooks sealed, and say what will be kept.

    Returns
    -------
    str
        A sentence or two; "" where files simply stay, and where XRAYLAB_GUESSES says
        where they go.
    """
    if os.environ.get("XRAYLAB_GUESSES"):
        return ""
    folder = find_folder()
    if _is_kaggle():
        brought = _bring(folder)
        return (
            f"Guesses go to {folder}{brought}. They end with this session unless you "
            "choose Session options, Persistence, Files only, or save a version; the "
            "next lesson finds them when you attach that version (Add Input). Or take "
            "the code that lesson.carry_guesses() prints."
        )
    if DRIVE.is_dir():
        return f"Guesses are kept in your Drive: {folder}."
    if _ON_COLAB in os.environ:
        return (
            "Nothing will be kept: guesses end with this session. To keep them, mount "
            "your Drive first (the folder on the left, then Mount Drive) and run "
            "this cell again, or take the code that lesson.carry_guesses() prints."
        )
    return ""


def _is_kaggle() -> bool:
    return (KAGGLE / "working").is_dir()


def _bring(folder: Path) -> str:
    """Copy the longest attached file of guesses, where none is here yet."""
    found = sorted(
        (KAGGLE / "input").rglob(f"xraylab/{GUESSES}"),
        key=lambda file: file.stat().st_size,
    )
    if not found or (folder / GUESSES).exists():
        return ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (GUESSES, TRUTHS):
            if (file := found[-1].with_name(name)).is_file():
                shutil.copyfile(file, folder / name)  # without its mode: read-only
    except OSError as error:  # no reason to stop a lesson
        return f" ({found[-1]} could not be brought along: {error.strerror})"
    return f", with those of {found[-1]}"
