import numpy as np
import pandas as pd
import pytest

from tests.conftest import blob_image
from xraylab.audit import features, findings

FILES = pd.DataFrame(
    {
        "bytes": [100, 200],
        "width": [20, 10],
        "height": [10, 10],
        "mode": ["L", "RGB"],
        "format": ["JPEG", "PNG"],
        "table_sum": [300.0, np.nan],
        "progressive": [0, 0],
        "dpi": [0.0, 72.0],
    }
)
SQUARES = np.stack([blob_image(0, 48), blob_image(1, 48)])


def test_each_probe_has_finite_numbers_for_each_file():
    made = features.make_features(FILES, SQUARES)
    assert list(made) == list(features.FEATURES)
    assert all(len(values) == 2 for values in made.values())
    assert all(np.isfinite(values).all() for values in made.values())
    assert made["aspect"].ravel() == pytest.approx([np.log(2), 0])


def test_each_feature_has_a_family_with_words_of_its_own():
    families = {made.finding for made in features.FEATURES.values()}
    told = {name for name in findings._words() if name.startswith("class told by")}
    assert families == told
    advice = {findings.make_finding(name, "").to_do for name in families}
    assert len(advice) == len(families)


@pytest.mark.parametrize("name", ["intensity", "ring", "corners", "spectrum"])
def test_what_is_in_the_pixels_is_not_mended_by_saving_anew(name):
    family = features.FEATURES[name].finding
    advice = findings.make_finding(family, "").to_do
    assert "quality" not in advice
    assert family != features.FEATURES["header"].finding


def test_ring_and_corners_do_not_see_the_centre():
    changed = SQUARES.copy()
    changed[:, 8:-8, 8:-8] = 0
    before, after = (features.make_features(FILES, s) for s in (SQUARES, changed))
    assert np.array_equal(before["ring"], after["ring"])
    assert np.array_equal(before["corners"][:, :4], after["corners"][:, :4])
    assert not np.array_equal(before["thumbnail"], after["thumbnail"])


def test_the_spectrum_sees_fine_structure():
    flat = np.full((2, 48, 48), 100, np.uint8)
    flat[1, ::2] += 50
    power = features.make_features(FILES, flat)["spectrum"]
    assert power[1, -1] > power[0, -1] + 5


def test_squares_must_fit_the_files():
    with pytest.raises(ValueError, match=r"shape \(2, 48, 48\), got \(1, 48, 48\)"):
        features.make_features(FILES, SQUARES[:1])
