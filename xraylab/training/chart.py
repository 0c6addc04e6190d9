"""Loss and accuracy by epoch, drawn anew while a notebook trains."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pandas as pd

from xraylab.progress import is_notebook, is_shown

_SHARE = 0.05  # of the time, at most, goes into drawing


@contextmanager
def live_chart(progress: bool = True) -> Iterator[Callable[[list[dict]], None]]:
    """Give a function that draws a history; it does nothing outside a notebook.

    The chart stands below the progress bar while the training lasts, and goes when it
    ends, so that no output is left that differs from run to run.

    Parameters
    ----------
    progress : bool
        As for a progress bar: without it, or where XRAYLAB_PROGRESS is 0, nothing is
        drawn.
    """
    if not (is_shown(progress) and is_notebook()):
        yield lambda history: None
        return
    from IPython.display import display

    handle = display({"text/plain": ""}, raw=True, display_id=True)
    spent, begun = 0.0, time.perf_counter()

    def draw(history: list[dict]) -> None:
        nonlocal spent
        started = time.perf_counter()
        if spent > _SHARE * (started - begun):
            return
        handle.update({"image/png": _as_png(history), "text/plain": ""}, raw=True)
        spent += time.perf_counter() - started

    try:
        yield draw
    finally:
        handle.update({"text/plain": ""}, raw=True)


def _as_png(history: list[dict]) -> bytes:
    """Draw loss and accuracy side by side, without touching pyplot's figures."""
    from matplotlib.figure import Figure

    from xraylab import plots

    figure = Figure(figsize=(9, 3), layout="constrained")
    for measure, ax in zip(("loss", "accuracy"), figure.subplots(1, 2), strict=True):
        plots.plot_history(pd.DataFrame(history), measure, ax=ax)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=70)
    return drawn.getvalue()
