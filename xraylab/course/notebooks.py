"""The lessons as notebooks: listed, and copied for somebody to work in.

In the repository they lie in `notebooks/`, with outputs; an installed package
carries them in `lessons/` beside this file, without.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd

from xraylab.course.clean import clean
from xraylab.files import write_texts

_IN_REPOSITORY = Path(__file__).resolve().parents[2] / "notebooks"
_INSTALLED = Path(__file__).with_name("lessons")
# the folder of sources tells ours from any other folder of that name
NOTEBOOKS = _IN_REPOSITORY if (_IN_REPOSITORY / "source").is_dir() else _INSTALLED
CLEAN = "clean"  # folder beside the lessons: the same without outputs
SOLVED = "solutions"  # folder beside the lessons, with the same names


def list_lessons() -> pd.DataFrame:
    """List the lessons: number, name and the question each one asks.

    Raises
    ------
    FileNotFoundError
        If this installation holds no lessons.
    """
    rows = []
    for notebook in notebooks():
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        prose = "\n".join("".join(c["source"]) for c in cells if "outputs" not in c)
        question = re.search(r"\*\*Question: (.+?)\*\*", prose, re.S)
        asked = " ".join(question[1].split()) if question else ""
        rows.append((notebook.stem[:2], notebook.stem, asked))
    return pd.DataFrame(rows, columns=["number", "lesson", "question"])


def copy_lessons(folder: str | Path) -> list[Path]:
    """Copy the lessons without outputs to a folder, to work in.

    Their solutions go to a folder `solutions` in it. A lesson that is there already
    stays as it is, with the work in it.

    Returns
    -------
    list of Path
        The new files.

    Raises
    ------
    FileNotFoundError
        If this installation holds no lessons.
    OSError
        If the folder cannot be written or the disk is full; nothing is left.
    """
    files = [*notebooks(), *solutions()]
    targets = {file: Path(folder) / file.relative_to(NOTEBOOKS) for file in files}
    texts = {
        target: clean(notebook.read_text("utf-8"))
        for notebook, target in targets.items()
        if not target.exists()
    }
    write_texts(texts)
    return sorted(texts)


def notebooks() -> list[Path]:
    """List the notebook files of the lessons, in order.

    Raises
    ------
    FileNotFoundError
        If this installation holds no lessons.
    """
    return _list(NOTEBOOKS)


def solutions() -> list[Path]:
    """List the solved notebooks, in the order of the lessons.

    Raises
    ------
    FileNotFoundError
        If this installation holds none.
    """
    return _list(NOTEBOOKS / SOLVED)


def _list(folder: Path) -> list[Path]:
    found = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not found:
        raise FileNotFoundError(
            f"the lessons must lie in {folder}, found none. Install the package again."
        )
    return found
