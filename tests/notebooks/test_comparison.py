"""The comparison of outputs notices a change: otherwise a green run says nothing."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from xraylab.course import build, notebooks

REPOSITORY = Path(__file__).parents[2]
CELLS = ['print("score", 0.96)', 'print("took 3 s")', "1 + 1"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A notebook of three cells, built as the lessons are."""
    source = tmp_path_factory.mktemp("source") / "99_tiny.py"
    source.write_text(
        "\n\n".join(["# %% [markdown]\n# # 99", *(f"# %%\n{cell}" for cell in CELLS)])
    )
    home = tmp_path_factory.mktemp("home")
    return build.build_notebook(source, source.with_suffix(".ipynb"), home)


def nbval(notebook, folder):
    """Compare a notebook by `pytest --nbval`, typed bare where our settings are."""
    (folder / "notebooks").mkdir()
    (folder / "tests").mkdir()
    (folder / "tests/test_unit.py").write_text("def test_of_a_unit():\n    pass\n")
    shutil.copy(REPOSITORY / "pyproject.toml", folder)
    for name in ("conftest.py", "sanitise.cfg"):
        shutil.copy(notebooks.NOTEBOOKS / name, folder / "notebooks")
    nbformat.write(notebook, folder / "notebooks/lesson.ipynb")
    # what a learner works in, and what badges lead to, is never looked at
    broken = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    for beside in ("my-lessons", f"notebooks/{notebooks.CLEAN}"):
        (folder / beside).mkdir()
        nbformat.write(broken, folder / beside / "lesson.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval", "-rA"]
    env = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def change_a_text(notebook):
    """Change the first compared text output, and say in which code cell."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for place, cell in enumerate(cells):
        for output in cell.outputs:
            if output.output_type == "stream" and "tags" not in cell.metadata:
                output.text = output.text.replace("0", "1") + "changed\n"
                return place
    raise AssertionError("no lesson cell prints anything")


def test_an_unchanged_notebook_passes(tiny, tmp_path):
    notebook = nbformat.read(tiny, as_version=4)
    # another time is no difference; cells 0 and 1 are the title and the setup
    notebook.cells[3].outputs[0].text = "took 9 s\n"
    code, out = nbval(notebook, tmp_path)
    assert code == 0, out
    # the unit once, and each of the four cells once
    assert re.findall(r"^PASSED (\S+)", out, re.M) == [
        "tests/test_unit.py::test_of_a_unit",
        *["notebooks/lesson.ipynb::Cell"] * 4,
    ]
    assert "5 passed" in out


def test_a_changed_output_fails(tiny, tmp_path):
    notebook = nbformat.read(tiny, as_version=4)
    notebook.cells[2].outputs[0].text = "score 0.97\n"
    notebook.cells[4].outputs[0].data["text/plain"] = "3"
    code, out = nbval(notebook, tmp_path)
    assert code == 1, out
    assert "2 failed, 3 passed" in out
    assert "score 0.97" in out


def test_the_field_of_a_guess_is_shown_and_leaves_nothing_behind(tmp_path, monkeypatch):
    source = tmp_path / "99_guess.py"
    code = 'from xraylab.course import lesson\nlesson.guess("naive accuracy")'
    source.write_text(f"# %% [markdown]\n# # 99\n\n# %%\n{code}")
    kept = []
    monkeypatch.setattr(build, "_is_kept", lambda output: kept.append(output) or True)
    shown = build.build_notebook(source, tmp_path / "shown.ipynb", tmp_path / "home")
    assert [output.output_type for output in kept] == ["stream", "display_data"]
    assert list(kept[1].data) == [build.WIDGET]
    nbformat.read(shown, as_version=4)
    monkeypatch.undo()
    stored = build.build_notebook(source, source.with_suffix(".ipynb"), tmp_path / "home")
    notebook = nbformat.read(stored, as_version=4)
    assert [output.output_type for output in notebook.cells[2].outputs] == ["stream"]
    code, out = nbval(notebook, tmp_path)
    assert code == 0, out


def test_building_twice_gives_the_same_file(tiny, tmp_path):
    again = build.build_notebook(
        tiny.with_suffix(".py"), tmp_path / "again.ipynb", tmp_path / "home"
    )
    assert again.read_bytes() == tiny.read_bytes()


@pytest.mark.long
@pytest.mark.parametrize("source", build.sources(), ids=lambda s: s.stem)
def test_a_changed_output_of_a_real_lesson_fails(source, tmp_path):
    notebook = nbformat.read(notebooks.NOTEBOOKS / f"{source.stem}.ipynb", as_version=4)
    place = change_a_text(notebook)
    code, out = nbval(notebook, tmp_path)
    assert code == 1, out
    failed = [line for line in out.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1, failed
    assert f"::Cell {place}" in failed[0]
