"""The live chart: in a notebook while it trains, nowhere else, and gone at the end."""

import io
import sys
from types import SimpleNamespace

import IPython.display
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from tests.training.test_loop import TINY, tiny_data
from xraylab import training
from xraylab.training import chart


class Shown:
    """Stand in for a notebook's page: what is displayed, update by update."""

    def __init__(self):
        self.pages = []

    def display(self, data, *, raw, display_id):
        assert raw
        assert display_id
        self.pages.append(data)
        return SimpleNamespace(update=lambda data, raw: self.pages.append(data))


@pytest.fixture
def notebook(monkeypatch):
    """Take this process for a kernel, with progress shown."""
    shown = Shown()
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: shell)
    monkeypatch.setattr(IPython.display, "display", shown.display)
    monkeypatch.delenv("XRAYLAB_PROGRESS", raising=False)
    monkeypatch.setattr("xraylab.training.loop.progress_bar", silent_bar)
    return shown


def silent_bar(**options):
    from xraylab.progress import progress_bar

    return progress_bar(**options | {"progress": False})


def train(**options):
    return training.fit(TINY, *tiny_data(), **options)


def test_a_training_in_a_notebook_is_drawn_epoch_by_epoch(notebook, monkeypatch):
    monkeypatch.setattr(chart, "_SHARE", 1.0)
    drawn = []
    monkeypatch.setattr(chart, "_as_png", lambda history: drawn.append(len(history)))
    train()
    assert drawn == [1, 2, 3, 4]
    assert sum("image/png" in page for page in notebook.pages) == 4


def test_nothing_is_left_when_it_ends(notebook):
    train()
    first, *_, last = notebook.pages
    assert first == last == {"text/plain": ""}


def test_nothing_is_left_when_it_fails(notebook, monkeypatch):
    def stop(state):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(after_epoch=stop)
    assert notebook.pages[-1] == {"text/plain": ""}


def test_an_epoch_is_kept_before_it_is_drawn(notebook, monkeypatch):
    def stop(history):
        raise KeyboardInterrupt

    monkeypatch.setattr(chart, "_as_png", stop)
    kept = []
    with pytest.raises(KeyboardInterrupt):
        train(after_epoch=lambda state: kept.append(state.n_epochs))
    assert kept == [1]


def test_drawing_takes_a_small_share_of_the_time(notebook, monkeypatch):
    clock = iter(np.arange(0, 1e4, 1.0))  # each look at it takes a second
    monkeypatch.setattr(chart.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(chart, "_as_png", lambda history: b"")
    with chart.live_chart() as draw:
        for _ in range(400):
            draw([])
    n_drawn = sum("image/png" in page for page in notebook.pages)
    n_seconds = next(clock)
    assert 0.8 * chart._SHARE < n_drawn / n_seconds < 1.2 * chart._SHARE


@pytest.mark.parametrize("off", ["argument", "environment", "terminal"])
def test_elsewhere_nothing_is_drawn(notebook, monkeypatch, off, capsys):
    if off == "environment":
        monkeypatch.setenv("XRAYLAB_PROGRESS", "0")
    if off == "terminal":
        monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: None)
    train(progress=off != "argument")
    assert notebook.pages == []


def test_the_chart_is_an_image_of_loss_and_accuracy():
    history = training.fit(TINY, *tiny_data(), progress=False).history
    n_figures = len(plt.get_fignums())
    image = Image.open(io.BytesIO(chart._as_png(history)))
    assert image.format == "PNG"
    assert image.width > 2 * image.height
    assert len(plt.get_fignums()) == n_figures
