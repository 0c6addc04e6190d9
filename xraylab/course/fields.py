"""A field for a guess: the number or word, how sure, and a button that seals it."""

from __future__ import annotations

import html
import io
from collections.abc import Callable
from contextlib import redirect_stdout

from xraylab.course.questions import Choice, find_question

_VIEW = "application/vnd.jupyter.widget-view+json"


def show_field(name: str, seal: Callable[..., None]) -> None:
    """Show the field of a guess below the cell, where a notebook runs widgets.

    Elsewhere nothing is shown: the cell itself takes the guess as well.

    Parameters
    ----------
    name : str
        What is guessed.
    seal : callable
        Takes name, value and sure, and prints what was done.
    """
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return
    if getattr(get_ipython(), "kernel", None) is None:
        return
    try:
        field = guess_field(name, seal)
    except ImportError:  # no widgets here
        return
    view = {"version_major": 2, "version_minor": 0, "model_id": field.model_id}
    # only what widgets need: as text, the line that is printed above says it better
    display({_VIEW: view}, raw=True)


def guess_field(name: str, seal: Callable[..., None]):
    """Make the field of a guess.

    Parameters
    ----------
    name, seal
        As for `show_field`.

    Returns
    -------
    VBox
        With the parts `value`, `sure`, `button` and `said`.
    """
    import ipywidgets

    question = find_question(name)
    field = ipywidgets.VBox()
    wide = ipywidgets.Layout(width="30em")
    style = {"description_width": "8em"}
    common = {"layout": wide, "style": style}
    if isinstance(question, Choice):
        field.value = ipywidgets.Dropdown(
            options=["", *map(str, question.answers)],
            description="Your guess",
            **common,
        )
    else:
        field.value = ipywidgets.Text(
            placeholder=str(question), description="Your guess", **common
        )
    field.sure = ipywidgets.FloatSlider(
        value=0.5, min=0, max=1, step=0.05, description="How sure", **common
    )
    field.button = ipywidgets.Button(description="Seal", button_style="primary")
    field.said = ipywidgets.HTML()

    def press(_: object) -> None:
        printed = io.StringIO()
        with redirect_stdout(printed):
            seal(name, _read(field.value.value), sure=field.sure.value)
        field.said.value = html.escape(printed.getvalue().strip())

    field.button.on_click(press)
    field.children = [field.value, field.sure, field.button, field.said]
    return field


def _read(text: str) -> object:
    """Read what was typed as a number, where it is one; None where nothing was."""
    try:
        return float(text)
    except ValueError:
        return text.strip() or None
