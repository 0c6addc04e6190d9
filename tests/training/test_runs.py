import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from tests.training.test_loop import TINY, tiny_data
from xraylab import errors, training
from xraylab.files import whole_file
from xraylab.training import checkpoint, loop, runs


@pytest.fixture
def data():
    pixels, labels, _, _ = tiny_data()
    names = [f"{i}.jpeg" for i in range(len(labels))]
    splits = np.repeat(["train", "valid", "test"], [20, 8, 4])
    table = pd.DataFrame({"path": names, "image_id": names, "group_id": names})
    return pixels, table.assign(label=labels, split=splits, row=np.arange(len(labels)))


def train(folder, data, recipe=TINY, **options):
    return runs.train_run(
        folder, recipe, *data, protocol="grouped", progress=False, **options
    )


def test_saved_and_loaded_a_run_gives_the_same_scores(tmp_path, data):
    run = train(tmp_path / "r", data)
    first = runs.score_rows(run, *data)
    again = runs.score_rows(training.load_run(tmp_path / "r"), *data)
    pd.testing.assert_frame_equal(first, again)
    assert first["score"].between(0, 1).all()
    assert run.protocol == "grouped"


# resnet18 lies in memory as channels_last, small does not: both must go on well.
@pytest.mark.parametrize("name", training.MODELS)
def test_a_run_that_stops_and_goes_on_ends_in_the_same_bits(
    tmp_path, data, monkeypatch, name
):
    recipe = replace(TINY, model=name)
    whole = train(tmp_path / "whole", data, recipe).make_model("last").state_dict()
    keep = runs._save_epoch

    def stop_after_two(folder, state):
        keep(folder, state)
        if state.n_epochs == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(runs, "_save_epoch", stop_after_two)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", data, recipe)
    half = training.load_run(tmp_path / "parts")
    with pytest.raises(errors.NotARunError, match=r"has no last\.safetensors yet"):
        half.make_model("last")
    monkeypatch.setattr(runs, "_save_epoch", keep)
    parts = train(tmp_path / "parts", data, recipe).make_model("last").state_dict()
    assert all(torch.equal(whole[key], parts[key]) for key in whole)
    assert len(training.load_run(tmp_path / "parts").history) == 4


def test_a_finished_run_is_only_loaded(tmp_path, data):
    train(tmp_path / "r", data)
    before = (tmp_path / "r/last.safetensors").stat().st_mtime_ns
    train(tmp_path / "r", data)
    assert (tmp_path / "r/last.safetensors").stat().st_mtime_ns == before


def test_best_is_the_epoch_with_the_highest_validation_auroc(tmp_path, data):
    run = train(tmp_path / "r", data)
    valid = data[1][data[1]["split"] == "valid"]
    scores = runs.score_rows(run, data[0], valid)
    auroc = loop.roc_auc_score(scores["label"], scores["score"])
    assert auroc == pytest.approx(run.history["valid_auroc"].max())


def test_another_recipe_in_the_same_folder_is_refused(tmp_path, data):
    train(tmp_path / "r", data)
    with pytest.raises(ValueError, match=r"holds a run with lr 0\.001"):
        train(tmp_path / "r", data, replace(TINY, lr=0.1))
    with pytest.raises(ValueError, match="holds a run on other images"):
        train(tmp_path / "r", (data[0], data[1].iloc[::-1]))
    pixels, table = data
    swapped = table["split"].replace({"train": "test", "test": "train"})
    with pytest.raises(ValueError, match="holds a run on other split"):
        train(tmp_path / "r", (pixels, table.assign(split=swapped)))
    with pytest.raises(ValueError, match="holds a run on other labels"):
        train(tmp_path / "r", (pixels, table.assign(label=1 - table["label"])))


def test_a_table_without_a_column_or_a_part_is_refused(tmp_path, data):
    pixels, table = data
    with pytest.raises(ValueError, match="table must have the columns group_id, row"):
        train(tmp_path / "r", (pixels, table.drop(columns=["row", "group_id"])))
    assert not (tmp_path / "r").exists()
    with pytest.raises(ValueError, match="valid must hold both classes, got 0 rows"):
        train(tmp_path / "r", (pixels, table.assign(split="train")))
    assert not (tmp_path / "r").exists()


def test_names_made_of_digits_stay_names(tmp_path, data):
    pixels, table = data
    table = table.assign(path=[f"{i:03d}" for i in range(32)], group_id="1e5")
    kept = train(tmp_path / "r", (pixels, table)).table
    assert kept["path"].tolist() == table["path"].tolist()
    assert set(kept["group_id"]) == {"1e5"}
    train(tmp_path / "r", (pixels, table))  # is the same run


def test_a_run_changed_by_hand_is_named(tmp_path, data):
    run = train(tmp_path / "r", data)
    with pytest.raises(ValueError, match='"best" or "last", got \'final\''):
        run.make_model("final")
    (run.folder / "run.json").write_text("{")
    with pytest.raises(errors.NotARunError, match=r"run\.json .* could not be read"):
        training.load_run(run.folder)


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_a_run_can_be_read_by_whoever_may_read_its_folder(tmp_path, data):
    folder = train(tmp_path / "r", data).folder
    modes = {file.name: file.stat().st_mode for file in folder.iterdir()}
    assert modes["best.safetensors"] == modes["run.json"]


@pytest.mark.skipif(os.name == "nt", reason="needs a limit of file sizes")
def test_weights_that_do_not_fit_on_the_disk_leave_the_last_ones(tmp_path):
    import resource

    file = tmp_path / "w.safetensors"
    checkpoint.save_tensors(file, {"a": torch.zeros(10)})
    before, old = file.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, old[1]))
    try:
        with pytest.raises(OSError, match=r"w\.safetensors could not be written"):
            checkpoint.save_tensors(file, {"a": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert [f.name for f in tmp_path.iterdir()] == ["w.safetensors"]
    assert file.read_bytes() == before


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(errors.NotARunError, match=r"run\.json, split\.csv"):
        training.load_run(tmp_path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path):
    def fill_the_disk():
        with whole_file(tmp_path / "x.csv") as half:
            half.symlink_to("/dev/full")
            half.write_text("a" * 100_000)

    with pytest.raises(OSError, match="could not be written: No space left"):
        fill_the_disk()
    assert list(tmp_path.iterdir()) == []


def test_predictions_are_kept_in_the_run(tmp_path, data):
    run = train(tmp_path / "r", data)
    runs.write_predictions(run.folder, "valid", runs.score_rows(run, *data))
    kept = pd.read_csv(run.folder / "predictions-valid.csv")
    assert kept.columns.tolist() == runs.PREDICTION_COLUMNS
