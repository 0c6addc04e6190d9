"""Drawings of answers: right and wrong, at every threshold, with their ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from sklearn.metrics import roc_curve

from xraylab import evaluation
from xraylab.plots.style import (
    BLUE,
    CLASS_COLOURS,
    GREY,
    ORANGE,
    draw_dots,
    finish,
    legend_below,
    make_axes,
)


def plot_confusion(
    counts: Mapping[str, int], *, ax: Axes | None = None, data_name: str = ""
) -> Axes:
    """Draw the 2x2 table; a row is a true class, shares are of that row.

    Parameters
    ----------
    counts : mapping
        tn, fp, fn, tp as from `xraylab.evaluation.confusion`.
    """
    table = np.array([[counts["tn"], counts["fp"]], [counts["fn"], counts["tp"]]])
    of_row = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    text = [
        [f"{n:,}\n{share:.1%}" for n, share in zip(*row, strict=True)]
        for row in zip(table, of_row, strict=True)
    ]
    ax = make_axes(ax, 3.4, width=4.2)
    names = list(CLASS_COLOURS)
    sns.heatmap(
        of_row,
        annot=text,
        fmt="",
        cmap="Blues",
        vmin=0,
        vmax=1.2,  # so that the darkest cell stays readable
        cbar=False,
        square=True,
        linewidths=2,
        xticklabels=names,
        yticklabels=names,
        annot_kws={"size": 12},
        ax=ax,
    )
    ax.set(xlabel="answer, % of the row", ylabel="truth")
    ax.tick_params(length=0)
    return finish(ax, f"Answers and truth, n = {table.sum():,}", data_name, grid=None)


def plot_roc(
    predictions: pd.DataFrame,
    *,
    threshold: float | None = None,
    ax: Axes | None = None,
    data_name: str = "",
) -> Axes:
    """Draw sensitivity against false alarms at every threshold.

    Parameters
    ----------
    predictions : DataFrame
        Columns label, score and group_id, as for `xraylab.evaluation.evaluate`.
    threshold : float, optional
        Marks the point where the run works.
    """
    labels, scores = predictions["label"], predictions["score"]
    alarms, found, thresholds = roc_curve(labels, scores, drop_intermediate=False)
    ax = make_axes(ax, 4.2, width=4.4)
    auroc = evaluation.measure(predictions, "AUROC")
    ax.plot(alarms, found, color=BLUE, label=f"AUROC {auroc.short}")
    ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="not looking, 0.500")
    if threshold is not None:
        # thresholds fall; a score equal to the threshold is called positive
        at = np.flatnonzero(thresholds >= threshold)[-1]
        ax.plot(
            alarms[at],
            found[at],
            marker="o",
            linestyle="",
            color=ORANGE,
            label=f"threshold {threshold:.2f}",
        )
    ax.set(
        xlabel="share of normal called pneumonia (1 - specificity)",
        ylabel="share of pneumonia found (sensitivity)",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
        aspect="equal",
    )
    ax.legend(frameon=False, loc="lower right")
    return finish(ax, f"ROC curve, {auroc.counts}", data_name, grid="both")


def plot_metrics(
    metrics: pd.DataFrame, *, ax: Axes | None = None, data_name: str = ""
) -> Axes:
    """Draw each figure with its interval and its baseline.

    Parameters
    ----------
    metrics : DataFrame
        As from `xraylab.evaluation.evaluate`: index metric; value, low, high, n,
        n_groups, baseline.
    """
    names = metrics.index.str.replace("_", " ")
    ax = draw_dots(metrics, _with_counts(names, metrics), ax)
    return finish(ax, "What was measured, and the baseline", data_name, grid="x")


def _with_counts(names: Iterable[str], rows: pd.DataFrame) -> list[str]:
    counts = zip(names, rows["n"], rows["n_groups"], strict=True)
    return [f"{name}  (n = {n:,}, {groups:,} groups)" for name, n, groups in counts]


def plot_protocols(
    table: pd.DataFrame,
    *,
    metric: str = "accuracy",
    ax: Axes | None = None,
    data_name: str = "",
) -> Axes:
    """Compare protocols by one figure, to see where the first number went.

    Parameters
    ----------
    table : DataFrame
        Columns protocol, value, low, high, n, n_groups, baseline, drawn from top
        to bottom in the order of the rows.
    """
    ax = draw_dots(table, _with_counts(table["protocol"], table), ax)
    ax.set(xlabel=metric.replace("_", " "))
    return finish(ax, "One recipe, several ways to split", data_name, grid="x")


def plot_effects(
    effects: pd.DataFrame, *, ax: Axes | None = None, data_name: str = ""
) -> Axes:
    """Draw what each change of the training adds to accuracy, on each test.

    Parameters
    ----------
    effects : DataFrame
        Columns what, test, value, low, high (shares, paired differences), n, n_groups
        and verdict, of which "not settled" gets a hollow dot; one colour a test, drawn
        from top to bottom in the order of the rows.
    """
    ax = make_axes(ax, 1.3 + 0.36 * len(effects))
    ax.axvline(0, color=GREY, linewidth=1)
    y = np.arange(len(effects))
    colours = dict(zip(effects["test"].unique(), (BLUE, ORANGE), strict=False))
    for test, colour in colours.items():
        rows = effects[effects["test"] == test]
        at = y[effects["test"] == test]
        ends = 100 * rows[["low", "high"]]
        ax.hlines(at, ends["low"], ends["high"], color=colour, linewidth=2, alpha=0.55)
        is_open = rows["verdict"] == "not settled"
        fills = np.where(is_open, "white", colour)
        dots = {"s": 42, "edgecolors": colour, "linewidths": 1.5, "zorder": 3}
        ax.scatter(100 * rows["value"], at, c=fills, **dots)
        ax.scatter([], [], color=colour, label=f"on {test}, 95 % interval")
    if (effects["verdict"] == "not settled").any():
        ax.scatter([], [], c="white", edgecolors=GREY, label="hollow: not settled")
    names = effects["what"] + ", " + effects["test"]
    ax.set_yticks(y, _with_counts(names, effects))
    ax.set_ylim(len(effects) - 0.5, -0.7)
    ax.set_xlabel("points of accuracy")
    legend_below(ax, len(effects))
    return finish(ax, "One change at a time, same images", data_name, grid="x")


def plot_probes(
    probes: pd.DataFrame, *, ax: Axes | None = None, data_name: str = ""
) -> Axes:
    """Draw each probe beside its baseline, and where a finding begins.

    Parameters
    ----------
    probes : DataFrame
        As in `xraylab.audit.Audit`; those under cross-validation are drawn.
    """
    rows = probes[probes["on"] == "cross-validated"].rename(columns={"auroc": "value"})
    names = rows["question"] + ", " + rows["feature"]
    ax = draw_dots(rows, _with_counts(names, rows), ax)
    limit = {"marker": 9, "color": "black", "zorder": 4, "clip_on": False}
    below = np.arange(len(rows)) + 0.3  # clear of a value as high
    ax.scatter(rows["limit"], below, s=35, label="finding from here", **limit)
    legend_below(ax, len(rows))
    ax.set_xlabel("AUROC of the probe, groups kept whole")
    return finish(ax, "Probes beside their baselines", data_name, grid="x")
