"""A small run, and copies of it that may be changed."""

import json
import shutil

import pytest

from tests.training.test_experiment import merge_into, score, train


@pytest.fixture(scope="session")
def read_run(three_sources, tmp_path_factory):
    """A run whose validation and test were read."""
    home = tmp_path_factory.mktemp("claim")
    run = train(merge_into(home / "merge", three_sources), home / "run")
    score(run.folder)
    score(run.folder, on="test")
    return run


@pytest.fixture
def own_run(read_run, tmp_path):
    """The same run and its merge, to be changed."""
    merge = shutil.copytree(read_run.folder.parent / "merge", tmp_path / "merge")
    folder = shutil.copytree(read_run.folder, tmp_path / "run")
    change_facts(folder, about=read_run.about | {"merge": str(merge)})
    return folder


def change_facts(folder, **changes):
    file = folder / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
