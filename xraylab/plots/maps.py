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
    found: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    check: object | None = None,
    ax: Axes | None = None,
    data_name: str = "",
) -> Axes:
    """Lay a map over its image, at the image's own resolution.

    Parameters
    ----------
    image : array of uint8, shape (height, width)
        Best as it is in the file: a chest of 48 pixels is a handful of squares.
    found : array of float, two dimensions
        As from an entry of `xraylab.explanation.MAPS`; stretched over the image.
        Orange, above 0, speaks for pneumonia; purple against it.
    mask : array, two dimensions, optional
        A true place, in [0, 1]; its outline is drawn, stretched likewise.
    check : SanityCheck, optional
        As from `xraylab.explanation.check_map`. It stands below the title; a map
        that failed is also crossed out.

    Raises
    ------
    ValueError
        If one of them is not of two dimensions, or the map is not finite.
    """
    _check_arrays(image, found, mask)
    ax = make_axes(ax, 2.3, width=3.9)  # room for the longest title
    height, width = image.shape
    over = {"extent": (-0.5, width - 0.5, height - 0.5, -0.5), "aspect": "equal"}
    over["interpolation"] = "nearest"  # each value as it is, none between them
    # 16 of 256 greys: the grain of an X-ray would fill a notebook
    ax.imshow(image // 16 * 16 + 8, cmap="gray", vmin=0, vmax=255, **over)
    # strong places cover the image, weak ones let it through
    most = max(float(np.abs(found).max()), 1e-9)
    shown = ax.imshow(
        found,
        cmap="PuOr_r",
        vmin=-most,
        vmax=most,
        alpha=0.75 * np.abs(found) / most,
        **over,
    )
    ax.figure.colorbar(shown, ax=ax, shrink=0.8, label="for pneumonia")
    if mask is not None and np.max(mask) > 0.5:
        _outline(ax, mask, image.shape)
    if check is not None and not check.passed:
        ax.plot([0, width - 1], [0, height - 1], color="red", linewidth=2)
        ax.plot([0, width - 1], [height - 1, 0], color="red", linewidth=2)
    ax.axis("off")
    title = (
        "What moves the answer"
        if check is None
        else f"What moves the answer\n{check.verdict}"
    )
    return finish(ax, title, data_name, grid=None)


def _check_arrays(image: np.ndarray, found: np.ndarray, mask: np.ndarray | None):
    for name, array in (("image", image), ("found", found), ("mask", mask)):
        if array is not None and (np.ndim(array) != 2 or not np.size(array)):
            shape = np.shape(array)
            text = f"must be of shape (height, width), got {shape}."
            raise InputError(text, argument=name)
    n_odd = int((~np.isfinite(found)).sum())
    if n_odd:
        raise InputError(f"must be finite, found {n_odd} values not.", argument="found")


def _outline(ax: Axes, mask: np.ndarray, shape: tuple[int, int]) -> None:
    """Draw the edge of a place, stretched over an image of another size."""
    y, x = (
        (np.arange(n) + 0.5) * side / n - 0.5
        for n, side in zip(np.shape(mask), shape, strict=True)
    )
    ax.contour(x, y, mask, levels=[0.5], colors="white", linewidths=1.5)


def plot_dose_curve(
    curves: Mapping[str, pd.DataFrame],
    *,
    ax: Axes | None = None,
    data_name: str = "",
) -> Axes:
    """Draw how far the mean logit moves with a dose, one line a perturbation.

    Parameters
    ----------
    curves : mapping of str to DataFrame
        By name, at most three; each as from `xraylab.explanation.perturb` for one
        perturbation. The rows with figure "shift" are drawn, with their 95 %
        intervals where they have one.

    Raises
    ------
    ValueError
        If there are none, more than three, or one has no shift or several
        perturbations.
    """
    if not 1 <= len(curves) <= len(_LINES):
        raise InputError(
            f"curves must be 1 to {len(_LINES)}, got {len(curves)}. Draw the others "
            "in a second figure."
        )
    ax = make_axes(ax, 3.4, width=5)
    ax.axhline(0, color=GREY, linewidth=0.8)
    for (name, table), (colour, style) in zip(curves.items(), _LINES, strict=False):
        shifts = _shifts(name, table)
        below = shifts["value"] - shifts["low"]
        above = shifts["high"] - shifts["value"]
        ax.errorbar(
            shifts["dose"],
            shifts["value"],
            [below, above],
            fmt=style,
            elinewidth=1,
            color=colour,
            markersize=5,
            label=name,
        )
    ax.set(xlabel="dose", ylabel="mean shift of the logit,\nin standard deviations")
    ax.legend(frameon=False)
    return finish(ax, "Answers by dose", data_name)


def _shifts(name: str, table: pd.DataFrame) -> pd.DataFrame:
    shifts = table[table["figure"] == "shift"]
    if shifts.empty or shifts["dose"].duplicated().any():
        raise InputError(
            f"curves must each hold the shifts of one perturbation, got "
            f"{len(shifts)} rows of them in {name}. Take the rows of one name."
        )
    return shifts
