import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import blob_image
from xraylab import duplicates
from xraylab.duplicates import correlation


def noisy_copies(seed, n, n_copies=5):
    rng = np.random.default_rng(seed)
    squares = rng.random((n, 32, 32)).astype(np.float32)
    near = squares[rng.integers(0, n, n_copies)]
    noisy = near + rng.normal(0, 0.05, near.shape)
    return np.concatenate([squares, noisy]).astype(np.float32)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(2, 60))
def test_the_bound_loses_no_pair(seed, n):
    squares = noisy_copies(seed, n)
    found = duplicates.find_pairs(squares, at_least=0.9)
    brute = np.corrcoef(squares.reshape(len(squares), -1))
    expected = set(map(tuple, np.argwhere(np.triu(brute >= 0.9, 1)).tolist()))
    assert set(zip(found["a"], found["b"], strict=True)) == expected


def test_neighbourhoods_find_the_copies_that_all_pairs_find(monkeypatch):
    squares = np.array([blob_image(i, 32) for i in range(300)])
    noise = np.random.default_rng(0).normal(0, 6, squares[:100].shape)
    squares = np.concatenate([squares, squares[:100] + noise])
    exact = duplicates.find_pairs(squares, at_least=0.98)
    monkeypatch.setattr(correlation, "EXACT_UP_TO", 100)
    near = duplicates.find_pairs(squares, at_least=0.98)
    assert len(exact) >= 100
    assert exact.equals(near)


def test_brightness_and_contrast_do_not_matter():
    image = blob_image(1).astype(float)
    assert duplicates.correlate(image, 20 + 0.7 * image) == pytest.approx(1)


def test_a_flat_image_is_like_nothing():
    flat = np.full((3, 32, 32), 7, np.float32)
    assert duplicates.find_pairs(flat, at_least=0.9).empty


def test_no_images_no_pairs():
    assert duplicates.find_pairs(np.empty((0, 32, 32)), at_least=0.9).empty


@pytest.mark.parametrize("at_least", [0, -1, 1.01])
def test_a_limit_that_is_no_correlation_is_refused(at_least):
    with pytest.raises(ValueError, match=r"at_least must be in \(0, 1\], got"):
        duplicates.find_pairs(np.zeros((2, 4, 4)), at_least=at_least)
