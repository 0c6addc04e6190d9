import errno
import hashlib
import json
import math
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from sklearn.metrics import roc_auc_score

from tests.training.test_loop import TINY, tiny_data
from xraylab import errors, training
from xraylab.files import whole_file
from xraylab.training import answers, models, processes, runs, steps


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
    first = answers.score_rows(run.make_model(), *data)
    again = answers.score_rows(training.load_run(tmp_path / "r").make_model(), *data)
    pd.testing.assert_frame_equal(first, again)
    assert first["score"].between(0, 1).all()
    assert run.protocol == "grouped"


def stop_after_two_epochs(monkeypatch, work):
    keep = runs._save_epoch

    def stop(folder, recipe, state):
        keep(folder, recipe, state)
        if state.n_epochs == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runs, "_save_epoch", stop)
        with pytest.raises(KeyboardInterrupt):
            work()


# resnet18 lies in memory as channels_last, small does not: both must go on well.
@pytest.mark.parametrize("name", models.MODELS)
def test_a_run_that_stops_and_goes_on_ends_in_the_same_bits(
    tmp_path, data, monkeypatch, name
):
    recipe = replace(TINY, model=name)
    whole = train(tmp_path / "whole", data, recipe).make_model("last").state_dict()
    stop_after_two_epochs(monkeypatch, lambda: train(tmp_path / "parts", data, recipe))
    half = training.load_run(tmp_path / "parts")
    assert not half.is_finished
    assert half.history["epoch"].tolist() == [1, 2]
    with pytest.raises(errors.NotARunError, match=r"has no last\.safetensors yet"):
        half.make_model("last")
    done = train(tmp_path / "parts", data, recipe)
    parts = done.make_model("last").state_dict()
    assert all(torch.equal(whole[key], parts[key]) for key in whole)
    assert done.history["epoch"].tolist() == [1, 2, 3, 4]
    assert (done.is_finished, done.note) == (True, "continued after epoch 2")


@pytest.mark.parametrize("order", [("float32", "float16"), ("float16", "float32")])
def test_a_run_goes_on_where_another_precision_is_chosen(
    tmp_path, data, monkeypatch, order
):
    """As from a P100 to a T4, whose half precision scales its gradients."""
    begun, then = (getattr(torch, name) for name in order)
    monkeypatch.setattr(processes, "choose_precision", lambda device: begun)
    stop_after_two_epochs(monkeypatch, lambda: train(tmp_path / "r", data))
    monkeypatch.setattr(processes, "choose_precision", lambda device: then)
    done = train(tmp_path / "r", data)
    assert done.is_finished
    assert f"begun with precision {order[0]}" in done.note


def test_two_trainings_in_one_folder_leave_one_whole_run(tmp_path, data, monkeypatch):
    whole = train(tmp_path / "whole", data)
    take, begun = steps.take_step, []

    def meanwhile(recipe, state, seen, rows, step, weights):
        if step == 4 and not begun:  # in the second epoch
            before = contents(tmp_path / "r")
            with pytest.raises(OSError, match="another command is writing it") as held:
                train(tmp_path / "r", data)
            begun.append(str(held.value))
            assert contents(tmp_path / "r") == before
        return take(recipe, state, seen, rows, step, weights)

    monkeypatch.setattr(steps, "take_step", meanwhile)
    train(tmp_path / "r", data)
    assert begun == [
        f"[Errno {errno.EAGAIN}] {tmp_path / 'r/unfinished.safetensors'} could not be "
        "written: another command is writing it. Nothing was left half-written; try "
        "again when that has ended."
    ]
    assert train(tmp_path / "r", data).note == "finished earlier, loaded"
    assert sorted(contents(tmp_path / "r")) == sorted(contents(whole.folder))
    for name in ("best.safetensors", "last.safetensors"):
        ours, theirs = contents(tmp_path / "r")[name], contents(whole.folder)[name]
        assert ours == theirs


@pytest.mark.parametrize(
    ("part", "change"),
    [("trained_on", {"threads": 99}), ("versions", {"torch": "1.0"})],
)
def test_what_may_change_the_bits_is_told_when_a_run_goes_on(
    tmp_path, data, monkeypatch, part, change
):
    folder = tmp_path / "r"
    stop_after_two_epochs(monkeypatch, lambda: train(folder, data))
    facts = json.loads((folder / "run.json").read_text())
    facts[part] |= change
    (folder / "run.json").write_text(json.dumps(facts))
    ((name, value),) = change.items()
    assert train(folder, data).note == (
        f"continued after epoch 2; begun with {name} {value}, so perhaps not to the "
        "same bits"
    )


def test_an_unfinished_run_says_how_far_it_came(tmp_path, data, monkeypatch):
    stop_after_two_epochs(monkeypatch, lambda: train(tmp_path / "r", data))
    half = training.load_run(tmp_path / "r")
    assert half.unfinished == "Unfinished: 2 of 4 epochs are trained."
    message = r"r is unfinished: 2 of 4 epochs\. Read the test when training has ended"
    with pytest.raises(errors.UnfinishedRunError, match=message):
        half.refuse_unfinished("Read the test")
    done = train(tmp_path / "r", data)
    assert done.unfinished == ""
    done.refuse_unfinished("Read the test")


def test_a_run_keeps_what_its_maker_noted(tmp_path, data):
    noted = train(tmp_path / "r", data, about={"merge": "/somewhere"})
    assert noted.about == training.load_run(tmp_path / "r").about
    assert noted.about["merge"] == "/somewhere"
    assert train(tmp_path / "q", data).about == {}
    assert noted.rule == noted.operating_point["rule"] != "rule"
    assert replace(noted, operating_point={}).rule == ""
    digest = hashlib.sha256((noted.folder / "best.safetensors").read_bytes())
    assert noted.network_id == digest.hexdigest()[:16]


def test_of_equally_good_epochs_the_last_is_best(tmp_path, data, monkeypatch):
    keep = runs._save_epoch
    aurocs, weights = iter([0.5, 0.9, 0.9, 0.7]), []

    def save(folder, recipe, state):
        state.history[-1]["valid_auroc"] = next(aurocs)
        keep(folder, recipe, state)
        weights.append((folder / "best.safetensors").read_bytes())

    monkeypatch.setattr(runs, "_save_epoch", save)
    best = train(tmp_path / "r", data).folder / "best.safetensors"
    assert weights[0] != weights[1] != weights[2] == weights[3] == best.read_bytes()


def test_a_finished_run_is_only_loaded(tmp_path, data):
    assert train(tmp_path / "r", data).note == "trained"
    before = (tmp_path / "r/last.safetensors").stat().st_mtime_ns
    assert train(tmp_path / "r", data).note == "finished earlier, loaded"
    assert (tmp_path / "r/last.safetensors").stat().st_mtime_ns == before


def test_best_is_the_epoch_with_the_highest_validation_auroc(tmp_path, data):
    run = train(tmp_path / "r", data)
    valid = data[1][data[1]["split"] == "valid"]
    scores = answers.score_rows(run.make_model(), data[0], valid)
    auroc = roc_auc_score(scores["label"], scores["score"])
    assert auroc == pytest.approx(run.history["valid_auroc"].max())


def test_another_recipe_in_the_same_folder_is_refused(tmp_path, data):
    train(tmp_path / "r", data)
    with pytest.raises(ValueError, match=r"holds a run with lr 0\.001"):
        train(tmp_path / "r", data, replace(TINY, lr=0.1))
    with pytest.raises(ValueError, match="holds a run on other files"):
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
    with pytest.raises(ValueError, match="both classes, got 0 normal and 0 pneumonia"):
        train(tmp_path / "r", (pixels, table.assign(split="train")))
    assert not (tmp_path / "r").exists()


def test_names_made_of_digits_stay_names(tmp_path, data):
    pixels, table = data
    table = table.assign(path=[f"{i:03d}" for i in range(32)], group_id="1e5")
    kept = train(tmp_path / "r", (pixels, table)).table
    assert kept["path"].tolist() == table["path"].tolist()
    assert set(kept["group_id"]) == {"1e5"}
    train(tmp_path / "r", (pixels, table))  # is the same run


def test_changed_images_under_the_same_names_are_another_run(
    tmp_path, data, monkeypatch
):
    pixels, table = data
    changed = pixels.copy()
    changed[-1, 0, 0] ^= 1  # one pixel of one test image
    train(tmp_path / "done", data)
    stop_after_two_epochs(monkeypatch, lambda: train(tmp_path / "half", data))
    for name in ("done", "half"):
        before = contents(tmp_path / name)
        with pytest.raises(errors.InputError, match="other images under the same na"):
            train(tmp_path / name, (changed, table))
        assert contents(tmp_path / name) == before


def test_weights_are_known_by_content_not_by_name(tmp_path, data, monkeypatch):
    for seed in (1, 2):
        network = models.make_model("small", seed=seed).network
        save_file(network.state_dict(), tmp_path / f"{seed}.safetensors")
    file = tmp_path / "w.safetensors"
    shutil.copy(tmp_path / "1.safetensors", file)
    recipe = replace(TINY, weights=str(file))
    train(tmp_path / "r", data, recipe)
    half = tmp_path / "half"
    stop_after_two_epochs(monkeypatch, lambda: train(half, data, recipe))
    file.rename(tmp_path / "moved.safetensors")
    moved = replace(recipe, weights=str(tmp_path / "moved.safetensors"))
    assert train(tmp_path / "r", data, moved).note == "finished earlier, loaded"
    assert train(half, data, moved).note == "continued after epoch 2"
    shutil.copy(tmp_path / "2.safetensors", file)
    with pytest.raises(
        errors.InputError, match=r"run with weights .*w\.safetensors \("
    ):
        train(tmp_path / "r", data, recipe)


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_loss_that_is_no_number_leaves_the_last_good_epoch(
    tmp_path, data, monkeypatch
):
    folder = tmp_path / "r"
    stop_after_two_epochs(monkeypatch, lambda: train(folder, data))
    before = contents(folder)
    take = steps.take_step

    def burst(*given):
        answer, y, loss = take(*given)
        return answer, y, loss * (math.nan if given[-2] == 7 else 1)

    with monkeypatch.context() as patch:
        patch.setattr(steps, "take_step", burst)
        with pytest.raises(errors.TrainingError) as caught:
            train(folder, data)
    assert "the loss was nan at step 8, in epoch 3. " in str(caught.value)
    assert f"{folder} keeps the network after epoch 2." in str(caught.value)
    assert contents(folder) == before
    assert train(folder, data).is_finished


def test_a_run_that_tells_no_merge_takes_none_from_where_one_works(
    tmp_path, data, monkeypatch
):
    run = train(tmp_path / "r", data)
    (tmp_path / "manifest.csv").write_text("the merge of another run")
    monkeypatch.chdir(tmp_path)
    assert run.merge_folder is None
    with pytest.raises(errors.InputError, match="on the merge in no folder, which is"):
        training.score(run.folder)
    with pytest.raises(errors.InputError, match="on the merge in no folder, which is"):
        training.test_log.readings_of(run)


def test_a_folder_that_is_no_run_is_named(tmp_path):
    told = r"run\.json, split\.csv, history\.jsonl, best\.safetensors are missing\. M"
    with pytest.raises(errors.NotARunError, match=told):
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
    found = answers.score_rows(run.make_model(), *data)
    answers.write_predictions(run.folder, "valid", found, run.network_id)
    kept = pd.read_csv(run.folder / "predictions-valid.csv", dtype={"network": str})
    assert kept.columns.tolist() == [*answers.COLUMNS, "network"]
    assert set(kept["network"]) == {run.network_id}


def test_the_kept_network_is_that_of_its_epoch(tmp_path, data):
    run = train(tmp_path / "r", data)
    on_valid = data[1][data[1]["split"] == "valid"]
    kept = answers.score_rows(run.make_model(), data[0], on_valid)
    auroc = roc_auc_score(kept["label"], kept["score"])
    told = run.history.set_index("epoch").loc[run.kept_epoch, "valid_auroc"]
    assert auroc == pytest.approx(told)


@pytest.mark.parametrize(
    ("aurocs", "kept"), [([0.5, 0.7, 0.7, 0.6], 3), ([0.9, 0.1], 1), ([0.5], 1)]
)
def test_of_equal_epochs_the_last_is_kept(tmp_path, data, aurocs, kept):
    history = pd.DataFrame({"epoch": range(1, len(aurocs) + 1), "valid_auroc": aurocs})
    run = replace(train(tmp_path / "r", data), history=history)
    assert run.kept_epoch == kept


def test_a_finished_run_is_loaded_where_nothing_may_be_removed(
    tmp_path, data, monkeypatch
):
    whole = train(tmp_path / "r", data)
    (tmp_path / "r/unfinished.safetensors").write_bytes(b"left by a kill")

    def refuse(path, **_):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    again = train(tmp_path / "r", data)
    assert again.note == "finished earlier, loaded"
    assert again.history.equals(whole.history)
