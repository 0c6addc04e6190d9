"""A lesson that comes alone gets its package, or says what to click."""

import re
import stat
import sys

import pytest

from tests.course import bare as bare_places
from tests.course.bare import Bare, setup_cell, write_notebook, write_wheel
from xraylab import REPOSITORY, __version__
from xraylab.course import build, opening

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="Kaggle and Colab run Linux"
)
STUB = {
    "__init__.py": f"__version__ = {__version__!r}\n",
    "needs.py": "def say_unmet():\n    print('looked')\n",
}
SAY = "import xraylab, captum; print(xraylab.__file__, captum.__version__)"
# where Kaggle has mounted datasets so far, and a deeper one
MOUNTS = ["{}", "somebody/{}", "datasets/somebody/{}", "a/b/c/d/{}/versions/3"]


@pytest.fixture
def bare(tmp_path):
    """An environment without the course, and without a network."""
    return Bare(tmp_path / "env")


@pytest.fixture
def attached(tmp_path):
    """A folder of inputs: images, tables, and wheels of something else."""
    folder = tmp_path / "input"
    for name in ("pets/train/cats/1.jpg", "tables/a.csv"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("x")
    write_wheel(folder / "others", "timm", "1.0", {"__init__.py": ""})
    return folder


def attach_wheels(folder, version=__version__):
    text = {"__init__.py": STUB["__init__.py"].replace(__version__, version)}
    write_wheel(folder, "xraylab", version, STUB | text)
    write_wheel(folder, "captum", "0.9.0", {"__init__.py": "__version__ = '0.9.0'\n"})
    # a dataset of wheels may hold what must never be taken
    for name in ("torch", "numpy"):
        write_wheel(folder, name, "99.0", {"__init__.py": "1 / 0\n"})


def run(bare, tmp_path, attached):
    """Run the setup cell and the next one, without a kernel."""
    script = tmp_path / "cells.py"
    script.write_text(f"{setup_cell(attached)}\n{SAY}\n")
    return bare_places.run_script(bare, script).splitlines()


@pytest.mark.parametrize("mount", MOUNTS)
def test_attached_wheels_are_installed_wherever_they_are_mounted(
    mount, bare, attached, tmp_path
):
    folder = attached / mount.format("xraylab-wheels")
    attach_wheels(folder)
    for file in (*folder.iterdir(), folder, attached):
        file.chmod(file.stat().st_mode & ~stat.S_IWUSR & ~stat.S_IWGRP)
    said = run(bare, tmp_path, attached)
    assert said == ["looked", f"{bare.site}/xraylab/__init__.py 0.9.0"]
    assert bare.own() == {"xraylab", "captum"}  # neither torch nor numpy


def test_a_captum_that_is_there_is_left_alone(bare, attached, tmp_path):
    attach_wheels(attached / "wheels")
    (attached / "wheels/captum-0.9.0-py3-none-any.whl").unlink()
    (bare.site / "captum").mkdir()
    (bare.site / "captum/__init__.py").write_text("__version__ = '0.8'\n")
    (bare.site / "captum-0.8.dist-info").mkdir()
    (bare.site / "captum-0.8.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: captum\nVersion: 0.8\n"
    )
    assert run(bare, tmp_path, attached)[1].split()[-1] == "0.8"


@pytest.mark.parametrize("version", ["", "0.0.9"])
def test_without_wheels_and_network_the_cell_says_what_to_click(
    version, bare, attached, tmp_path
):
    if version:  # another version than the notebook was built for
        attach_wheels(attached / "wheels", version)
    cells = [setup_cell(attached), SAY]
    path = write_notebook(tmp_path / "lesson.ipynb", *cells)
    said = bare_places.run_notebook(bare, path)
    assert said["stopped"] == "UsageError"
    first, second = said["outputs"]
    assert second == ""  # Run All has stopped
    assert "Traceback" not in first
    lines = first.splitlines()
    assert lines[0] == (
        f"UsageError: xraylab {__version__} is not here and could not be fetched."
    )
    found = f"{attached}/wheels/xraylab-0.0.9-py3-none-any.whl" if version else "none"
    assert lines[1].startswith(f"Attached wheels: {found}. On Kaggle, do this")
    for click in (
        "- in the panel on the right, Session options, turn Internet on;",
        "- or Add Input there, and attach a dataset with the wheels of xraylab",
    ):
        assert click in first
    assert f"{REPOSITORY}/blob/{opening.TAG}/docs/places.md" in first
    assert bare.own() == set()


def test_where_the_package_is_nothing_is_fetched(bare, attached, tmp_path):
    for file, text in STUB.items():
        (bare.site / "xraylab").mkdir(exist_ok=True)
        (bare.site / "xraylab" / file).write_text(text)
    attach_wheels(attached / "wheels")
    (bare.site / "captum.py").write_text("__version__ = 'mine'")
    assert run(bare, tmp_path, attached)[0].split()[-1] == "mine"
    assert bare.own() == {"xraylab", "captum.py"}


def test_a_folder_of_its_name_is_not_the_package(bare, attached, tmp_path):
    """As beside a clone: what is imported there has nothing in it."""
    attach_wheels(attached / "wheels")
    (tmp_path / "xraylab" / "xraylab").mkdir(parents=True)
    said = run(bare, tmp_path, attached)
    assert said == ["looked", f"{bare.site}/xraylab/__init__.py 0.9.0"]


def test_what_is_fetched_is_the_version_of_the_lesson():
    assert f"git+{REPOSITORY}@v{__version__}" in opening.SETUP
    assert not re.search(r"main|master", opening.SETUP)
    assert not re.search(r"\b(torch|numpy)\b", opening.SETUP)
    assert '"--no-deps"' in opening.SETUP


@pytest.mark.parametrize("source", build.sources(), ids=lambda s: s.stem)
def test_badges_lead_to_the_clean_lesson_of_this_version(source):
    colab, kaggle = re.findall(
        r"\((https://[^)]+)\)$", opening.badges(source.stem), re.M
    )
    path = f"blob/v{__version__}/notebooks/clean/{source.stem}.ipynb"
    name = REPOSITORY.removeprefix("https://github.com/")
    assert colab == f"https://colab.research.google.com/github/{name}/{path}"
    assert kaggle == f"https://kaggle.com/kernels/welcome?src={REPOSITORY}/{path}"
    assert opening.badges(source.stem) in build.read_source(source).cells[0].source


@pytest.mark.parametrize("solved", [False, True])
def test_the_installation_is_folded_and_nothing_else_is(solved):
    first, *others = [
        cell
        for cell in build.read_source(build.sources()[0], solved=solved).cells
        if cell.cell_type == "code"
    ]
    assert first.source.startswith("# @title ")  # what Colab shows in its place
    assert first.metadata == opening.FOLDED
    assert not any(opening.FOLDED.keys() & cell.metadata.keys() for cell in others)
