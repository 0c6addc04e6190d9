"""Lessons are built, run and copied; nothing of a reader's own is lost."""

import errno
from pathlib import Path

import nbformat
import pytest

from xraylab import cli, course
from xraylab.course import notebooks

GOOD = """# %% [markdown]
# # 90
#
# **Question: does it
# run?**

# %%
import os
print(os.environ.get("XRAYLAB_DATA", "no data"))
"""
BAD = "# %% [markdown]\n# # 91\n\n# %%\n1 / 0\n"


@pytest.fixture
def small_course(tmp_path, monkeypatch):
    """A course of two small lessons, one of which fails."""
    folder = tmp_path / "notebooks"
    (folder / "source").mkdir(parents=True)
    (folder / "source/90_good.py").write_text(GOOD)
    (folder / "source/91_bad.py").write_text(BAD)
    monkeypatch.setattr(notebooks, "NOTEBOOKS", folder)
    return folder


def test_a_lesson_is_listed_with_its_question(small_course):
    rows = course.list_lessons().to_numpy().tolist()
    assert rows == [["90", "90_good", "does it run?"], ["91", "91_bad", ""]]


def test_cell_ids_come_from_the_place(small_course):
    source = notebooks.sources(["90"])[0]
    ids = [cell.id for cell in notebooks.read_source(source).cells]
    assert ids == ["lesson-90-00", "lesson-90-01", "lesson-90-02"]


def test_a_image_carries_the_text_of_its_cell(small_course, tmp_path):
    source = small_course / "source/92_image.py"
    show = 'display({"image/png": "aGk="}, raw=True)'
    source.write_text(f'# %% [markdown]\n# # 92\n\n# %% alt="Two lungs."\n{show}\n')
    done = notebooks.run_notebook(notebooks.read_source(source), tmp_path / "home")
    assert done.cells[2].metadata == {"alt": "Two lungs."}
    assert done.cells[2].outputs[0].metadata == {"image/png": {"alt": "Two lungs."}}


def test_a_failing_lesson_is_reported_and_the_rest_goes_on(small_course, capsys):
    assert cli.main(["lessons", "--run"]) == 1
    table = course.run_lessons()
    assert table["passed"].tolist() == [True, False]
    assert "ZeroDivisionError" in table["error"][1]
    assert "91_bad: ZeroDivisionError" in capsys.readouterr().err


def test_data_given_from_here_are_found_from_the_kernel(
    small_course, tmp_path, monkeypatch
):
    (tmp_path / "images").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XRAYLAB_DATA", "images")
    source = notebooks.sources(["90"])[0]
    done = notebooks.run_notebook(notebooks.read_source(source), tmp_path / "home")
    assert Path(done.cells[2].outputs[0].text.strip()) == tmp_path / "images"


def test_lessons_run_at_the_size_asked_for_and_are_built_at_their_own(
    small_course, tmp_path, monkeypatch
):
    (small_course / "source/91_bad.py").unlink()
    says = "import os\nprint(os.environ.get('XRAYLAB_STEPS'), end=' ')\n"
    says += "print(os.environ.get('XRAYLAB_MODE'))\n"
    start = "# %% [markdown]\n# # 90\n\n# %%\n"
    (small_course / "source/90_good.py").write_text(start + says)
    monkeypatch.setenv("XRAYLAB_STEPS", "7")
    monkeypatch.setenv("XRAYLAB_MODE", "full")
    monkeypatch.setenv("XRAYLAB_DATA", "built-in")
    source = notebooks.sources(["90"])[0]
    ran = notebooks.run_notebook(notebooks.read_source(source), tmp_path / "home")
    assert ran.cells[2].outputs[0].text == "7 full\n"
    built = nbformat.read(course.build_lessons()[0], as_version=4)
    assert built.cells[2].outputs[0].text == "None None\n"


def test_a_build_that_fails_leaves_the_old_notebook(small_course, tmp_path):
    out = small_course / "91_bad.ipynb"
    out.write_text("old")
    with pytest.raises(notebooks.CellExecutionError, match="ZeroDivisionError"):
        notebooks.build_notebook(notebooks.sources(["91"])[0], out, tmp_path / "home")
    assert out.read_text() == "old"


def test_a_fresh_home_keeps_images_only(tmp_path):
    for name in (
        *("phantom-v1/a.jpeg", "lessons/run/best.safetensors"),
        *("guesses.jsonl", "guesses.truths.json"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    notebooks.fresh_environment(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["phantom-v1"]


def test_copies_never_overwrite(small_course, tmp_path, capsys):
    nbformat.write(nbformat.v4.new_notebook(), small_course / "90_good.ipynb")
    assert cli.main(["lessons", "--copy", str(tmp_path / "mine")]) == 0
    mine = tmp_path / "mine/90_good.ipynb"
    mine.write_text("my work")
    assert cli.main(["lessons", "--copy", str(tmp_path / "mine")]) == 1
    assert "already holds 90_good.ipynb" in capsys.readouterr().err
    assert mine.read_text() == "my work"


def test_a_full_disk_leaves_no_half_of_a_course(small_course, tmp_path, monkeypatch):
    def full(source, target):
        target.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    nbformat.write(nbformat.v4.new_notebook(), small_course / "90_good.ipynb")
    monkeypatch.setattr(notebooks.shutil, "copy", full)
    with pytest.raises(OSError, match="No space left"):
        course.copy_lessons(tmp_path / "mine")
    assert not (tmp_path / "mine").exists()
