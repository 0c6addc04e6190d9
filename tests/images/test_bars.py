"""Bars along the sides are found to the pixel, and content is no bar."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import blob_image
from xraylab.images import bars

widths = st.integers(0, 60)


@settings(max_examples=40)
@given(st.integers(0, 20), st.tuples(widths, widths), st.tuples(widths, widths))
def test_bars_are_found_to_the_pixel(seed, rows, columns):
    image = blob_image(seed, 120)
    level = 255 if seed % 2 else 0
    padded = np.pad(image, (rows, columns), constant_values=level)
    found = bars.find_inner(padded)
    cut = max(
        sum(width) / side
        for width, side in zip((rows, columns), padded.shape, strict=True)
    )
    if cut < 0.02:
        assert found is None
    else:
        inner = columns[0], rows[0], columns[0] + 120, rows[0] + 120
        assert found == inner


@given(st.integers(0, 255), st.tuples(st.integers(1, 200), st.integers(1, 200)))
def test_a_flat_image_has_no_bars(level, shape):
    assert bars.find_inner(np.full(shape, level, np.uint8)) is None


def test_an_image_without_bars_has_none():
    assert all(bars.find_inner(blob_image(i, 90)) is None for i in range(20))


def test_a_marker_on_the_border_is_content():
    image = np.pad(blob_image(1, 100), ((30, 0), (0, 0)))
    image[10:20, 40:55] = 255
    left, top, right, bottom = bars.find_inner(image)
    assert (left, top, right, bottom) == (0, 10, 100, 130)


def test_noise_of_the_encoding_is_still_a_bar():
    rng = np.random.default_rng(0)
    image = np.pad(blob_image(1, 100), ((30, 30), (0, 0)), constant_values=20)
    noisy = (image + rng.normal(0, 2, image.shape)).clip(0, 255).astype(np.uint8)
    assert bars.find_inner(noisy) == (0, 30, 100, 130)


def test_little_that_is_left_is_no_image():
    image = np.pad(blob_image(1, 20), 40)
    assert bars.find_inner(image) is None
