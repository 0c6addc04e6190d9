"""Lessons are built from their scripts, and run in the mode that is asked for."""

import json
import signal
import sys
from contextlib import nullcontext
from pathlib import Path

import nbformat
import pytest

from tests.conftest import write_file
from xraylab import cli
from xraylab.course import build, notebooks

GOOD = """# %% [markdown]
# # 90

# %%
import os
print(os.environ.get("XRAYLAB_DATA", "no data"))
"""
BAD = "# %% [markdown]\n# # 91\n\n# %%\n1 / 0\n"
SAYS = """# %% [markdown]
# # 90

# %%
import os
for name in ("DATA", "MODE", "STEPS"):
    print(os.environ.get(f"XRAYLAB_{name}"), end=" ")
"""


@pytest.fixture
def small_course(tmp_path, monkeypatch):
    """A course of two small lessons, one of which fails."""
    folder = tmp_path / "notebooks"
    (folder / "source").mkdir(parents=True)
    (folder / "source/90_good.py").write_text(GOOD)
    (folder / "source/91_bad.py").write_text(BAD)
    monkeypatch.setattr(notebooks, "NOTEBOOKS", folder)
    return folder


def read(number):
    return build.read_source(build.sources([number])[0])


def test_cell_ids_come_from_the_place(small_course):
    ids = [cell.id for cell in read("90").cells]
    assert ids == ["lesson-90-00", "lesson-90-01", "lesson-90-02"]


def test_an_image_carries_the_text_of_its_cell(small_course):
    source = small_course / "source/92_image.py"
    show = 'display({"image/png": "aGk="}, raw=True)'
    source.write_text(f'# %% [markdown]\n# # 92\n\n# %% alt="Two lungs."\n{show}\n')
    done = build.run_notebook(build.read_source(source), {})
    assert done.cells[2].metadata == {"alt": "Two lungs."}
    assert done.cells[2].outputs[0].metadata == {"image/png": {"alt": "Two lungs."}}


def test_a_failing_lesson_is_reported_and_the_rest_goes_on(small_course, capsys):
    table = build.run_lessons()
    assert table["passed"].tolist() == [True, False]
    assert "ZeroDivisionError" in table["error"][1]
    assert "91_bad: ZeroDivisionError" in capsys.readouterr().err
    assert cli.main(["lessons", "--run", "91"]) == 1


MUTE = "import time; time.sleep(60)"
ENDS = "# %% [markdown]\n# # 91\n\n# %%\nimport os\nos._exit(3)\n"
STOPS = """# %% [markdown]
# # 90

# %%
import os, signal, time
os.kill(os.getppid(), signal.SIGINT)
time.sleep(60)
"""
NO_KERNEL = (
    "a Jupyter kernel must answer within {} s and stay to the last cell, but: {}. Run"
)


def give_kernel(folder, monkeypatch, command):
    """Let every notebook's kernel be another command."""
    spec = {"argv": command, "display_name": "Python 3", "language": "python"}
    write_file(folder / "kernels/python3/kernel.json", json.dumps(spec).encode())
    monkeypatch.setenv("JUPYTER_PATH", str(folder))


def test_a_kernel_that_does_not_answer_ends_in_one_line(
    small_course, tmp_path, monkeypatch, capsys
):
    give_kernel(tmp_path / "jupyter", monkeypatch, [sys.executable, "-c", MUTE])
    monkeypatch.setattr(build, "START_SECONDS", 0)
    (small_course / "91_bad.ipynb").write_text("old")
    assert cli.main(["lessons", "--build", "91"]) == 1
    told = NO_KERNEL.format(0, "Kernel didn't respond in 0 seconds")
    err = capsys.readouterr().err  # the kernel's own words are not ours
    assert err.startswith(f"xraylab lessons: {told}")
    assert len(err.splitlines()) == 1
    assert (small_course / "91_bad.ipynb").read_text() == "old"


def test_a_lesson_whose_kernel_ends_is_reported_and_the_rest_goes_on(small_course):
    (small_course / "source/91_bad.py").write_text(ENDS)
    (small_course / "source/92_good.py").write_text(GOOD)
    table = build.run_lessons(["91", "92"])
    assert table["passed"].tolist() == [False, True]
    assert table["error"][0].startswith(NO_KERNEL.format(180, "Kernel died"))


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT for another process")
def test_lessons_can_be_stopped(small_course, capsys):
    (small_course / "source/90_good.py").write_text(STOPS)
    # a shell lets what runs in its background ignore Ctrl+C
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert cli.main(["lessons", "--run"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err == "\nxraylab: stopped.\n"


def test_a_kernel_says_nothing_in_passing(small_course, capfd):
    assert build.run_lessons(["90"])["passed"].all()
    out, err = capfd.readouterr()
    assert out == ""
    assert [line.split(":")[0] for line in err.splitlines()] == ["90_good"]


def test_data_given_from_here_are_found_from_the_kernel(
    small_course, tmp_path, monkeypatch
):
    (tmp_path / "images").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XRAYLAB_DATA", "images")
    done = build.run_notebook(read("90"), {})
    assert Path(done.cells[2].outputs[0].text.strip()) == tmp_path / "images"


def test_lessons_run_as_asked_for_and_are_built_at_their_own_size(
    small_course, monkeypatch
):
    (small_course / "source/91_bad.py").unlink()
    (small_course / "source/90_good.py").write_text(SAYS)
    seen = []
    run = build.run_notebook

    def run_and_see(notebook, env):
        done = run(notebook, env)
        seen.append(done.cells[2].outputs[0].text)
        return done

    monkeypatch.setattr(build, "run_notebook", run_and_see)
    monkeypatch.setenv("XRAYLAB_STEPS", "7")
    monkeypatch.setenv("XRAYLAB_MODE", "full")
    monkeypatch.setenv("XRAYLAB_DATA", "built-in")
    assert cli.main(["lessons", "--run"]) == 0
    assert cli.main(["lessons", "--run", "--mode", "smoke"]) == 0
    for file in build.build_lessons():
        built = nbformat.read(file, as_version=4)
        assert built.cells[2].outputs[0].text == seen[-1]
    assert seen == [
        "built-in full 7 ",
        "built-in smoke 7 ",
        *["built-in quick  "] * 2,  # the lesson, and its solved edition
    ]


@pytest.mark.parametrize("argv", [[], ["--build"], ["--copy", "x"]])
def test_a_mode_without_a_run_is_a_wrong_command(argv, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["lessons", "--mode", "smoke", *argv])
    assert ended.value.code == 2
    assert "argument --mode: needs --run" in capsys.readouterr().err


def test_only_a_full_run_may_take_hours(small_course, monkeypatch):
    limits = []

    class Client:
        nb = nbformat.v4.new_notebook()

        def __init__(self, notebook, timeout, **_):
            limits.append(timeout)

        def setup_kernel(self, **_):
            return nullcontext()

    monkeypatch.setattr(build, "NotebookClient", Client)
    for mode in ("smoke", "quick", "full"):
        build.run_lessons(["90"], mode)
    assert limits == [600, 600, None]


def test_a_build_that_fails_leaves_the_old_notebook(small_course, tmp_path):
    out = small_course / "91_bad.ipynb"
    out.write_text("old")
    with pytest.raises(build.CellExecutionError, match="ZeroDivisionError"):
        build.build_notebook(build.sources(["91"])[0], out, tmp_path / "home")
    assert out.read_text() == "old"


def test_a_fresh_home_keeps_images_only(tmp_path):
    for name in (
        *("phantom-v1/a.jpeg", "lessons/run/best.safetensors"),
        *("guesses.jsonl", "guesses.truths.json"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    build.fresh_environment(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["phantom-v1"]


def test_without_scripts_notebooks_run_and_are_not_built(tmp_path, monkeypatch):
    cells = [nbformat.v4.new_markdown_cell("# 90"), nbformat.v4.new_code_cell("1 + 1")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "90_good.ipynb")
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path)
    assert build.run_lessons()["passed"].tolist() == [True]
    with pytest.raises(FileNotFoundError, match="built from the scripts in the repo"):
        build.build_lessons()


TASK = """# %% [markdown]
# # 90

# %%
before = 1

# %% tags=["starter"]
def double(number):
    ...


lesson.check("twice", double)

# %% tags=["solution"]
def double(number):
    return 2 * number


lesson.check("twice", double)

# %%
after = 2"""


def test_a_task_is_open_in_the_lesson_and_solved_in_the_other_edition(small_course):
    script = small_course / "source/90_good.py"
    script.write_text(TASK)
    lesson, solved = (build.read_source(script, solved=s) for s in (False, True))
    codes = [[cell.source for cell in book.cells[2:]] for book in (lesson, solved)]
    assert codes[0][0] == codes[1][0] == "before = 1"
    assert codes[0][-1] == codes[1][-1] == "after = 2"
    start, hints = codes[0][1:-1]
    assert "..." in start
    assert 'lesson.hint("twice")' in hints
    assert 'lesson.solution("twice")' in hints
    assert all(line.startswith("#") for line in hints.splitlines())
    (solution,) = codes[1][1:-1]
    assert "return 2 * number" in solution
    assert "(../90_good.ipynb)" in solved.cells[0].source
    for book in (lesson, solved):
        assert len({cell.id for cell in book.cells}) == len(book.cells)


def test_the_solved_edition_finds_the_runs_of_its_lesson_and_no_guesses(tmp_path):
    (tmp_path / "lessons").mkdir()
    (tmp_path / "guesses.jsonl").write_text("")
    build.fresh_environment(tmp_path, keep_runs=True)
    assert (tmp_path / "lessons").is_dir()
    assert not (tmp_path / "guesses.jsonl").exists()
    build.fresh_environment(tmp_path)
    assert not (tmp_path / "lessons").exists()
