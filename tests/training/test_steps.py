"""Weights that have vanished do not slow the steps that follow."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.conftest import blob_image
from xraylab import training
from xraylab.training import steps

SMALLEST = torch.finfo(torch.float32).tiny  # that float32 holds in full
RECIPE = replace(training.RECIPES["lesson"], model="small", size_px=16, batch_size=4)


def shrink(weight, n_steps, *, drop):
    """Let the original's Adam decay weights that no gradient reaches."""
    recipe = training.RECIPES["original"]
    optimiser = torch.optim.Adam(
        [weight], lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True
    )
    for step in range(n_steps):
        weight.grad = torch.zeros_like(weight)
        optimiser.step()
        if drop and step % steps.LOOK_EVERY == steps.LOOK_EVERY - 1:
            steps.drop_vanished(optimiser)
        yield weight.detach().abs()


def count_subnormal(weight):
    return int(((weight > 0) & (weight < SMALLEST)).sum())


def new_weight():
    drawn = torch.randn(64, generator=torch.Generator().manual_seed(0))
    return torch.nn.Parameter(1e-4 * drawn)


def test_no_weight_becomes_subnormal_where_the_vanished_are_dropped():
    plain = [count_subnormal(w) for w in shrink(new_weight(), 2000, drop=False)]
    assert max(plain) > 0  # so this is what happens otherwise
    weight = new_weight()
    assert not any(map(count_subnormal, shrink(weight, 2000, drop=True)))
    assert not weight.detach().any()


def test_a_weight_that_only_passes_zero_stays():
    weight = torch.nn.Parameter(torch.tensor([1e-21, 1e-21, 0.5, 1e-19]))
    optimiser = torch.optim.Adam([weight])
    average = torch.tensor([1e-21, 1e-3, 1e-21, 1e-21])
    optimiser.state[weight] = {"exp_avg": average}
    steps.drop_vanished(optimiser)
    assert weight.tolist() == pytest.approx([0, 1e-21, 0.5, 1e-19], rel=1e-6, abs=0)
    assert average.tolist() == pytest.approx([0, 1e-3, 1e-21, 1e-21], rel=1e-6, abs=0)


@pytest.mark.parametrize(("step", "is_dropped"), [(98, False), (99, True), (199, True)])
def test_steps_look_for_vanished_weights(step, is_dropped):
    pixels = np.stack([blob_image(i, 16) for i in range(8)])
    labels, rows = np.arange(8) % 2, np.arange(8)
    seen = steps.Images(pixels, labels, rows, rows[:0])
    state = steps.start(replace(RECIPE, weight_decay=0.0))
    weight = next(state.model.parameters())
    weights = steps.class_weights(RECIPE, labels)
    steps.take_step(RECIPE, state, seen, rows, 0, weights)
    with torch.no_grad():
        weight[0] = 1e-25
    state.optimiser.state[weight]["exp_avg"][0] = 1e-25
    weight.register_hook(lambda grad: grad.index_fill(0, torch.tensor([0]), 0))
    steps.take_step(RECIPE, state, seen, rows, step, weights)
    assert weight[1:].detach().all()
    assert bool((weight[0] == 0).all()) is is_dropped
