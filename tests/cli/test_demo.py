import ast
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from tests.conftest import as_jpeg, blob_image, write_file
from tests.training.test_loop import TINY
from xraylab import cli, data, errors, phantom, training
from xraylab.cli import demo
from xraylab.files import NotWrittenError


@pytest.fixture
def run_folder(three_sources, tmp_path):
    data.merge(three_sources, progress=False).save(tmp_path / "merge")
    recipe = replace(TINY, epochs=1, n_steps=1)
    merge, out = tmp_path / "merge", tmp_path / "run"
    training.train(merge, "naive-merge", recipe, out, progress=False)
    return out


def test_without_a_run_the_network_of_lesson_07_is_trained(
    tmp_path, monkeypatch, capsys
):
    phantom.write_phantom(tmp_path / "images", n_children=80)
    monkeypatch.setenv("XRAYLAB_DATA", str(tmp_path / "images"))
    monkeypatch.setenv("XRAYLAB_MODE", "smoke")
    monkeypatch.setenv("XRAYLAB_CACHE", str(tmp_path))
    page = demo.prepare(None)
    assert training.load_run(page["run_folder"]).protocol == "official"
    assert len(page["samples"]) >= 2
    out, err = capsys.readouterr()
    assert out == ""  # answers alone go there
    assert "Lesson 07 on the built-in images" in err
    told = "the network of lesson 07 is trained first, and kept. Then the page opens."
    assert told in err
    assert demo.prepare(None)["run_folder"] == page["run_folder"]
    assert told not in capsys.readouterr().err


def test_a_run_brings_samples_that_exist(run_folder, three_sources):
    page = demo.prepare(run_folder)
    assert page["run_folder"] == str(run_folder.resolve())
    assert page["data_name"] == f"the images in {three_sources.name}"
    assert len(page["samples"]) == 4
    assert all(Path(path).is_file() for path in page["samples"].values())


@pytest.mark.parametrize(
    ("simulated", "said"),
    [("all", "simulated images"), ("some", "images, some of them simulated")],
)
def test_simulated_samples_are_called_so(simulated, said, run_folder):
    facts = (run_folder / "run.json").read_text("utf-8")
    changed = facts.replace('"simulated": "none"', f'"simulated": "{simulated}"')
    (run_folder / "run.json").write_text(changed, "utf-8")
    assert demo.prepare(run_folder)["data_name"] == said


def test_a_run_whose_images_are_gone_has_no_samples(run_folder, capsys):
    there = shutil.move(run_folder.parent / "merge", run_folder.parent / "there")
    page = demo.prepare(run_folder)
    assert page["samples"] == {}
    assert "no samples: merge must be given: " in capsys.readouterr().err
    assert demo.prepare(run_folder, there)["samples"]


def test_other_images_under_the_names_of_a_run_s_are_no_samples(run_folder, capsys):
    merge = training.load_run(run_folder).merge_folder
    root = shutil.copytree(data.Merge.load(merge).root, run_folder.parent / "root")
    data.merge(root, progress=False).save(merge)
    assert demo.prepare(run_folder)["samples"]
    for file in root.rglob("*.jpeg"):
        write_file(file, as_jpeg(blob_image(900)))
    page = demo.prepare(run_folder)
    assert page["samples"] == {}
    assert page["data_name"] == "images that were not found"
    assert "or have other pixels, first " in capsys.readouterr().err


def test_the_page_s_notebook_is_one_call_with_a_title(tmp_path):
    page = {"run_folder": "r'un", "samples": {"a": "b"}, "data_name": "images"}
    notebook = nbformat.read(demo.write_notebook(tmp_path, **page), as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata["title"] == "Chest X-ray demo"
    (cell,) = notebook.cells
    call = ast.parse(cell.source).body[-1].value
    assert {k.arg: ast.literal_eval(k.value) for k in call.keywords} == page


def test_what_is_no_run_ends_in_one_line(tmp_path, capsys):
    assert cli.main(["demo", str(tmp_path), "--no-browser"]) == 1
    err = capsys.readouterr().err
    assert "must be the folder of a run" in err
    assert len(err.splitlines()) == 1


def test_without_voila_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    assert cli.main(["demo"]) == 1
    assert "needs voila, found none. Install" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [
        errors.UnreadableImageError("a.png", "it is empty"),
        errors.NotARunError("no run here"),
        errors.InputError("must be 1", argument="size"),
        NotWrittenError(Path("out"), OSError(28, "No space left on device")),
    ],
)
def test_an_error_of_another_process_comes_back_as_it_was(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again).keys() == vars(error).keys()
