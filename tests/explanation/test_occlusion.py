import numpy as np
import pytest
import torch

from tests.conftest import blob_image
from xraylab import evaluation, explanation, training

SIZE = 24


def corner(images):
    """A rule whose reason is known: how bright the upper left corner is."""
    return images[:, :6, :6].mean(axis=(1, 2)) / 255


def brightness(images):
    return images.mean(axis=(1, 2)) / 255


@pytest.fixture
def image():
    return blob_image(1, SIZE)


class OneRun:
    """As much of a run as a scorer needs."""

    recipe = training.Recipe(model="small", weights="none", size_px=SIZE)

    def make_model(self, weights):
        assert weights == "best"
        return training.models.make_model(
            "small", weights="none", dropout=0.5, seed=0
        ).eval()


def test_a_runs_scorer_is_its_network():
    run = OneRun()
    images = np.stack([blob_image(i, SIZE) for i in range(3)])
    scores = explanation.run_scorer(run)(images)
    with torch.inference_mode():
        x = torch.from_numpy(images)[:, None].float() / 255
        expected = run.make_model("best")(x).softmax(1)[:, 1].numpy()
    np.testing.assert_allclose(scores, expected, atol=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((1, SIZE, SIZE)), np.zeros((1, 8, 8), np.uint8), np.zeros(3, np.uint8)],
)
def test_a_scorer_takes_images_of_its_size_only(wrong):
    score = explanation.run_scorer(OneRun())
    with pytest.raises(ValueError, match=r"images must be uint8 of shape \(n, 24, 24"):
        score(wrong)


def test_the_map_points_at_the_one_place_that_counts(image):
    image[:6, :6] = 255
    change = explanation.occlusion_map(corner, image, 6, 6)
    assert change.shape == image.shape
    expected = round(image.mean()) / 255 - 1
    np.testing.assert_allclose(change[:6, :6], expected)
    assert not change[6:].any()
    assert not change[:, 6:].any()


@pytest.mark.parametrize(("patch_px", "stride_px"), [(5, 5), (7, 3), (24, 1), (1, 1)])
def test_no_pixel_is_missed(image, patch_px, stride_px):
    seen = np.zeros(image.shape, bool)

    def score(images):
        seen[(images != image).any(axis=0)] = True
        return np.zeros(len(images))

    image[image == round(image.mean())] += 1  # else hiding would not show
    change = explanation.occlusion_map(score, image, patch_px, stride_px)
    assert seen[image != round(image.mean())].all()
    assert not change.any()


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


@pytest.mark.parametrize("change", [explanation.zoom, explanation.squeeze])
def test_a_factor_of_one_changes_nothing(change, image):
    assert np.array_equal(change(image, 1), image)
    wide = image[:15]
    assert np.array_equal(change(wide, 1), wide)


def bar_size(image):
    """Width and height of a white bar on black."""
    return (image > 127).any(axis=0).sum(), (image > 127).any(axis=1).sum()


def test_squeeze_moves_the_width_and_zoom_both():
    image = np.zeros((80, 80), np.uint8)
    image[20:60, 20:60] = 255
    assert bar_size(explanation.squeeze(image, 0.5)) == (20, 40)
    assert bar_size(explanation.squeeze(image, 1.5)) == (60, 40)
    assert bar_size(explanation.zoom(image, 0.5)) == (20, 20)
    assert bar_size(explanation.zoom(image, 1.5)) == (60, 60)


@pytest.mark.parametrize("shape", [(20, 60), (60, 20), (31, 31)])
def test_the_borders_grey_goes_on(shape):
    even = np.full(shape, 200, np.uint8)
    for change in (explanation.zoom, explanation.squeeze):
        assert np.array_equal(change(even, 0.5), even)
        assert np.array_equal(change(even, 2), even)


@pytest.mark.parametrize("factor", [0.4, 2.1, float("nan")])
def test_a_factor_has_its_limits(image, factor):
    for change in (explanation.zoom, explanation.squeeze):
        with pytest.raises(
            ValueError, match=f"factor must be 0.5 to 2.0, got {factor}"
        ):
            change(image, factor)


def test_changes_take_one_grey_image(image):
    for wrong in (image.astype(float), image[None]):
        for call in (
            lambda wrong: explanation.zoom(wrong, 1),
            lambda wrong: explanation.occlusion_map(brightness, wrong, 4, 4),
        ):
            with pytest.raises(ValueError, match="image must be uint8 of shape"):
                call(wrong)


def test_dose_curve_counts_what_moves_and_turns():
    images = np.stack([np.full((4, 4), grey, np.uint8) for grey in (102, 204)] * 6)

    def lighter(image, dose):
        return image + np.uint8(dose)

    groups = np.arange(12) // 2
    curve = explanation.dose_curve(brightness, images, lighter, [0, 51], groups=groups)
    assert curve["dose"].tolist() == [0, 51]
    assert curve["mean_score"].tolist() == pytest.approx([0.6, 0.8])
    assert curve["mean_change"].tolist() == pytest.approx([0, 0.2])
    assert curve["flipped"].tolist() == [0, 0.5]
    assert curve["n"].tolist() == [12, 12]
    assert curve["n_groups"].tolist() == [6, 6]
    # every group has one image that flips
    expected = evaluation.share_interval([False, True] * 6, groups)
    ends = curve.loc[1, ["flipped_low", "flipped_high"]]
    assert ends.tolist() == pytest.approx(expected[1:3])
    # all move alike: nothing to take a spread from
    assert curve["change_low"].isna().all()


def test_dose_curve_counts_groups_not_images():
    greys = np.linspace(20, 180, 8).round()
    images = np.stack([np.full((4, 4), grey, np.uint8) for grey in greys] * 3)

    def lighter(image, dose):
        return image + np.uint8(dose * (image[0, 0] % 7))

    groups = np.tile(np.arange(8), 3)
    alone = explanation.dose_curve(brightness, images, lighter, [5]).loc[0]
    whole = explanation.dose_curve(brightness, images, lighter, [5], groups=groups)
    one = explanation.dose_curve(brightness, images[:8], lighter, [5]).loc[0]
    ends = ["mean_change", "change_low", "change_high"]
    assert whole.loc[0, ends].tolist() == pytest.approx(one[ends].tolist())
    assert alone["change_low"] > whole.loc[0, "change_low"]


def test_dose_curve_needs_images_and_doses(image):
    with pytest.raises(ValueError, match="must not be empty, got 0 and 1"):
        explanation.dose_curve(
            brightness, np.zeros((0, 4, 4), np.uint8), explanation.zoom, [1]
        )
    with pytest.raises(ValueError, match="must not be empty, got 1 and 0"):
        explanation.dose_curve(brightness, image[None], explanation.zoom, [])
