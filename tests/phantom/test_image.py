"""One rendered image: twins, masks, doses, likeness."""

import numpy as np
import pytest

from xraylab.phantom import CLEAN, REAL_LIKE, Plants, twin
from xraylab.phantom.anatomy import draw_anatomy
from xraylab.phantom.banks import banks, take_pixels, take_window
from xraylab.phantom.image import render, resized_masks
from xraylab.phantom.lesion import draw_lesion
from xraylab.phantom.likeness import (
    FEATURES,
    measure_features,
    read_real_ranges,
    share_inside,
)
from xraylab.phantom.shots import draw_shot

SIZE = (96, 80)


def make(seed, kind, *, plants=CLEAN, in_test=False, number=0):
    anatomy, lesion = draw_anatomy(seed), draw_lesion(seed, kind, number)
    doses = plants.doses(in_test=in_test)
    shot = draw_shot(anatomy, 100 * seed + number, lesion=lesion, doses=doses)
    return anatomy, shot, lesion


@pytest.mark.parametrize("size", [(96, 80), (64, 64), (48, 48), (260, 300)])
def test_image_and_masks_have_the_size(size):
    rendering = render(*make(1, "b"), size)
    assert rendering.image.dtype == np.uint8
    masks = rendering.masks
    for field in (rendering.image, masks.left_lung, masks.heart, masks.lesion):
        assert field.shape == size[::-1]


def test_too_small_a_image():
    with pytest.raises(ValueError, match=r"size must be at least 16 px .* \(8, 64\)"):
        render(*make(1, "n"), (8, 64))


def test_unknown_kind():
    with pytest.raises(ValueError, match=r"kind must be one of .* got 'x'"):
        draw_lesion(1, "x")


def test_rendering_repeats_to_the_bit():
    first, second = (render(*make(2, "v"), SIZE) for _ in range(2))
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.masks.lesion, second.masks.lesion)


@pytest.mark.parametrize("kind", ["b", "v"])
def test_twin_differs_only_where_the_disease_acts(kind):
    for seed in range(8):
        case = make(seed, kind)
        pneumonia, normal = render(*case, SIZE), twin(*case, SIZE)
        change = np.abs(pneumonia.image.astype(float) - normal.image)
        lungs = pneumonia.masks.left_lung | pneumonia.masks.right_lung
        # Elsewhere only scatter, the reader and hidden lung carry a trace of it.
        elsewhere = ~lungs & (pneumonia.masks.lesion < 0.05)
        assert change[elsewhere].mean() < 4
        inside = pneumonia.masks.lesion > 0.35
        if inside.any() and pneumonia.visible > 3:
            assert change[inside].mean() > 3 * change[elsewhere].mean()


def test_twin_has_no_lesion_and_the_same_anatomy():
    case = make(4, "b")
    pneumonia, normal = render(*case, SIZE), twin(*case, SIZE)
    assert pneumonia.visible > 0
    assert normal.visible == 0
    assert not normal.masks.lesion.any()
    assert normal.masks.lesion_box() is None
    assert np.array_equal(pneumonia.masks.left_lung, normal.masks.left_lung)
    assert np.array_equal(pneumonia.masks.heart, normal.masks.heart)
    assert normal.window == pneumonia.window


def test_twin_of_a_normal_is_itself():
    case = make(5, "n")
    assert np.array_equal(render(*case, SIZE).image, twin(*case, SIZE).image)


def test_lesion_lies_on_the_named_side():
    for seed in range(12):
        anatomy, shot, lesion = make(seed, "b")
        masks = render(anatomy, shot, lesion, SIZE).masks
        assert masks.lesion.min() >= 0
        assert masks.lesion.max() <= 1
        if lesion.side == "right":
            assert not masks.lesion[masks.left_lung].any()
        if lesion.side == "left":
            assert not masks.lesion[masks.right_lung].any()


def test_lesion_box_bounds_the_lesion():
    masks = render(*make(4, "b"), SIZE).masks
    left, top, right, bottom = masks.lesion_box()
    inside = masks.lesion > 0.35
    assert inside[top:bottom, left:right].sum() == inside.sum()


def test_right_lung_is_on_the_left_of_the_image():
    masks = render(*make(6, "n"), SIZE).masks
    right, left = (
        np.nonzero(lung)[1].mean() for lung in (masks.right_lung, masks.left_lung)
    )
    assert right < left


def test_lungs_are_darker_than_the_heart():
    for seed in range(6):
        rendering = render(*make(seed, "n"), SIZE)
        masks, image = rendering.masks, rendering.image
        lungs = masks.left_lung | masks.right_lung
        assert not (lungs & masks.heart).any()
        assert image[lungs].mean() + 20 < image[masks.heart].mean()


def test_resized_masks():
    masks = resized_masks(render(*make(1, "b"), SIZE).masks, (48, 40))
    assert masks.left_lung.shape == (40, 48)
    assert masks.left_lung.dtype == bool
    assert 0.3 < masks.lesion.max() <= 1


def test_nuisance_does_not_depend_on_the_lesion():
    anatomy, lesion = draw_anatomy(7), draw_lesion(7, "v")
    doses = CLEAN.doses(in_test=False)
    shots = [
        draw_shot(anatomy, 700, lesion=some, doses=doses)
        for some in (lesion, draw_lesion(7, "n"))
    ]
    for name in ("roll", "fill_x", "haze", "dark", "sharpening", "exposure", "gas"):
        assert getattr(shots[0], name) == getattr(shots[1], name)


@pytest.mark.parametrize("plant", ["brightness", "sharpness", "zoom", "aspect"])
def test_a_plant_sets_the_classes_apart(plant):
    feature = {"brightness": "dark", "sharpness": "sharpening"}.get(plant, "fill_y")
    for kind, sign in (("n", -1), ("v", 1)):
        clean = getattr(make(8, kind)[1], feature)
        planted = getattr(make(8, kind, plants=Plants(**{plant: 1}))[1], feature)
        sign = -sign if plant == "sharpness" else sign
        assert np.sign(planted - clean) == sign


def test_noise_plant_takes_dose_from_the_sick():
    pneumonia, planted = (make(8, "b", plants=Plants(noise=d))[1] for d in (0, 1))
    assert planted.exposure == pytest.approx(pneumonia.exposure / 5)


def test_marker_plant_gives_each_class_its_place():
    for kind, beside in (("n", True), ("b", False)):
        for seed in range(12):
            marker = make(seed, kind, plants=Plants(marker=1))[1].marker
            assert marker is None or (marker.place[1] >= 0.18) == beside


def test_shifted_test_block_is_brighter_with_half_the_class_differences():
    clean, train = (make(9, "b", plants=p)[1] for p in (CLEAN, REAL_LIKE))
    shifted = make(9, "b", plants=REAL_LIKE, in_test=True)[1]
    assert shifted.bright == pytest.approx(clean.bright + 8)
    assert shifted.dark - 12 == pytest.approx((clean.dark + train.dark) / 2)
    half = (clean.sharpening + train.sharpening) / 2
    assert shifted.sharpening == pytest.approx(half)


def test_features_are_near_the_real_ranges():
    images = [render(*make(i, "nbv"[i % 3]), (224, 224)).image for i in range(45)]
    shares = share_inside(measure_features(images))
    assert list(read_real_ranges().index) == list(FEATURES)
    assert shares.mean() > 0.75
    assert shares.min() > 0.45


def test_windows_of_a_bank():
    bank = banks().blob
    assert np.array_equal(take_window(bank, (3, 5), (256, 256)), bank[3:259, 5:261])
    assert take_window(bank, (3, 5), (40, 60)).shape == (40, 60)
    wrapped = take_pixels(bank, (500, 510), (40, 60))
    assert wrapped[20, 10] == bank[8, 8]
