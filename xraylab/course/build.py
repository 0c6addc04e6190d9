"""The lessons built and run: a percent script each, made into a notebook.

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
from pathlib import Path

import pandas as pd

from xraylab import REPOSITORY
from xraylab.course import notebooks
from xraylab.course.modes import choose_mode
from xraylab.course.opening import FOLDED, SETUP, badges
from xraylab.errors import InputError, KernelError
from xraylab.files import write_text, write_texts

try:
    import jupytext
    import nbformat
    import zmq
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError
    from nbformat import NotebookNode
    from traitlets.config import Config
except ImportError as error:
    raise InputError(
        f"running lessons needs {error.name}, found none. Install the notebook "
        'packages: pip install "xraylab[lab]"'
    ) from error

START_SECONDS = 180  # for a kernel to answer in, also where other work takes the cores
CELL_SECONDS = 600  # but in mode full, where a training takes hours
KEPT = ("tags", "alt")  # of a cell's settings
STARTER, SOLUTION = "starter", "solution"  # tags: the same task, open and solved
_TASK = re.compile(r'lesson\.check\("(.+?)"')
# Below each task; comments, so that running all cells gives nothing away.
HINTS = """\
# Stuck? Take the # away from one line: run it for a hint, and again for the next.
# lesson.hint("{name}")
# lesson.solution("{name}")"""
SOLVED_NOTE = "*Every task is solved here. [Try the lesson first](../{name}.ipynb).*"
_COLOUR = re.compile(r"\x1b\[[\d;]*m")  # of a terminal, in a kernel's error
WIDGET = "application/vnd.jupyter.widget-view+json"


def read_source(source: Path, *, solved: bool = False) -> NotebookNode:
    """Make a notebook without outputs from a percent script.

    A task stands in it twice, as a cell to start from and as a solution. The
    learner's notebook has the first, and a cell that asks for hints; the solved one
    has the second.

    Badges and the installation on Kaggle and Colab are put in. Cell ids are made
    of the lesson's number and the cell's place, so building twice gives the same
    file. Of a cell's settings `tags` and `alt` stay, the text for its image.
    """
    notebook = jupytext.read(source, fmt="py:percent")
    name = source.stem
    notebook.cells = _edition(notebook.cells, solved=solved)
    notebook.cells.insert(1, nbformat.v4.new_code_cell(SETUP))
    for place, cell in enumerate(notebook.cells):
        cell.id = f"lesson-{name[:2]}-{place:02d}"
        cell.metadata = {k: v for k, v in cell.metadata.items() if k in KEPT}
    notebook.cells[1].metadata |= nbformat.from_dict(FOLDED)
    above = SOLVED_NOTE.format(name=name) if solved else badges(name)
    notebook.cells[0].source = f"{above}\n\n{notebook.cells[0].source}"
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


def _edition(cells: list[NotebookNode], *, solved: bool) -> list[NotebookNode]:
    """Choose the cells of one edition."""
    chosen = []
    for cell in cells:
        tags = cell.metadata.get("tags", [])
        if (STARTER if solved else SOLUTION) in tags:
            continue
        chosen.append(cell)
        if STARTER in tags:
            name = _TASK.search(cell.source)[1]
            stuck = HINTS.format(name=name)
            chosen.append(nbformat.v4.new_code_cell(stuck))
    return chosen


def fresh_environment(home: str | Path, *, keep_runs: bool = False) -> dict[str, str]:
    """Make the settings under which a lesson prints the same everywhere.

    Parameters
    ----------
    home : path
        Folder that keeps the built-in images from one lesson to the next.
        Merges, runs and guesses in it are removed, so that each lesson stands
        alone.
    keep_runs : bool
        Keep merges and runs, for the solved edition of the lesson that made them.

    Returns
    -------
    dict
        Environment variables, for a kernel that is started next.
    """
    home = Path(home)
    if not keep_runs:
        shutil.rmtree(home / "lessons", ignore_errors=True)
    for file in home.glob("guesses.*"):
        file.unlink()
    return {
        "XRAYLAB_CACHE": str(home),
        "XRAYLAB_GUESSES": str(home / "guesses.jsonl"),
        "XRAYLAB_PROGRESS": "0",
        "OMP_NUM_THREADS": "2",
    }


def stored_environment(home: str | Path, *, keep_runs: bool = False) -> dict[str, str]:
    """Make the settings under which the stored outputs come out: built-in, quick."""
    return fresh_environment(home, keep_runs=keep_runs) | {
        "XRAYLAB_DATA": "built-in",
        "XRAYLAB_MODE": "quick",
        "XRAYLAB_STEPS": "",
        "XRAYLAB_WEIGHTS": "",
    }


def run_notebook(notebook: NotebookNode, env: dict[str, str]) -> NotebookNode:
    """Run a notebook top to bottom in a fresh kernel and return it with outputs.

    Parameters
    ----------
    notebook : NotebookNode
        Left alone.
    env : dict
        Environment variables of the kernel beside those of this process.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    nbclient.exceptions.CellTimeoutError
        If a cell takes more than ten minutes, in another mode than full.
    xraylab.errors.KernelError
        If the kernel does not answer in three minutes, or ends.
    """
    notebook = nbformat.from_dict(notebook)
    env = os.environ | env
    for name in ("XRAYLAB_DATA", "XRAYLAB_WEIGHTS"):
        if (given := env.get(name)) and Path(given).exists():
            env[name] = str(Path(given).resolve())  # the kernel starts elsewhere
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=None if env.get("XRAYLAB_MODE") == "full" else CELL_SECONDS,
            startup_timeout=START_SECONDS,
            shutdown_kernel="immediate",  # else one that does not answer is waited for
            kernel_name="python3",
            coalesce_streams=True,  # else pieces of a text depend on the clock
            config=_encrypted(),
        )
        _execute(client, env=env, cwd=folder)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _is_kept(output)]
            _describe_images(cell)
    notebook.metadata.language_info = {"name": "python"}
    return notebook


def _execute(client: NotebookClient, **where: object) -> None:
    """Run all cells; `client.execute` would take Ctrl+C for a kernel that died."""
    try:
        with client.setup_kernel(**where):
            client.shutdown_kernel = "graceful"
            for place, cell in enumerate(client.nb.cells):
                number = client.code_cells_executed + 1
                client.execute_cell(cell, place, execution_count=number)
    except RuntimeError as error:
        raise KernelError(
            f"a Jupyter kernel must answer within {START_SECONDS} s and stay to the "
            f"last cell, but: {error}. Run it again; `jupyter kernel` shows whether "
            "one starts at all."
        ) from error


def _encrypted() -> Config:
    """Encrypt what is said to kernels, where that can be had; else they warn of it."""
    how = {"transport_encryption": "auto"} if zmq.has("curve") else {}
    return Config(KernelManager=how)


def build_notebook(
    source: Path, out: Path, home: str | Path, *, solved: bool = False
) -> Path:
    """Run one percent script and write it as a notebook, whole or not at all.

    The solved edition finds the runs of the lesson before it in `home`.
    """
    env = stored_environment(home, keep_runs=solved)
    built = run_notebook(read_source(source, solved=solved), env)
    out.parent.mkdir(exist_ok=True)
    write_text(out, nbformat.writes(built) + "\n")
    return out


def build_lessons(numbers: Sequence[str] = ()) -> list[Path]:
    """Build both editions of lessons from their sources, on the built-in images."""
    write_clean(numbers)
    built = []
    with tempfile.TemporaryDirectory() as home:
        for source in sources(numbers):
            for solved, out in enumerate(editions(source)):
                built.append(build_notebook(source, out, home, solved=bool(solved)))
    return built


def editions(source: Path) -> list[Path]:
    """Give the notebook files of a script: the learner's, and the solved one."""
    name, folder = f"{source.stem}.ipynb", notebooks.NOTEBOOKS
    return [folder / name, folder / notebooks.SOLVED / name]


def write_clean(numbers: Sequence[str] = ()) -> list[Path]:
    """Write the lessons without outputs, to which the badges lead; nothing is run."""
    texts = {
        notebooks.NOTEBOOKS / notebooks.CLEAN / f"{source.stem}.ipynb": (
            f"{nbformat.writes(read_source(source))}\n"
        )
        for source in sources(numbers)
    }
    write_texts(texts)
    return list(texts)


def run_lessons(numbers: Sequence[str] = (), mode: str | None = None) -> pd.DataFrame:
    """Run lessons, each alone and with its outputs discarded, and time them.

    Parameters
    ----------
    numbers : sequence of str
        Such as "00"; all lessons when empty.
    mode : str, optional
        A key of `xraylab.course.modes.MODES`; XRAYLAB_MODE when None.

    Returns
    -------
    DataFrame
        Columns lesson, passed, minutes (wall), cpu_seconds and error (its last
        line, "" when the lesson passed).
    """
    rows = []
    asked = {"XRAYLAB_MODE": choose_mode(mode)}
    with tempfile.TemporaryDirectory() as home:
        for file in runnable(numbers):
            started, cpu, error = time.perf_counter(), _child_seconds(), ""
            try:
                run_notebook(read_lesson(file), fresh_environment(home) | asked)
            except (CellExecutionError, CellTimeoutError, KernelError) as failed:
                error = _COLOUR.sub("", str(failed)).strip().splitlines()[-1]
            minutes = (time.perf_counter() - started) / 60
            seconds = _child_seconds() - cpu
            rows.append((file.stem, not error, minutes, seconds, error))
            print(f"{file.stem}: {error or f'{minutes:.2f} min'}", file=sys.stderr)
    columns = ["lesson", "passed", "minutes", "cpu_seconds", "error"]
    return pd.DataFrame(rows, columns=columns).round({"minutes": 2, "cpu_seconds": 1})


def sources(numbers: Sequence[str] = ()) -> list[Path]:
    """List the percent scripts, all or those of some numbers, in order.

    Raises
    ------
    FileNotFoundError
        If the package is not in its repository, where the scripts live.
    ValueError
        If there is no lesson of a number.
    """
    found = sorted((notebooks.NOTEBOOKS / "source").glob("[0-9][0-9]_*.py"))
    if not found:
        raise FileNotFoundError(
            "notebooks are built from the scripts in the repository, found none in "
            f"{notebooks.NOTEBOOKS}. Clone {REPOSITORY} and install "
            "it with pip install -e ."
        )
    return _choose(found, numbers)


def runnable(numbers: Sequence[str]) -> list[Path]:
    """List the scripts in the repository, else the notebooks of this installation."""
    if (notebooks.NOTEBOOKS / "source").is_dir():
        return sources(numbers)
    return _choose(notebooks.notebooks(), numbers)


def _choose(found: list[Path], numbers: Sequence[str]) -> list[Path]:
    unknown = set(numbers) - {file.stem[:2] for file in found}
    if unknown:
        known = ", ".join(file.stem[:2] for file in found)
        raise InputError(
            f"must be among {known}, got {', '.join(sorted(unknown))}.",
            argument="numbers",
        )
    return [file for file in found if not numbers or file.stem[:2] in numbers]


def read_lesson(file: Path) -> NotebookNode:
    """Read a lesson without outputs, from its script or from its notebook."""
    if file.suffix == ".py":
        return read_source(file)
    return nbformat.read(file, as_version=4)


def _is_kept(output: NotebookNode) -> bool:
    """Say whether an output is stored: no warnings, and no widgets without kernel."""
    return output.get("name") != "stderr" and WIDGET not in output.get("data", {})


def _describe_images(cell: NotebookNode) -> None:
    """Give a cell's images its text for those who cannot see them."""
    for output in cell.outputs:
        if "alt" in cell.metadata and "image/png" in output.get("data", {}):
            output.metadata["image/png"] = {"alt": cell.metadata.alt}


def _child_seconds() -> float:
    """CPU seconds of all ended child processes, kernels among them."""
    times = os.times()
    return times.children_user + times.children_system
