"""Images, counts and similarity: asked for the data behind the axes."""

import numpy as np
import pytest

from xraylab import plots
from xraylab.images import read_pixels
from xraylab.plots import drawings


def test_images_stand_in_reading_order_with_their_titles():
    images = np.stack([np.full((8, 8), 10 * i, np.uint8) for i in range(5)])
    ax = plots.show_images(images, list("abcde"), columns=3)
    shown = [(image.get_array()[0, 0], image.get_extent()) for image in ax.images]
    assert [value for value, _ in shown] == [0, 10, 20, 30, 40]
    assert all(image.get_clim() == (0, 255) for image in ax.images)
    left = [extent[0] for _, extent in shown]
    bottom = [extent[2] for _, extent in shown]
    assert left[:3] == sorted(left[:3])
    assert left[3] == left[0]
    assert bottom[0] == bottom[1] > bottom[3]
    assert [text.get_text() for text in ax.texts] == list("abcde")


def test_images_keep_their_shape():
    ax = plots.show_images(np.zeros((2, 30, 60)), columns=2)
    left, right, bottom, top = ax.images[0].get_extent()
    shape = (top - bottom) * ax.get_aspect() / (right - left)
    assert shape == pytest.approx(30 / 60)
    assert ax.images[0].get_clim() == (0, 1)


def test_files_are_shown_as_the_model_reads_them(three_sources):
    file = next(three_sources.rglob("IM-0001-0001.jpeg"))
    ax = plots.show_images([file])
    shown = np.asarray(ax.images[0].get_array())
    assert np.array_equal(shown, read_pixels(file, drawings.SHOWN_PX))


def test_counts_are_the_tables(counts_table):
    ax = plots.plot_counts(counts_table)
    places = [label.get_text() for label in ax.get_yticklabels()]
    assert places == ["one, train", "one, test", "two, no split"]
    normal, pneumonia = (
        {round(bar.get_y() + bar.get_height() / 2): bar.get_width() for bar in bars}
        for bars in ax.containers
    )
    assert normal == {0: 5, 2: 3}
    assert pneumonia == {0: 9, 1: 2}
    named = ax.get_legend().get_texts()
    assert [text.get_text() for text in named] == ["normal", "pneumonia"]


def test_similarity_counts_each_pair_and_draws_no_line():
    ax = plots.plot_similarity([0.5, 0.9, 0.97, 0.99, 1.0])
    assert sum(bar.get_height() for bar in ax.patches) == 5
    assert not ax.lines


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"got shapes \(8,\)\. Use images\[None\]"):
        plots.show_images(np.zeros((8, 8)))
    with pytest.raises(ValueError, match=r"got shapes none"):
        plots.show_images([])
    with pytest.raises(ValueError, match=r"got shapes \(4, 4\) and \(8, 8\)"):
        plots.show_images([np.zeros((8, 8)), np.zeros((4, 4))])
    with pytest.raises(ValueError, match=r"one an image, got 1 for 2"):
        plots.show_images(np.zeros((2, 8, 8)), ["a"])
