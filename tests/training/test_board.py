"""The history for TensorBoard: what is logged, and what a kill between leaves."""

import sys
from types import ModuleType

import pytest

from tests.training.test_runs import contents, data, stop_after_two_epochs, train
from xraylab import errors
from xraylab.training import board

__all__ = ["data"]  # a fixture
ROWS = [
    {"epoch": 1, "step": 3, "lr": 0.001, "train_loss": 0.7, "valid_auroc": None},
    {"epoch": 2, "step": 6, "lr": 0.001, "train_loss": 0.6, "valid_auroc": 0.5},
]


class Writer:
    """As much of torch's SummaryWriter as is used."""

    made = ()

    def __init__(self, folder, purge_step):
        self.folder, self.purge_step, self.logged = folder, purge_step, []
        self.is_closed = False
        Writer.made += (self,)

    def add_scalar(self, tag, value, step):
        self.logged.append((tag, value, step))

    def flush(self):
        pass

    def close(self):
        self.is_closed = True


@pytest.fixture
def writers(monkeypatch):
    """Stand in for the package, which is optional."""
    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    monkeypatch.setattr(Writer, "made", ())
    return lambda: Writer.made


def test_both_parts_of_a_measure_stand_under_one_name(tmp_path, writers):
    with board.open_board(tmp_path, ROWS[:1]) as log:
        log(ROWS[1])
    (writer,) = writers()
    assert (writer.folder, writer.is_closed) == (str(tmp_path), True)
    assert writer.logged == [
        ("step", 3, 1),
        ("lr", 0.001, 1),
        ("loss/train", 0.7, 1),
        ("step", 6, 2),
        ("lr", 0.001, 2),
        ("loss/train", 0.6, 2),
        ("auroc/valid", 0.5, 2),
    ]


def test_without_a_folder_nothing_is_loaded_or_written(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    board.check(None)
    with board.open_board(None, ROWS) as log:
        log(ROWS[0])


def test_a_run_that_goes_on_logs_every_epoch(tmp_path, data, writers, monkeypatch):
    folder, events = tmp_path / "r", tmp_path / "board"
    stop_after_two_epochs(monkeypatch, lambda: train(folder, data, tensorboard=events))
    run = train(folder, data, tensorboard=events)
    stopped, went_on = writers()
    assert stopped.is_closed
    losses = [(v, e) for tag, v, e in went_on.logged if tag == "loss/valid"]
    expected = run.history[["valid_loss", "epoch"]]
    assert losses == list(expected.itertuples(index=False, name=None))
    assert went_on.purge_step == 1  # what was there is hidden, not shown twice


def test_what_is_not_installed_is_said_before_anything_is_written(
    tmp_path, data, monkeypatch
):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(errors.InputError, match="tensorboard needs the package tensor"):
        train(tmp_path / "r", data, tensorboard=tmp_path / "board")
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("below", ["", "a/b"])
def test_a_file_in_place_of_the_folder_is_refused_before_anything_is_written(
    below, tmp_path, data, writers
):
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    told = r"tensorboard must be a folder, .*, but .*notes\.txt is a file\. Choose"
    with pytest.raises(errors.InputError, match=told):
        train(tmp_path / "r", data, tensorboard=file / below)
    assert list(contents(tmp_path)) == ["notes.txt"]
    assert writers() == ()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, writers, monkeypatch):
    monkeypatch.setattr(board.os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(errors.InputError, match="is a folder that cannot be written"):
        board.check(tmp_path / "events")
    board.check(None)
    monkeypatch.undo()
    assert not (tmp_path / "events").exists()


def test_tensorboard_itself_reads_what_was_written(tmp_path):
    pytest.importorskip("tensorboard", reason="the package tensorboard is optional")
    from tensorboard.backend.event_processing import event_accumulator

    for rows in (ROWS, ROWS):  # twice, as after a kill
        with board.open_board(tmp_path, rows[:1]) as log:
            log(rows[1])
    events = event_accumulator.EventAccumulator(str(tmp_path)).Reload()
    found = [(e.step, e.value) for e in events.Scalars("loss/train")]
    assert found == [(1, pytest.approx(0.7)), (2, pytest.approx(0.6))]
