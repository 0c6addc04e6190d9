"""Lessons: the data they start on, their sizes, and where their work lies."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import as_jpeg, blob_image
from tests.course.roots import write_sources
from xraylab import data
from xraylab.course import build, lesson

pytestmark = pytest.mark.usefixtures("own_places", "one_second_a_step")


@pytest.fixture
def on_real(three_sources, monkeypatch):
    monkeypatch.setenv("XRAYLAB_DATA", str(three_sources))
    return three_sources.resolve()


def test_a_lesson_says_data_size_and_cost(on_real, capsys):
    here = lesson.start(5)
    assert capsys.readouterr().out == (
        "Lesson 05 on the real images, 3 of 3 sources.\n"
        "Mode quick: small, 64 px, 300 steps.\n"
        "Not for clinical use.\n"
        "1 training of at most 300 steps, on this machine about 5 min.\n"
    )
    assert (here.root, here.is_builtin, here.data_name) == (
        on_real,
        False,
        "real images",
    )
    assert here.sources == list(data.SOURCES)
    assert here.missing == []


def test_a_lesson_without_training_says_so(on_real, capsys):
    lesson.start(1)
    assert "Mode quick: nothing is trained here.\n" in capsys.readouterr().out


def test_without_images_the_built_in_ones_are_used(monkeypatch, capsys):
    monkeypatch.delenv("XRAYLAB_CACHE")  # they are written once on a machine
    monkeypatch.setenv("XRAYLAB_DATA", "built-in")
    here = lesson.start(0)
    assert here.is_builtin
    assert here.settings["size_px"] == 48
    assert here.root.is_dir()
    assert data.find_sources(here.root)
    assert "built-in images (simulated), 3 of 3 sources" in capsys.readouterr().out


def test_fewer_sources_are_named(three_sources, tmp_path, monkeypatch):
    first, second, third = data.SOURCES
    for names, missing in (([first], [second, third]), ([first, third], [second])):
        out = write_sources(three_sources, names, tmp_path / str(len(names)))
        monkeypatch.setenv("XRAYLAB_DATA", str(out))
        here = lesson.start(1)
        assert (here.sources, here.missing) == (names, missing)


def test_a_source_that_comes_later_gives_another_folder(
    three_sources, tmp_path, monkeypatch
):
    first, second, _ = data.SOURCES
    root = write_sources(three_sources, [first], tmp_path / "images")
    monkeypatch.setenv("XRAYLAB_DATA", str(root))
    alone = lesson.start(0)
    write_sources(three_sources, [second], root)
    both = lesson.start(0)
    assert both.sources == [first, second]
    assert both.folder != alone.folder
    assert both.merge_folder != alone.merge_folder


def test_images_changed_in_place_give_another_folder_and_moved_ones_do_not(
    three_sources, tmp_path, monkeypatch
):
    root = tmp_path / "images"
    shutil.copytree(three_sources, root)
    monkeypatch.setenv("XRAYLAB_DATA", str(root))
    before = lesson.start(0)
    moved = root.rename(tmp_path / "elsewhere")
    monkeypatch.setenv("XRAYLAB_DATA", str(moved))
    assert lesson.start(0).folder == before.folder
    file = next(moved.rglob("*.jpeg"))
    facts = file.stat()
    file.write_bytes(as_jpeg(blob_image(77)).ljust(facts.st_size, b"\0"))
    assert lesson.start(0).folder != before.folder


def test_lessons_of_one_size_share_their_runs_and_others_do_not(on_real, monkeypatch):
    first = lesson.start(5)
    assert lesson.start(8).folder == first.folder
    assert lesson.start(0).folder != first.folder  # another network
    assert lesson.start(5, "full").folder != first.folder
    monkeypatch.setenv("XRAYLAB_STEPS", "20")
    shorter = lesson.start(5)
    assert shorter.folder != first.folder
    assert shorter.merge_folder == first.merge_folder


def test_other_weights_under_the_same_name_give_another_folder(
    on_real, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        lesson.modes, "find_weights", lambda: (os.environ["XRAYLAB_WEIGHTS"], "")
    )
    file = tmp_path / "weights.safetensors"
    monkeypatch.setenv("XRAYLAB_WEIGHTS", str(file))
    folders = set()
    for content in (b"one", b"two"):
        file.write_bytes(content)
        folders.add(lesson.start(0, "full").folder)
    assert len(folders) == 2


def test_a_wrong_number_is_refused(on_real):
    with pytest.raises(ValueError, match=r"number must be 0 to 9, got 10"):
        lesson.start(10)


def test_torch_is_loaded_only_where_it_is_needed():
    modules = "xraylab.course.lesson, xraylab.plots, xraylab.evaluation"
    code = f"import sys, {modules}, xraylab.results; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_the_audit_lesson_never_loads_torch(on_real):
    text = build.sources(["02"])[0].read_text("utf-8")
    nodes = ast.walk(ast.parse(text))
    imports = [n for n in nodes if isinstance(n, ast.Import | ast.ImportFrom)]
    code = "\n".join(map(ast.unparse, imports))
    code += "\nlesson.places.AT_LEAST.clear()"  # ours are few
    code += "\nlesson.start(2)\nimport sys; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "False"


def test_a_lesson_needs_no_package_for_building(tmp_path):
    """On Kaggle and Colab the package comes without its dependencies."""
    code = "import sys\nfor name in ('jupytext', 'nbclient', 'nbformat', 'nbval'):\n"
    code += "    sys.modules[name] = None\n"
    code += "from xraylab import course\nfrom xraylab.course import lesson\n"
    code += f"print(len(course.copy_lessons({str(tmp_path / 'mine')!r})))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(lesson.__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 2 * len(build.sources())  # each with its solutions
