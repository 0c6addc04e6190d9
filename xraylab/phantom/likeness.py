"""How near images come to real ones: fifteen features and their real ranges.

The real ranges were measured once on 300 images at 224 px (`real_ranges.json`
names their origin); real files are not needed to compare with them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter, laplace

MEASURED_PX = 224
_RANGES = Path(__file__).with_name("real_ranges.json")
_LUNG_ROWS = (0.30, 0.60)


def _zone(image: np.ndarray, rows, columns) -> np.ndarray:
    """Cut a box given as shares of height and width."""
    height, width = image.shape
    rows = slice(*(round(share * height) for share in rows))
    return image[rows, slice(*(round(share * width) for share in columns))]


def _lung_zones(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (
        _zone(image, _LUNG_ROWS, (0.20, 0.38)),
        _zone(image, _LUNG_ROWS, (0.62, 0.80)),
    )


def _lung_level(image: np.ndarray) -> float:
    return float(np.mean([zone.mean() for zone in _lung_zones(image)]))


def _margin(image: np.ndarray) -> float:
    strip = max(1, round(0.05 * min(image.shape)))
    inner = image[strip:-strip, strip:-strip]
    return (image.sum() - inner.sum()) / (image.size - inner.size)


def _lung_contrast(image: np.ndarray) -> float:
    return _zone(image, _LUNG_ROWS, (0.44, 0.56)).mean() - _lung_level(image)


def _abdomen_contrast(image: np.ndarray) -> float:
    return _zone(image, (0.88, 1), (0.25, 0.75)).mean() - _lung_level(image)


def _asymmetry(image: np.ndarray) -> float:
    left, right = _lung_zones(image)
    return abs(left.mean() - right.mean())


def _sharpness(image: np.ndarray) -> float:
    return np.abs(laplace(image)).mean()


@cache
def _cycles(n: int) -> np.ndarray:
    frequency = np.fft.fftfreq(n) * n
    return np.hypot(frequency[:, None], frequency[None])


def _power(image: np.ndarray) -> np.ndarray:
    window = np.hanning(len(image))
    windowed = (image - image.mean()) * window[:, None] * window
    return np.abs(np.fft.fft2(windowed)) ** 2


def _slope(image: np.ndarray) -> float:
    """Slope of log power over log frequency, 4 to 80 cycles an image."""
    power, cycles = _power(image), _cycles(len(image))
    edges = np.geomspace(4, 80, 13)
    bands = [
        power[(cycles >= low) & (cycles < high)].mean() for low, high in pairwise(edges)
    ]
    middles = np.sqrt(edges[:-1] * edges[1:])
    return np.polyfit(np.log(middles), np.log(bands), 1)[0]


def _band_ratio(image: np.ndarray) -> float:
    """Log of the power at 40 to 80 cycles over that at 4 to 16."""
    power, cycles = _power(image), _cycles(len(image))
    high = power[(cycles >= 40) & (cycles < 80)].sum()
    return np.log(high / power[(cycles >= 4) & (cycles < 16)].sum())


def _lung_texture(image: np.ndarray) -> float:
    """Median sd of small patches in both lungs, coarse shading taken out."""
    fine = image - gaussian_filter(image, 4)
    side = max(2, len(image) // 14)
    deviations = [
        zone[y : y + side, x : x + side].std()
        for zone in _lung_zones(fine)
        for y in range(0, zone.shape[0] - side + 1, side)
        for x in range(0, zone.shape[1] - side + 1, side)
    ]
    return np.median(deviations)


def _quantile(share: float) -> Callable[[np.ndarray], float]:
    return lambda image: np.quantile(image, share)


# Name -> function of one square image of float grey levels, 0 to 255.
FEATURES: dict[str, Callable[[np.ndarray], float]] = {
    "mean": np.mean,
    "sd": np.std,
    "q5": _quantile(0.05),
    "q25": _quantile(0.25),
    "q50": _quantile(0.50),
    "q75": _quantile(0.75),
    "q95": _quantile(0.95),
    "margin": _margin,
    "lung_contrast": _lung_contrast,
    "asymmetry": _asymmetry,
    "abdomen_contrast": _abdomen_contrast,
    "sharpness": _sharpness,
    "slope": _slope,
    "band_ratio": _band_ratio,
    "lung_texture": _lung_texture,
}


def measure_features(images: Iterable[np.ndarray]) -> pd.DataFrame:
    """Measure the fifteen features of square images.

    Parameters
    ----------
    images : iterable of array, each (n, n)
        Grey levels 0 to 255; 224 px where they are to be compared with the
        real ranges, for sharpness and texture depend on the size.

    Returns
    -------
    DataFrame
        One row an image, one column a feature.
    """
    floats = (np.asarray(image, np.float32) for image in images)
    rows = [
        {name: float(measure(image)) for name, measure in FEATURES.items()}
        for image in floats
    ]
    return pd.DataFrame(rows, columns=list(FEATURES))


def read_real_ranges() -> pd.DataFrame:
    """Read the 5 and 95 % quantiles of real images: columns low and high."""
    ranges = json.loads(_RANGES.read_text("utf-8"))["ranges"]
    return pd.DataFrame.from_dict(ranges, orient="index", columns=["low", "high"])


def share_inside(features: pd.DataFrame) -> pd.Series:
    """Give the share of images inside the real range, per feature.

    Images drawn like the real ones would give 0.9.

    Parameters
    ----------
    features : DataFrame
        From `measure_features`, at 224 px.
    """
    ranges = read_real_ranges()
    inside = features.ge(ranges["low"], axis=1) & features.le(ranges["high"], axis=1)
    return inside[list(FEATURES)].mean()
