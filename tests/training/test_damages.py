"""Files of a run that are damaged, and full disks: named, and never passed over."""

import json
import os
import re
import shutil
from dataclasses import replace
from errno import ENOSPC
from functools import partial, partialmethod
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import save

from tests.training.test_loop import TINY
from tests.training.test_runs import contents, data, stop_after_two_epochs, train
from xraylab import errors, training
from xraylab.training import tensors

__all__ = ["data"]  # a fixture
DAMAGES = {
    "cut": lambda old: old[: len(old) // 2],
    "header cut": lambda old: old[:20],
    "empty": lambda old: b"",
    "pointer": lambda old: b"version https://git-lfs.github.com/spec/v1\noid sha256:0",
    "web page": lambda old: b"<!DOCTYPE html><html>Sign in</html>",
    "noise": lambda old: bytes(range(256)) * 8,
    "other tensors": lambda old: save({"a": torch.zeros(2)}, {"facts": "{}"}),
}
WORDS = {"empty": "it is empty", "pointer": "Git LFS", "web page": "a web page"}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    "name", ["best.safetensors", "last.safetensors", "run.json", "split.csv"]
)
def test_each_damaged_file_of_a_run_is_named(tmp_path, data, name, damage):
    folder = train(tmp_path / "r", data).folder
    file = folder / name
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    with pytest.raises(errors.NotARunError) as caught:
        training.load_run(folder).make_model(name.split(".")[0])
    text = str(caught.value)
    assert str(file) in text
    assert "must" in text
    assert "\n" not in text
    assert len(text) < 600
    if name.endswith(".safetensors"):
        assert WORDS.get(damage, "") in text


def test_a_run_whose_split_is_gone_does_not_go_on(tmp_path, data, monkeypatch):
    folder = tmp_path / "r"
    stop_after_two_epochs(monkeypatch, lambda: train(folder, data))
    (folder / "split.csv").unlink()
    before = contents(folder)
    with pytest.raises(
        errors.NotARunError, match=r"split\.csv must lie where .* is mi"
    ):
        train(folder, data)
    assert contents(folder) == before


@pytest.mark.parametrize("damage", [*DAMAGES, "gone", "other recipe"])
def test_a_damaged_state_is_never_passed_over(tmp_path, data, monkeypatch, damage):
    folder = tmp_path / "r"
    stop_after_two_epochs(monkeypatch, lambda: train(folder, data))
    file = folder / "unfinished.safetensors"
    if damage == "gone":
        file.unlink()
    elif damage == "other recipe":
        other = replace(TINY, lr=0.01)
        stop_after_two_epochs(
            monkeypatch, lambda: train(tmp_path / "other", data, other)
        )
        shutil.copy(tmp_path / "other" / file.name, file)
    else:
        file.write_bytes(DAMAGES[damage](file.read_bytes()))
    before = contents(folder)
    with pytest.raises(errors.NotARunError) as caught:
        train(folder, data)
    assert file.name in str(caught.value)
    assert WORDS.get(damage, "") in str(caught.value)
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must have 4 epochs, as the run is finished, but has 0"),
        ('{"epoch": 1, "valid_auroc": 1}\n', "must have 4 epochs, .*, but has 1"),
        ('{"epoch": 2, "valid_auroc": 1}\n', r"the first, but: the epochs are \[2\]"),
        ("<html>\n", "must hold one line of JSON for each epoch"),
        ("[1]\n", r"for each epoch from the first, but: it is \[1\], not an object"),
        ('{"loss": 1}\n', "from the first, but: no 'epoch'"),
        ('{"epoch": 1}\n', "from the first, but: no 'valid_auroc'"),
        ('{"epoch": 1, "valid_auroc": null}\n', "valid_auroc is null, not a number"),
        ('{"epoch": 1, "valid_auroc": NaN}\n', "but: NaN is no finite number"),
        ("[" * 100_000 + "\n", "but: it is nested too deep"),
    ],
)
def test_a_damaged_history_is_named(tmp_path, data, text, message):
    folder = train(tmp_path / "r", data).folder
    (folder / "history.jsonl").write_text(text)
    with pytest.raises(errors.NotARunError, match=message):
        training.load_run(folder)


def test_a_line_that_a_crash_cut_is_no_epoch(tmp_path, data, monkeypatch):
    folder = tmp_path / "r"
    stop_after_two_epochs(monkeypatch, lambda: train(folder, data))
    with (folder / "history.jsonl").open("a") as file:
        file.write('{"epoch": 3, "st')
    assert len(training.load_run(folder).history) == 2
    assert len(train(folder, data).history) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": None}, "run\\.json must be the facts of a run"),
        ({"threshold": 7}, "threshold is 7"),
        ({"recipe": {"speed": 1}}, "unexpected keyword argument 'speed'"),
        ({"recipe": {"epochs": 0}}, "epochs must be a whole number"),
        ({"about": 3}, "run\\.json must be the facts .*: about is 3, not an object"),
        ({"about": {"merge": 3}}, "merge is 3, not text"),
        ({"operating_point": None}, "operating_point is null, not an object"),
        ({"operating_point": "half"}, 'operating_point is "half", not an object'),
        ({"operating_point": {"rule": "youden", "promised": {}}}, "no 'low'"),
        ({"protocol": None}, "protocol is null, not text"),
        ({"protocol": ...}, "no 'protocol'"),
        ({"recipe": {"lr": float("nan")}}, "NaN is no finite number"),
    ],
)
def test_facts_changed_by_hand_are_named(tmp_path, data, change, message):
    run = train(tmp_path / "r", data)
    with pytest.raises(ValueError, match='"best" or "last", got \'final\''):
        run.make_model("final")
    file = run.folder / "run.json"
    facts = json.loads(file.read_text()) | change
    facts = {name: value for name, value in facts.items() if value is not ...}
    file.write_text(json.dumps(facts))
    with pytest.raises(errors.NotARunError, match=message):
        training.load_run(run.folder)


def test_line_ends_that_git_changed_do_no_harm(tmp_path, data):
    folder = train(tmp_path / "r", data).folder
    for name in ("split.csv", "run.json", "history.jsonl"):
        text = (folder / name).read_bytes().replace(b"\n", b"\r\n")
        (folder / name).write_bytes(text)
    assert len(training.load_run(folder).table) == 32


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_a_run_can_be_read_by_whoever_may_read_its_folder(tmp_path, data):
    folder = train(tmp_path / "r", data).folder
    modes = {file.name: file.stat().st_mode for file in folder.iterdir()}
    assert modes["best.safetensors"] == modes["run.json"]


@pytest.mark.skipif(os.name == "nt", reason="needs a limit of file sizes")
def test_weights_that_do_not_fit_on_the_disk_leave_the_last_ones(tmp_path):
    import resource

    file = tmp_path / "w.safetensors"
    tensors.save_tensors(file, {"a": torch.zeros(10)})
    before, old = file.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, old[1]))
    try:
        with pytest.raises(OSError, match=r"w\.safetensors could not be written"):
            tensors.save_tensors(file, {"a": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert [f.name for f in tmp_path.iterdir()] == ["w.safetensors"]
    assert file.read_bytes() == before


class FullDisk:
    """Lets so many writes of a run pass, and stops the next half way."""

    def __init__(self, monkeypatch, n_pass):
        self.n_left = n_pass
        open_ = Path.open
        for name in ("write_text", "write_bytes"):
            write = partial(self.write, getattr(Path, name))
            monkeypatch.setattr(Path, name, partialmethod(write))
        monkeypatch.setattr(Path, "open", lambda *a, **k: self.open(open_, *a, **k))

    def is_full(self):
        self.n_left -= 1
        return self.n_left < 0

    def write(self, write, path, content, **options):
        is_full = self.is_full()
        write(path, content[: len(content) // 2] if is_full else content, **options)
        if is_full:
            raise OSError(ENOSPC, "No space left on device")

    def open(self, open_, path, mode="r", *given, **options):
        if mode == "a" and self.is_full():
            with open_(path, mode, *given, **options) as opened:
                opened.write('{"epoch": 9, "st')
            raise OSError(ENOSPC, "No space left on device")
        return open_(path, mode, *given, **options)


@pytest.mark.skipif(os.name == "nt", reason="the numbers of errors are of POSIX")
def test_wherever_the_disk_is_full_the_run_goes_on_when_there_is_room(
    tmp_path, data, monkeypatch
):
    whole = train(tmp_path / "whole", data)
    names = sorted(contents(whole.folder))
    for n_pass in range(99):
        folder = tmp_path / str(n_pass)
        with monkeypatch.context() as patch:
            disk = FullDisk(patch, n_pass)
            try:
                train(folder, data)
            except OSError as error:
                told = str(error)
        if disk.n_left >= 0:
            break
        assert re.search(r"could not be written: No space left .*free some space", told)
        assert not list(tmp_path.rglob(".*"))
        done = train(folder, data)
        assert sorted(contents(folder)) == names
        for name in ("best.safetensors", "last.safetensors"):
            assert contents(folder)[name] == contents(whole.folder)[name]
        pd.testing.assert_frame_equal(
            done.history.drop(columns="images_per_second"),
            whole.history.drop(columns="images_per_second"),
        )
    assert n_pass > 10
