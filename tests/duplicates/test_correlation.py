import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import idctn

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


def test_so_many_as_are_said_are_all_compared(monkeypatch):
    assert (
        f"Up to {correlation.EXACT_UP_TO:,} squares" in correlation.find_pairs.__doc__
    )
    squares = noisy_copies(0, 20)
    monkeypatch.setattr(correlation, "EXACT_UP_TO", len(squares))
    monkeypatch.setattr(correlation, "_neighbourhoods", lambda _: pytest.fail("asked"))
    assert len(duplicates.find_pairs(squares, at_least=0.9)) == 5


def test_a_square_is_a_neighbour_of_the_four_nearest_centres():
    bounds = np.random.default_rng(1).normal(size=(400, 7)).astype(np.float32)
    homes = correlation._neighbourhoods(bounds)
    assert len(homes) == 4 * 20  # 4 sqrt(n) of them
    assert np.bincount(np.concatenate(homes)).tolist() == [4] * 400
    centres = np.random.default_rng(correlation._SEED).choice(400, 80, replace=False)
    nearest = np.argsort(-bounds @ bounds[centres].T, axis=1)[:, :4]
    for number, home in enumerate(homes):
        assert home.tolist() == np.flatnonzero((nearest == number).any(1)).tolist()


@given(st.integers(0, 10_000))
def test_bounds_are_of_length_1_and_never_below_the_correlation(seed):
    squares = noisy_copies(seed, 20)
    bounds = correlation._measure(squares).bounds
    assert np.square(bounds).sum(1) == pytest.approx(np.ones(len(squares)), abs=1e-5)
    true = np.corrcoef(squares.reshape(len(squares), -1))
    assert (bounds @ bounds.T >= true - 1e-5).all()


@given(st.integers(0, 10_000))
def test_a_pair_exactly_at_the_limit_is_found(seed):
    """Of coarse squares the bound is the correlation, and may be rounded below it."""
    waves = np.random.default_rng(seed).normal(size=(6, 32, 32))
    waves[:, 5:], waves[:, :, 5:] = 0, 0
    squares = idctn(waves, axes=(1, 2), norm="ortho")
    for pair in duplicates.find_pairs(squares, at_least=1e-3).itertuples():
        found = duplicates.find_pairs(squares, at_least=float(pair.correlation))
        assert (pair.a, pair.b) in set(zip(found["a"], found["b"], strict=True))


def test_brightness_and_contrast_do_not_matter():
    image = blob_image(1).astype(float)
    assert duplicates.correlate(image, 20 + 0.7 * image) == pytest.approx(1)


@given(st.integers(0, 10_000))
def test_a_correlation_is_numpys_to_six_digits(seed):
    a, b = np.random.default_rng(seed).normal(size=(2, 8, 8))
    found = duplicates.correlate(a, b)
    assert found == pytest.approx(np.corrcoef(a.ravel(), b.ravel())[0, 1], abs=2e-6)
    assert found == round(found, 6)


@pytest.mark.parametrize("scale", [1e-3, 1, 1e3])
def test_normalised_images_have_mean_0_and_length_1(scale):
    images = np.random.default_rng(0).normal(5, scale, (3, 4, 6))
    flat = correlation.normalise(images)
    assert flat.shape == (3, 24)
    assert flat.mean(1) == pytest.approx(np.zeros(3), abs=1e-4)
    assert np.linalg.norm(flat, axis=1) == pytest.approx(np.ones(3), abs=1e-4)


def test_detail_is_what_the_mean_of_5_by_5_pixels_leaves():
    squares = np.random.default_rng(0).integers(0, 255, (3, 16, 16)).astype(np.uint8)
    found = correlation.detail(squares)
    for i, y, x in ((0, 8, 8), (1, 2, 13), (2, 5, 4)):
        around = squares[i, y - 2 : y + 3, x - 2 : x + 3]
        assert found[i, y, x] == pytest.approx(
            squares[i, y, x] - around.mean(), abs=1e-3
        )


def test_a_flat_image_is_like_nothing(recwarn):
    flat = np.full((3, 32, 32), 7, np.float32)
    assert duplicates.find_pairs(flat, at_least=0.9).empty
    assert (correlation.normalise(flat) == 0).all()
    assert not recwarn.list  # of a division by 0


def test_no_images_no_pairs():
    assert duplicates.find_pairs(np.empty((0, 32, 32)), at_least=0.9).empty


@pytest.mark.parametrize("at_least", [0, -1, 1.01])
def test_a_limit_that_is_no_correlation_is_refused(at_least):
    with pytest.raises(ValueError, match=r"at_least must be in \(0, 1\], got"):
        duplicates.find_pairs(np.zeros((2, 4, 4)), at_least=at_least)
