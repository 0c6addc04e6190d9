"""The benchmarks beside other tools run, and their contenders do the same work."""

import json
import re
import sys
from pathlib import Path

import pytest
import torch

from tests.conftest import as_jpeg, blob_image, write_file

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import input_pipeline
import peers
import training_steps

BENCHMARKS = Path(peers.__file__).parent
README = (BENCHMARKS / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Forty images in two class folders."""
    root = tmp_path_factory.mktemp("classes")
    for i in range(40):
        name = f"{('NORMAL', 'PNEUMONIA')[i % 2]}/{i}.jpeg"
        write_file(root / name, as_jpeg(blob_image(i)))
    return root


@pytest.fixture(autouse=True)
def own_threads():
    """A benchmark takes one thread; the other tests shall not."""
    n = torch.get_num_threads()
    yield
    torch.set_num_threads(n)


def answer_of(module, monkeypatch, capsys, *argv):
    monkeypatch.setattr(sys, "argv", ["", *map(str, argv)])
    module.main()
    return json.loads(capsys.readouterr().out)


def test_both_see_the_same_files_at_the_same_size(folder, tmp_path):
    x, y = next(iter(peers.folder_loader(folder, 32)))
    assert x.shape == (peers.BATCH, 3, 32, 32)
    assert set(y.tolist()) == {0, 1}
    pixels, labels = peers.read_folder(folder, 32, tmp_path)
    assert pixels.shape == (40, 32, 32)
    assert labels.tolist() == [0] * 20 + [1] * 20
    # normalised alike: what is grey lies in ImageNet's range
    assert -2.2 <= float(x.min()) < float(x.max()) <= 2.7


def test_a_ratio_is_taken_within_a_round():
    rounds = [{"a": 2.0, "b": 1.0}, {"a": 30.0, "b": 10.0}, {"a": 4.0, "b": 1.0}]
    assert peers.ratio(rounds, "a", "b") == 3.0
    table = peers.summarise(rounds, 10)
    assert table["a"]["ms_per_image"] == 400.0
    assert (table["b"]["least"], table["b"]["most"]) == (100.0, 1000.0)
    assert table["a"]["images_per_cpu_second"] == 2.5


def test_the_first_round_warms_up():
    clock = iter(range(9))
    assert peers.contest({"a": lambda: next(clock)}, 2) == [{"a": 1}, {"a": 2}]


def test_the_input_pipeline_runs(folder, tmp_path, monkeypatch, capsys):
    options = ["--batches", 1, "--rounds", 1, "--files", 4, "--sizes", 32]
    answer = answer_of(
        input_pipeline, monkeypatch, capsys, folder, "--home", tmp_path, *options
    )
    size = answer["sizes"]["32"]
    assert set(size["batches"]) == {"xraylab", "ImageFolder"}
    assert size["times"] > 0
    assert size["decoding_times"] > 0
    assert {"torch", "torchvision", "pillow"} <= set(answer["versions"])
    assert answer["threads"] == 1


def test_the_training_steps_run(folder, tmp_path, monkeypatch, capsys):
    options = ["--batches", 1, "--rounds", 1, "--sizes", 32]
    out = tmp_path / "a.json"
    answer = answer_of(
        *(training_steps, monkeypatch, capsys, folder, "--home", tmp_path),
        *(*options, "--out", out),
    )
    assert json.loads(out.read_text()) == answer
    size = answer["sizes"]["32"]
    assert set(size["steps"]) == {"bare arithmetic", "xraylab", "ImageFolder"}
    assert size["times, ImageFolder"] > 0


def test_a_python_without_fastai_is_said(folder):
    fastai = training_steps.Fastai(sys.executable, folder, 32, 1)
    with pytest.raises(SystemExit, match="--fastai must be a Python with fastai"):
        fastai()
    fastai.close()


def kept(name):
    return json.loads((BENCHMARKS / f"results/{name}.json").read_text("utf-8"))["sizes"]


def test_the_table_of_steps_is_what_is_kept():
    few, full = kept("training_steps"), kept("training_steps_full_size")
    columns = few["64"], few["128"], full["64"]
    rows = {
        "xraylab": [f"{c['steps']['xraylab']['ms_per_image']:.1f}" for c in columns],
        "over bare arithmetic": [f"{c['over bare arithmetic']:.3f}" for c in columns],
    }
    for name, figures in rows.items():
        assert f"| {name} | {' | '.join(figures)} |" in README
    peers_of = {"ImageFolder": "loop, ImageFolder", "fastai": "fastai 2.8.12"}
    for key, name in peers_of.items():
        for column in columns:
            took = column["steps"][key]["ms_per_image"]
            figure = f"{took:.1f}, {column[f'times, {key}']:.2f} times"
            assert re.search(rf"{name} \|.*{re.escape(figure)}", README)


@pytest.mark.parametrize(
    ("what", "key"), [("batches", "times"), ("decoding", "decoding_times")]
)
@pytest.mark.parametrize(
    ("files", "name"),
    [("of 224 px", "input_pipeline"), ("full-size", "input_pipeline_full_size")],
)
def test_the_table_of_the_pipeline_is_what_is_kept(what, key, files, name):
    label = f"files {files}" if files == "of 224 px" else f"{files} files"
    (row,) = (t for t in README.splitlines() if t.startswith(f"| {what}, {label} |"))
    figures = [float(cell) for cell in row.strip("|").split("|")[1:]]
    for column, figure in zip(kept(name).values(), figures, strict=True):
        assert figure == pytest.approx(column[key], rel=0.03)
