"""Drawings of what moves an answer: over the image, and by dose."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from xraylab.errors import InputError
from xraylab.plots.style import BLUE, GREY, ORANGE, finish, make_axes

_LINES = ((BLUE, "o-"), (ORANGE, "s--"), (GREY, "^:"))


def show_map(
    image: np.ndarray,
    change: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    ax: Axes | None = None,
    data_name: str = "",
) -> Axes:
    """Lay a map of changes over its image.

    Parameters
    ----------
    image : array of uint8, shape (height, width)
    change : array of float, shape (height, width)
        As from `xraylab.explanation.occlusion_map`: orange where hiding lowers the
        score, purple where it raises it.
    mask : array, shape (height, width), optional
        A true place, in [0, 1]; its outline is drawn.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    shapes = [np.shape(a) for a in (image, change, mask) if a is not None]
    if len(set(shapes)) > 1:
        raise InputError(
            "image, change and mask must be of one shape, got "
            f"{' and '.join(map(str, shapes))}."
        )
    ax = make_axes(ax, 4.0, width=5.0)
    ax.imshow(image, cmap="gray", vmin=0, vmax=255)
    # strong changes cover the image, weak ones let it through
    most = max(float(np.abs(change).max()), 1e-9)
    shown = ax.imshow(
        change,
        cmap="PuOr",
        vmin=-most,
        vmax=most,
        alpha=0.75 * np.abs(change) / most,
    )
    ax.figure.colorbar(shown, ax=ax, shrink=0.8, label="change of score when hidden")
    if mask is not None and np.max(mask) > 0.5:
        ax.contour(mask, levels=[0.5], colors="white", linewidths=1.5)
    ax.axis("off")
    return finish(ax, "What moves the answer", data_name, grid=None)


def plot_dose_curve(
    curves: Mapping[str, pd.DataFrame],
    *,
    ax: Axes | None = None,
    data_name: str = "",
) -> Axes:
    """Draw how far the mean score moves with a dose, one line a change.

    Parameters
    ----------
    curves : mapping of str to DataFrame
        By name, at most three; columns dose, mean_change, change_low and
        change_high (its 95 % interval) as from
        `xraylab.explanation.dose_curve`.

    Raises
    ------
    ValueError
        If there are none, or more than three.
    """
    if not 1 <= len(curves) <= len(_LINES):
        raise InputError(
            f"curves must be 1 to {len(_LINES)}, got {len(curves)}. Draw the others "
            "in a second figure."
        )
    ax = make_axes(ax, 3.4)
    ax.axhline(0, color=GREY, linewidth=0.8)
    for (name, table), (colour, style) in zip(curves.items(), _LINES, strict=False):
        below = table["mean_change"] - table["change_low"]
        above = table["change_high"] - table["mean_change"]
        ax.errorbar(
            table["dose"],
            table["mean_change"],
            [below, above],
            fmt=style,
            elinewidth=1,
            color=colour,
            markersize=5,
            label=name,
        )
    ax.set(xlabel="dose", ylabel="mean change of score")
    ax.legend(frameon=False)
    return finish(ax, "Answers by dose", data_name)
