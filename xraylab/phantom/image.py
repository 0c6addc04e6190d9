"""One image with its truth, and its disease-free twin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from xraylab.errors import InputError
from xraylab.phantom import film
from xraylab.phantom.anatomy import Anatomy
from xraylab.phantom.banks import banks, take_pixels, take_window
from xraylab.phantom.bones import build_bones
from xraylab.phantom.disease import lesion_mask, lost_air
from xraylab.phantom.geometry import Frame, make_frame
from xraylab.phantom.lesion import Lesion, without_disease
from xraylab.phantom.organs import (
    Organs,
    build_organs,
    gas_field,
    healthy_air,
    windpipe,
)
from xraylab.phantom.shots import Shot

_LUNG_SHOWS = 0.05  # thickness from which a pixel counts as lung
_MIDDLE_HIDES = 0.20  # thickness of heart or mediastinum that hides it
_FULL_LUNG = 0.30  # thickness from which disease counts in full
_LESION_SHOWS = 0.35
_BONE_DENSITY = 0.55


@dataclass(frozen=True)
class Masks:
    """Where things are, arrays of the image's shape.

    The lungs are the seen lung fields, without heart and what lies below the
    diaphragm; `right_lung` is the child's right, on the image's left. `lesion`
    is soft, 0 to 1, float32, and may reach behind the heart; the others are bool.
    """

    left_lung: np.ndarray
    right_lung: np.ndarray
    heart: np.ndarray
    lesion: np.ndarray

    def lesion_box(self) -> tuple[int, int, int, int] | None:
        """Give left, top, right, bottom of the lesion in pixels, or None.

        Right and bottom are one beyond the last pixel.
        """
        rows, columns = np.nonzero(self.lesion > _LESION_SHOWS)
        if rows.size == 0:
            return None
        ends = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        return tuple(int(end) for end in ends)


@dataclass(frozen=True)
class Rendering:
    """An image and its truth.

    `image` is uint8, `visible` the air lost inside the lesion over the sd of
    the air in the healthy lung (0 without disease), `window` the display window.
    """

    image: np.ndarray
    masks: Masks
    visible: float
    window: tuple[float, float]


def render(
    anatomy: Anatomy,
    shot: Shot,
    lesion: Lesion,
    size: tuple[int, int],
    *,
    window: tuple[float, float] | None = None,
) -> Rendering:
    """Render one exposure of one child.

    Parameters
    ----------
    anatomy, shot, lesion
        From `draw_anatomy`, `draw_shot`, `draw_lesion`.
    size : two int
        Width and height in pixels, each at least 16.
    window : two float, optional
        Display window of another rendering; chosen from the image by default.

    Raises
    ------
    ValueError
        If `size` is below 16 px.
    """
    width, height = size
    if min(size) < 16:
        raise InputError(f"size must be at least 16 px each way, got {size}.")
    frame = make_frame(anatomy, shot, (height, width))
    organs = build_organs(anatomy, shot, frame)
    air, parts = healthy_air(anatomy, shot, frame)
    mask = lesion_mask(lesion, frame)
    lost = lost_air(lesion, frame, mask, parts)
    masks = _make_masks(frame, organs, mask)
    through = _attenuation(
        anatomy, shot, frame, organs, organs.lungs * np.clip(air - lost, 0, 1)
    )
    through += _BONE_DENSITY * build_bones(anatomy, shot, frame, organs)
    through += _mottle(anatomy, shot, frame, organs)
    exposed = film.expose(np.clip(through, 0, None), anatomy, shot, frame)
    exposed = film.process(exposed, anatomy, shot)
    window = window or film.choose_window(exposed, frame)
    image = film.add_marks(film.display(exposed, window, shot), shot, frame)
    return Rendering(image, masks, _visibility(masks, air, lost), window)


def twin(
    anatomy: Anatomy, shot: Shot, lesion: Lesion, size: tuple[int, int]
) -> Rendering:
    """Render the same exposure of the same child, had it not been ill.

    Pose, exposure, noise, display window and planted differences stay those of
    the image with pneumonia; only the disease is gone.
    """
    diseased = render(anatomy, shot, lesion, size)
    if lesion.severity == 0:
        return diseased
    healed = without_disease(lesion)
    return render(anatomy, shot, healed, size, window=diseased.window)


def resized_masks(masks: Masks, size: tuple[int, int]) -> Masks:
    """Scale masks to a copy of the image with another width and height."""

    def scaled(mask: np.ndarray) -> np.ndarray:
        image = Image.fromarray(mask.astype(np.float32))
        return np.asarray(image.resize(size, Image.Resampling.BILINEAR))

    return Masks(
        scaled(masks.left_lung) > 0.5,
        scaled(masks.right_lung) > 0.5,
        scaled(masks.heart) > 0.5,
        scaled(masks.lesion),
    )


def _attenuation(
    anatomy: Anatomy, shot: Shot, frame: Frame, organs: Organs, air: np.ndarray
) -> np.ndarray:
    """Soft tissue less the air in lungs, bowel and windpipe."""
    below = 1 - organs.above_dome
    blob = take_window(banks().blob, tuple(shot.textures[1]), frame.shape)
    through = organs.body - air + 0.018 * blob * below
    heart_below = organs.middle * organs.above_dome * np.clip(frame.level * 6, 0, 1)
    through += 0.05 * heart_below
    through -= gas_field(shot, frame, organs, blob)
    return through - windpipe(shot, frame)


def _mottle(anatomy: Anatomy, shot: Shot, frame: Frame, organs: Organs) -> np.ndarray:
    """Uneven tissue, coarse and fine."""
    coarse = 0.018 * take_window(banks().pink, anatomy.texture, frame.shape)
    fine = take_pixels(banks().fine, tuple(shot.textures[3]), frame.shape)
    return (coarse + shot.mottle * fine) * np.minimum(organs.body, 1)


def _make_masks(frame: Frame, organs: Organs, lesion: np.ndarray) -> Masks:
    above = organs.above_dome > 0.5
    seen = (organs.lungs > _LUNG_SHOWS) & (organs.middle < _MIDDLE_HIDES) & above
    heart = (organs.heart > _MIDDLE_HIDES) & above
    # Disease behind the heart counts too, as far as lung is left there.
    lesion = lesion * np.clip(organs.lungs * (1 / _FULL_LUNG), 0, 1)
    return Masks(seen & ~frame.right, seen & frame.right, heart, lesion)


def _visibility(masks: Masks, air: np.ndarray, lost: np.ndarray) -> float:
    inside = masks.lesion > _LESION_SHOWS
    if not inside.any():
        return 0.0
    healthy = air[masks.left_lung | masks.right_lung]
    return float(lost[inside].mean() / healthy.std())
