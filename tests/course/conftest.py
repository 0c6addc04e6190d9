"""Lessons that read nothing of the machine's, and leave nothing behind."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from xraylab.course import build, modes, places

REPOSITORY = Path(__file__).parents[2]
TEXTS = ("README.md", "LICENSE", "LICENSE-TEXT")


@pytest.fixture
def own_places(tmp_path, monkeypatch):
    """An empty folder to start from, a cache and a file of guesses of one's own."""
    for name in ("DATA", "MODE", "STEPS", "WEIGHTS"):
        monkeypatch.delenv(f"XRAYLAB_{name}", raising=False)
    monkeypatch.setenv("XRAYLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XRAYLAB_GUESSES", str(tmp_path / "home" / "guesses.jsonl"))
    monkeypatch.setattr(places, "AT_LEAST", {"train": 2, "test": 2})  # ours are small
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def one_second_a_step(monkeypatch):
    """A machine on which each training step takes a second."""
    monkeypatch.setattr(modes, "measure_step", lambda recipe: 1.0)


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """What a build needs of this checkout, with notebooks made from their scripts."""
    tree = tmp_path_factory.mktemp("tree") / "xraylab"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.ipynb")
    for name in ("xraylab", "notebooks"):
        shutil.copytree(REPOSITORY / name, tree / name, ignore=ignored)
    for file in ("pyproject.toml", "setup.py", "MANIFEST.in", *TEXTS):
        shutil.copy(REPOSITORY / file, tree)
    (tree / "notebooks/solutions").mkdir(exist_ok=True)
    for source in build.sources():
        for solved, folder in enumerate(("notebooks", "notebooks/solutions")):
            notebook = build.read_source(source, solved=bool(solved))
            told = nbformat.v4.new_output("stream", text="told\n")
            notebook.cells[1].outputs = [told]
            nbformat.write(notebook, tree / f"{folder}/{source.stem}.ipynb")
    return tree


@pytest.fixture(scope="session")
def wheel(tree):
    """The wheel of this checkout."""
    _pip("wheel", "--no-deps", "--wheel-dir", str(tree.parent), str(tree))
    return next(tree.parent.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """A folder into which the wheel is installed; its dependencies are ours."""
    folder = tmp_path_factory.mktemp("installed")
    _pip("install", "--no-deps", "--target", str(folder), str(wheel))
    return folder


def _pip(*arguments):
    """Run pip; it must fetch setuptools to build, so without a network this skips."""
    command = [sys.executable, "-m", "pip", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "No matching distribution found for setuptools" in done.stderr:
        pytest.skip("building a wheel needs setuptools, and there is no network")
    assert done.returncode == 0, done.stderr
