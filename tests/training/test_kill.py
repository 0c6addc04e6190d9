"""SIGKILL at seeded moments, inside writes too: going on ends in the same bits.

Each training is a process of its own. Half of the kills come from outside, at a share
of the time that an undisturbed training takes; the others at a numbered moment: before,
within and after a step or a write, before and after a file gets its name.
"""

import json
import multiprocessing
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.test_loop import TINY, tiny_data
from xraylab.training import record, runs, steps

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")

RECIPE = replace(TINY, epochs=5, n_steps=15)
WEIGHTS = ("best.safetensors", "last.safetensors")


def train(folder):
    """Train on 32 small images, or go on."""
    pixels, labels, _, _ = tiny_data()
    names = [f"{i}.jpeg" for i in range(32)]
    table = pd.DataFrame({"path": names, "image_id": names, "group_id": names})
    splits = np.repeat(["train", "valid", "test"], [20, 8, 4])
    table = table.assign(label=labels, split=splits, row=range(32))
    options = {"protocol": "grouped", "progress": False}
    return runs.train_run(folder, RECIPE, pixels, table, **options)


class Moments:
    """Counts the moments at which this process may end, and ends it at one."""

    def __init__(self, last=None):
        self.n, self.last = 0, last

    def __call__(self, before_end=lambda: None):
        self.n += 1
        if self.n == self.last:
            before_end()
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function, within=lambda *_: None):
        """Make a function that has moments before, within and after."""

        def watched(*args, **options):
            self()
            self(lambda: within(*args, **options))
            answer = function(*args, **options)
            self()
            return answer

        return watched


def half_a_file(write):
    """Write the first half of a file."""
    return lambda file, content: write(file, content[: len(content) // 2])


def half_a_line(folder, row):
    with (folder / record.HISTORY).open("a") as file:
        file.write(json.dumps(row)[:20])


def train_with_moments(folder, last, told=None):
    """Train, die at the moment of that number, and tell how many there were."""
    moments = Moments(last)
    steps.take_step = moments.around(steps.take_step)
    Path.write_bytes = moments.around(Path.write_bytes, half_a_file(Path.write_bytes))
    record.append_history = moments.around(record.append_history, half_a_line)
    os.replace = moments.around(os.replace)
    train(folder)
    if told:
        told.send(moments.n)


def train_and_tell(folder, told):
    """Train, and tell when it begins and how many seconds it took."""
    told.send("begun")
    begun = time.perf_counter()
    train(folder)
    told.send(time.perf_counter() - begun)


@pytest.fixture(scope="module")
def start():
    """Give a function that starts one of the functions above as a process."""
    context = multiprocessing.get_context("forkserver")
    # loaded once: each training starts from a copy of that process
    slow = ["accelerate", "sklearn.metrics", "torch._dynamo"]
    context.set_forkserver_preload([__name__, *slow])

    def start(function, *args):
        process = context.Process(target=function, args=args)
        process.start()
        return process

    return start


@pytest.fixture(scope="module")
def undisturbed(start, tmp_path_factory):
    """A whole training: its folder, seconds, and number of moments."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    ours, theirs = multiprocessing.Pipe()
    end_well(start(train_and_tell, folder, theirs))
    end_well(start(train_with_moments, folder.with_name("counted"), None, theirs))
    _, seconds, n_moments = (ours.recv() for _ in range(3))
    return folder, seconds, n_moments


def end_well(process):
    process.join(120)
    assert process.exitcode == 0


def kill_at_a_moment(start, folder, rng, undisturbed):
    """Die by one's own hand at one of the moments."""
    _, _, n_moments = undisturbed
    killed = start(train_with_moments, folder, int(rng.integers(1, n_moments + 1)))
    killed.join(120)
    return killed.exitcode == -signal.SIGKILL


def kill_from_outside(start, folder, rng, undisturbed):
    """Die at a time drawn evenly; False where the training was quicker."""
    ours, theirs = multiprocessing.Pipe()
    killed = start(train_and_tell, folder, theirs)
    assert ours.recv() == "begun"
    time.sleep(rng.uniform(0, undisturbed[1]))
    killed.kill()
    killed.join(120)
    return killed.exitcode == -signal.SIGKILL


def history_of(folder):
    lines = (folder / record.HISTORY).read_text().splitlines()
    return [json.loads(line) | {"images_per_second": 0} for line in lines]


LONG = pytest.mark.long


@pytest.mark.parametrize("kill", [kill_at_a_moment, kill_from_outside])
@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(seed, marks=LONG) for seed in range(3, 10))]
)
def test_a_killed_training_ends_in_the_same_bits(
    start, undisturbed, tmp_path, kill, seed
):
    rng = np.random.default_rng(seed)
    whole = undisturbed[0]
    folders = (tmp_path / str(i) for i in range(99))
    folder = next(f for f in folders if kill(start, f, rng, undisturbed))
    end_well(start(train, folder))
    for name in WEIGHTS:
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name
    assert history_of(folder) == history_of(whole)
    # what the kill left half-written is gone as well
    assert sorted(os.listdir(folder)) == sorted(os.listdir(whole))


@pytest.mark.long
def test_a_kill_at_any_moment_at_all_does_no_harm(start, undisturbed, tmp_path):
    whole, _, n_moments = undisturbed
    for moment in range(1, n_moments + 1):
        folder = tmp_path / str(moment)
        killed = start(train_with_moments, folder, moment)
        killed.join(120)
        assert killed.exitcode == -signal.SIGKILL
        end_well(start(train, folder))
        for name in WEIGHTS:
            same = (folder / name).read_bytes() == (whole / name).read_bytes()
            assert same, f"{name} after moment {moment}"
