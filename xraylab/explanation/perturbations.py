"""Known changes of an image that leave the disease as it is, each with a dose.

A map tells where; a change tells what. To add one, add an entry to `PERTURBATIONS`.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

from xraylab.errors import InputError
from xraylab.explanation.scorers import check_images

RING = 1 / 6  # of the side: a box inside this ring holds the lungs of most images


@dataclass(frozen=True)
class Perturbation:
    """A change of images by a dose; calling it makes the change.

    Attributes
    ----------
    change : callable
        One image (height, width), uint8, and a dose -> the same, changed. Where
        `on_lungs`, also where the lungs are, bool of the same shape.
    doses : tuple of float
        The usual ones, from low to high.
    neutral : float
        The dose that changes nothing, one of `doses`.
    limits : tuple of two float
        Least and greatest dose.
    family : str
        What it is about: changes of one family move a network alike.
    words : str
        What a dose means.
    on_lungs : bool
    """

    change: Callable
    doses: tuple[float, ...]
    neutral: float
    limits: tuple[float, float]
    family: str
    words: str
    on_lungs: bool = False

    def __call__(
        self, images: np.ndarray, dose: float, lungs: np.ndarray | None = None
    ) -> np.ndarray:
        """Change images.

        Parameters
        ----------
        images : array of uint8, shape (n, height, width)
        dose : float
            Within `limits`.
        lungs : array of bool, shape (n, height, width), optional
            Where the lungs are; a box by default (`lung_box`). Only changes that
            are `on_lungs` look at it.

        Returns
        -------
        array of uint8, same shape
            A copy.

        Raises
        ------
        ValueError
            If the images, the dose or the lungs are not as above.
        """
        check_images(images)
        least, most = self.limits
        if not least <= dose <= most:  # nan is in no range
            text = f"must be {least} to {most} ({self.words}), got {dose}."
            raise InputError(text, argument="dose")
        if not self.on_lungs:
            changed = [self.change(image, dose) for image in images]
        else:
            where = _check_lungs(images, lungs)
            pairs = zip(images, where, strict=True)
            changed = [self.change(image, dose, lung) for image, lung in pairs]
        return np.stack(changed) if changed else images.copy()


def lung_box(shape: tuple[int, int]) -> np.ndarray:
    """Mark the middle of an image, a ring of a sixth of each side left out.

    It holds the lungs of most chest X-rays, and much that is not lung: where the
    true lungs are known, use them.

    Parameters
    ----------
    shape : two int
        Height and width.

    Returns
    -------
    array of bool, of that shape
    """
    box = np.zeros(shape, bool)
    y, x = (round(side * RING) for side in shape)
    box[y : shape[0] - y, x : shape[1] - x] = True
    return box


def _check_lungs(images: np.ndarray, lungs: np.ndarray | None) -> np.ndarray:
    if lungs is None:
        return np.repeat(lung_box(images.shape[1:])[None], len(images), axis=0)
    if lungs.shape != images.shape or lungs.dtype != bool:
        raise InputError(
            f"must be bool of shape {images.shape}, as the images, got {lungs.dtype} "
            f"of shape {lungs.shape}.",
            argument="lungs",
        )
    return lungs


def _window(
    image: np.ndarray, x_factor: float, y_factor: float, shift: float = 0
) -> np.ndarray:
    """Resize around the middle; the border's grey goes on outside."""
    height, width = image.shape
    margin = max(height, width)  # more than half the side, so a factor of 0.5 fits
    wide = Image.fromarray(np.pad(image, margin, mode="edge"))
    middle_x, middle_y = margin + width * (0.5 - shift), margin + height / 2
    half_x, half_y = width / 2 / x_factor, height / 2 / y_factor
    box = (middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y)
    return np.asarray(wide.resize((width, height), Image.Resampling.BILINEAR, box=box))


def _zoom(image: np.ndarray, factor: float) -> np.ndarray:
    return _window(image, factor, factor)


def _squeeze(image: np.ndarray, factor: float) -> np.ndarray:
    return _window(image, factor, 1)


def _shift(image: np.ndarray, share: float) -> np.ndarray:
    return _window(image, 1, 1, share)


def _rotate(image: np.ndarray, degrees: float) -> np.ndarray:
    height, width = image.shape
    margin = math.ceil(max(height, width) / 2)
    wide = Image.fromarray(np.pad(image, margin, mode="edge"))
    rotated = wide.rotate(-degrees, Image.Resampling.BILINEAR)
    return np.asarray(rotated)[margin : margin + height, margin : margin + width]


def _mirror(image: np.ndarray, is_mirrored: float) -> np.ndarray:
    return image[:, ::-1].copy() if is_mirrored else image.copy()


def _save_again(image: np.ndarray, loss: float) -> np.ndarray:
    if loss == 0:
        return image.copy()
    data = io.BytesIO()
    Image.fromarray(image).save(data, "JPEG", quality=round(100 - loss))
    with Image.open(data) as again:
        return np.asarray(again)


def _down_and_up(image: np.ndarray, factor: float) -> np.ndarray:
    height, width = image.shape
    small = max(1, round(width / factor)), max(1, round(height / factor))
    down = Image.fromarray(image).resize(small, Image.Resampling.BILINEAR)
    return np.asarray(down.resize((width, height), Image.Resampling.BILINEAR))


def _blur(image: np.ndarray, percent: float) -> np.ndarray:
    sigma = [side * percent / 100 for side in image.shape]
    return as_grey(gaussian_filter(image.astype(np.float32), sigma, mode="nearest"))


def _brighten(image: np.ndarray, levels: float) -> np.ndarray:
    return as_grey(image.astype(np.float32) + levels)


def _gamma(image: np.ndarray, exponent: float) -> np.ndarray:
    return as_grey(255 * (image / np.float32(255)) ** exponent)


def _draw_marker(image: np.ndarray, opacity: float) -> np.ndarray:
    """Draw a bright R, a twelfth of the side high, into the upper left corner."""
    height, width = image.shape
    font = ImageFont.load_default(size=max(6, round(height / 12)))
    drawn = Image.fromarray(image)
    ImageDraw.Draw(drawn).text((width / 20, 0), "R", fill=240, font=font)
    return _mix(image, np.asarray(drawn), opacity)


def _cover_corners(image: np.ndarray, share: float) -> np.ndarray:
    """Paint each corner in the median grey of the border."""
    covered, border = image.copy(), np.median(_border(image))
    y, x = (round(side * share) for side in image.shape)
    for rows in (slice(0, y), slice(image.shape[0] - y, None)):
        for columns in (slice(0, x), slice(image.shape[1] - x, None)):
            covered[rows, columns] = round(border)
    return covered


def _swap_sides(image: np.ndarray, is_swapped: float) -> np.ndarray:
    """Put the left and the right part of the ring, mirrored, in each other's place."""
    swapped, x = image.copy(), round(image.shape[1] * RING) if is_swapped else 0
    swapped[:, :x] = image[:, ::-1][:, :x]
    swapped[:, image.shape[1] - x :] = image[:, ::-1][:, image.shape[1] - x :]
    return swapped


def _blacken_border(image: np.ndarray, share: float) -> np.ndarray:
    y, x = (round(side * share) for side in image.shape)
    black = np.zeros_like(image)
    inside = slice(y, image.shape[0] - y), slice(x, image.shape[1] - x)
    black[inside] = image[inside]
    return black


def _hide(image: np.ndarray, opacity: float, lungs: np.ndarray, *, is_lung: bool):
    """Paint the lungs, or all else, in the image's mean grey."""
    grey = np.where(lungs == is_lung, np.uint8(round(image.mean())), image)
    return _mix(image, grey, opacity)


def _border(image: np.ndarray) -> np.ndarray:
    return np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])


def _mix(image: np.ndarray, other: np.ndarray, opacity: float) -> np.ndarray:
    return as_grey(image * np.float32(1 - opacity) + other * np.float32(opacity))


def as_grey(levels: np.ndarray) -> np.ndarray:
    """Round and clip to uint8."""
    return levels.round().clip(0, 255).astype(np.uint8)


_FACTORS = (0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2)
_SHARES = (0.0, 0.25, 0.5, 1.0)
_SIZE, _POSE, _FINE = "size and shape", "position", "sharpness"
_GREY, _EDGE, _LUNG = "grey levels", "corners and border", "lungs"
PERTURBATIONS = {
    "zoom": Perturbation(
        *(_zoom, _FACTORS, 1, (0.5, 2), _SIZE),
        "factor: 1.1 brings the chest 10 % closer",
    ),
    "squeeze": Perturbation(
        *(_squeeze, _FACTORS, 1, (0.5, 2), _SIZE),
        "factor on the width: 0.9 makes the chest 10 % narrower",
    ),
    "shift": Perturbation(
        *(_shift, (-0.1, -0.05, 0, 0.05, 0.1), 0, (-0.5, 0.5), _POSE),
        "share of the width, to the right",
    ),
    "rotate": Perturbation(
        *(_rotate, (-10, -5, 0, 5, 10), 0, (-180, 180), _POSE),
        "degrees, clockwise",
    ),
    "mirror": Perturbation(
        *(_mirror, (0, 1), 0, (0, 1), _POSE), "1: left and right changed"
    ),
    "re-save": Perturbation(
        *(_save_again, (0, 10, 25, 50, 75, 90), 0, (0, 99), _FINE),
        "loss: saved as JPEG of quality 100 - dose; 0 is not saved again",
    ),
    "down-and-up": Perturbation(
        *(_down_and_up, (1, 1.5, 2, 3, 4), 1, (1, 32), _FINE),
        "factor: made smaller by it, then large again",
    ),
    "blur": Perturbation(
        *(_blur, (0, 0.5, 1, 2), 0, (0, 25), _FINE),
        "standard deviation in percent of the side",
    ),
    "brightness": Perturbation(
        *(_brighten, (-36, -18, -9, 0, 9, 18, 36), 0, (-255, 255), _GREY),
        "grey levels added, of 255",
    ),
    "gamma": Perturbation(
        *(_gamma, (0.7, 0.85, 1, 1.2, 1.4), 1, (0.1, 10), _GREY),
        "exponent: above 1 darkens the middle greys",
    ),
    "marker": Perturbation(
        *(_draw_marker, _SHARES, 0, (0, 1), _EDGE),
        "opacity of a letter R drawn in the upper left corner",
    ),
    "corners": Perturbation(
        *(_cover_corners, (0, 0.05, 0.1, 0.2), 0, (0, 0.5), _EDGE),
        "share of the side: each corner painted in the border's median grey",
    ),
    "sides": Perturbation(
        *(_swap_sides, (0, 1), 0, (0, 1), _EDGE),
        "1: what lies at the left and right border changes places, markers with it",
    ),
    "border": Perturbation(
        *(_blacken_border, (0, 0.02, 0.05, 0.1), 0, (0, 0.5), _EDGE),
        "share of the side: a ring of this width painted black",
    ),
    "lungs hidden": Perturbation(
        *(partial(_hide, is_lung=True), _SHARES, 0, (0, 1), _LUNG),
        "opacity of mean grey over the lungs",
        on_lungs=True,
    ),
    "outside hidden": Perturbation(
        *(partial(_hide, is_lung=False), _SHARES, 0, (0, 1), _LUNG),
        "opacity of mean grey over all but the lungs",
        on_lungs=True,
    ),
}
