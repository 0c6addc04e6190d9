import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from tests.test_training import TINY, tiny_data
from xraylab import _files, runs, training


@pytest.fixture
def data():
    pixels, labels, _, _ = tiny_data()
    names = [f"{i}.jpeg" for i in range(len(labels))]
    splits = np.repeat(["train", "valid", "test"], [20, 8, 4])
    table = pd.DataFrame({"path": names, "picture_id": names, "group_id": names})
    return pixels, table.assign(label=labels, split=splits, row=np.arange(len(labels)))


def train(folder, data, recipe=TINY, **options):
    return runs.train_run(
        folder, recipe, *data, protocol="grouped", progress=False, **options
    )


def test_saved_and_loaded_a_run_gives_the_same_scores(tmp_path, data):
    run = train(tmp_path / "r", data)
    first = runs.score_rows(run, *data)
    again = runs.score_rows(runs.load_run(tmp_path / "r"), *data)
    pd.testing.assert_frame_equal(first, again)
    assert first["score"].between(0, 1).all()
    assert run.is_finished
    assert run.protocol == "grouped"


def test_a_run_that_stops_and_goes_on_ends_in_the_same_bits(
    tmp_path, data, monkeypatch
):
    whole = train(tmp_path / "whole", data).make_model("last").state_dict()
    keep = runs._save_epoch

    def stop_after_two(folder, state):
        keep(folder, state)
        if state.n_epochs == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(runs, "_save_epoch", stop_after_two)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", data)
    assert not runs.load_run(tmp_path / "parts").is_finished
    monkeypatch.setattr(runs, "_save_epoch", keep)
    parts = train(tmp_path / "parts", data).make_model("last").state_dict()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_finished_run_is_only_loaded(tmp_path, data):
    train(tmp_path / "r", data)
    before = (tmp_path / "r/last.safetensors").stat().st_mtime_ns
    train(tmp_path / "r", data)
    assert (tmp_path / "r/last.safetensors").stat().st_mtime_ns == before


def test_best_is_the_epoch_with_the_highest_validation_auroc(tmp_path, data):
    run = train(tmp_path / "r", data)
    valid = data[1][data[1]["split"] == "valid"]
    scores = runs.score_rows(run, data[0], valid)
    auroc = training.roc_auc_score(scores["label"], scores["score"])
    assert auroc == pytest.approx(run.history["valid_auroc"].max())


def test_another_recipe_in_the_same_folder_is_refused(tmp_path, data):
    train(tmp_path / "r", data)
    with pytest.raises(ValueError, match=r"holds a run with lr 0\.001"):
        train(tmp_path / "r", data, replace(TINY, lr=0.1))
    with pytest.raises(ValueError, match="holds a run on other pictures"):
        train(tmp_path / "r", (data[0], data[1].iloc[::-1]))


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(runs.NotARunError, match=r"run\.json, split\.csv"):
        runs.load_run(tmp_path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path):
    def fill_the_disk():
        with _files.whole_file(tmp_path / "x.csv") as half:
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
