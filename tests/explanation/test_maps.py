"""Maps, held against networks whose reasons are known."""

import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tests.conftest import blob_image
from tests.explanation.rules import SIZE, small_model
from xraylab import explanation, training
from xraylab.explanation.gradients import _last_layer

each_map = pytest.mark.parametrize("name", explanation.MAPS)


@pytest.fixture
def image():
    return blob_image(1, SIZE)


class Linear(nn.Module):
    """A network whose logit is a weighted sum of the pixels."""

    def __init__(self, weights):
        super().__init__()
        self.network = nn.Sequential(
            nn.Identity(), nn.Flatten(), nn.Linear(weights.size, 2, bias=False)
        )
        pneumonia = torch.from_numpy(weights.ravel()).float()
        with torch.no_grad():
            self.network[2].weight.copy_(torch.stack([-pneumonia, pneumonia]))

    def forward(self, x):
        return self.network(x)


def a_linear_model(seed=0):
    return Linear(np.random.default_rng(seed).normal(size=(SIZE, SIZE)))


@each_map
def test_a_map_has_the_images_shape_and_leaves_it_alone(name, image):
    model, before = small_model(), image.copy()
    weights = [w.clone() for w in model.parameters()]
    found = explanation.MAPS[name](model, image)
    assert found.shape == image.shape
    assert np.isfinite(found).all()
    assert found.dtype == np.float64
    assert np.array_equal(image, before)
    for old, new in zip(weights, model.parameters(), strict=True):
        assert torch.equal(old, new)
        assert new.grad is None
    np.testing.assert_allclose(explanation.MAPS[name](model, image), found, atol=1e-6)


@each_map
def test_a_map_points_at_the_one_place_that_counts(name, image):
    weights = np.zeros((SIZE, SIZE))
    weights[6:12, 12:18] = 1
    image[6:12, 12:18] = 255
    found = explanation.MAPS[name](Linear(weights), image)
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert 6 <= row < 12
    assert 12 <= column < 18


def test_integrated_gradients_of_a_linear_network_are_exact(image):
    model = a_linear_model()
    found = explanation.MAPS["integrated gradients"](model, image)
    weights = model.network[2].weight.detach().numpy().reshape(2, SIZE, SIZE)
    expected = (weights[1] - weights[0]) * (image / 255 - image.mean() / 255)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_integrated_gradients_sum_to_the_logit(seed, image):
    model = small_model(seed)
    found = explanation.MAPS["integrated gradients"](model, image)
    x = torch.from_numpy(image)[None, None].float() / 255
    with torch.inference_mode():
        out = model(torch.cat([x, torch.full_like(x, float(x.mean()))])).numpy()
    logits = out[:, 1] - out[:, 0]
    assert found.sum() == pytest.approx(logits[0] - logits[1], abs=0.02)


def test_gradcam_by_hand(image):
    model = a_linear_model()
    found = explanation.MAPS["Grad-CAM"](model, image)
    # one map, the image itself: its weight is the mean slope of the logit
    slope = 2 * model.network[2].weight[1].mean().item()
    np.testing.assert_allclose(found, slope * image / 255, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "size_px", "layer", "side"),
    [
        ("resnet18", 224, "layer4", 7),
        ("resnet18", 64, "layer2", 8),
        ("small", 48, "block3", 6),
        ("small", 224, "block4", 14),
        ("small", 8, "stem", 4),
    ],
)
def test_gradcam_takes_the_last_layer_that_tells_places_apart(
    model, size_px, layer, side
):
    network = training.models.make_model(model).eval()
    x = torch.zeros(1, 1, size_px, size_px)
    found = _last_layer(network, x)
    assert found is getattr(network.network, layer)
    assert (
        found(
            network.network[: list(network.network).index(found)](network.normalise(x))
        ).shape[-1]
        == side
        if model == "small"
        else True
    )


@each_map
def test_maps_take_one_grey_image(name, image):
    for wrong in (image.astype(float), image[None], image.tolist()):
        with pytest.raises((ValueError, AttributeError), match=r"image must be|shape"):
            explanation.MAPS[name](small_model(), wrong)


@pytest.mark.parametrize("name", ["Grad-CAM", "integrated gradients"])
def test_without_captum_one_is_told_how_to_get_it(name, image, monkeypatch):
    monkeypatch.setitem(sys.modules, "captum", None)
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(ValueError, match=r"needs the package captum, found none"):
        explanation.MAPS[name](small_model(), image)


def test_captum_is_loaded_only_for_a_map():
    code = "import sys, xraylab.explanation; sys.exit('captum' in sys.modules)"
    import subprocess

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- against the truth -----------------------------------------------------------


@given(seed=st.integers(0, 99), share=st.floats(0.05, 0.9))
def test_a_map_of_the_place_lies_in_it_and_one_of_the_rest_does_not(seed, share):
    rng = np.random.default_rng(seed)
    place = rng.random((9, 7)) < share
    place[0, 0], place[1, 1] = True, False
    assert explanation.measure_map(place * 1.0, place) == {"hit": True, "inside": 1}
    assert explanation.measure_map(~place * 1.0, place) == {"hit": False, "inside": 0}
    even = explanation.measure_map(np.ones(place.shape), place)
    assert even["inside"] == pytest.approx(place.mean())


@given(seed=st.integers(0, 99), scale=st.floats(0.01, 100))
def test_size_and_what_speaks_against_do_not_matter(seed, scale):
    rng = np.random.default_rng(seed)
    found, place = rng.normal(size=(6, 6)), rng.random((6, 6)) < 0.5
    place[0, 0] = True
    one = explanation.measure_map(found, place)
    other = explanation.measure_map(np.where(found < 0, -9, found) * scale, place)
    assert other["hit"] == one["hit"]
    assert other["inside"] == pytest.approx(one["inside"])


def test_a_map_that_speaks_against_only_hits_nothing():
    place = np.ones((3, 3), bool)
    assert explanation.measure_map(-np.ones((3, 3)), place) == {
        "hit": False,
        "inside": 0,
    }


def test_the_place_must_be_there():
    found = np.ones((3, 3))
    for place in (np.zeros((3, 3), bool), np.ones((2, 3), bool), np.full((3, 3), 0.3)):
        with pytest.raises(ValueError, match=r"place must be bool, of the map.s shape"):
            explanation.measure_map(found, place)


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_a_map_without_numbers_is_not_measured(odd):
    found = np.ones((3, 3))
    found[1, 2] = odd
    with pytest.raises(ValueError, match="found must be finite, found 1 pixels not"):
        explanation.measure_map(found, np.ones((3, 3), bool))


@pytest.mark.parametrize("shape", [(48, 48), (9, 31)])
def test_the_centre_blob_is_in_the_middle_and_round(shape):
    blob = explanation.centre_blob(shape)
    assert blob.shape == shape
    np.testing.assert_allclose(blob, blob[::-1, ::-1])
    assert blob.max() <= 1
    height, width = shape
    assert blob[height // 2, width // 2] == blob.max()
