"""Drawings of images and files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from xraylab.errors import InputError
from xraylab.images import read_pixels
from xraylab.labels import CLASSES
from xraylab.plots.style import (
    BLUE,
    CLASS_COLOURS,
    GREY,
    WIDTH,
    finish,
    make_axes,
)

SHOWN_PX = 224  # side of an image that is read from its file


def show_images(
    images: ArrayLike | Sequence[str | Path],
    titles: Sequence[str] | None = None,
    columns: int = 6,
    *,
    ax: Axes | None = None,
    data_name: str = "",
) -> Axes:
    """Show grey images side by side, at most `columns` in a row.

    Parameters
    ----------
    images : array, shape (n, height, width), or list of paths
        uint8 in 0..255, or float in [0, 1]. Files are read as the model reads
        them: grey, as a square.
    titles : list of str, optional
        One short line above each image.

    Raises
    ------
    ValueError
        If the shape is another, nothing is there, or titles do not match.
    """
    images = _stack(images)
    if titles is not None and len(titles) != len(images):
        raise InputError(
            f"titles must be one an image, got {len(titles)} for {len(images)}."
        )
    columns = min(columns, len(images))
    n_rows = -(-len(images) // columns)
    _, height, width = images.shape
    cell = 1.0 if titles is None else 1.18  # room for a line of text
    inches = WIDTH / columns * n_rows * cell * height / width
    ax = make_axes(ax, min(inches, 9.0) + 0.35)
    full = 255 if images.dtype == np.uint8 else 1
    for i, image in enumerate(images):
        row, column = divmod(i, columns)
        # each image has a box of 1 by 1 with a gap of 4 % of its side
        x, y = column, n_rows - 1 - row
        box = (x + 0.02, x + 0.98, y * cell + 0.02, y * cell + 0.98)
        ax.imshow(image, cmap="gray", vmin=0, vmax=full, extent=box)
        if titles is not None:
            ax.text(
                x + 0.5, y * cell + 1.0, titles[i], ha="center", va="bottom", size=8
            )
    ax.set(xlim=(0, columns), ylim=(0, n_rows * cell), aspect=height / width)
    ax.axis("off")
    return finish(ax, "", data_name, grid=None)


def plot_counts(
    table: pd.DataFrame, *, ax: Axes | None = None, data_name: str = ""
) -> Axes:
    """Count the files of each class, by source and split.

    Parameters
    ----------
    table : DataFrame
        Columns source, label, and split or else published_split.
    """
    split = "split" if "split" in table else "published_split"
    parts = ["train", "val", "valid", "test", ""]
    ordered = table.sort_values(
        ["source", split], key=lambda c: c.map(parts.index) if c.name == split else c
    )
    places = ordered["source"] + ", " + ordered[split].replace("", "no split")
    ax = make_axes(ax, 1.0 + 0.42 * places.nunique())
    sns.countplot(
        y=places,
        hue=ordered["label"].map(dict(enumerate(CLASSES))),
        hue_order=list(CLASS_COLOURS),
        palette=CLASS_COLOURS,
        saturation=1,
        ax=ax,
    )
    for bars in ax.containers:
        ax.bar_label(bars, fmt="{:,.0f}", padding=3, size=8, color=GREY)
    ax.set(xlabel="number of files", ylabel="")
    ax.margins(x=0.1)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    sns.move_legend(ax, "lower right", title=None, frameon=False)
    return finish(ax, "Files by source, split and class", data_name, grid="x")


def plot_similarity(
    values: ArrayLike, *, ax: Axes | None = None, data_name: str = ""
) -> Axes:
    """Show how alike the files of each pair are.

    Parameters
    ----------
    values : array of float, shape (n,)
        Correlation of two files, one a pair, in [-1, 1].
    """
    values = np.asarray(values, dtype=float)
    ax = make_axes(ax, 3.2)
    sns.histplot(x=values, bins=60, color=BLUE, edgecolor="white", ax=ax)
    ax.set_yscale("log")  # copies are few beside the rest, or the other way round
    ax.set(xlabel="correlation of two files", ylabel="pairs")
    return finish(ax, f"Likeness, n = {values.size:,} pairs", data_name)


def _stack(images: ArrayLike | Sequence[str | Path]) -> np.ndarray:
    """Return one array (n, height, width), read from files where these are given."""
    if len(images) and all(isinstance(p, str | Path) for p in images):
        return np.stack([read_pixels(p, SHOWN_PX) for p in images])
    shapes = {np.shape(image) for image in images}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        found = " and ".join(map(str, sorted(shapes))) or "none"
        raise InputError(
            "images must be one or more of one shape (height, width), got shapes "
            f"{found}. Use images[None] for a single one."
        )
    return np.asarray(images)
