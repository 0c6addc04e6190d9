"""The verbs train and find-lr."""

import json
import shutil
import sys
from urllib.error import URLError

import pandas as pd
import pytest
from PIL import Image

from tests.cli.conftest import run_json
from xraylab import cli, training
from xraylab.cli import training as cli_training
from xraylab.training import loop, test_log


def test_train_evaluate_predict_go_hand_in_hand(
    run_folder, merge_folder, three_sources, capsys
):
    code, valid, _ = run_json(capsys, "evaluate", run_folder)
    assert code == 0
    assert valid["readings"] == 0
    readings = []
    for _ in range(2):
        _, test, _ = run_json(capsys, "evaluate", run_folder, "--on", "test")
        readings.append(test["readings"])
    assert readings == [1, 2]
    metric = test["metrics"]["accuracy"]
    assert metric["low"] <= metric["value"] <= metric["high"]
    files = sorted((three_sources / "one").rglob("*.jpeg"))[:3][::-1]
    code, answer, _ = run_json(capsys, "predict", run_folder, *files)
    assert code == 0
    assert [row["path"] for row in answer["predictions"]] == list(map(str, files))
    assert "clinical" in answer["note"]


def test_weights_that_could_not_be_fetched_leave_the_folder_free(
    merge_folder, tmp_path, monkeypatch, capsys
):
    def no_network(*_, **__):
        raise URLError("no route to host")

    monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    train = ["train", str(merge_folder), "--protocol", "image-random", "--out"]
    train += [str(tmp_path / "run"), "--size", "16", "--batch-size", "8"]
    train += ["--steps", "2", "--epochs", "1"]
    assert cli.main([*train, "--weights", "imagenet"]) == 1
    said = capsys.readouterr().err
    assert "or begin without: weights none, in a command --weights none or --re" in said
    assert cli.main([*train, "--weights", "none"]) == 0


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        (
            "--steps",
            "5",
            "argument --steps: must be a whole number, at least 20, one an ep",
        ),
        (
            "--batch-size",
            "1",
            "argument --batch-size: must be a whole number, at least",
        ),
        ("--model", "big", "argument --model: must be one of resnet18, small, got"),
        ("--schedule", "x", "argument --schedule: must be one of step, cosine, one-"),
        ("--class-weights", "x", "argument --class-weights: must be one of none, bal"),
        ("--sampler", "x", "argument --sampler: must be one of shuffle, balanced"),
        ("--weights", "nowhere.pth", 'argument --weights: must be "imagenet", "none"'),
        ("--model", "small", "argument --weights: must be none or a file for model s"),
        ("--seed", "4294967296", "argument --seed: must be at most 4294967295, got"),
        ("--size", "100000", "argument --size: must be at most 4096, got 100000"),
    ],
)
def test_a_field_of_the_recipe_is_named_as_typed(
    option, value, message, merge_folder, tmp_path, capsys
):
    train = ["train", str(merge_folder), "--protocol", "grouped", "--out"]
    with pytest.raises(SystemExit) as ended:
        cli.main([*train, str(tmp_path / "run"), option, value])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_options_of_train_are_fields_of_the_recipe(merge_folder, tmp_path, capsys):
    asked = {"schedule": "cosine", "class_weights": "balanced", "sampler": "balanced"}
    options = [w for k, v in asked.items() for w in ("--" + k.replace("_", "-"), v)]
    options += ["--recipe", "lesson", "--model", "small", "--size", "16"]
    options += ["--steps", "4", "--epochs", "2", "--lr", "0.01", "--batch-size", "4"]
    train = ["train", str(merge_folder), "--protocol", "naive-merge", "--seed", "3"]
    assert cli.main([*train, "--out", str(tmp_path / "r"), *options]) == 0
    recipe = json.loads((tmp_path / "r/run.json").read_text())["recipe"]
    asked |= {"model": "small", "size_px": 16, "n_steps": 4, "epochs": 2, "lr": 0.01}
    assert recipe.items() >= (asked | {"batch_size": 4, "seed": 3}).items()


def test_find_lr_draws_a_curve_and_touches_no_run(
    merge_folder, run_folder, tmp_path, capsys
):
    before = {file: file.stat().st_mtime_ns for file in run_folder.iterdir()}
    n_readings = len(test_log.list_readings(merge_folder))
    argv = ["find-lr", merge_folder, "--protocol", "naive-merge", "--recipe", "lesson"]
    argv += ["--model", "small", "--size", "16", "--out", tmp_path / "new/curve.png"]
    for _ in range(2):  # its own curve it does replace
        code, answer, _ = run_json(capsys, *argv)
        assert code == 0
    assert 0 < answer["low"] < answer["high"] <= 1
    assert "Smith 2017" in answer["rule"]
    with Image.open(tmp_path / "new/curve.png") as drawn:
        assert drawn.format == "PNG"
    assert [f.name for f in tmp_path.rglob("*")] == ["new", "curve.png"]
    assert before == {file: file.stat().st_mtime_ns for file in run_folder.iterdir()}
    assert len(test_log.list_readings(merge_folder)) == n_readings


@pytest.mark.parametrize(
    ("low", "high", "ended"), [(1e-4, 0.02, ""), (1e-5, 4e-4, "the loss was nan")]
)
def test_find_lr_says_how_its_rate_is_used_and_why_it_ended(
    low, high, ended, merge_folder, tmp_path, monkeypatch, capsys
):
    def found(*_):
        curve = pd.DataFrame({"lr": [low, high], "loss": [2, 1], "smoothed": [2, 1]})
        curve.attrs["ended"] = ended
        return curve

    monkeypatch.setattr(training, "find_lr", found)
    monkeypatch.setattr(training.rates, "suggest_range", lambda _: (low, high))
    argv = ["find-lr", str(merge_folder), "--protocol", "naive-merge", "--out"]
    assert cli.main([*argv, str(tmp_path / "curve.png")]) == 0
    said = capsys.readouterr().out
    assert "`xraylab train` takes one with --lr, the highest of its --schedule" in said
    assert f"a tenth of the upper end, {high / 10:.1e}, is" in said
    is_outside = "The recipe's own rate, 0.001, lies outside this range.\n" in said
    assert is_outside == (high < 0.001)
    assert ("The test ended early: the loss was nan.\n" in said) == bool(ended)


def test_tensorboard_that_is_not_installed_is_a_wrong_command(
    merge_folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    argv = ["train", str(merge_folder), "--protocol", "grouped"]
    argv += ["--out", str(tmp_path / "r"), "--tensorboard", str(tmp_path / "board")]
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 2
    assert "argument --tensorboard: needs the package" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_train_says_that_a_run_was_finished_earlier(run_folder, merge_folder, capsys):
    argv = ["train", merge_folder, "--protocol", "naive-merge", "--out", run_folder]
    argv += ["--recipe", "lesson", "--model", "small", "--size", "16"]
    code, answer, _ = run_json(capsys, *argv, "--steps", "8", "--epochs", "2")
    assert (code, answer["note"]) == (0, "finished earlier, loaded")


def test_train_ends_with_what_validation_says_of_the_kept_network(
    run_folder, merge_folder, capsys
):
    argv = ["train", merge_folder, "--protocol", "naive-merge", "--out", run_folder]
    argv += ["--recipe", "lesson", "--model", "small", "--size", "16", "--steps", "8"]
    assert cli.main([*map(str, argv), "--epochs", "2"]) == 0
    head, *figures, last = capsys.readouterr().out.splitlines()
    history = training.load_run(run_folder).history.set_index("epoch")
    best = history.index[history["valid_auroc"] == history["valid_auroc"].max()][-1]
    assert f"which chose epoch {best} of 2 by its AUROC, threshold 0.500" in head
    assert f"{history.loc[best, 'valid_loss']:.3g} here:" in head
    assert last == f"Run: {run_folder}, finished earlier, loaded"
    _, measured, _ = run_json(capsys, "evaluate", run_folder)
    _, trained, _ = run_json(capsys, *argv, "--epochs", "2")
    assert trained["metrics"] == measured["metrics"]
    assert trained["kept_epoch"] == best
    for line, row in zip(figures, measured["metrics"].values(), strict=True):
        if row["value"] is not None:  # PPV, where nothing was called pneumonia
            assert f" {row['value']:.3f}" in line
        assert f"n = {row['n']}, {row['n_groups']} groups, " in line
        assert f"baseline {row['baseline']:.2f}" in line


def test_a_training_that_is_stopped_says_what_is_kept(
    merge_folder, tmp_path, monkeypatch, capsys
):
    out, run_epoch, left = tmp_path / "r", loop._run_epoch, []

    def stop(*given):
        if not left:
            raise KeyboardInterrupt
        left.pop()
        return run_epoch(*given)

    monkeypatch.setattr(loop, "_run_epoch", stop)
    argv = ["train", merge_folder, "--protocol", "naive-merge", "--out", out]
    argv += ["--recipe", "lesson", "--model", "small", "--size", "16"]
    argv += ["--steps", "6", "--epochs", "3"]
    for n_more, n_kept in ((0, 0), (1, 1), (0, 1), (1, 2)):
        left[:] = [None] * n_more
        assert cli.main([*map(str, argv)]) == 130
        kept = f" Kept in {out}: {n_kept} of 3 epochs. The same command goes on from t"
        said = capsys.readouterr().err
        assert f"xraylab: stopped.{kept if n_kept else chr(10)}" in said
    left[:] = [None]
    _, answer, _ = run_json(capsys, *argv)
    assert answer["note"] == "continued after epoch 2"


def test_a_finished_run_whose_answers_cannot_be_kept_is_said_at_once(
    own_run, monkeypatch, capsys
):
    shutil.rmtree(own_run.parent / "merge")  # nothing is read before
    (own_run / "predictions-valid.csv").unlink(missing_ok=True)
    (own_run / "predictions-valid.csv").mkdir()
    argv = ["train", str(own_run), "--protocol", "naive-merge", "--out", str(own_run)]
    assert cli.main(argv) == 1
    told = "predictions-valid.csv could not be written: it is a folder. Nothing was le"
    assert told in capsys.readouterr().err


def test_of_several_processes_one_answers(
    run_folder, merge_folder, monkeypatch, capsys
):
    argv = ["train", merge_folder, "--protocol", "naive-merge", "--out", run_folder]
    monkeypatch.setattr(
        training, "train", lambda *_, **__: training.load_run(run_folder)
    )
    monkeypatch.setattr(training.processes, "count_processes", lambda: 2)
    for is_main in (True, False):
        monkeypatch.setattr(
            training.processes, "is_main", lambda is_main=is_main: is_main
        )
        assert cli.main([*map(str, argv), "--json"]) == 0
        assert capsys.readouterr().out.count("\n") == is_main


def test_of_several_processes_none_scores(run_folder, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    run = training.load_run(run_folder)
    found, (_, line) = cli_training._measure(run)
    assert found == {}
    assert line == f"  `xraylab evaluate {run_folder}` measures it."
