"""Maps over their images, and dose curves."""

import numpy as np
import pandas as pd
import pytest

from tests.plots.conftest import CURVE
from xraylab import plots


class Check:
    """As much of a sanity check as a drawing needs."""

    def __init__(self, passed):
        self.passed = passed

    @property
    def verdict(self):
        return "sanity check passed" if self.passed else "sanity check FAILED"


def test_map_is_drawn_over_its_image_with_the_true_outline(image):
    found = np.linspace(-0.2, 0.1, image.size).reshape(image.shape)
    mask = np.zeros(image.shape)
    mask[5:9, 5:9] = 1
    ax = plots.show_map(image, found, mask=mask, data_name="ours")
    below, above = ax.images
    assert np.abs(below.get_array().astype(int) - image).max() <= 8
    assert np.array_equal(above.get_array(), found)
    assert above.get_clim() == (-0.2, 0.2)  # so that no change has no colour
    red, _, blue, _ = above.cmap(1.0)
    assert red > blue, "orange must speak for pneumonia"
    assert ax.get_title("left").endswith("\nOurs")
    assert len(ax.collections) == 1
    assert not ax.lines


def test_a_coarse_map_is_stretched_over_a_fine_image():
    image, found, mask = np.zeros((120, 200)), np.eye(6), np.zeros((12, 12))
    mask[3:6, 6:9] = 1
    ax = plots.show_map(image.astype(np.uint8), found, mask=mask)
    below, above = ax.images
    assert below.get_extent() == above.get_extent() == [-0.5, 199.5, 119.5, -0.5]
    outline = ax.collections[0].get_paths()[0].vertices
    middle = (outline.min(0) + outline.max(0)) / 2
    # columns 6 to 8 of 12 are 100 to 150 of 200, rows 3 to 5 are 30 to 60 of 120
    assert middle == pytest.approx([124.5, 44.5], abs=0.01)


@pytest.mark.parametrize("passed", [True, False])
def test_a_map_says_whether_it_passed_and_one_that_failed_is_crossed_out(image, passed):
    ax = plots.show_map(image, np.eye(24), check=Check(passed), data_name="ours")
    assert ax.get_title("left").split("\n")[1] == Check(passed).verdict
    assert len(ax.lines) == (0 if passed else 2)


def test_map_of_no_change_can_be_drawn(image):
    plots.show_map(image, np.zeros(image.shape)).figure.canvas.draw()


def test_a_map_has_two_dimensions_and_numbers(image):
    with pytest.raises(ValueError, match=r"found must be of shape .* got \(24,\)"):
        plots.show_map(image, np.zeros(24))
    with pytest.raises(ValueError, match=r"image must be of shape .* got \(1, 24, 24"):
        plots.show_map(image[None], np.zeros((24, 24)))
    with pytest.raises(ValueError, match=r"mask must be of shape .* got \(0, 3\)"):
        plots.show_map(image, np.zeros((24, 24)), mask=np.zeros((0, 3)))
    with pytest.raises(ValueError, match="found must be finite, found 1 values not"):
        plots.show_map(image, np.array([[0, np.nan]]))


def test_dose_curves_are_drawn_by_name_with_their_intervals():
    ax = plots.plot_dose_curve({"zoom": CURVE, "squeeze": CURVE})
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "zoom",
        "squeeze",
    ]
    drawn = ax.get_lines()[1].get_xydata()
    assert np.array_equal(drawn, CURVE[["dose", "value"]][:2].to_numpy())
    ends = ax.collections[0].get_segments()[0][:, 1]
    assert ends.tolist() == pytest.approx([-0.2, 0.1])


@pytest.mark.parametrize("n", [0, 4])
def test_dose_curves_are_few(n):
    with pytest.raises(ValueError, match=f"curves must be 1 to 3, got {n}"):
        plots.plot_dose_curve({str(i): None for i in range(n)})


def test_a_dose_curve_is_of_one_perturbation():
    with pytest.raises(ValueError, match="the shifts of one perturbation, got 4 rows"):
        plots.plot_dose_curve({"zoom": pd.concat([CURVE, CURVE])})
    with pytest.raises(ValueError, match="got 0 rows of them in zoom"):
        plots.plot_dose_curve({"zoom": CURVE[2:]})
