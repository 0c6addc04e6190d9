"""Histories, schedules and the range test."""

import numpy as np
import pytest

from tests.plots.conftest import RANGE_TEST
from xraylab import plots


def test_history_is_two_curves_and_its_steps(history):
    ax = plots.plot_history(history)
    curves = {line.get_label(): line.get_ydata() for line in ax.lines[:2]}
    assert curves["train"].tolist() == history["train_accuracy"].tolist()
    assert curves["valid"].tolist() == history["valid_accuracy"].tolist()
    assert [line.get_xdata()[0] for line in ax.lines[2:]] == [7.5]
    assert [t.get_text() for t in ax.texts] == ["lr 0.001", "lr 0.0001"]


def test_history_can_be_of_the_loss(history):
    losses = history.assign(train_loss=0.5, valid_loss=np.linspace(0.9, 0.4, 10))
    ax = plots.plot_history(losses, "loss")
    assert ax.lines[1].get_ydata().tolist() == losses["valid_loss"].tolist()
    assert (ax.get_ylabel(), ax.get_title("left")) == ("loss", "Loss by epoch")


def test_schedules_show_the_plan_and_what_was_logged(history):
    planned = {"step": np.arange(50.0), "cosine": np.ones(50)}
    ax = plots.plot_schedules(planned, {"step": history})
    plan, logged, other = ax.lines
    assert plan.get_ydata().tolist() == planned["step"].tolist()
    # epochs of five steps begin at steps 1, 6, ..., counted from 1
    assert logged.get_xdata().tolist() == list(range(1, 50, 5))
    assert logged.get_ydata().tolist() == history["lr"].tolist()
    assert other.get_label() == "cosine"


def test_a_range_test_shows_its_curve_and_range():
    ax = plots.plot_range_test(RANGE_TEST, 1e-4, 1e-2)
    batch, smoothed = ax.lines
    assert batch.get_ydata().tolist() == RANGE_TEST["loss"].tolist()
    assert smoothed.get_ydata().tolist() == RANGE_TEST["smoothed"].tolist()
    (shaded,) = ax.patches
    assert shaded.get_x() == pytest.approx(1e-4)
    assert shaded.get_x() + shaded.get_width() == pytest.approx(1e-2)
    assert ax.get_xscale() == "log"
    low, high = ax.get_ylim()
    assert low < 0.3 < 0.7 < high < 4.0  # where the loss bursts, it leaves
