import numpy as np
import pytest

from tests.conftest import blob_image
from tests.explanation.rules import SIZE, brightness, corner
from xraylab import explanation


@pytest.fixture
def image():
    return blob_image(1, SIZE)


def test_the_map_points_at_the_one_place_that_counts(image):
    image[:6, :6] = 255
    found = explanation.occlusion_map(corner, image, 6, 6)
    assert found.shape == image.shape
    np.testing.assert_allclose(found[:6, :6], 1 - round(image.mean()) / 255)
    assert not found[6:].any()
    assert not found[:, 6:].any()


def test_a_map_by_hand(image):
    found = explanation.occlusion_map(brightness, image, 12, 12)
    hidden = image.copy()
    hidden[:12, 12:] = round(image.mean())
    expected = brightness(image[None])[0] - brightness(hidden[None])[0]
    np.testing.assert_allclose(found[:12, 12:], expected)


@pytest.mark.parametrize(("patch_px", "stride_px"), [(5, 5), (7, 3), (24, 1), (1, 1)])
def test_no_pixel_is_missed(image, patch_px, stride_px):
    seen = np.zeros(image.shape, bool)

    def score(images):
        seen[(images != image).any(axis=0)] = True
        return np.zeros(len(images))

    image[image == round(image.mean())] += 1  # else hiding would not show
    found = explanation.occlusion_map(score, image, patch_px, stride_px)
    assert seen[image != round(image.mean())].all()
    assert not found.any()


def test_many_places_are_hidden_in_small_lots(image):
    most = 0

    def score(images):
        nonlocal most
        most = max(most, len(images))
        return corner(images)

    explanation.occlusion_map(score, image, 2, 1)  # 529 places
    assert most <= 128


def test_the_map_leaves_the_image_alone(image):
    before = image.copy()
    explanation.occlusion_map(brightness, image, 8, 4)
    assert np.array_equal(image, before)


@pytest.mark.parametrize(
    ("patch_px", "stride_px", "message"),
    [
        (0, 1, "patch_px must be 1 to 24 here, got 0"),
        (25, 1, "patch_px must be 1 to 24 here, got 25"),
        (4, 5, "stride_px must be 1 to 4, got 5"),
        (4, 0, "stride_px must be 1 to 4, got 0"),
    ],
)
def test_sizes_must_fit(image, patch_px, stride_px, message):
    with pytest.raises(ValueError, match=message):
        explanation.occlusion_map(brightness, image, patch_px, stride_px)


def test_the_map_is_of_one_grey_image(image):
    for wrong in (image.astype(float), image[None], "image"):
        with pytest.raises(ValueError, match="image must be uint8 of shape"):
            explanation.occlusion_map(brightness, wrong, 4, 4)
