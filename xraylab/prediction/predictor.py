"""One new image to an answer, in the original project's words."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from xraylab import images, training

NOT_FOR_CLINICAL_USE = "Not for clinical use: this is a model for teaching."
_WORDS = ("Normal", "Pneumonia")

# A little outside the range of the real chest X-rays of the three sources.
_ASPECTS = (0.75, 2.75)  # width by height
_MIN_SPREAD = 15  # standard deviation of the grey levels
_MAX_COLOUR = 4  # grey levels between a pixel's channels, on average


@dataclass(frozen=True)
class Prediction:
    """An answer for one image.

    `score` is the network's probability of pneumonia, `confidence` that of the
    answer it gave, both in [0, 1]. A high confidence is no proof: see lesson 05.
    `warnings` says in sentences why the image may be none of the kind that was
    learnt; without any it may still be. `path` is None for bytes and arrays.
    """

    score: float
    threshold: float
    warnings: tuple[str, ...] = ()
    path: str | None = field(default=None, compare=False)

    @property
    def label(self) -> int:
        """0 normal, 1 pneumonia."""
        return int(self.score >= self.threshold)

    @property
    def answer(self) -> str:
        """The class in words."""
        return _WORDS[self.label]

    @property
    def confidence(self) -> float:
        """Probability of the class that was answered."""
        return self.score if self.label else 1 - self.score

    def __str__(self) -> str:
        return f"Prediction: {self.answer} (Confidence: ~{self.confidence:.0%})"

    def as_dict(self) -> dict:
        """Plain values, fit for JSON."""
        return {
            "answer": self.answer,
            "confidence": round(self.confidence, 4),
            "score": round(self.score, 4),
            "threshold": self.threshold,
            "warnings": list(self.warnings),
            "text": str(self),
        }


class Predictor:
    """A run made ready to answer for single images.

    Parameters
    ----------
    run_folder : path
        As written by `xraylab train`.
    weights : str
        "best" by validation, or "last".

    Raises
    ------
    xraylab.NotARunError
        If the folder holds no run.

    Examples
    --------
    >>> print(Prediction(score=0.96, threshold=0.5))
    Prediction: Pneumonia (Confidence: ~96%)
    """

    def __init__(self, run_folder: str | Path, *, weights: str = "best") -> None:
        self.run = training.load_run(run_folder)
        self.model = self.run.make_model(weights)

    def predict(self, image: str | Path | bytes | np.ndarray) -> Prediction:
        """Answer for one image, decoded exactly as for training.

        Parameters
        ----------
        image : path, bytes or array
            A file, a file's content, or uint8 pixels, shape (h, w) or (h, w, 3).

        Raises
        ------
        xraylab.UnreadableImageError
            If it is no image.
        FileNotFoundError
            If there is no such file.
        TypeError
            If an array is not uint8 or not of one of these shapes.
        """
        path = str(image) if isinstance(image, str | Path) else None
        if isinstance(image, np.ndarray):
            image = _as_file(image)
        square = images.read_pixels(image, self.run.recipe.size_px)
        return Prediction(
            score=float(training.score_images(self.model, square[None])[0]),
            threshold=self.run.threshold,
            warnings=find_warnings(image, square),
            path=path,
        )


def find_warnings(image: str | Path | bytes, square: np.ndarray) -> tuple[str, ...]:
    """Say what sets an image apart from the chest X-rays that were learnt.

    Parameters
    ----------
    image : path or bytes
        An image file that `xraylab.images.read_pixels` has read.
    square : array of uint8, shape (size_px, size_px)
        What it made of it.

    Returns
    -------
    tuple of str
        Sentences; empty when nothing stands out.
    """
    width, height, colour = _facts(image)
    size_px, spread = len(square), square.std()
    low, high = _ASPECTS
    found = {
        f"It is {width} x {height} px, less than the {size_px} px that were learnt.": (
            min(width, height) < size_px
        ),
        f"Its shape, {width} x {height} px, is unlike a chest X-ray's.": not (
            low <= width / height <= high
        ),
        "It is in colour; X-rays are grey.": colour > _MAX_COLOUR,
        "It is almost of one grey; there is little to see.": spread < _MIN_SPREAD,
    }
    return tuple(text for text, is_so in found.items() if is_so)


def _facts(image: str | Path | bytes) -> tuple[int, int, float]:
    """Width, height as shown, and mean distance between the colour channels."""
    with Image.open(io.BytesIO(image) if isinstance(image, bytes) else image) as p:
        width, height = p.size
        if p.getexif().get(0x0112, 1) >= 5:  # orientation: lying on its side
            width, height = height, width
        if p.mode.startswith(("I", "F", "L", "1")):
            return width, height, 0.0
        p.draft("RGB", (128, 128))
        colours = np.asarray(p.convert("RGB").resize((64, 64)), np.int16)
    return width, height, float(np.ptp(colours, axis=2).mean())


def _as_file(image: np.ndarray) -> bytes:
    """Write an array as PNG, so that every input takes the same way in."""
    is_grey_or_rgb = image.ndim == 2 or image.shape[2:] == (3,)
    if image.dtype != np.uint8 or not is_grey_or_rgb or not image.size:
        raise TypeError(
            "image must be uint8 pixels of shape (h, w) or (h, w, 3), got "
            f"{image.dtype} of shape {image.shape}."
        )
    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG")
    return out.getvalue()
