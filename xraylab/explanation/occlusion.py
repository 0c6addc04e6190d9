"""What moves the answer: hide a place, or change the whole image by a dose.

A `score` here is any function of images, uint8 of shape (n, height, width),
to their probabilities of pneumonia, shape (n,). A network is one (`run_scorer`);
so is a rule written by hand, whose true reasons are known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from PIL import Image

from xraylab import evaluation, training
from xraylab.errors import InputError

Score = Callable[[np.ndarray], np.ndarray]
_CURVE_COLUMNS = [
    *("dose", "mean_score", "mean_change", "change_low", "change_high"),
    *("flipped", "flipped_low", "flipped_high", "n", "n_groups"),
]
MOST = 2.0  # zoom and squeeze go from half to double


def run_scorer(run: training.Run, *, weights: str = "best") -> Score:
    """Make the network of a run into a function of images.

    Parameters
    ----------
    run : Run
        As from `xraylab.training.load_run` or `xraylab.training.train`.
    weights : str
        "best" by validation, or "last".

    Returns
    -------
    callable
        Takes uint8, shape (n, size_px, size_px); gives float64, shape (n,): the
        probabilities of pneumonia. It raises ValueError on any other input.
    """
    model, size_px = run.make_model(weights), run.recipe.size_px

    def score(images: np.ndarray) -> np.ndarray:
        if images.dtype != np.uint8 or images.shape[1:] != (size_px, size_px):
            raise InputError(
                f"images must be uint8 of shape (n, {size_px}, {size_px}), got "
                f"{images.dtype} of shape {images.shape}."
            )
        return training.score_images(model, images)

    return score


def occlusion_map(
    score: Score, image: np.ndarray, patch_px: int, stride_px: int
) -> np.ndarray:
    """Measure how the score changes when a grey patch hides a place.

    The patch has the image's mean grey and walks over it; the last one in a
    row or column ends at the border. A pixel's value is the mean over all
    patches that hid it.

    Parameters
    ----------
    score : callable
        Images (n, height, width), uint8 -> probabilities (n,).
    image : array of uint8, shape (height, width)
    patch_px : int
        Side of the patch, up to the image's shorter side.
    stride_px : int
        From one patch to the next, 1 to `patch_px`, so that no pixel is missed.

    Returns
    -------
    array of float, shape (height, width)
        Score with the place hidden, less the score of the whole image.
        Below 0: what is there speaks for pneumonia.

    Raises
    ------
    ValueError
        If the image is no uint8 array of two dimensions, or a size does not fit.
    """
    _check_image(image)
    if not 1 <= patch_px <= min(image.shape):
        raise InputError(
            f"patch_px must be 1 to {min(image.shape)} here, got {patch_px}."
        )
    if not 1 <= stride_px <= patch_px:
        raise InputError(f"stride_px must be 1 to {patch_px}, got {stride_px}.")
    height, width = image.shape
    places = [
        (slice(y, y + patch_px), slice(x, x + patch_px))
        for y in _steps(height, patch_px, stride_px)
        for x in _steps(width, patch_px, stride_px)
    ]
    grey = np.uint8(round(image.mean()))
    hidden = np.repeat(image[None], len(places), axis=0)
    for i, (rows, columns) in enumerate(places):
        hidden[i, rows, columns] = grey
    changes = score(hidden) - score(image[None])[0]
    total, n_patches = np.zeros(image.shape), np.zeros(image.shape)
    for place, change in zip(places, changes, strict=True):
        total[place] += change
        n_patches[place] += 1
    return total / n_patches


def squeeze(image: np.ndarray, factor: float) -> np.ndarray:
    """Make what is shown narrower or wider, its height kept.

    Parameters
    ----------
    image : array of uint8, shape (height, width)
    factor : float
        0.5 to 2: 1 changes nothing, 0.9 makes the chest 10 % narrower. Where
        nothing is left, the border's grey goes on.

    Returns
    -------
    array of uint8, same shape

    Raises
    ------
    ValueError
        If the image is no uint8 array of two dimensions, or the factor is
        outside.
    """
    return _stretch(image, factor, 1.0)


def zoom(image: np.ndarray, factor: float) -> np.ndarray:
    """Make what is shown smaller or larger, around the middle.

    Parameters
    ----------
    image : array of uint8, shape (height, width)
    factor : float
        0.5 to 2: 1 changes nothing, 1.1 brings the chest 10 % closer. Where
        nothing is left, the border's grey goes on.

    Returns
    -------
    array of uint8, same shape

    Raises
    ------
    ValueError
        As `squeeze`.
    """
    return _stretch(image, factor, factor)


def dose_curve(
    score: Score,
    images: np.ndarray,
    change: Callable[[np.ndarray, float], np.ndarray],
    doses: Sequence[float],
    *,
    groups: Sequence[object] | None = None,
) -> pd.DataFrame:
    """Change every image by one dose after another, and watch the answers.

    Parameters
    ----------
    score : callable
        Images (n, height, width), uint8 -> probabilities (n,).
    images : array of uint8, shape (n, height, width)
    change : callable
        (image, dose) -> image, such as `zoom`.
    doses : sequence of float
    groups : sequence, length n, optional
        The group of each image, such as its child; without it each image counts
        as one.

    Returns
    -------
    DataFrame
        One row a dose: dose, mean_score, mean_change (from the same images
        unchanged) with change_low and change_high, flipped (share in [0, 1] whose
        score crossed 0.5) with flipped_low and flipped_high, n and n_groups. Ends
        are 95 % intervals over groups, NaN where there are too few groups or
        nothing moved.

    Raises
    ------
    ValueError
        If there are no images, or no doses.
    """
    if not len(images) or not len(doses):
        raise InputError(
            f"images and doses must not be empty, got {len(images)} and {len(doses)}."
        )
    before, rows = score(images), []
    for dose in doses:
        after = score(np.stack([change(image, dose) for image in images]))
        moved = evaluation.mean_interval(after - before, groups)
        flipped = evaluation.share_interval((after >= 0.5) != (before >= 0.5), groups)
        counts = flipped.n, flipped.n_groups
        rows.append((float(dose), after.mean(), *moved[:3], *flipped[:3], *counts))
    return pd.DataFrame(rows, columns=_CURVE_COLUMNS)


def _check_image(image: np.ndarray) -> None:
    if image.dtype != np.uint8 or image.ndim != 2:
        raise InputError(
            "image must be uint8 of shape (height, width), got "
            f"{image.dtype} of shape {image.shape}."
        )


def _steps(side: int, patch_px: int, stride_px: int) -> list[int]:
    """Where patches begin, so that the last one ends at the border."""
    last = side - patch_px
    return sorted({*range(0, last + 1, stride_px), last})


def _stretch(image: np.ndarray, x_factor: float, y_factor: float) -> np.ndarray:
    """Resize around the middle; the border's grey goes on outside."""
    _check_image(image)
    if not 1 / MOST <= x_factor <= MOST:
        raise InputError(f"factor must be {1 / MOST} to {MOST}, got {x_factor}.")
    height, width = image.shape
    margin = max(height, width)  # more than half the side, so 0.5 still fits
    wide = Image.fromarray(np.pad(image, margin, mode="edge"))
    middle_x, middle_y = margin + width / 2, margin + height / 2
    half_x, half_y = width / 2 / x_factor, height / 2 / y_factor
    box = (middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y)
    return np.asarray(wide.resize((width, height), Image.Resampling.BILINEAR, box=box))
