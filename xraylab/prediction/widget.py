"""Thin widgets over tested functions."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from pathlib import Path

import ipywidgets
from PIL import Image

from xraylab import images
from xraylab.errors import UnreadableImageError
from xraylab.prediction import predictor

_SHOWN_PX = 320
_NOTE = f"<small>{predictor.NOT_FOR_CLINICAL_USE}</small>"


def prediction_widget(
    predictor: predictor.Predictor, samples: dict[str, str | Path]
) -> ipywidgets.VBox:
    """Panel that answers for an uploaded image or a sample.

    Parameters
    ----------
    predictor : Predictor
    samples : dict of name -> path
        Offered in a list; the first is shown at once. May be empty.

    Returns
    -------
    VBox
        With the fields `sample`, `upload`, `image` and `answer`.
    """
    panel = ipywidgets.VBox()
    panel.sample = ipywidgets.Dropdown(options=list(samples), description="Sample")
    panel.upload = ipywidgets.FileUpload(accept="image/*", description="Your image")
    panel.image = ipywidgets.Image(width=_SHOWN_PX)
    panel.answer = ipywidgets.HTML()

    def show(data: bytes) -> None:
        panel.answer.value = answer_text(predictor, data)
        panel.image.value = _as_png(data)

    def show_sample(_: object = None) -> None:
        if panel.sample.value is None:
            return
        try:
            show(Path(samples[panel.sample.value]).read_bytes())
        except OSError as error:
            panel.image.value = b""
            panel.answer.value = _unread(f"{error.filename}: {error.strerror}")

    def show_upload(change: dict) -> None:
        if change["new"]:
            show(_first_upload(change["new"]))

    panel.sample.observe(show_sample, "value")
    panel.upload.observe(show_upload, "value")
    choice = ipywidgets.HBox([panel.sample, panel.upload])
    panel.children = [choice, panel.image, panel.answer]
    show_sample()
    return panel


def answer_text(predictor: predictor.Predictor, data: bytes) -> str:
    """Answer for a file's content as HTML; what cannot be read is said kindly."""
    try:
        prediction = predictor.predict(data)
    except UnreadableImageError as error:
        return _unread(error.cause)
    warnings = "".join(f"Careful: {text}<br>" for text in prediction.warnings)
    return f"<b>{prediction}</b><br>{warnings}{_NOTE}"


def _first_upload(value: Sequence[dict] | dict[str, dict]) -> bytes:
    """Give the first file's content; Colab's ipywidgets 7 names files in a dict."""
    files = value.values() if isinstance(value, dict) else value
    return bytes(next(iter(files))["content"])


def _unread(cause: str) -> str:
    return f"This is not an image I can read: {html.escape(cause)}.<br>{_NOTE}"


def _as_png(data: bytes) -> bytes:
    """Make a file's content fit for the browser; empty when it is no image."""
    try:
        square = images.read_pixels(data, _SHOWN_PX)
    except UnreadableImageError:
        return b""
    out = io.BytesIO()
    Image.fromarray(square).save(out, "PNG")
    return out.getvalue()
