"""A small run, made by the command line itself."""

import json
import shutil

import pytest

from xraylab import cli


def run_json(capsys, *argv):
    code = cli.main([*map(str, argv), "--json"])
    out = capsys.readouterr()
    lines = out.out.splitlines()
    assert len(lines) == 1, out
    return code, json.loads(lines[0]), out.err


@pytest.fixture(scope="module")
def merge_folder(three_sources, tmp_path_factory):
    folder = tmp_path_factory.mktemp("merge")
    assert cli.main(["merge", "--data", str(three_sources), "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def run_folder(merge_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "r"
    argv = ["train", str(merge_folder), "--protocol", "naive-merge", "--out", str(out)]
    argv += ["--recipe", "lesson", "--model", "small", "--size", "16"]
    assert cli.main([*argv, "--steps", "8", "--epochs", "2"]) == 0
    return out


@pytest.fixture
def own_run(run_folder, merge_folder, tmp_path):
    """A run that may be changed, of a merge that no test was read of."""
    merge = shutil.copytree(merge_folder, tmp_path / "merge")
    (merge / "test-log.jsonl").unlink(missing_ok=True)
    run = shutil.copytree(run_folder, tmp_path / "r")
    (run / "predictions-test.csv").unlink(missing_ok=True)
    facts = json.loads((run / "run.json").read_text())
    facts["about"]["merge"] = str(merge)
    (run / "run.json").write_text(json.dumps(facts))
    return run
