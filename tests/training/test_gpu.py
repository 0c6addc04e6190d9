"""What only a GPU can show: mixed precision, going on, a full memory, scoring."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.training.test_loop import TINY, tiny_data
from tests.training.test_runs import data, stop_after_two_epochs, train
from xraylab import errors, training
from xraylab.training import checkpoint, models, scoring, steps

__all__ = ["data"]  # a fixture
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not torch.cuda.is_available(), reason="needs a GPU that CUDA can use"
    ),
]
HALF = {torch.float16, torch.bfloat16}


def test_layers_multiply_in_half_precision_and_weights_stay_whole():
    state = steps.start(replace(TINY, model="resnet18"))
    assert state.accelerator.device.type == "cuda"
    if torch.cuda.get_device_capability()[0] < 7:
        pytest.skip("needs a GPU that gains by half precision")
    assert state.precision in HALF
    met = []
    state.model.network.layer1[0].conv1.register_forward_hook(
        lambda layer, given, answer: met.append(answer.dtype)
    )
    recipe = replace(TINY, model="resnet18")
    done = training.fit(recipe, *tiny_data(), state=state, progress=False)
    # in training half, in scoring whole
    assert set(met) == {state.precision, torch.float32}
    assert {p.dtype for p in done.model.parameters()} == {torch.float32}


def test_half_precision_learns_as_whole_does(monkeypatch):
    recipe = replace(TINY, n_steps=60, dropout=0.0, rotation_degrees=0)
    half = training.fit(recipe, *tiny_data(), progress=False).history[-1]
    monkeypatch.setattr(
        "xraylab.training.processes.choose_precision", lambda device: torch.float32
    )
    whole = training.fit(recipe, *tiny_data(), progress=False).history[-1]
    assert half["train_loss"] == pytest.approx(whole["train_loss"], abs=0.1)
    assert half["train_accuracy"] > 0.9


@pytest.mark.parametrize("name", models.MODELS)
def test_a_state_comes_back_to_the_bit(tmp_path, name):
    recipe = replace(TINY, model=name)
    state = training.fit(recipe, *tiny_data(), progress=False)
    checkpoint.save_state(tmp_path / "s.safetensors", recipe, state)
    again = checkpoint.load_state(tmp_path / "s.safetensors", recipe)
    for a, b in zip(state.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(a, b)
        assert (b.device, b.stride()) == (a.device, a.stride())
        for key, value in state.optimiser.state[a].items():
            assert torch.equal(value, again.optimiser.state[b][key])
    assert state.scaler.state_dict() == again.scaler.state_dict()
    assert state.history == again.history


def test_a_run_that_stops_goes_on(tmp_path, data, monkeypatch):
    whole = train(tmp_path / "whole", data).make_model("last").state_dict()
    stop_after_two_epochs(monkeypatch, lambda: train(tmp_path / "parts", data))
    run = train(tmp_path / "parts", data)
    assert run.note == "continued after epoch 2"
    parts = run.make_model("last").state_dict()
    for key, value in whole.items():  # cuDNN may add in another order
        torch.testing.assert_close(parts[key], value, rtol=0.05, atol=0.05)


def test_a_full_memory_is_named():
    recipe = replace(TINY, model="resnet18", size_px=224, batch_size=24)
    pixels = np.zeros((32, 224, 224), np.uint8)
    _, labels, rows, valid = tiny_data()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(300e6 / total)
    try:
        with pytest.raises(errors.TrainingError) as caught:
            training.fit(recipe, pixels, labels, rows, valid, progress=False)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    told = str(caught.value)
    assert (
        "memory was full in epoch 1, with 24 images a step, 224 px a side and" in told
    )
    assert told.endswith("Choose less of one of the three.")


def test_a_device_scores_as_the_cpu_does():
    pixels, _, _, _ = tiny_data()
    model = models.make_model("resnet18", seed=1).eval()
    on_cpu = training.score_images(model, pixels)
    on_gpu = training.score_images(model.to("cuda"), pixels)
    assert on_gpu == pytest.approx(on_cpu, abs=1e-3)
    logits = scoring.score_logits(model, pixels, np.arange(32), batch_size=5)
    assert (logits.device.type, logits.dtype) == ("cpu", torch.float32)


def test_scoring_takes_no_more_memory_for_more_images():
    pixels = np.zeros((2048, 64, 64), np.uint8)
    model = models.make_model("resnet18").to("cuda").eval()
    peaks = []
    for n in (256, 256, 2048):  # the first warms up
        torch.cuda.reset_peak_memory_stats()
        scoring.score_logits(model, pixels, np.arange(n))
        peaks.append(torch.cuda.max_memory_allocated())
    assert peaks[2] <= 1.05 * peaks[1]
