"""From attenuation to grey levels: scatter, noise, reader and display."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

from xraylab.phantom.anatomy import Anatomy
from xraylab.phantom.banks import banks, take_pixels
from xraylab.phantom.geometry import Frame
from xraylab.phantom.shots import Shot

_LEVELS = 1024
_FIXED_HIGH, _FIXED_SPAN = 2.1, 1.06  # window of an average child
_LOW, _HIGH = -1.2, 1.8  # the display table's range, in windows


def expose(
    attenuation: np.ndarray, anatomy: Anatomy, shot: Shot, frame: Frame
) -> np.ndarray:
    """Send X-rays through and take the logarithm of what arrives.

    Parameters
    ----------
    attenuation : array of float32
        Thickness fields summed, 0 or more.

    Returns
    -------
    array of float32, same shape
        Minus the logarithm of the signal with scatter and noise.
    """
    signal = np.exp(-shot.attenuation * attenuation)
    signal += anatomy.scatter * _wide_blur(signal, 3.0)
    grain = take_pixels(banks().grain, tuple(shot.textures[2]), frame.shape)
    signal += np.sqrt(signal) * grain * np.float32(1 / np.sqrt(shot.exposure))
    return -np.log(np.clip(signal, 2e-3, None))


def process(film: np.ndarray, anatomy: Anatomy, shot: Shot) -> np.ndarray:
    """Sharpen or blur, and even out the contrast as digital readers do."""
    film = film + np.float32(max(shot.sharpening, -1)) * (film - _small_blur(film))
    if shot.equalised:
        film = film - np.float32(anatomy.equalisation) * _wide_blur(film, 2.0)
    return film


def choose_window(film: np.ndarray, frame: Frame) -> tuple[float, float]:
    """Choose the display window from the image's own chest, in part.

    A fully automatic window would turn a hazy lung black again.
    """
    cut = (slice(4, None, 8), slice(4, None, 8))
    t, level = frame.t[cut], frame.level[cut]
    chest = film[cut][(t < 0.97) & (level > 0) & (level < 1.25)]
    low, high = np.percentile(chest, [12, 95]).tolist() if chest.size else (1.1, 2.1)
    high = 0.6 * high + 0.4 * _FIXED_HIGH
    return 0.4 * low + 0.6 * (high - _FIXED_SPAN), high


def display(film: np.ndarray, window: tuple[float, float], shot: Shot) -> np.ndarray:
    """Turn the film into grey levels, uint8."""
    low, high = window
    steps = (_LEVELS - 1) / (_HIGH - _LOW)
    index = (film - np.float32(low)) * np.float32(steps / (high - low))
    index = np.clip(index - np.float32(_LOW * steps), 0, _LEVELS - 1)
    return _display_table(shot)[index.astype(np.intp)]


def _display_table(shot: Shot) -> np.ndarray:
    z = np.linspace(_LOW, _HIGH, _LEVELS)
    up, down = np.clip(z, 0, None), np.minimum(z, 0)
    curve = up * (1 + shot.curve) / (1 + shot.curve * up)
    grey = shot.dark + (shot.bright - shot.dark) * curve + down * shot.dark * shot.toe
    knee = shot.bright + 8
    over = np.clip(grey - knee, 0, None)
    grey = np.where(over > 0, knee + (255 - knee) * (1 - np.exp(-over / 25)), grey)
    return np.clip(grey, 0, 255).astype(np.uint8)


def add_marks(grey: np.ndarray, shot: Shot, frame: Frame) -> np.ndarray:
    """Add collimation, the side marker and a line; returns a new uint8 array."""
    grey = grey.copy()
    height, width = grey.shape
    share, dark = shot.collimated
    grey[:, : int(width * share)] = dark
    image = Image.fromarray(grey)
    draw = ImageDraw.Draw(image)
    if shot.marker:
        x, y = shot.marker.place
        font = _font(max(6, round(shot.marker.height * height)))
        draw.text((x * width, y * height), "R", fill=shot.marker.grey, font=font)
    if shot.line:
        points, ink, share = shot.line
        draw.line(_curve(points, frame), fill=ink, width=max(1, round(share * width)))
    return np.asarray(image)


def _curve(points: np.ndarray, frame: Frame) -> list[tuple[float, float]]:
    """Draw a smooth line through four points from above the lungs to level `end`."""
    *across, end = points.tolist()
    at, fine = np.linspace(0, 1, 4), np.linspace(0, 1, 30)
    rows = np.linspace(frame.top - 0.4, frame.top + frame.height * end, 4)
    curve = [np.polyval(np.polyfit(at, values, 3), fine) for values in (across, rows)]
    return frame.to_pixels(*curve)


@lru_cache(maxsize=64)
def _font(size_px: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size=size_px)


def _small_blur(film: np.ndarray) -> np.ndarray:
    """Binomial blur over three pixels each way; the edge pixels stay."""
    rows = film.copy()
    rows[1:-1] = 0.25 * (film[:-2] + film[2:]) + 0.5 * film[1:-1]
    both = rows.copy()
    both[:, 1:-1] = 0.25 * (rows[:, :-2] + rows[:, 2:]) + 0.5 * rows[:, 1:-1]
    return both


def _wide_blur(field: np.ndarray, sigma: float) -> np.ndarray:
    """Blur by `sigma` parts in 32 of the image, on a small grid."""
    height, width = field.shape
    small = Image.fromarray(field).resize((32, 32), Image.Resampling.BOX)
    blurred = gaussian_filter(np.asarray(small), sigma, mode="nearest")
    back = Image.fromarray(blurred).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(back)
