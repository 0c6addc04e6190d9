"""Drawings of a training: its history, its learning rates, the range test."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from xraylab.plots.style import BLUE, GREY, ORANGE, finish, legend_above, make_axes

_COLOURS = (BLUE, ORANGE, GREY)


def plot_history(
    history: pd.DataFrame,
    measure: str = "accuracy",
    *,
    ax: Axes | None = None,
    data_name: str = "",
) -> Axes:
    """Draw accuracy, or loss, by epoch, on training and on validation images.

    A dotted line marks each step of the learning rate.

    Parameters
    ----------
    history : DataFrame
        Columns epoch, lr, train_accuracy, valid_accuracy; shares in [0, 1].
    measure : str
        Or "loss", "auroc": what the columns are called after train and valid.
    """
    ax = make_axes(ax, 3.6)
    styles = {"train": (GREY, "o--"), "valid": (BLUE, "s-")}
    for name, (colour, style) in styles.items():
        values = history[f"{name}_{measure}"]
        ax.plot(history["epoch"], values, style, color=colour, markersize=4, label=name)
    rates = history[["epoch", "lr"]]
    drops = rates[rates["lr"].ne(rates["lr"].shift())]
    for epoch, rate in drops.itertuples(index=False):
        if epoch != rates["epoch"].iloc[0]:
            ax.axvline(epoch - 0.5, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
        ax.annotate(
            f"lr {rate:.2g}",
            (epoch - 0.45, 0.02),
            xycoords=("data", "axes fraction"),
            size=8,
            color=GREY,
        )
    first, last = history["epoch"].min(), history["epoch"].max()
    ax.set(xlabel="epoch", ylabel=measure, xlim=(first - 0.5, last + 0.5))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.margins(y=0.15)
    legend_above(ax)
    title = f"{measure[:1].upper()}{measure[1:]} by epoch"
    return finish(ax, title, data_name)


def plot_schedules(
    planned: Mapping[str, np.ndarray],
    logged: Mapping[str, pd.DataFrame],
    *,
    ax: Axes | None = None,
    data_name: str = "",
) -> Axes:
    """Draw the learning rate of each step, and what trainings wrote down.

    Parameters
    ----------
    planned : dict of str to array of float, shape (n_steps,)
        Name of a schedule, and its rates; at most three.
    logged : dict of str to DataFrame
        Histories under the same names. Columns step, lr: the rate at an epoch's first
        step, and the number of steps taken at its end.
    """
    ax = make_axes(ax, 3.2)
    for (name, rates), colour in zip(planned.items(), _COLOURS, strict=False):
        steps = np.arange(1, len(rates) + 1)
        ax.plot(steps, rates, color=colour, linewidth=1.5, label=name)
        if name in logged:
            begun = logged[name]["step"].shift(fill_value=0) + 1
            ax.plot(begun, logged[name]["lr"], "o", color=colour, markersize=4)
    ax.set(xlabel="step", ylabel="learning rate", ylim=(0, None))
    legend_above(ax)
    return finish(ax, "Planned (line), logged (dots)", data_name)


def plot_range_test(
    curve: pd.DataFrame,
    low: float,
    high: float,
    *,
    ax: Axes | None = None,
    data_name: str = "",
) -> Axes:
    """Draw the loss while the learning rate rises, and the suggested range.

    Parameters
    ----------
    curve : DataFrame
        Columns lr, loss, smoothed: one row a step.
    low, high : float
        The range, shaded.
    """
    ax = make_axes(ax, 3.2)
    ax.plot(curve["lr"], curve["loss"], ".", color=GREY, markersize=3, label="batch")
    ax.plot(curve["lr"], curve["smoothed"], color=BLUE, linewidth=2, label="smoothed")
    ax.axvspan(low, high, color=ORANGE, alpha=0.15, linewidth=0, label="range")
    ends = curve["smoothed"].min(), curve["smoothed"].iloc[0]
    room = 0.8 * (ends[1] - ends[0])
    top = ends[1] + room  # where the loss bursts, it leaves the figure
    higher = curve.loc[curve["loss"] > top, "lr"]
    arrow = {"marker": 6, "s": 30, "color": GREY, "clip_on": False}
    ax.scatter(higher, np.full(len(higher), top), label="batch, higher", **arrow)
    ax.set(xscale="log", ylim=(ends[0] - room, top))
    ax.set(xlabel="learning rate", ylabel="loss")
    legend_above(ax)
    return finish(ax, "Learning-rate range test", data_name)
