import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.explanation.rules import some_images
from xraylab.explanation import PERTURBATIONS
from xraylab.explanation.perturbations import RING, lung_box

each = pytest.mark.parametrize("name", PERTURBATIONS)


@st.composite
def images_of_any_shape(draw):
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    seed = draw(st.integers(0, 99))
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (draw(st.integers(1, 3)), height, width), np.uint8)


@each
@settings(max_examples=25)
@given(images=images_of_any_shape(), share=st.floats(0, 1))
def test_shape_and_type_stay_and_the_images_are_left_alone(name, images, share):
    change, before = PERTURBATIONS[name], images.copy()
    least, most = change.limits
    changed = change(images, least + share * (most - least))
    assert (changed.shape, changed.dtype) == (images.shape, np.uint8)
    assert np.array_equal(images, before)
    assert not np.shares_memory(changed, images)


@each
@settings(max_examples=25)
@given(images=images_of_any_shape())
def test_the_neutral_dose_changes_nothing(name, images):
    change = PERTURBATIONS[name]
    assert np.array_equal(change(images, change.neutral), images)


@each
def test_doses_rise_and_all_but_the_neutral_one_change_something(name):
    change, images = PERTURBATIONS[name], some_images(3, 96)
    assert list(change.doses) == sorted(set(change.doses))
    assert change.neutral in change.doses
    for dose in change.doses:
        is_same = np.array_equal(change(images, dose), images)
        assert is_same == (dose == change.neutral), dose
    assert change.words
    assert change.family


@each
@settings(max_examples=10)
@given(images=images_of_any_shape(), share=st.floats(0, 1))
def test_images_are_changed_each_for_itself(name, images, share):
    change = PERTURBATIONS[name]
    least, most = change.limits
    dose = least + share * (most - least)
    alone = [change(images[i : i + 1], dose)[0] for i in range(len(images))]
    assert np.array_equal(change(images, dose), alone)


@each
def test_doses_beyond_the_limits_are_refused(name):
    change, images = PERTURBATIONS[name], some_images(1)
    least, most = change.limits
    for dose in (least - 0.01, most + 0.01, float("nan"), float("inf")):
        with pytest.raises(
            ValueError, match=rf"dose must be {least} to {most} \(.+got"
        ):
            change(images, dose)


@each
def test_grey_images_only(name):
    for wrong in (some_images(1)[0], some_images(1).astype(float), "image"):
        with pytest.raises(ValueError, match=r"images must be uint8 of shape \(n,"):
            PERTURBATIONS[name](wrong, PERTURBATIONS[name].neutral)


@each
def test_no_images_stay_no_images(name):
    none = np.zeros((0, 8, 8), np.uint8)
    assert PERTURBATIONS[name](none, PERTURBATIONS[name].doses[0]).shape == (0, 8, 8)


def bar_size(image):
    """Width and height of a white bar on black."""
    return (image > 127).any(axis=0).sum(), (image > 127).any(axis=1).sum()


def a_bar():
    image = np.zeros((1, 80, 80), np.uint8)
    image[0, 20:60, 20:60] = 255
    return image


def changed(name, image, dose):
    return PERTURBATIONS[name](image, dose)[0]


def test_squeeze_moves_the_width_and_zoom_both():
    assert bar_size(changed("squeeze", a_bar(), 0.5)) == (20, 40)
    assert bar_size(changed("squeeze", a_bar(), 1.5)) == (60, 40)
    assert bar_size(changed("zoom", a_bar(), 0.5)) == (20, 20)
    assert bar_size(changed("zoom", a_bar(), 1.5)) == (60, 60)


@pytest.mark.parametrize("shape", [(20, 60), (60, 20), (31, 31)])
@pytest.mark.parametrize("name", ["zoom", "squeeze", "shift", "rotate"])
def test_the_borders_grey_goes_on(name, shape):
    even, change = np.full((1, *shape), 200, np.uint8), PERTURBATIONS[name]
    for dose in change.doses:
        assert np.array_equal(change(even, dose), even)


@pytest.mark.parametrize("share", [-0.25, -0.1, 0.1, 0.25])
def test_a_shift_is_to_the_right(share):
    image = a_bar()
    moved = changed("shift", image, share)
    assert np.array_equal(moved, np.roll(image[0], round(80 * share), axis=1))


def test_a_quarter_turn_is_clockwise():
    image = some_images(1, 40)
    rotated = changed("rotate", image, 90)
    assert np.array_equal(rotated, np.rot90(image[0], -1))


def test_mirrored_twice_is_the_image():
    image = some_images(2)
    mirror = PERTURBATIONS["mirror"]
    assert np.array_equal(mirror(mirror(image, 1), 1), image)
    assert np.array_equal(mirror(image, 1), image[:, :, ::-1])


def test_saving_again_is_a_jpeg_of_that_quality():
    image = some_images(1, 64)
    data = io.BytesIO()
    Image.fromarray(image[0]).save(data, "JPEG", quality=30)
    with Image.open(data) as expected:
        assert np.array_equal(changed("re-save", image, 70), np.asarray(expected))


@pytest.mark.parametrize("name", ["re-save", "down-and-up", "blur"])
def test_more_dose_takes_more_fine_detail(name):
    change, images = PERTURBATIONS[name], some_images(1, 128)
    rng = np.random.default_rng(0)
    noisy = (images + rng.integers(-20, 20, images.shape)).clip(0, 255).astype(np.uint8)
    off = [
        np.square(change(noisy, d) - noisy.astype(float)).mean() for d in change.doses
    ]
    assert off == sorted(off)


@given(levels=st.integers(-255, 255))
@settings(max_examples=25)
def test_brightness_adds_levels_and_stops_at_black_and_white(levels):
    image = some_images(1)
    expected = (image.astype(int) + levels).clip(0, 255)
    assert np.array_equal(PERTURBATIONS["brightness"](image, levels), expected)


def test_gamma_keeps_black_and_white_and_darkens_above_1():
    ramp = np.arange(256, dtype=np.uint8)[None, None]
    dark, light = (changed("gamma", ramp, e)[0] for e in (2, 0.5))
    assert dark[[0, 255]].tolist() == light[[0, 255]].tolist() == [0, 255]
    assert dark[128] == round(255 * (128 / 255) ** 2)
    assert (dark <= ramp[0, 0]).all()
    assert (light >= ramp[0, 0]).all()


def test_a_marker_is_bright_and_in_the_upper_left_corner_only():
    dark = np.full((1, 240, 240), 30, np.uint8)
    drawn = changed("marker", dark, 1)
    rows, columns = np.nonzero(drawn != 30)
    assert drawn.max() == 240
    assert rows.max() < 240 * RING
    assert columns.max() < 240 * RING
    half = changed("marker", dark, 0.5)
    assert half.max() == 135


def test_covered_corners_hold_the_borders_grey():
    image = some_images(1, 50)
    covered = changed("corners", image, 0.2)
    border = np.r_[image[0, 0], image[0, -1], image[0, :, 0], image[0, :, -1]]
    is_corner = np.zeros((50, 50), bool)
    for rows in (slice(0, 10), slice(40, 50)):
        is_corner[rows, :10] = is_corner[rows, 40:] = True
    assert (covered[is_corner] == round(np.median(border))).all()
    assert np.array_equal(covered[~is_corner], image[0][~is_corner])


def test_sides_change_places_and_the_middle_stays():
    image = some_images(1, 60)
    swapped = changed("sides", image, 1)
    assert np.array_equal(swapped[:, :10], image[0, :, :-11:-1])
    assert np.array_equal(swapped[:, 50:], image[0, :, 9::-1])
    assert np.array_equal(swapped[:, 10:50], image[0, :, 10:50])
    assert np.array_equal(changed("sides", swapped[None], 1), image[0])


def test_a_black_border_leaves_the_inside():
    image = some_images(1, 40)
    black = changed("border", image, 0.1)
    assert np.array_equal(black[4:-4, 4:-4], image[0, 4:-4, 4:-4])
    ring = np.ones((40, 40), bool)
    ring[4:-4, 4:-4] = False
    assert not black[ring].any()


@given(seed=st.integers(0, 50))
@settings(max_examples=20)
def test_lungs_and_outside_are_hidden_in_turn(seed):
    image = some_images(2)
    lungs = np.random.default_rng(seed).random(image.shape) < 0.4
    grey = np.array([round(one.mean()) for one in image])[:, None, None]
    inside = PERTURBATIONS["lungs hidden"](image, 1, lungs)
    outside = PERTURBATIONS["outside hidden"](image, 1, lungs)
    assert np.array_equal(inside, np.where(lungs, grey, image))
    assert np.array_equal(outside, np.where(lungs, image, grey))


def test_without_lungs_a_box_is_hidden():
    image = some_images(1, 60)
    box = lung_box((60, 60))
    assert box[10:50, 10:50].all()
    assert box.sum() == 40 * 40
    for name in ("lungs hidden", "outside hidden"):
        change = PERTURBATIONS[name]
        assert np.array_equal(change(image, 1), change(image, 1, box[None]))


def test_lungs_must_fit_the_images():
    image = some_images(2)
    for wrong in (np.ones((1, 24, 24), bool), np.ones((2, 24, 24), np.uint8)):
        with pytest.raises(
            ValueError, match=r"lungs must be bool of shape \(2, 24, 24"
        ):
            PERTURBATIONS["lungs hidden"](image, 1, wrong)
