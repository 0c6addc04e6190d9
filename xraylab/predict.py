"""One new picture to an answer, in the original project's words."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from xraylab import pixels, runs, training

NOT_FOR_CLINICAL_USE = "Not for clinical use: this is a model for teaching."
_WORDS = ("Normal", "Pneumonia")

# A little outside the range of the real chest X-rays of the three sources.
_ASPECTS = (0.75, 2.75)  # width by height
_MIN_SPREAD = 15  # standard deviation of the grey levels
_MAX_COLOUR = 4  # grey levels between a pixel's channels, on average


@dataclass(frozen=True)
class Prediction:
    """An answer for one picture.

    `score` is the network's probability of pneumonia, `confidence` that of the
    answer it gave, both in [0, 1]. A high confidence is no proof: see lesson 05.
    `warnings` says in sentences why the picture may be none of the kind that was
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
    """A run made ready to answer for single pictures.

    Parameters
    ----------
    run_folder : path
        As written by `xraylab train`.
    weights : str
        "best" by validation, or "last".

    Raises
    ------
    xraylab.runs.NotARunError
        If the folder holds no run.

    Examples
    --------
    >>> print(Prediction(score=0.96, threshold=0.5))
    Prediction: Pneumonia (Confidence: ~96%)
    """

    def __init__(self, run_folder: str | Path, *, weights: str = "best") -> None:
        self.run = runs.load_run(run_folder)
        self.model = self.run.make_model(weights)

    def predict(self, picture: str | Path | bytes | np.ndarray) -> Prediction:
        """Answer for one picture, decoded exactly as for training.

        Parameters
        ----------
        picture : path, bytes or array
            A file, a file's content, or uint8 pixels, shape (h, w) or (h, w, 3).

        Raises
        ------
        xraylab.pixels.UnreadablePictureError
            If it is no picture.
        FileNotFoundError
            If there is no such file.
        TypeError
            If an array is not uint8 or not of one of these shapes.
        """
        path = str(picture) if isinstance(picture, str | Path) else None
        if isinstance(picture, np.ndarray):
            picture = _as_file(picture)
        square = pixels.read_pixels(picture, self.run.recipe.size_px)
        logits = training.score_logits(self.model, square[None], np.array([0]))
        return Prediction(
            score=float(training.as_scores(logits)[0]),
            threshold=self.run.threshold,
            warnings=find_warnings(picture, square),
            path=path,
        )


def find_warnings(picture: str | Path | bytes, square: np.ndarray) -> tuple[str, ...]:
    """Say what sets a picture apart from the chest X-rays that were learnt.

    Parameters
    ----------
    picture : path or bytes
        A picture file that `xraylab.pixels.read_pixels` has read.
    square : array of uint8, shape (size_px, size_px)
        What it made of it.

    Returns
    -------
    tuple of str
        Sentences; empty when nothing stands out.
    """
    width, height, colour = _facts(picture)
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


def _facts(picture: str | Path | bytes) -> tuple[int, int, float]:
    """Width, height as shown, and mean distance between the colour channels."""
    with Image.open(
        io.BytesIO(picture) if isinstance(picture, bytes) else picture
    ) as p:
        width, height = p.size
        if p.getexif().get(0x0112, 1) >= 5:  # orientation: lying on its side
            width, height = height, width
        if p.mode.startswith(("I", "F", "L", "1")):
            return width, height, 0.0
        p.draft("RGB", (128, 128))
        colours = np.asarray(p.convert("RGB").resize((64, 64)), np.int16)
    return width, height, float(np.ptp(colours, axis=2).mean())


def _as_file(picture: np.ndarray) -> bytes:
    """Write an array as PNG, so that every input takes the same way in."""
    is_grey_or_rgb = picture.ndim == 2 or picture.shape[2:] == (3,)
    if picture.dtype != np.uint8 or not is_grey_or_rgb or not picture.size:
        raise TypeError(
            "picture must be uint8 pixels of shape (h, w) or (h, w, 3), got "
            f"{picture.dtype} of shape {picture.shape}."
        )
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()
