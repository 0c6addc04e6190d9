import numpy as np
import pytest
import torch

from tests.explanation.rules import small_model, some_images
from xraylab import explanation
from xraylab.explanation import sanity


def test_shuffled_weights_are_the_same_numbers_in_another_order():
    model, images = small_model(), some_images(8)
    before = [w.detach().clone() for w in model.parameters()]
    shuffled = sanity.randomise(model, images, seed=1)
    pairs = list(zip(before, shuffled.parameters(), model.parameters(), strict=True))
    for old, new, still in pairs:
        assert torch.equal(old, still)
        assert torch.equal(old.flatten().sort().values, new.flatten().sort().values)
        if old.unique().numel() > 8:  # two numbers may well fall as they were
            assert not torch.equal(old, new)
    assert not shuffled.training


def test_a_shuffled_network_is_alive_and_follows_its_seed():
    model, images = small_model(), some_images(8)
    answers = [
        explanation.make_scorer(sanity.randomise(model, images, seed), 24, logit=True)(
            images
        )
        for seed in (0, 0, 1)
    ]
    assert np.ptp(answers[0]) > 0
    assert np.array_equal(answers[0], answers[1])
    assert not np.allclose(answers[0], answers[2])


def test_normalisation_is_fitted_to_the_images():
    images = some_images(8)
    shuffled = sanity.randomise(small_model(), images)
    x = torch.from_numpy(images)[:, None].float() / 255
    first = shuffled.network.block1.bn1
    with torch.inference_mode():
        seen = shuffled.network.block1.conv1(
            shuffled.network.stem(shuffled.normalise(x))
        )
    expected = seen.mean((0, 2, 3))
    torch.testing.assert_close(first.running_mean, expected, atol=1e-4, rtol=1e-3)


def test_one_image_is_too_few_to_normalise_by():
    with pytest.raises(ValueError, match=r"images must be at least 2.*got 1"):
        sanity.randomise(small_model(), some_images(1))


def edges(_, image):
    return np.hypot(*np.gradient(image.astype(float)))


def blob(_, image):
    return explanation.centre_blob(image.shape)


@pytest.mark.parametrize("draw", [edges, blob])
def test_a_map_that_ignores_the_network_fails(draw):
    images = some_images(4)
    check = explanation.check_map(draw, small_model(), images[0], images)
    assert check.similarity == pytest.approx(1)
    assert not check.passed
    assert str(check) == (
        "sanity check FAILED: 1.00, limit 0.5 "
        "(rank correlation with 3 shuffled networks)"
    )


def test_a_map_drawn_from_the_weights_passes():
    def draw(model, image):
        weights = next(model.network.parameters()).detach().flatten().numpy()
        return np.resize(weights, image.shape)

    images = some_images(4)
    check = explanation.check_map(draw, small_model(), images[0], images)
    assert check.passed
    assert str(check).startswith(check.verdict + " (rank correlation")
    assert check.verdict.startswith("sanity check passed: 0.")


def test_signs_and_size_do_not_count_and_a_flat_map_is_like_no_other():
    found = np.random.default_rng(0).normal(size=(5, 5))
    assert sanity.compare(found, [-3 * found]) == pytest.approx(1)
    assert sanity.compare(found, [found, np.ones((5, 5))]) == pytest.approx(0.5)
    assert sanity.compare(np.zeros((5, 5)), [found]) == 0
