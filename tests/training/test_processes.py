import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from xraylab import errors
from xraylab.training import processes

ROOT = Path(__file__).parents[2]
# One training in double precision, without dropout: 20 steps of 8 of 21 images, so that
# some batches are short.
TRAIN = """
import sys
from dataclasses import replace
import numpy as np, pandas as pd, torch
from tests.training.test_loop import TINY, tiny_data
from xraylab.training import loop, models, runs

make = models.make_model
models.make_model = lambda *a, **k: make(*a, **k).double()
model, size_px = sys.argv[2:]
pixels, labels, _, _ = tiny_data(size_px=int(size_px))
names = [str(i) for i in range(32)]
table = pd.DataFrame({"path": names, "image_id": names, "group_id": names,
    "label": labels, "split": np.repeat(["train", "valid", "test"], [21, 7, 4]),
    "row": range(32)})
recipe = replace(TINY, model=model, size_px=int(size_px), dropout=0.0, n_steps=20)
run = runs.train_run(sys.argv[1], recipe, pixels, table, protocol="grouped",
    progress=False)
print(run.note)
"""
SETTINGS = {
    "ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "4",
    "ACCELERATE_MIXED_PRECISION": "bf16",
    "ACCELERATE_DYNAMO_BACKEND": "INDUCTOR",
    "ACCELERATE_USE_FSDP": "true",
    "ACCELERATE_USE_DEEPSPEED": "true",
    "ACCELERATE_USE_MEGATRON_LM": "true",
    "ACCELERATE_USE_PARALLELISM_CONFIG": "true",
    "ACCELERATE_TORCH_DEVICE": "meta",
}


def environment(**changes):
    names = ("ACCELERATE_", "WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(names)}
    path = os.pathsep.join([str(ROOT), clean.get("PYTHONPATH", "")])
    return clean | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"} | changes


def train(folder, n=1, model="small", size_px=16, **changes):
    """Train in n processes, as a launcher starts them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    launched = {"WORLD_SIZE": str(n), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    started = []
    for rank in range(n):
        numbers = {"RANK": str(rank), "LOCAL_RANK": str(rank)} | launched
        env = environment(**(numbers if n > 1 else {}), **changes)
        command = [sys.executable, "-c", TRAIN, str(folder), model, str(size_px)]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, env=env, cwd=ROOT, **options))
    try:
        told = [process.communicate(timeout=600) for process in started]
    finally:
        for process in started:  # one that waits for another would never end
            process.kill()
    assert [p.returncode for p in started] == [0] * n, told
    assert not [err for _, err in told if "Warning" in err], told
    return [out.strip() for out, _ in told]


def weights_of(folder):
    from safetensors.torch import load_file

    return load_file(folder / "last.safetensors")


# A ResNet18 at 64 px, not at 32 or 16: there its last maps are 1 x 1, a batch
# normalisation sees as many numbers as images, and rounding grows a thousandfold in
# 20 steps. At 32 px two processes differ from one by 2.4e-9, and one process that only
# adds up its batches in the reverse order differs from itself by 2.5e-9; at 64 px by
# 1.6e-11 (measured on this training).
@pytest.mark.long  # on a busy machine a process waits for the other at each layer
@pytest.mark.parametrize(
    ("n", "network"), [(2, ("small", 16)), (3, ("small", 16)), (2, ("resnet18", 64))]
)
def test_several_processes_train_the_network_of_one(tmp_path, n, network):
    train(tmp_path / "one", 1, *network)
    assert train(tmp_path / "many", n, *network) == ["trained"] * n
    one, many = weights_of(tmp_path / "one"), weights_of(tmp_path / "many")
    assert one.keys() == many.keys()
    furthest = max(float((one[k] - many[k]).abs().max()) for k in one)
    assert furthest < 1e-9
    for name in ("history.jsonl", "split.csv"):  # one folder, written once
        lines = (tmp_path / "many" / name).read_text().count("\n")
        assert lines == (tmp_path / "one" / name).read_text().count("\n")
    again = train(tmp_path / "many", n, *network)
    assert again == ["finished earlier, loaded"] * n


def test_a_launchers_settings_do_not_change_a_training(tmp_path):
    train(tmp_path / "plain")
    train(tmp_path / "set", **SETTINGS)
    plain, changed = weights_of(tmp_path / "plain"), weights_of(tmp_path / "set")
    assert all(torch.equal(plain[name], changed[name]) for name in plain)


def test_settings_are_back_when_the_accelerator_is_made(monkeypatch):
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    accelerator = processes.make_accelerator()
    assert accelerator.gradient_accumulation_steps == 1
    assert accelerator.mixed_precision == "no"
    assert SETTINGS.items() <= dict(os.environ).items()


@pytest.mark.parametrize(
    ("value", "message"), [("two", "from 1, got 'two'"), ("2", "but 1 work together")]
)
def test_processes_that_do_not_meet_are_an_error(monkeypatch, value, message):
    monkeypatch.setenv("WORLD_SIZE", value)
    with pytest.raises(errors.InputError, match=message):
        processes.make_accelerator()


def test_a_reading_is_counted_by_one_process(monkeypatch, tmp_path):
    from xraylab import training

    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(errors.InputError, match="WORLD_SIZE must be 1 to score"):
        training.score(tmp_path, on="test")
    with pytest.raises(errors.InputError, match="WORLD_SIZE must be 1 to score"):
        training.external.score_external(tmp_path, tmp_path)


def test_only_gpus_multiply_in_half_precision(monkeypatch):
    assert processes.choose_precision(torch.device("cpu")) is torch.float32
    assert processes.choose_precision(torch.device("mps")) is torch.float32
    for generation, precision in ((6, "float32"), (7, "float16"), (9, "bfloat16")):
        monkeypatch.setattr(
            torch.cuda, "get_device_capability", lambda _, g=generation: (g, 0)
        )
        found = processes.choose_precision(torch.device("cuda"))
        assert found is getattr(torch, precision)


def test_with_one_process_nothing_is_shared():
    accelerator = processes.make_accelerator()
    model = torch.nn.Sequential(torch.nn.BatchNorm2d(3))
    assert processes.prepare(model, accelerator) is model
    assert type(model[0]) is torch.nn.BatchNorm2d
    values = torch.rand(4, 2)
    numbers = torch.arange(4)
    found, places = processes.gather(accelerator, values, numbers)
    assert torch.equal(found, values)
    assert torch.equal(places, numbers)
