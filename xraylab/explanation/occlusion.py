"""Hide one place after another, and ask again."""

from __future__ import annotations

import numpy as np

from xraylab.errors import InputError
from xraylab.explanation.scorers import Score, ask, check_image

_AT_ONCE = 128  # images: those of a small step would fill the memory


def occlusion_map(
    score: Score, image: np.ndarray, patch_px: int, stride_px: int
) -> np.ndarray:
    """Measure what each place adds to the answer, by hiding it.

    The patch has the image's mean grey and walks over it; the last one in a
    row or column ends at the border. A pixel's value is the mean over all
    patches that hid it (Zeiler and Fergus 2014).

    Parameters
    ----------
    score : callable
        Images (n, height, width), uint8 -> numbers (n,); logits are best, since a
        probability of almost 1 hardly moves.
    image : array of uint8, shape (height, width)
    patch_px : int
        Side of the patch, up to the image's shorter side.
    stride_px : int
        From one patch to the next, 1 to `patch_px`, so that no pixel is missed.

    Returns
    -------
    array of float, shape (height, width)
        Score of the whole image, less the score with the place hidden. Above 0:
        what is there speaks for pneumonia.

    Raises
    ------
    ValueError
        If the image is no uint8 array of two dimensions, a size does not fit, or a
        score is no finite number.
    """
    check_image(image)
    if not 1 <= patch_px <= min(image.shape):
        text = f"must be 1 to {min(image.shape)} here, got {patch_px}."
        raise InputError(text, argument="patch_px")
    if not 1 <= stride_px <= patch_px:
        text = f"must be 1 to {patch_px}, got {stride_px}."
        raise InputError(text, argument="stride_px")
    height, width = image.shape
    places = [
        (slice(y, y + patch_px), slice(x, x + patch_px))
        for y in _steps(height, patch_px, stride_px)
        for x in _steps(width, patch_px, stride_px)
    ]
    whole = ask(score, image[None], "score")[0]
    total, n_patches = np.zeros(image.shape), np.zeros(image.shape)
    for start in range(0, len(places), _AT_ONCE):
        some = places[start : start + _AT_ONCE]
        scores = ask(score, _hide(image, some), "score")
        for place, hidden in zip(some, scores, strict=True):
            total[place] += whole - hidden
            n_patches[place] += 1
    return total / n_patches


def _hide(image: np.ndarray, places: list[tuple[slice, slice]]) -> np.ndarray:
    """Copy the image once a place, with that place painted in its mean grey."""
    hidden = np.repeat(image[None], len(places), axis=0)
    grey = np.uint8(round(image.mean()))
    for copy, place in zip(hidden, places, strict=True):
        copy[place] = grey
    return hidden


def _steps(side: int, patch_px: int, stride_px: int) -> list[int]:
    """Where patches begin, so that the last one ends at the border."""
    last = side - patch_px
    return sorted({*range(0, last + 1, stride_px), last})
