"""The lessons: one percent script each, built into notebooks, run and copied.

Only the scripts in `notebooks/source` are edited; the notebooks are made from
them, with stable cell ids and stored outputs.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import jupytext
import nbformat
import pandas as pd
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
REPOSITORY = "xraylab/xraylab"
CELL_SECONDS = 600
# Lessons print the same on every machine: no bars, fresh guesses, two threads.
QUIET = {"XRAYLAB_PROGRESS": "0", "OMP_NUM_THREADS": "2"}


def list_lessons() -> pd.DataFrame:
    """List the lessons: number, name and the question each one asks.

    Raises
    ------
    FileNotFoundError
        If the package is not in its repository, where the lessons live.
    """
    rows = []
    for source in _sources():
        text = source.read_text("utf-8")
        question = re.search(r"\*\*Question: (.+?)\*\*", text)
        asked = question[1].replace("\n# ", " ") if question else ""
        rows.append((source.stem[:2], source.stem, asked))
    return pd.DataFrame(rows, columns=["number", "lesson", "question"])


def read_source(source: Path) -> NotebookNode:
    """Make a notebook without outputs from a percent script.

    Cell ids are made of the lesson's number and the cell's place, so building
    twice gives the same file.
    """
    notebook = jupytext.read(source, fmt="py:percent")
    name = source.stem
    for place, cell in enumerate(notebook.cells):
        cell.id = f"lesson-{name[:2]}-{place:02d}"
        cell.metadata = {k: v for k, v in cell.metadata.items() if k == "tags"}
    notebook.cells[0].source = f"{_badges(name)}\n\n{notebook.cells[0].source}"
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )
    return notebook


def run_notebook(notebook: NotebookNode, *, cache: str | None = None) -> NotebookNode:
    """Run a notebook top to bottom in a fresh kernel and return it with outputs.

    Parameters
    ----------
    notebook : NotebookNode
        Left alone.
    cache : str, optional
        Folder for merges and runs, instead of the user's.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    notebook = nbformat.from_dict(notebook)
    with tempfile.TemporaryDirectory() as home:
        env = os.environ | QUIET | {"XRAYLAB_GUESSES": f"{home}/guesses.jsonl"}
        env |= {"XRAYLAB_CACHE": cache} if cache else {}
        client = NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3")
        client.execute(env=env, cwd=home)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = {"name": "python"}
    return notebook


def build_lessons(numbers: Sequence[str] = ()) -> list[Path]:
    """Build notebooks with outputs from their sources, on the built-in pictures."""
    os.environ["XRAYLAB_DATA"] = "built-in"
    built = []
    for source in _sources(numbers):
        out = NOTEBOOKS / f"{source.stem}.ipynb"
        nbformat.write(run_notebook(read_source(source)), out)
        built.append(out)
    return built


def run_lessons(numbers: Sequence[str] = ()) -> pd.DataFrame:
    """Run lessons, outputs discarded, and time them.

    Parameters
    ----------
    numbers : sequence of str
        Such as "00"; all lessons when empty.

    Returns
    -------
    DataFrame
        Columns lesson, passed, minutes (wall), cpu_seconds and error (its last
        line, "" when the lesson passed).
    """
    rows = []
    with tempfile.TemporaryDirectory() as cache:  # nothing is reused from before
        for source in _sources(numbers):
            started, cpu, error = time.perf_counter(), _child_seconds(), ""
            try:
                run_notebook(read_source(source), cache=cache)
            except CellExecutionError as failed:
                error = str(failed).strip().splitlines()[-1]
            minutes = (time.perf_counter() - started) / 60
            seconds = _child_seconds() - cpu
            rows.append((source.stem, not error, minutes, seconds, error))
    columns = ["lesson", "passed", "minutes", "cpu_seconds", "error"]
    return pd.DataFrame(rows, columns=columns).round({"minutes": 2, "cpu_seconds": 1})


def copy_lessons(folder: str | Path) -> list[Path]:
    """Copy the built notebooks to a folder, to work in without changing ours.

    Raises
    ------
    FileExistsError
        If one of them is there already; nothing is overwritten.
    """
    folder = Path(folder)
    targets = {source: folder / source.name for source in NOTEBOOKS.glob("*.ipynb")}
    there = [target.name for target in targets.values() if target.exists()]
    if there:
        raise FileExistsError(
            f"{folder} already holds {', '.join(sorted(there)[:3])}. Choose another "
            "folder; your work is not overwritten."
        )
    folder.mkdir(parents=True, exist_ok=True)
    return sorted(Path(shutil.copy(source, to)) for source, to in targets.items())


def _sources(numbers: Sequence[str] = ()) -> list[Path]:
    found = sorted((NOTEBOOKS / "source").glob("[0-9][0-9]_*.py"))
    if not found:
        raise FileNotFoundError(
            f"lessons live in the repository, found none in {NOTEBOOKS}. Clone "
            f"https://github.com/{REPOSITORY} and install it with pip install -e ."
        )
    unknown = set(numbers) - {source.stem[:2] for source in found}
    if unknown:
        known = ", ".join(source.stem[:2] for source in found)
        raise ValueError(
            f"lesson must be one of {known}, got {', '.join(sorted(unknown))}."
        )
    return [s for s in found if not numbers or s.stem[:2] in numbers]


def _badges(name: str) -> str:
    file = f"github.com/{REPOSITORY}/blob/main/notebooks/{name}.ipynb"
    colab = f"https://colab.research.google.com/github/{file.split('/', 1)[1]}"
    kaggle = f"https://kaggle.com/kernels/welcome?src=https://{file}"
    return (
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        f"({colab})\n[![Open in Kaggle]"
        f"(https://kaggle.com/static/images/open-in-kaggle.svg)]({kaggle})"
    )


def _child_seconds() -> float:
    """CPU seconds of all ended child processes, kernels among them."""
    times = os.times()
    return times.children_user + times.children_system
