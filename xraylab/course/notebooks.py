"""The lessons: one percent script each, built into notebooks, run and copied.

Only the scripts in `notebooks/source` are edited; the notebooks are made from
them, with stable cell ids and stored outputs.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pandas as pd

try:
    import jupytext
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError
    from nbformat import NotebookNode
except ImportError as error:
    raise ImportError(
        f"the lessons need {error.name}, found none. Install the notebook packages: "
        'pip install -e ".[lab]"'
    ) from error

from xraylab.errors import InputError
from xraylab.files import whole_file, write_text

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
REPOSITORY = "xraylab/xraylab"
CELL_SECONDS = 600
KEPT = ("tags", "alt")  # of a cell's settings
# The only code that no source holds: on Kaggle and Colab a notebook comes alone.
# Without dependencies, since theirs fit each other and their GPU.
SETUP = f"""\
try:
    import xraylab
except ModuleNotFoundError:  # on Kaggle and Colab; elsewhere it is there
    %pip install --quiet --no-deps git+https://github.com/{REPOSITORY}"""
_COLOUR = re.compile(r"\x1b\[[\d;]*m")  # of a terminal, in a kernel's error
WIDGET = "application/vnd.jupyter.widget-view+json"


def list_lessons() -> pd.DataFrame:
    """List the lessons: number, name and the question each one asks.

    Raises
    ------
    FileNotFoundError
        If the package is not in its repository, where the lessons live.
    """
    rows = []
    for source in sources():
        text = source.read_text("utf-8")
        question = re.search(r"\*\*Question: (.+?)\*\*", text, re.S)
        asked = question[1].replace("\n# ", " ") if question else ""
        rows.append((source.stem[:2], source.stem, asked))
    return pd.DataFrame(rows, columns=["number", "lesson", "question"])


def read_source(source: Path) -> NotebookNode:
    """Make a notebook without outputs from a percent script.

    Badges and the installation on Kaggle and Colab are put in. Cell ids are made
    of the lesson's number and the cell's place, so building twice gives the same
    file. Of a cell's settings `tags` and `alt` stay, the text for its image.
    """
    notebook = jupytext.read(source, fmt="py:percent")
    name = source.stem
    notebook.cells.insert(1, nbformat.v4.new_code_cell(SETUP))
    for place, cell in enumerate(notebook.cells):
        cell.id = f"lesson-{name[:2]}-{place:02d}"
        cell.metadata = {k: v for k, v in cell.metadata.items() if k in KEPT}
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


def fresh_environment(home: str | Path) -> dict[str, str]:
    """Make the settings under which a lesson prints the same everywhere.

    Parameters
    ----------
    home : path
        Folder that keeps the built-in images from one lesson to the next.
        Merges, runs and guesses in it are removed, so that each lesson stands
        alone.

    Returns
    -------
    dict
        Environment variables, for a kernel that is started next.
    """
    home = Path(home)
    shutil.rmtree(home / "lessons", ignore_errors=True)
    for file in home.glob("guesses.*"):
        file.unlink()
    return {
        "XRAYLAB_CACHE": str(home),
        "XRAYLAB_GUESSES": str(home / "guesses.jsonl"),
        "XRAYLAB_PROGRESS": "0",
        "OMP_NUM_THREADS": "2",
    }


def run_notebook(notebook: NotebookNode, home: str | Path) -> NotebookNode:
    """Run a notebook top to bottom in a fresh kernel and return it with outputs.

    Parameters
    ----------
    notebook : NotebookNode
        Left alone.
    home : path
        As for `fresh_environment`; an absolute path.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    nbclient.exceptions.CellTimeoutError
        If a cell takes more than ten minutes.
    """
    notebook = nbformat.from_dict(notebook)
    env = os.environ | fresh_environment(home)
    data = env.get("XRAYLAB_DATA")
    if data and Path(data).is_dir():  # the kernel starts in another folder
        env["XRAYLAB_DATA"] = str(Path(data).resolve())
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            coalesce_streams=True,  # else pieces of a text depend on the clock
        )
        client.execute(env=env, cwd=folder)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _is_kept(output)]
            _describe_images(cell)
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = {"name": "python"}
    return notebook


def build_notebook(source: Path, out: Path, home: str | Path) -> Path:
    """Run one percent script and write it as a notebook, whole or not at all."""
    text = nbformat.writes(run_notebook(read_source(source), home))
    write_text(out, text + "\n")
    return out


def build_lessons(numbers: Sequence[str] = ()) -> list[Path]:
    """Build notebooks with outputs from their sources, on the built-in images."""
    os.environ["XRAYLAB_DATA"] = "built-in"
    for name in ("XRAYLAB_MODE", "XRAYLAB_STEPS"):  # stored outputs are of one size
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as home:
        return [
            build_notebook(source, NOTEBOOKS / f"{source.stem}.ipynb", home)
            for source in sources(numbers)
        ]


def run_lessons(numbers: Sequence[str] = ()) -> pd.DataFrame:
    """Run lessons, each alone and with its outputs discarded, and time them.

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
    with tempfile.TemporaryDirectory() as home:
        for source in sources(numbers):
            started, cpu, error = time.perf_counter(), _child_seconds(), ""
            try:
                run_notebook(read_source(source), home)
            except (CellExecutionError, CellTimeoutError) as failed:
                error = _COLOUR.sub("", str(failed)).strip().splitlines()[-1]
            minutes = (time.perf_counter() - started) / 60
            seconds = _child_seconds() - cpu
            rows.append((source.stem, not error, minutes, seconds, error))
            print(f"{source.stem}: {error or f'{minutes:.2f} min'}", file=sys.stderr)
    columns = ["lesson", "passed", "minutes", "cpu_seconds", "error"]
    return pd.DataFrame(rows, columns=columns).round({"minutes": 2, "cpu_seconds": 1})


def copy_lessons(folder: str | Path) -> list[Path]:
    """Copy the built notebooks to a folder, to work in without changing ours.

    Raises
    ------
    FileExistsError
        If one of them is there already; nothing is overwritten.
    OSError
        If the folder cannot be written or the disk is full; nothing is left.
    """
    folder = Path(folder)
    targets = {source: folder / source.name for source in NOTEBOOKS.glob("*.ipynb")}
    there = [target.name for target in targets.values() if target.exists()]
    if there:
        raise FileExistsError(
            f"{folder} already holds {', '.join(sorted(there)[:3])}. Choose another "
            "folder; your work is not overwritten."
        )
    with ExitStack() as halves:
        for source, target in targets.items():
            shutil.copy(source, halves.enter_context(whole_file(target)))
    return sorted(targets.values())


def sources(numbers: Sequence[str] = ()) -> list[Path]:
    """List the percent scripts, all or those of some numbers, in order.

    Raises
    ------
    FileNotFoundError
        If the package is not in its repository, where the lessons live.
    ValueError
        If there is no lesson of a number.
    """
    found = sorted((NOTEBOOKS / "source").glob("[0-9][0-9]_*.py"))
    if not found:
        raise FileNotFoundError(
            f"lessons live in the repository, found none in {NOTEBOOKS}. Clone "
            f"https://github.com/{REPOSITORY} and install it with pip install -e ."
        )
    unknown = set(numbers) - {source.stem[:2] for source in found}
    if unknown:
        known = ", ".join(source.stem[:2] for source in found)
        raise InputError(
            f"must be among {known}, got {', '.join(sorted(unknown))}.",
            argument="numbers",
        )
    return [s for s in found if not numbers or s.stem[:2] in numbers]


def _is_kept(output: NotebookNode) -> bool:
    """Say whether an output is stored: no warnings, and no widgets without kernel."""
    return output.get("name") != "stderr" and WIDGET not in output.get("data", {})


def _describe_images(cell: NotebookNode) -> None:
    """Give a cell's images its text for those who cannot see them."""
    for output in cell.outputs:
        if "alt" in cell.metadata and "image/png" in output.get("data", {}):
            output.metadata["image/png"] = {"alt": cell.metadata.alt}


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
