import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.test_loop import TINY, tiny_data
from xraylab import errors, training
from xraylab.training import rates, steps

pytestmark = pytest.mark.filterwarnings("error")


def range_test(recipe=TINY, change=None, **options):
    pixels, labels, train, _ = tiny_data()
    if change:
        change(pixels, labels)
    return rates.range_test(recipe, pixels, labels, train, progress=False, **options)


def as_curve(smoothed, noise=0.0):
    smoothed = np.asarray(smoothed)
    waves = noise * np.resize([1, -1], len(smoothed))
    lr = np.geomspace(1e-6, 1, len(smoothed))
    return pd.DataFrame({"lr": lr, "loss": smoothed + waves, "smoothed": smoothed})


def test_the_rate_rises_evenly_on_a_logarithmic_scale():
    curve = range_test(n_steps=31)
    assert curve["lr"].iloc[[0, 5, 10]].tolist() == pytest.approx([1e-6, 1e-5, 1e-4])
    middle = curve["loss"].iloc[9:12].mean()  # over a tenth of the steps: three
    assert curve["smoothed"].iloc[10] == pytest.approx(middle)


def test_each_step_is_taken_at_its_rate(monkeypatch):
    taken, take = [], steps.take_step

    def note(recipe, state, *given):
        taken.append(state.optimiser.param_groups[0]["lr"])
        return take(recipe, state, *given)

    monkeypatch.setattr(steps, "take_step", note)
    curve = range_test(n_steps=20)
    assert taken == curve["lr"].tolist()


def test_only_training_images_are_seen():
    def spoil(pixels, labels):
        pixels[24:] = 0
        labels[24:] = 1 - labels[24:]

    pd.testing.assert_frame_equal(range_test(), range_test(change=spoil))


def test_the_recipes_rate_and_length_do_not_matter():
    other = replace(TINY, lr=1.0, schedule="cosine", epochs=1, n_steps=None)
    pd.testing.assert_frame_equal(range_test(), range_test(other))


def test_it_ends_where_the_loss_bursts(monkeypatch):
    monkeypatch.setattr(rates, "_RATES", (1e-4, 1e9))
    curve = range_test()
    assert 10 < len(curve) < 100
    assert np.isfinite(curve).all(axis=None)
    told = r"the mean loss of 10 steps was above 4 times its least at a rate of (\S+)"
    rate = re.fullmatch(told, curve.attrs["ended"])[1]
    assert float(rate) == pytest.approx(curve["lr"].iloc[-1], rel=0.1)


def test_it_ends_where_the_loss_is_no_number(monkeypatch):
    take, losses = steps.take_step, []

    def spoil(*given):
        answer, y, loss = take(*given)
        losses.append(loss)
        return answer, y, loss if len(losses) < 7 else loss * float("nan")

    monkeypatch.setattr(steps, "take_step", spoil)
    curve = range_test(n_steps=31)
    assert len(curve) == 6
    assert curve.attrs["ended"] == "the loss was nan at a rate of 1.6e-05"


def test_a_test_that_comes_to_its_last_rate_has_not_ended_early(monkeypatch):
    monkeypatch.setattr(rates, "_RATES", (1e-6, 1e-4))
    curve = range_test()
    assert (len(curve), curve.attrs["ended"]) == (100, "")


def test_where_the_loss_can_fall_a_rate_is_named():
    easy = replace(TINY, dropout=0.0, rotation_degrees=0, blur=False, flip=False)
    low, high = rates.suggest_range(range_test(easy))
    assert 1e-6 < low < high <= 1
    done = {}
    for rate in (1e-6, high / 10):
        recipe = replace(easy, lr=rate, n_steps=40)
        state = training.fit(recipe, *tiny_data(), progress=False)
        done[rate] = state.history[-1]["train_loss"]
    assert done[high / 10] < done[1e-6]


@given(st.integers(3, 30), st.integers(3, 30), st.integers(0, 9), st.floats(0.2, 5))
def test_the_range_is_the_fall(flat, falling, rising, fall):
    """Flat at first, then down in a line, then up."""
    down = np.linspace(0, -fall, falling + 1)
    smoothed = 1 + np.concatenate([np.zeros(flat), down[1:], -fall + np.arange(rising)])
    curve = as_curve(smoothed, noise=1e-3)
    low, high = rates.suggest_range(curve)
    assert high == curve["lr"].iloc[flat + falling - 1]
    at = curve.loc[curve["lr"] == low, "smoothed"].item()
    before = curve.loc[curve["lr"] < low, "smoothed"].iloc[-1]
    assert at <= 1 - 0.1 * fall + 1e-9 < before + 2e-9


@pytest.mark.parametrize("smoothed", [np.linspace(1, 2, 30), np.ones(30)])
def test_where_the_loss_does_not_fall_no_rate_is_named(smoothed):
    with pytest.raises(
        errors.TrainingError,
        match=r"at no rate from 1e-06 to 1 by more .* Try larger batches:",
    ):
        rates.suggest_range(as_curve(smoothed, noise=0.1))


@pytest.mark.parametrize("n_steps", [19, 25.5])
def test_too_few_steps_are_refused(n_steps):
    told = f"n_steps must be a whole number from 20, got {n_steps}"
    with pytest.raises(errors.InputError, match=told):
        range_test(n_steps=n_steps)


def test_rows_that_cannot_be_trained_on_are_refused():
    pixels, labels, train, _ = tiny_data()
    with pytest.raises(errors.InputError, match="train must hold both classes"):
        rates.range_test(TINY, pixels, labels, train[::2])
    big = replace(TINY, batch_size=25)
    with pytest.raises(
        errors.InputError, match="number of training images, 24, got 25"
    ):
        rates.range_test(big, pixels, labels, train)


def test_several_processes_are_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(errors.InputError, match="WORLD_SIZE must be 1 to look for a"):
        range_test()


def test_a_loss_that_is_no_number_from_the_first_is_said(monkeypatch):
    take = steps.take_step

    def spoil(*given):
        answer, y, loss = take(*given)
        return answer, y, loss * float("nan")

    monkeypatch.setattr(steps, "take_step", spoil)
    with pytest.raises(
        errors.TrainingError, match="loss was nan before the first step"
    ):
        range_test()
