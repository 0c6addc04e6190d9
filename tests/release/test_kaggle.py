"""What is packed for Kaggle is what its tool takes, and holds nothing but ours."""

import json
import os
import re
from pathlib import Path

import pytest

from release import kaggle
from tests.course.bare import NOWHERE, write_wheel
from xraylab import __version__, data
from xraylab.course import build, notebooks
from xraylab.errors import InputError

ROOT = Path(kaggle.__file__).parents[1]


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """What is packed, with the smallest of wheels."""

    def write_wheels(folder):
        write_wheel(folder, "xraylab", __version__, {})

    monkeypatch.setattr(kaggle, "write_wheels", write_wheels)
    return kaggle.pack("some-body", tmp_path / "kaggle")


def read(file):
    return json.loads(file.read_text("utf-8"))


def as_slug(title):
    """What Kaggle makes of a title."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def test_the_dataset_is_within_kaggles_limits(packed):
    facts = read(packed / "wheels/dataset-metadata.json")
    assert facts["id"] == "some-body/xraylab-wheels"
    assert as_slug(facts["title"]) == "xraylab-wheels"
    assert 6 <= len(facts["title"]) <= 50
    assert 20 <= len(facts["subtitle"]) <= 80
    assert [licence["name"] for licence in facts["licenses"]] == ["other"]
    assert __version__ in facts["subtitle"]


@pytest.mark.parametrize("source", build.sources(), ids=lambda s: s.stem)
def test_each_lesson_is_a_kernel_without_internet(source, packed):
    folder = packed / "kernels" / source.stem
    facts = read(folder / "kernel-metadata.json")
    owner, _, slug = facts["id"].partition("/")
    assert (owner, slug) == ("some-body", as_slug(facts["title"]))
    assert 5 <= len(facts["title"]) <= 50
    assert (facts["language"], facts["kernel_type"]) == ("python", "notebook")
    assert (facts["enable_internet"], facts["enable_gpu"]) == ("false", "false")
    assert facts["dataset_sources"][0] == "some-body/xraylab-wheels"
    pages = [source.page for source in data.SOURCES.values()]
    attached = [
        f"https://www.kaggle.com/datasets/{n}" for n in facts["dataset_sources"]
    ]
    assert attached[1:] == pages
    clean = notebooks.NOTEBOOKS / "clean" / f"{source.stem}.ipynb"
    assert (folder / facts["code_file"]).read_bytes() == clean.read_bytes()


def test_packing_again_leaves_nothing_of_before(packed):
    (packed / "wheels/xraylab-0.0.1-py3-none-any.whl").write_text("old")
    (packed / "kernels/99_gone").mkdir()
    (packed / "mine.txt").write_text("mine")
    kaggle.pack("some-body", packed)
    wheels = sorted(file.name for file in (packed / "wheels").glob("*.whl"))
    assert wheels == [f"xraylab-{__version__}-py3-none-any.whl"]
    assert not (packed / "kernels/99_gone").exists()
    assert (packed / "mine.txt").is_file()


@pytest.mark.parametrize("user", ["", "a/b", "me@home", "-x", "two words"])
def test_a_name_that_is_none_is_refused(user, tmp_path):
    with pytest.raises(InputError, match=r"user must be the name in the address of"):
        kaggle.pack(user, tmp_path / "kaggle")
    assert not (tmp_path / "kaggle").exists()


def test_a_wheel_for_one_machine_is_refused(tmp_path, monkeypatch):
    def pip(command, *arguments):
        target = tmp_path / "captum-1.0-cp311-cp311-linux_x86_64.whl"
        target.write_text("")

    monkeypatch.setattr(kaggle, "_pip", pip)
    with pytest.raises(
        InputError, match=r"must run on any machine, found captum-1\.0-cp"
    ):
        kaggle.write_wheels(tmp_path)


def test_without_a_network_one_line_says_so(tmp_path, monkeypatch, capsys):
    for name in ("http_proxy", "https_proxy", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, NOWHERE)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setattr(kaggle, "OUT", tmp_path / "kaggle")
    assert kaggle.main(["--user", "me"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("kaggle: pip wheel must give a wheel, it said ")
    assert said.err.endswith("Packing needs internet.\n")
    assert len(said.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_it_says_how_to_send_what_it_packed(packed, monkeypatch, capsys):
    monkeypatch.setattr(kaggle, "OUT", packed)
    assert kaggle.main(["--user", "some-body"]) == 0
    first, second, *more = capsys.readouterr().out.splitlines()
    assert first.startswith(f"Packed in {packed}.")
    assert second == f"kaggle datasets create -p {packed / 'wheels'}"
    assert len(more) == len(build.sources())


@pytest.mark.long
def test_the_wheels_are_built_and_fetched_and_the_checkout_stays_as_it_is(tmp_path):
    before = sorted(ROOT.iterdir())
    kaggle.write_wheels(tmp_path)
    theirs, ours = sorted(file.name for file in tmp_path.iterdir())
    assert ours == f"xraylab-{__version__}-py3-none-any.whl"
    assert re.fullmatch(r"captum-[\d.]+-py3-none-any\.whl", theirs)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 3_000_000
    assert sorted(ROOT.iterdir()) == before
