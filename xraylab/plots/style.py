"""The style that all figures share: colours, size, title, grid, dots with ends."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from xraylab.labels import CLASSES

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#6B6B6B"
CLASS_COLOURS = dict(zip(CLASSES, (BLUE, ORANGE), strict=True))
WIDTH = 7.0  # inches, a notebook's column


def make_axes(ax: Axes | None, height: float, width: float = WIDTH) -> Axes:
    """Return the given axes, or new ones of that many inches."""
    if ax is not None:
        return ax
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def finish(ax: Axes, title: str, data_name: str, *, grid: str | None = "y") -> Axes:
    """Set the title, with the data's name below, and keep only the lines that help."""
    name = data_name[:1].upper() + data_name[1:]
    lines = "\n".join(part for part in (title, name) if part)
    ax.set_title(lines, size=11, loc="left", parse_math=False)
    if grid is not None:
        ax.grid(bool(grid), axis=grid, color="#E4E4E4", linewidth=0.8)
        ax.set_axisbelow(True)
        sns.despine(ax=ax)
    return ax


def draw_dots(table: pd.DataFrame, labels: Sequence[str], ax: Axes | None) -> Axes:
    """Draw value, interval and baseline of each row, the first on top."""
    ax = make_axes(ax, 1.3 + 0.36 * len(table))
    y = np.arange(len(table))
    # the lines keep white space between a dot and its interval's ends
    ax.hlines(y, table["low"], table["high"], color=BLUE, linewidth=2, alpha=0.55)
    ax.scatter(
        table["value"], y, s=42, color=BLUE, zorder=3, label="value, 95 % interval"
    )
    baseline = {"marker": "|", "color": ORANGE, "linewidth": 2, "zorder": 4}
    ax.scatter(table["baseline"], y, s=80, label="baseline", **baseline)
    for i, value in enumerate(table["value"]):
        if np.isfinite(value):
            ax.annotate(
                f"{value:.3f}",
                (value, i),
                (0, 6),
                textcoords="offset points",
                ha="center",
                size=8,
            )
    ax.set_yticks(y, labels, parse_math=False)  # a folder's name may hold a dollar
    ax.set_ylim(len(table) - 0.5, -0.7)
    left = table[["baseline", "low", "value"]].min(axis=None)
    ax.set_xlim(min(0.48, np.floor(left * 20) / 20), 1.01)
    legend_below(ax, len(table))
    return ax


def legend_below(ax: Axes, n_rows: int) -> None:
    """Put the legend in a line below the axis and its name, clear of the title."""
    below = {"loc": "upper right", "bbox_to_anchor": (1, -1.5 / n_rows)}
    ax.legend(frameon=False, fontsize=9, ncols=3, **below)


def legend_above(ax: Axes) -> None:
    """Put the legend in a line above the axes, right of the title."""
    ax.legend(frameon=False, ncols=3, loc="lower right", bbox_to_anchor=(1, 1))
