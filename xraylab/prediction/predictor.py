"""One new image to an answer, in the original project's words."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from xraylab import images, training
from xraylab.errors import InputError
from xraylab.labels import CLASSES

NOT_FOR_CLINICAL_USE = "Not for clinical use: this is a model for teaching."
_HALF = 0.5  # at this threshold the likelier class is the answer
_CERTAIN = 0.995  # from here on a rounded confidence would read 100 %

# A little outside the range of the real chest X-rays of the three sources.
_ASPECTS = (0.75, 2.75)  # width by height
_MIN_SPREAD = 15  # standard deviation of the grey levels
_MAX_COLOUR = 4  # grey levels between a pixel's channels, on average


@dataclass(frozen=True)
class Prediction:
    """An answer for one image.

    Attributes
    ----------
    score : float
        The network's probability of pneumonia, in [0, 1].
    threshold : float
        The answer is pneumonia from this score on.
    rule : str
        How the threshold was chosen; "" when nobody says.
    warnings : tuple of str
        Sentences about why the image may be none of the kind that was learnt.
        Without any it may still be.
    path : str or None
        None for bytes and arrays.

    Raises
    ------
    xraylab.errors.InputError
        If the score is no number in [0, 1].
    """

    score: float
    threshold: float
    warnings: tuple[str, ...] = ()
    path: str | None = field(default=None, compare=False)
    rule: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.score <= 1:  # nan is in no range
            raise InputError(
                f"score must be a number from 0 to 1, got {self.score}. The network "
                "gives no probability for this image; train it anew."
            )

    @property
    def label(self) -> int:
        """0 normal, 1 pneumonia."""
        return int(self.score >= self.threshold)

    @property
    def answer(self) -> str:
        """The class in words."""
        return CLASSES[self.label].capitalize()

    @property
    def confidence(self) -> float:
        """Probability of the class that was answered, in [0, 1].

        A high one is no proof: see lesson 05. Below one half the answer follows
        from the threshold only.
        """
        return self.score if self.label else 1 - self.score

    @property
    def how_sure(self) -> str:
        """The figures behind the answer, in words that rounding cannot make false.

        At a threshold of 0.5 the confidence, which is then 50 % at least; at any
        other the score beside the threshold that decides.
        """
        if self.threshold != _HALF:
            return f"score {self._score_text}"
        if self.confidence >= _CERTAIN:
            return "Confidence: above 99%"
        return f"Confidence: ~{self.confidence:.0%}"

    @property
    def _score_text(self) -> str:
        """Score and threshold; a score near 0 or 1 is told as such."""
        score, threshold = self.score, self.threshold
        if score >= _CERTAIN and threshold <= 0.99:
            return f"above 0.99, threshold {_written(threshold)[0]}"
        if score <= 1 - _CERTAIN and threshold >= 0.01:
            return f"below 0.01, threshold {_written(threshold)[0]}"
        return "{}, threshold {}".format(*_written(score, threshold))

    @property
    def decision(self) -> str:
        """From which score on the answer is pneumonia, and by which rule."""
        return describe_decision(self.threshold, self.rule)

    def __str__(self) -> str:
        return f"Prediction: {self.answer} ({self.how_sure})"

    def as_dict(self) -> dict:
        """Plain values, fit for JSON; numbers are not rounded."""
        return {
            "answer": self.answer,
            "confidence": self.confidence,
            "score": self.score,
            "threshold": self.threshold,
            "rule": self.rule,
            "warnings": list(self.warnings),
            "text": str(self),
        }


class Predictor:
    """A run made ready to answer for single images.

    It warns once where the training has not ended: the answers may still change.

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
    >>> print(Prediction(score=0.30, threshold=0.2))
    Prediction: Pneumonia (score 0.30, threshold 0.20)
    """

    def __init__(self, run_folder: str | Path, *, weights: str = "best") -> None:
        self.run = training.load_run(run_folder)
        if self.run.unfinished:
            warnings.warn(self.run.unfinished, stacklevel=2)
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
        read = images.read_image(image, self.run.recipe.size_px)
        return Prediction(
            score=float(training.score_images(self.model, read.square[None])[0]),
            threshold=self.run.threshold,
            warnings=find_warnings(read),
            path=path,
            rule=self.run.rule,
        )


def describe_decision(threshold: float, rule: str) -> str:
    """Say from which score on the answer is pneumonia, and by which rule.

    Examples
    --------
    >>> describe_decision(0.5, "")
    'Pneumonia is answered from a score of 0.50 on.'
    """
    (text,) = _written(threshold)
    by = f", by the rule: {rule}" if rule else ""
    return f"Pneumonia is answered from a score of {text} on{by}."


def find_warnings(image: images.ImageFile) -> tuple[str, ...]:
    """Say what sets an image apart from the chest X-rays that were learnt.

    Parameters
    ----------
    image : ImageFile
        Read at the size that was learnt.

    Returns
    -------
    tuple of str
        Sentences; empty when nothing stands out.
    """
    (width, height), size_px = image.shown_px, len(image.square)
    low, high = _ASPECTS
    found = {
        f"It is {width} x {height} px, less than the {size_px} px that were learnt.": (
            min(width, height) < size_px
        ),
        f"Its shape, {width} x {height} px, is unlike a chest X-ray's.": not (
            low <= width / height <= high
        ),
        "It is in colour; X-rays are grey.": image.colour > _MAX_COLOUR,
        "It is almost of one grey; there is little to see.": (
            image.square.std() < _MIN_SPREAD
        ),
        f"Its grey levels: {image.header['note']}.": bool(image.header["note"]),
    }
    return tuple(text for text, is_so in found.items() if is_so)


def _written(*shares: float) -> list[str]:
    """Write shares with as few decimals, from two on, as tell them apart.

    They are told from 0 and 1 too. Rounding keeps order, so texts that differ stand
    on the right sides of each other.
    """
    values = {0.0, 1.0, *shares}
    for decimals in range(2, 18):
        texts = {value: f"{value:.{decimals}f}" for value in values}
        if len(set(texts.values())) == len(values):
            return [texts[share] for share in shares]
    return [repr(share) for share in shares]


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
