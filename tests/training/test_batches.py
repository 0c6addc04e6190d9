import mmap
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import blob_image
from xraylab import errors
from xraylab.training import batches

STILL = {"rotation_degrees": 0, "blur": False, "flip": False}


@pytest.fixture
def x():
    images = np.stack([blob_image(i, 32) for i in range(6)])
    return batches.make_batch(images, np.arange(6))


@settings(max_examples=40)
@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 9), st.integers(0, 3))
def test_each_pass_visits_every_row_once(n, batch_size, seed, number):
    per_pass = batches.count_steps(n, batch_size)
    steps = range(number * per_pass, (number + 1) * per_pass)
    drawn = [batches.draw_rows(n, batch_size, seed=seed, step=s) for s in steps]
    assert sorted(np.concatenate(drawn).tolist()) == list(range(n))


@given(st.integers(2, 200), st.integers(2, 20))
def test_no_batch_is_a_single_image(n, batch_size):
    steps = range(batches.count_steps(n, batch_size))
    sizes = [len(batches.draw_rows(n, batch_size, seed=0, step=s)) for s in steps]
    assert min(sizes) > 1
    assert max(sizes) <= batch_size + 1


@settings(max_examples=40)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(2, 20), st.integers(0, 3))
def test_a_balanced_pass_draws_both_classes_equally(n_normal, n_ill, size, number):
    labels = np.repeat([0, 1], [n_normal, n_ill])
    n = len(labels)
    per_pass = batches.count_steps(n, size)
    steps = range(number * per_pass, (number + 1) * per_pass)
    drawn = [batches.draw_balanced(labels, size, seed=0, step=s) for s in steps]
    drawn = np.concatenate(drawn)
    assert len(drawn) == n
    times = np.bincount(drawn, minlength=n)
    for label, n_draws in ((0, n // 2), (1, n - n // 2)):
        own = times[labels == label]
        assert own.sum() == n_draws
        assert own.max() - own.min() <= 1  # all rows before one comes again


def test_a_batch_is_grey_levels_between_0_and_1(x):
    assert x.shape == (6, 1, 32, 32)
    assert 0 <= x.min() < x.max() <= 1


@pytest.mark.parametrize(
    ("pixels", "found"),
    [
        (np.ones((2, 8, 8)), r"float64 of shape \(2, 8, 8\)"),
        (np.ones((2, 8, 8), np.uint16), r"uint16 of shape \(2, 8, 8\)"),
        (np.ones((8, 8), np.uint8), r"uint8 of shape \(8, 8\)"),
    ],
)
def test_what_is_no_grey_levels_is_refused(pixels, found):
    with pytest.raises(errors.InputError, match=f"pixels must be grey .* got {found}"):
        batches.make_batch(pixels, np.arange(2))


def test_switched_off_nothing_changes(x):
    assert torch.equal(batches.augment(x, seed=0, step=0, **STILL), x)


@pytest.mark.parametrize(
    "switch", [{"rotation_degrees": 10}, {"blur": True}, {"flip": True}]
)
def test_each_switch_does_something_and_repeats(x, switch):
    options = STILL | switch
    first = batches.augment(x, seed=1, step=5, **options)
    assert not torch.equal(first, x)
    assert torch.equal(first, batches.augment(x, seed=1, step=5, **options))
    assert not torch.equal(first, batches.augment(x, seed=1, step=6, **options))


def test_every_image_has_its_own_draw(x):
    same = x[:1].repeat(8, 1, 1, 1)
    changed = batches.augment(same, seed=0, step=0)
    assert len({tuple(p.flatten()[:50].tolist()) for p in changed}) == 8


def test_mirrored_twice_is_the_image(x):
    mirrored = np.array([True, False] * 3)
    twice = batches.flip_images(batches.flip_images(x, mirrored), mirrored)
    assert torch.equal(twice, x)


def test_a_quarter_turn_is_numpys(x):
    rotated = batches.rotate_images(x, np.full(6, 90.0))
    by_numpy = np.rot90(x.numpy(), axes=(2, 3))
    back = np.rot90(x.numpy(), k=3, axes=(2, 3))
    off = [np.abs(rotated.numpy() - way).max() for way in (by_numpy, back)]
    assert min(off) < 1e-4


def test_no_turn_and_no_blur_leave_the_image(x):
    torch.testing.assert_close(batches.rotate_images(x, np.zeros(6)), x)
    torch.testing.assert_close(batches.blur_images(x, np.full(6, 0.05)), x)


def test_blur_keeps_a_flat_image_and_agrees_with_torchvision(x):
    flat = torch.full((2, 1, 8, 8), 0.3)
    torch.testing.assert_close(batches.blur_images(flat, np.array([0.5, 2.0])), flat)
    from xraylab.training.torchvision_loading import torchvision

    blur = torchvision.transforms.functional.gaussian_blur
    inner = (..., slice(1, -1), slice(1, -1))  # borders are padded in another way
    ours = batches.blur_images(x, np.full(6, 1.3))
    torch.testing.assert_close(ours[inner], blur(x, [3, 3], [1.3, 1.3])[inner])


STATUS = Path("/proc/self/status")


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="not on this system")
@pytest.mark.skipif(not STATUS.exists(), reason="the memory in use is told by Linux")
def test_what_was_read_of_a_cache_is_not_held(tmp_path):
    file, shape = tmp_path / "big.npy", (4096, 64, 64)
    written = np.lib.format.open_memmap(file, "w+", np.uint8, shape)
    written[:] = np.arange(4096, dtype=np.uint8)[:, None, None]
    del written
    pixels = np.load(file, mmap_mode="r")
    before = mapped_mb()
    for start in range(0, 4096, 32):
        rows = np.arange(start, start + 32)
        taken = batches.take_rows(pixels, rows)
        assert np.array_equal(taken[:, 0, 0], rows % 256)
    assert mapped_mb() < before + 2  # of 16 that were read
    assert pixels[4095, 0, 0] == 255  # they can be read again


def mapped_mb():
    (line,) = (t for t in STATUS.read_text().splitlines() if t.startswith("RssFile"))
    return int(line.split()[1]) / 1024
