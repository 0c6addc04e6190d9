from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from tests.training.test_loop import TINY, tiny_data
from xraylab import training
from xraylab.training import schedules

EPOCHS, PER_EPOCH = 20, 13
N_STEPS = EPOCHS * PER_EPOCH
ENDS = np.arange(1, EPOCHS + 1) * PER_EPOCH


def by_torch(make, every=1, n_steps=N_STEPS):
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.001)
    schedule, rates = make(optimiser), []
    for step in range(1, n_steps + 1):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if step % every == 0 and step < n_steps:
            schedule.step()
    return rates


def ours(recipe):
    return [schedules.find_rate(recipe, step, ENDS) for step in range(N_STEPS)]


def test_steps_are_torchs():
    expected = by_torch(lambda o: lr_scheduler.StepLR(o, 7, 0.1), every=PER_EPOCH)
    assert ours(training.Recipe()) == pytest.approx(expected)


def test_a_cosine_is_torchs():
    expected = by_torch(lambda o: lr_scheduler.CosineAnnealingLR(o, N_STEPS))
    recipe = training.Recipe(schedule="cosine", warm_up=0)
    assert ours(recipe) == pytest.approx(expected, abs=1e-9)


def test_a_cosine_warms_up_in_a_line():
    rates = ours(training.Recipe(schedule="cosine", warm_up=0.1))
    n_rise = round(0.1 * N_STEPS)
    rise = np.arange(1, n_rise + 1) / n_rise * 0.001
    assert rates[:n_rise] == pytest.approx(rise)


@given(st.integers(2, 40), st.floats(0.01, 0.99))
@example(10, 0.95)  # less than one step is left for the fall
def test_one_cycle_is_torchs(n_steps, warm_up):
    assume(warm_up * n_steps > 1)  # torch's has no step of less
    expected = by_torch(
        lambda o: lr_scheduler.OneCycleLR(
            o, 0.001, n_steps, pct_start=warm_up, cycle_momentum=False
        ),
        n_steps=n_steps,
    )
    recipe = training.Recipe(schedule="one-cycle", warm_up=warm_up)
    ends = np.array([n_steps])
    found = [schedules.find_rate(recipe, step, ends) for step in range(n_steps)]
    assert found == pytest.approx(expected)


@given(
    st.sampled_from(["step", "cosine", "one-cycle"]),
    st.floats(0, 0.99),
    st.lists(st.integers(1, 9), min_size=1, max_size=9),
)
def test_every_rate_is_above_0_and_rises_before_it_falls(schedule, warm_up, lengths):
    ends = np.cumsum(lengths)
    recipe = training.Recipe(schedule=schedule, warm_up=warm_up, lr=1)
    rates = [schedules.find_rate(recipe, step, ends) for step in range(ends[-1])]
    assert 0 < min(rates) <= max(rates) <= 1
    top = int(np.argmax(rates))
    assert (np.diff(rates[: top + 1]) >= 0).all()
    assert (np.diff(rates[top:]) <= 0).all()


@given(
    st.sampled_from(["step", "cosine", "one-cycle"]),
    st.integers(1, 9),
    st.integers(0, 40),
    st.integers(2, 200),
)
def test_the_list_of_rates_is_the_rate_of_each_step(schedule, epochs, more, n_train):
    n_steps = epochs + more if more else None  # None: passes through the images
    recipe = training.Recipe(
        schedule=schedule, epochs=epochs, n_steps=n_steps, batch_size=8
    )
    ends = schedules.find_ends(recipe, n_train)
    rates = schedules.list_rates(recipe, n_train)
    assert len(ends) == epochs
    assert len(rates) == ends[-1]
    assert (np.diff(ends, prepend=0) >= 1).all()
    expected = [schedules.find_rate(recipe, step, ends) for step in range(len(rates))]
    assert rates.tolist() == expected


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle"])
def test_the_loop_takes_the_rate_of_each_step(schedule):
    recipe = replace(TINY, schedule=schedule)
    state = training.fit(recipe, *tiny_data(), progress=False)
    ends = np.array([3, 6, 9, 12])
    expected = [schedules.find_rate(recipe, step, ends) for step in (0, 3, 6, 9)]
    assert [row["lr"] for row in state.history] == pytest.approx(expected)
    last = schedules.find_rate(recipe, 11, ends)
    assert state.optimiser.param_groups[0]["lr"] == pytest.approx(last)
