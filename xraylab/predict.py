"""One new picture to an answer, in the original project's words."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from xraylab import pixels, runs, training

NOT_FOR_CLINICAL_USE = "Not for clinical use: this is a model for teaching."
_WORDS = ("Normal", "Pneumonia")


@dataclass(frozen=True)
class Prediction:
    """An answer for one picture.

    `score` is the network's probability of pneumonia, `confidence` that of the
    answer it gave, both in [0, 1]. A high confidence is no proof: see lesson 05.
    """

    score: float
    threshold: float

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
        TypeError
            If an array is not uint8 or not of one of these shapes.
        """
        if isinstance(picture, np.ndarray):
            picture = _as_file(picture)
        square = pixels.read_pixels(picture, self.run.recipe.size_px)
        logits = training.score_logits(self.model, square[None], np.array([0]))
        return Prediction(
            float(training.as_scores(logits)[0]), threshold=self.run.threshold
        )


def _as_file(picture: np.ndarray) -> bytes:
    """Write an array as PNG, so that every input takes the same way in."""
    is_grey_or_rgb = picture.ndim == 2 or picture.shape[2:] == (3,)
    if picture.dtype != np.uint8 or not is_grey_or_rgb:
        raise TypeError(
            "picture must be uint8 pixels of shape (h, w) or (h, w, 3), got "
            f"{picture.dtype} of shape {picture.shape}."
        )
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()
