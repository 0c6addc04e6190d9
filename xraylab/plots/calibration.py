"""Drawings of scores as probabilities, and of what answers are worth."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes

from xraylab.errors import InputError
from xraylab.evaluation import calibration
from xraylab.plots.style import BLUE, GREY, ORANGE, finish, make_axes

_LINES = ((BLUE, "-"), (ORANGE, "-."))
_SHARED = ["threshold", "n", "n_groups", "act_on_all"]


def plot_reliability(
    predictions: pd.DataFrame,
    n_bins: int = 10,
    *,
    share: str = "share with pneumonia",
    ax: Axes | None = None,
    data_name: str = "",
) -> Axes:
    """Hold scores against how often they were right, bin by bin.

    Each dot is the bin's share of pneumonia at its mean score; its line is the
    95 % interval over groups, left out below a handful of groups; its size grows
    with the number of images.

    Parameters
    ----------
    predictions : DataFrame
        Columns label (0 or 1), score (in [0, 1]) and group_id.
    n_bins : int
        Bins of equal width; empty ones are not drawn.
    share : str
        What label 1 is a share of.
    """
    bins = calibration.reliability(predictions, n_bins)
    ax = make_axes(ax, 4.2, width=4.4)
    ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="score = share")
    ax.vlines(bins["score"], bins["low"], bins["high"], color=BLUE, linewidth=1.2)
    size = 20 + 130 * bins["n"] / bins["n"].max()
    ax.scatter(
        bins["score"],
        bins["value"],
        s=size,
        color=BLUE,
        zorder=3,
        label="share, size by n",
    )
    ax.set(
        xlabel="mean score of the bin",
        ylabel=share,
        xlim=(-0.03, 1.03),
        ylim=(-0.03, 1.03),
        aspect="equal",
    )
    ax.legend(frameon=False, loc="upper left", markerscale=0.6)
    counts = f"n = {len(predictions):,}, {predictions['group_id'].nunique():,} groups"
    return finish(ax, f"Reliability, {counts}", data_name, grid="both")


def plot_decision_curve(
    curves: Mapping[str, pd.DataFrame],
    *,
    ax: Axes | None = None,
    data_name: str = "",
) -> Axes:
    """Draw net benefit at each threshold, beside acting on all and on none.

    Parameters
    ----------
    curves : mapping of str to DataFrame
        By name, at most two, of the same images; each as from
        `xraylab.evaluation.decisions.decision_curve`. What lies far below 0 is cut
        off: nobody would choose it.

    Raises
    ------
    ValueError
        If there are none, more than two, or two that are not of the same images.
    """
    tables = list(curves.values())
    if not 1 <= len(tables) <= len(_LINES):
        raise InputError(f"curves must be 1 or 2, got {len(tables)}.")
    first = tables[0]
    if any(not table[_SHARED].equals(first[_SHARED]) for table in tables):
        text = "must be of the same images and thresholds, found others."
        raise InputError(text, argument="curves")
    ax, x = make_axes(ax, 3.4, width=5), first["threshold"]
    for (name, table), (colour, line) in zip(curves.items(), _LINES, strict=False):
        ax.plot(x, table["value"], line, color=colour, label=f"{name}, 95 % interval")
        ends = table["low"], table["high"]
        ax.fill_between(x, *ends, color=colour, alpha=0.15, linewidth=0)
    ax.plot(x, first["act_on_all"], color=GREY, linestyle="--", label="act on all")
    ax.axhline(0, color=GREY, linestyle=":", label="act on none")
    top = max(0.05, first["act_on_all"].max(), *(t["value"].max() for t in tables))
    ax.set(
        xlabel="threshold: the chance from which one would act",
        ylabel="net benefit, of one image",
        xlim=(0, 1),
        ylim=(-0.4 * top, 1.2 * top),
    )
    # below the axes: inside, some curve or the line at 0 runs through it
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2)}
    ax.legend(frameon=False, fontsize=9, ncols=2, **below)
    counts = f"n = {first['n'].iloc[0]:,}, {first['n_groups'].iloc[0]:,} groups"
    return finish(ax, f"Decision curve, {counts}", data_name, grid="both")


def plot_predictive_values(
    table: pd.DataFrame, *, ax: Axes | None = None, data_name: str = ""
) -> Axes:
    """Draw PPV and NPV against the share of pneumonia among those asked.

    Parameters
    ----------
    table : DataFrame
        As from `xraylab.evaluation.decisions.predictive_values`.
    """
    ax = make_axes(ax, 3.4, width=5)
    colours = {"PPV": (ORANGE, "-"), "NPV": (BLUE, "--")}
    for metric, rows in table.groupby("metric", sort=False):
        colour, line = colours[metric]
        x = rows["prevalence"]
        ax.plot(x, rows["value"], line, marker="o", color=colour, label=metric)
        ax.fill_between(x, rows["low"], rows["high"], color=colour, alpha=0.2, lw=0)
    ax.set(
        xlabel="prevalence: share of pneumonia among those asked",
        ylabel="share of them that are right",
        xlim=(0, 1),
        ylim=(-0.02, 1.02),
    )
    ax.legend(frameon=False, loc="lower right")
    counts = f"n = {table['n'].iloc[0]:,}, {table['n_groups'].iloc[0]:,} groups"
    return finish(ax, f"PPV and NPV by prevalence, {counts}", data_name, grid="both")
