"""Lessons are listed and copied; nothing of a reader's own is lost."""

import errno
import json
from pathlib import Path

import nbformat
import pytest

from xraylab import cli, course
from xraylab.course import notebooks
from xraylab.course.clean import clean

QUESTION = "# 90\n\n**Question: does it\nrun?**"


@pytest.fixture
def small_course(tmp_path, monkeypatch):
    """A course of two notebooks with outputs."""
    folder = tmp_path / "notebooks"
    (folder / "solutions").mkdir(parents=True)
    for name, text in (("90_good", QUESTION), ("91_other", "# 91")):
        code = nbformat.v4.new_code_cell("print(0.96)", execution_count=3)
        code.outputs = [nbformat.v4.new_output("stream", text="0.96\n")]
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
        book.cells.append(code)
        nbformat.write(book, folder / f"{name}.ipynb")
        nbformat.write(book, folder / f"solutions/{name}.ipynb")
    monkeypatch.setattr(notebooks, "NOTEBOOKS", folder)
    return folder


def copy(folder, capsys):
    code = cli.main(["lessons", "--copy", str(folder)])
    return code, capsys.readouterr()


def test_a_lesson_is_listed_with_its_question(small_course):
    rows = course.list_lessons().to_numpy().tolist()
    assert rows == [["90", "90_good", "does it run?"], ["91", "91_other", ""]]


def test_a_copy_gives_no_answer_away(small_course, tmp_path, capsys):
    code, said = copy(tmp_path / "mine", capsys)
    mine = tmp_path / "mine"
    assert (code, said.out) == (
        0,
        f"2 lessons copied to {mine}. Their solutions are in {mine / 'solutions'}.\n",
    )
    names = ("90_good", "91_other", "solutions/90_good", "solutions/91_other")
    for name in names:
        ours = nbformat.read(small_course / f"{name}.ipynb", as_version=4)
        theirs = nbformat.read(mine / f"{name}.ipynb", as_version=4)
        nbformat.validate(theirs)
        assert "0.96\n" not in str(theirs)
        assert theirs.cells[1].execution_count is None
        assert [c.source for c in theirs.cells] == [c.source for c in ours.cells]
        assert [c.id for c in theirs.cells] == [c.id for c in ours.cells]


def test_a_copy_into_the_folder_one_stands_in_names_no_other(
    small_course, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    for said in ("2 lessons copied to this folder. ", "Were in this folder already"):
        assert copy(".", capsys)[1].out.startswith(said)


def test_cleaning_twice_changes_nothing_more(small_course):
    once = clean((small_course / "90_good.ipynb").read_text("utf-8"))
    assert clean(once) == once


def test_work_is_never_overwritten_and_what_is_new_comes(
    small_course, tmp_path, capsys
):
    mine = tmp_path / "mine"
    copy(mine, capsys)
    (mine / "90_good.ipynb").write_text("my work")
    (mine / "91_other.ipynb").unlink()
    code, said = copy(mine, capsys)
    assert code == 0
    assert said.out == (
        f"1 lesson copied to {mine}. Were in {mine} already and stay as they are: 1.\n"
    )
    code, said = copy(mine, capsys)
    assert (code, said.out) == (0, f"Were in {mine} already and stay as they are: 2.\n")
    assert (mine / "90_good.ipynb").read_text() == "my work"


def test_an_installation_without_lessons_says_so(
    small_course, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path / "gone")
    code, said = copy(tmp_path / "mine", capsys)
    assert (code, said.out) == (1, "")
    assert "lessons must lie in" in said.err
    assert "found none" in said.err
    assert not (tmp_path / "mine").exists()


def test_a_full_disk_leaves_no_half_of_a_course(small_course, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        course.copy_lessons(tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_the_lessons_of_this_repository_are_found():
    assert Path(__file__).parents[2] / "notebooks" == notebooks.NOTEBOOKS
    names = course.list_lessons()["lesson"].tolist()
    assert names[0] == "00_the_claim"
    for notebook in [*notebooks.notebooks(), *notebooks.solutions()]:
        cells = json.loads(clean(notebook.read_text("utf-8")))["cells"]
        assert not any(cell.get("outputs") for cell in cells)


def test_make_lab_opens_a_copy_that_git_does_not_see():
    repository = notebooks.NOTEBOOKS.parent
    makefile = (repository / "Makefile").read_text("utf-8")
    lab = makefile[makefile.index("\nlab:") : makefile.index("\ntest:")]
    copied = lab.index("-m xraylab lessons --copy my-lessons")
    opened = lab.index("default_url=/lab/tree/my-lessons/00_the_claim.ipynb")
    assert copied < opened
    assert "my-lessons/" in (repository / ".gitignore").read_text("utf-8").split()
