"""The panel of changes: choose one and a dose, and see image and score move."""

from __future__ import annotations

import io
from pathlib import Path

import ipywidgets
import numpy as np
from PIL import Image

from xraylab import images
from xraylab.errors import InputError, UnreadableImageError
from xraylab.prediction.predictor import Prediction, Predictor
from xraylab.prediction.widget import BESIDE, make_card, show_image, unread

_CHANGED_PX = 224  # as `xraylab perturb` does, or the network's if that is larger
_SHOWN_PX = 320
_BAR = (
    '<div style="position: relative; height: 14px; max-width: 320px; margin: 4px 0; '
    'border: 1px solid #6B6B6B"><div style="height: 100%; width: {score:.1f}%; '
    'background: #0072B2"></div><div style="position: absolute; top: -3px; bottom: '
    '-3px; left: {threshold:.1f}%; border-left: 2px solid #D55E00"></div></div>'
)


def perturbation_widget(
    predictor: Predictor, samples: dict[str, str | Path]
) -> ipywidgets.VBox:
    """Panel that changes an image by a dose and answers at once.

    Images are squeezed to squares of 224 px, or the network's size if that is larger,
    and changed there, as by `xraylab.explanation.PERTURBATIONS`.

    Parameters
    ----------
    predictor : Predictor
    samples : dict of name -> path
        Offered in a list; the first is shown at once.

    Returns
    -------
    VBox
        With the fields `sample`, `change`, `dose`, `image` and `answer`.

    Raises
    ------
    InputError
        If there are no samples.
    """
    from xraylab import explanation  # here: a second that a single answer can spare

    if not samples:
        text = "must hold an image to change, got none."
        raise InputError(text, argument="samples")
    panel = ipywidgets.VBox()
    first, *_ = samples
    panel.sample = ipywidgets.Dropdown(
        options=list(samples), value=first, description="Sample"
    )
    panel.change = ipywidgets.Dropdown(
        options=list(explanation.PERTURBATIONS), description="Change"
    )
    panel.dose = ipywidgets.SelectionSlider(
        options=[("0", 0.0)], description="Dose", continuous_update=False
    )
    panel.image = ipywidgets.Image(format="png", layout={"display": "none"})
    panel.answer = ipywidgets.HTML(layout={"flex": "1 1 320px"})

    def show(_: dict | None = None) -> None:
        _show(panel, predictor, Path(samples[panel.sample.value]))

    def offer_doses(_: dict | None = None) -> None:
        panel.dose.unobserve(show, "value")
        change = explanation.PERTURBATIONS[panel.change.value]
        panel.dose.options = [(f"{dose:g}", dose) for dose in change.doses]
        panel.dose.value = change.neutral
        panel.dose.observe(show, "value")
        show()

    panel.sample.observe(show, "value")
    panel.dose.observe(show, "value")
    panel.change.observe(offer_doses, "value")
    result = ipywidgets.HBox([panel.image, panel.answer], layout=BESIDE)
    panel.children = [panel.sample, panel.change, panel.dose, result]
    offer_doses()
    return panel


def describe_move(before: Prediction, after: Prediction) -> str:
    """Say in a sentence what a change did to the answer.

    Examples
    --------
    >>> describe_move(Prediction(0.9, 0.5), Prediction(0.2, 0.5))
    'The change turns the answer. The score moves by -0.700.'
    """
    is_kept = before.label == after.label
    what = "leaves the answer as it is" if is_kept else "turns the answer"
    return f"The change {what}. The score moves by {after.score - before.score:+.3f}."


def _show(panel: ipywidgets.VBox, predictor: Predictor, file: Path) -> None:
    """Change an image, ask about both, and show what came of it."""
    from xraylab import explanation

    name, dose = panel.change.value, panel.dose.value
    change = explanation.PERTURBATIONS[name]
    side = max(_CHANGED_PX, predictor.run.recipe.size_px)
    try:
        square = images.read_pixels(file, side)
    except UnreadableImageError as error:
        _say(panel, unread(error.cause, file.name))
    except OSError as error:
        _say(panel, unread(error.strerror or str(error), file.name))
    else:
        changed = change(square[None], dose)[0]
        before, after = predictor.predict(square), predictor.predict(changed)
        told = [
            _BAR.format(score=100 * after.score, threshold=100 * after.threshold),
            f"Unchanged: {before}",
            describe_move(before, after),
            f"{name}, dose {dose:g}, unchanged at {change.neutral:g}: {change.words}",
        ]
        if change.on_lungs:
            told.append("No lungs are marked here: a box in the middle stands for them")
        _say(panel, make_card(str(after), file.name, *told), changed)


def _say(
    panel: ipywidgets.VBox, answer: str, changed: np.ndarray | None = None
) -> None:
    panel.answer.value = answer
    png = b"" if changed is None else _as_png(changed)
    show_image(panel.image, png)


def _as_png(square: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(square).resize((_SHOWN_PX, _SHOWN_PX)).save(out, "PNG")
    return out.getvalue()
