"""What lies in a run's folder when a training stops, and what tells that it ended."""

import math
import shutil
from dataclasses import replace

import pytest

from tests.training.test_loop import TINY
from tests.training.test_runs import contents, data, stop_after_two_epochs, train
from xraylab import errors, training
from xraylab.files import NotWrittenError
from xraylab.training import checkpoint, disk, loop, record, steps

__all__ = ["data"]  # a fixture
OTHER = replace(TINY, lr=TINY.lr / 2)


def burst(monkeypatch):
    """Let the loss be no number from the first step on."""
    take = steps.take_step

    def spoil(*given):
        answer, y, loss = take(*given)
        return answer, y, loss * math.nan

    monkeypatch.setattr(steps, "take_step", spoil)


def stop(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "_run_epoch", interrupt)


def fill(monkeypatch):
    """Let the disk be full once the first best weights are written."""

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(checkpoint, "save_state", full)


@pytest.mark.parametrize(
    ("fail", "error", "said"),
    [
        (
            burst,
            errors.TrainingError,
            r"at step 1, in epoch 1\. Choose a smaller lr\.$",
        ),
        (stop, KeyboardInterrupt, None),
        (fill, OSError, "No space left"),
    ],
)
@pytest.mark.parametrize("is_there", [True, False])
def test_what_ends_before_an_epoch_is_kept_leaves_the_folder_as_it_was(
    is_there, fail, error, said, tmp_path, data, monkeypatch
):
    folder = tmp_path / "new/run"
    if is_there:
        folder.mkdir(parents=True)
        (folder / "mine.txt").write_text("keep")
    with monkeypatch.context() as patch:
        fail(patch)
        with pytest.raises(error, match=said):
            train(folder, data)
    left = [file.name for file in tmp_path.rglob("*")]
    assert left == (["new", "run", "mine.txt"] if is_there else [])
    assert train(folder, data, OTHER).note == "trained"


@pytest.mark.parametrize("fail", [burst, stop, fill])
@pytest.mark.parametrize("names", [("run.json", "split.csv"), ("split.csv",)])
def test_facts_that_lay_there_stay_where_a_training_ends_before_an_epoch(
    names, fail, tmp_path, data, monkeypatch
):
    made, folder = train(tmp_path / "made", data).folder, tmp_path / "r"
    folder.mkdir()
    for name in names:
        shutil.copy(made / name, folder)
    before = contents(folder)
    fail(monkeypatch)
    with pytest.raises((errors.TrainingError, KeyboardInterrupt, OSError)):
        train(folder, data, OTHER)
    assert contents(folder) == before


def test_a_kill_before_an_epoch_is_kept_refuses_no_recipe(tmp_path, data, monkeypatch):
    with monkeypatch.context() as patch:
        stop(patch)
        patch.setattr("pathlib.Path.unlink", lambda *_, **__: None)  # as after a kill
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "r", data)
    assert (tmp_path / "r" / record.FACTS).is_file()
    assert train(tmp_path / "r", data, OTHER).recipe == OTHER


def test_a_finished_run_whose_last_weights_were_taken_away_is_finished(tmp_path, data):
    folder = train(tmp_path / "r", data).folder
    (folder / disk.LAST).unlink()
    before = contents(folder)
    run = train(folder, data)
    assert (run.note, run.is_finished) == ("finished earlier, loaded", True)
    run.refuse_unfinished("A claim is made")
    assert contents(folder) == before
    told = rf"{disk.LAST} any more: copy it back\."
    with pytest.raises(errors.NotARunError, match=told):
        run.make_model("last")


@pytest.mark.parametrize("name", [disk.BEST, disk.LAST])
def test_another_s_weights_are_no_finished_run_and_stay(name, tmp_path, data):
    (tmp_path / name).write_bytes(b"mine")
    assert not disk.is_finished(tmp_path)
    with pytest.raises(NotWrittenError, match=rf"{name} could not .* no run\.json"):
        train(tmp_path, data)
    assert contents(tmp_path) == {name: b"mine"}


def test_an_unfinished_run_has_no_last_weights_yet(tmp_path, data, monkeypatch):
    stop_after_two_epochs(monkeypatch, lambda: train(tmp_path / "r", data))
    run = training.load_run(tmp_path / "r")
    assert not run.is_finished
    with pytest.raises(errors.NotARunError, match=rf"{disk.LAST} yet: train it on\."):
        run.make_model("last")


def test_what_a_kill_left_half_written_goes(tmp_path, data, monkeypatch):
    folder = tmp_path / "r"
    stop_after_two_epochs(monkeypatch, lambda: train(folder, data))
    for name in ("best.safetensors", "run.json"):
        (folder / f".{name}.0123abcd").touch()
    others = {".mine.csv.0123abcd", ".predictions-test.csv.0123abcd"}
    for name in others:  # the latter may be written just now
        (folder / name).touch()
    train(folder, data)
    assert {file.name for file in folder.glob(".*")} == others


def test_a_finished_run_that_is_loaded_loses_no_half(tmp_path, data):
    folder = train(tmp_path / "r", data).folder
    half = folder / ".predictions-test.csv.0123abcd"
    half.touch()
    assert train(folder, data).note == "finished earlier, loaded"
    assert half.is_file()
