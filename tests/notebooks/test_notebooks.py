"""The committed notebooks: built from their sources, run, and really compared."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest

from xraylab import lessons

HERE = Path(__file__).parent
NOTEBOOKS = sorted(lessons.NOTEBOOKS.glob("*.ipynb"))
IGNORED = tomllib.loads((HERE / "ignored.toml").read_text("utf-8"))
TAG = "nbval-ignore-output"

each_notebook = pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda f: f.stem)


def code_cells(file):
    notebook = nbformat.read(file, as_version=4)
    return [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]


def test_every_lesson_has_its_notebook():
    sources = lessons.list_lessons()["lesson"].tolist()
    assert [file.stem for file in NOTEBOOKS] == sources


@each_notebook
def test_the_notebook_is_its_source(file):
    built = nbformat.read(file, as_version=4)
    source = lessons.read_source(lessons.NOTEBOOKS / "source" / f"{file.stem}.py")
    assert [(c.id, c.source) for c in built.cells] == [
        (c.id, c.source) for c in source.cells
    ], "run `make notebooks`"


@each_notebook
def test_every_code_cell_was_run(file):
    """nbval compares nothing in a cell without an execution count."""
    counts = [cell.execution_count for cell in code_cells(file)]
    assert counts == list(range(1, len(counts) + 1))


@each_notebook
def test_nothing_is_stored_that_should_not_be(file):
    text = file.read_text("utf-8")
    notebook = nbformat.read(file, as_version=4)
    assert "widgets" not in notebook.metadata
    assert len(text) < 400_000
    assert not re.search(r"/(?:root|home|tmp|Users)/", text)
    sources = "\n".join(cell.source for cell in code_cells(file))
    assert not re.search(r"['\"]cuda|pip install", sources)
    outputs = [o for cell in code_cells(file) for o in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error"]
    assert not [o for o in outputs if o.get("name") == "stderr"]


@each_notebook
def test_says_it_is_not_for_clinical_use(file):
    assert "Not for clinical use" in file.read_text("utf-8")


@each_notebook
def test_cells_stay_short(file):
    """A longer cell is a function that belongs into the package, with a test."""
    assert max(len(cell.source.splitlines()) for cell in code_cells(file)) <= 25


def test_ignored_outputs_have_a_reason_each():
    """Cells that nbval does not compare are counted, and may not grow silently."""
    found = {
        file.stem: sum(
            TAG in cell.metadata.get("tags", []) for cell in code_cells(file)
        )
        for file in NOTEBOOKS
    }
    listed = {name: entry["cells"] for name, entry in IGNORED.items()}
    assert {name: n for name, n in found.items() if n} == listed
    assert all(len(entry["reason"]) > 20 for entry in IGNORED.values())


def test_most_outputs_are_compared(capsys):
    cells = [cell for file in NOTEBOOKS for cell in code_cells(file)]
    ignored = sum(TAG in cell.metadata.get("tags", []) for cell in cells)
    compared = sum(
        bool(cell.outputs) and TAG not in cell.metadata.get("tags", [])
        for cell in cells
    )
    with capsys.disabled():
        print(
            f"\nnbval: {len(cells)} run, {compared} compared, {ignored} ignored ",
            end="",
        )
    assert compared > ignored


def test_a_changed_output_fails(tmp_path):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell("print(1 + 1)")]
    notebook = lessons.run_notebook(notebook)
    codes = {}
    for name, text in (("true", "2\n"), ("changed", "3\n")):
        notebook.cells[0].outputs[0].text = text
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
        command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
        command += ["-p", "no:cacheprovider", str(tmp_path / f"{name}.ipynb")]
        codes[name] = subprocess.run(command, cwd=tmp_path, env=os.environ).returncode
    assert codes == {"true": 0, "changed": 1}
