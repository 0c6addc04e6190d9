"""The panel: choose a sample or upload an image, and read the answer."""

from __future__ import annotations

import html
import io
import os
from collections.abc import Callable
from pathlib import Path

import ipywidgets
from PIL import Image

from xraylab import images
from xraylab.errors import UnreadableImageError
from xraylab.prediction.predictor import NOT_FOR_CLINICAL_USE, Prediction, Predictor

_SHOWN_PX = 400
# the answer beside the image, or below it where the window is narrow
BESIDE = {"flex_flow": "row wrap", "align_items": "flex-start", "grid_gap": "16px"}
_NOTE = f"<small>{NOT_FOR_CLINICAL_USE}</small>"
_PLAIN_SERVER_MB = 10  # what a Jupyter server takes in one message by itself


def prediction_widget(
    predictor: Predictor, samples: dict[str, str | Path]
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
        With the fields `sample`, `upload`, `image` and `answer`. `sample.value` is
        None while the answer is for an upload.
    """
    panel = ipywidgets.VBox()
    panel.sample = ipywidgets.Dropdown(
        options=list(samples), value=None, description="Sample"
    )
    panel.upload = ipywidgets.FileUpload(accept="image/*", description="Your image")
    panel.image = ipywidgets.Image(format="png", layout={"display": "none"})
    panel.answer = ipywidgets.HTML(layout={"flex": "1 1 320px"})

    def show_sample(change: dict) -> None:
        if change["new"] is not None:
            path = Path(samples[change["new"]])
            _show(panel, predictor, path.name, path.read_bytes)

    def show_upload(change: dict) -> None:
        if not change["new"]:
            return
        name, content = _first_upload(change["new"])
        _forget_upload(panel.upload)
        panel.sample.value = None
        _show(panel, predictor, name, lambda: bytes(content))

    panel.sample.observe(show_sample, "value")
    panel.upload.observe(show_upload, "value")
    choice = ipywidgets.HBox([panel.sample, panel.upload])
    limits = ipywidgets.HTML(f"<small>{upload_limits()}</small>")
    result = ipywidgets.HBox([panel.image, panel.answer], layout=BESIDE)
    panel.children = [choice, limits, result]
    panel.sample.value = next(iter(samples), None)
    return panel


def upload_limits() -> str:
    """Say in a sentence which images can be uploaded here.

    XRAYLAB_UPLOAD_MB is the size that the server lets through; `make lab` and
    `xraylab demo` set it.
    """
    formats = ", ".join(images.FORMATS)
    size_mb = int(os.environ.get("XRAYLAB_UPLOAD_MB", _PLAIN_SERVER_MB))
    text = f"Your image: {formats}, up to {size_mb} MB."
    if size_mb <= _PLAIN_SERVER_MB:
        text += " A larger one may end the connection; then reload the page."
    return text


def answer_text(prediction: Prediction, name: str) -> str:
    """Answer for a file as HTML: the answer, its file, warnings and the threshold."""
    warnings = [f"Careful: {html.escape(text)}" for text in prediction.warnings]
    decision = f"<small>{html.escape(prediction.decision)}</small>"
    return make_card(str(prediction), name, *warnings, decision)


def _show(
    panel: ipywidgets.VBox,
    predictor: Predictor,
    name: str,
    read: Callable[[], bytes],
) -> None:
    """Take the old answer away, work on a file, and show what came of it."""
    show_image(panel.image, b"")
    panel.answer.value = make_card("Looking at it …", name)
    try:
        data = read()
        prediction, png = predictor.predict(data), _as_png(data)
    except UnreadableImageError as error:
        panel.answer.value = unread(error.cause, name)
    except OSError as error:
        panel.answer.value = unread(error.strerror or str(error), name)
    except Exception as error:
        panel.answer.value = unread(f"{type(error).__name__}: {error}", name)
        raise  # a fault of ours; its traceback belongs in the log
    else:
        show_image(panel.image, png)
        panel.answer.value = answer_text(prediction, name)


def show_image(image: ipywidgets.Image, png: bytes) -> None:
    """Show an image, or none: without content a browser draws a broken one."""
    image.value = png
    image.layout.display = None if png else "none"


def _first_upload(value: tuple[dict, ...] | dict[str, dict]) -> tuple[str, memoryview]:
    """Give the first file's name and content.

    Colab's ipywidgets 7 has a dict from name to file, ipywidgets 8 a tuple of files.
    """
    if isinstance(value, dict):
        name, file = next(iter(value.items()))
        return name, file["content"]
    return value[0]["name"], value[0]["content"]


def _forget_upload(upload: ipywidgets.FileUpload) -> None:
    """Empty the button, so that the same file can be uploaded again."""
    if isinstance(upload.value, dict):  # ipywidgets 7 makes it of these three
        upload.metadata, upload.data = [], []
        upload._counter = 0
    else:
        upload.value = ()


def unread(cause: str, name: str) -> str:
    """Say of a file that it is no image, and why."""
    return make_card(f"This is not an image I can read: {cause}.", name)


def make_card(said: str, name: str, *lines: str) -> str:
    """Lay out what is said of a file; `lines` are HTML, all else is made so.

    What cannot be seen in a name is written as its code.
    """
    seen = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)
    title = f'<b style="font-size: larger">{html.escape(said)}</b>'
    body = "<br>".join([title, f"File: {html.escape(seen)}", *lines, _NOTE])
    return f'<div style="line-height: 1.6; overflow-wrap: anywhere">{body}</div>'


def _as_png(data: bytes) -> bytes:
    """Make an image fit for the browser, in its own shape."""
    read = images.read_image(data, _SHOWN_PX)
    scale = _SHOWN_PX / max(read.shown_px)
    shape = [max(1, round(side * scale)) for side in read.shown_px]
    out = io.BytesIO()
    Image.fromarray(read.square).resize(shape).save(out, "PNG")
    return out.getvalue()
