"""Address and version stand in `xraylab/__init__.py`; all else follows from there."""

import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest

import xraylab
from release import stamp
from xraylab.course import build, notebooks, opening

REPOSITORY = Path(__file__).parents[2]
NAME = xraylab.REPOSITORY.removeprefix("https://github.com/")
FORK = "https://github.com/somebody/my-x.rays"
SEEN = {".py", ".md", ".cff", ".toml", ".yml", ".ipynb", ".cfg", ".txt", ".html", ""}
NOT_OURS = {"xraylab.egg-info", "build", "dist", "my-lessons"}


@pytest.fixture
def fork(tmp_path, monkeypatch):
    """A copy of the texts in which address and version have changed."""
    for name in (*stamp.TEXTS, "docs", "notebooks"):
        source, target = REPOSITORY / name, tmp_path / name
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(
            source, target
        )
    monkeypatch.setattr(stamp, "ROOT", tmp_path)
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path / "notebooks")
    stamp.write_texts(stamp.stamp())
    setup, badges = opening.SETUP, opening.badges

    def renamed(text):
        text = text.replace("0.1.0", "0.2.0").replace(
            f"github/{NAME}", "github/" + FORK[19:]
        )
        return text.replace(xraylab.REPOSITORY, FORK)

    for module in (opening, build):
        monkeypatch.setattr(module, "SETUP", renamed(setup))
        monkeypatch.setattr(module, "badges", lambda name: renamed(badges(name)))
    for name, value in (
        ("REPOSITORY", FORK),
        ("__version__", "0.2.0"),
        ("TAG", "v0.2.0"),
    ):
        monkeypatch.setattr(stamp, name, value)
    return tmp_path


def is_ours(path):
    """Say whether a path is of the project; hidden folders are of tools, but CI's."""
    return not any(
        part in NOT_OURS or (part.startswith(".") and part != ".github")
        for part in path.parts
    )


def texts(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8", "replace")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in SEEN and is_ours(path.relative_to(folder))
    }


def test_in_this_checkout_there_is_nothing_to_stamp():
    changed = [path.name for path in stamp.stamp()]
    assert not changed, f"{', '.join(changed)}: make stamp"


def test_a_fork_changes_one_line_and_stamps(fork):
    before = texts(fork)
    stamp.write_texts(stamp.stamp())
    after = texts(fork)
    assert stamp.stamp() == {}
    for name, text in after.items():
        assert NAME not in text, name
        old, new = before[name].splitlines(), text.splitlines()
        lines = [line for line in old if line not in new]
        assert all(NAME in line or "0.1.0" in line for line in lines), (name, lines)
    assert f"git clone {FORK} &&" in after["README.md"]
    assert f"{FORK}/blob/v0.2.0/notebooks/clean/00_the_claim" in after["README.md"]
    assert f"repository-code: {FORK}\n" in after["CITATION.cff"]
    for name in before:
        if name.startswith("notebooks/0"):  # what was measured stays
            cells = [json.loads(side[name])["cells"] for side in (before, after)]
            outputs = [[cell.get("outputs") for cell in side] for side in cells]
            assert outputs[0] == outputs[1]


def test_the_address_stands_nowhere_else():
    stamped = {*stamp.TEXTS, "xraylab/__init__.py"}
    for name, text in texts(REPOSITORY).items():
        if name not in stamped and not name.startswith(("docs/", "notebooks/")):
            assert NAME not in text, name


def test_all_that_name_the_package_agree():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))[
        "project"
    ]
    assert project["urls"]["Repository"] == xraylab.REPOSITORY
    assert project["version"] == xraylab.__version__
    citation = (REPOSITORY / "CITATION.cff").read_text("utf-8")
    assert f"repository-code: {xraylab.REPOSITORY}\n" in citation
    assert re.search(r"^version: (.+)$", citation, re.M)[1] == xraylab.__version__
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    assert opening.badges("00_the_claim") in readme
    assert f"git clone {xraylab.REPOSITORY} &&" in readme
