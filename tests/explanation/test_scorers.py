import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import blob_image
from tests.explanation.rules import SIZE, small_model, some_images
from xraylab import explanation, images


def logits_of(model, squares):
    with torch.inference_mode():
        return model(torch.from_numpy(squares)[:, None].float() / 255).numpy()


def test_a_scorer_is_its_network():
    model, squares = small_model(), some_images()
    logits = logits_of(model, squares)
    scores = explanation.make_scorer(model, SIZE)(squares)
    np.testing.assert_allclose(scores, torch.tensor(logits).softmax(1)[:, 1], atol=1e-5)
    found = explanation.make_scorer(model, SIZE, logit=True)(squares)
    np.testing.assert_allclose(found, logits[:, 1] - logits[:, 0], atol=1e-5)
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-found)), atol=1e-7)


def test_a_logit_moves_where_a_score_is_full():
    model = small_model()
    with torch.no_grad():
        model.network.fc[1].bias.copy_(torch.tensor([0.0, 60.0]))
    squares = some_images()
    assert np.ptp(explanation.make_scorer(model, SIZE)(squares)) == 0
    assert np.ptp(explanation.make_scorer(model, SIZE, logit=True)(squares)) > 0


@pytest.mark.parametrize("size_px", [8, 24, 60])
def test_images_of_any_size_are_squeezed_as_files_are(size_px, tmp_path):
    image, file, seen = blob_image(3, 60), tmp_path / "a.png", []
    Image.fromarray(image).save(file)

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(1))

        def forward(self, x):
            seen.append(x)
            return torch.zeros(len(x), 2)

    explanation.make_scorer(Network(), size_px)(image[None])
    square = (seen[0][0, 0] * 255).round().numpy().astype(np.uint8)
    assert np.array_equal(square, images.read_pixels(file, size_px))


def test_no_images_have_no_scores():
    score = explanation.make_scorer(small_model(), SIZE)
    assert score(np.zeros((0, SIZE, SIZE), np.uint8)).shape == (0,)


@pytest.mark.parametrize(
    "wrong", [np.zeros((1, SIZE, SIZE)), np.zeros((SIZE, SIZE), np.uint8), [[1, 2]], 3]
)
def test_a_scorer_takes_grey_images_only(wrong):
    score = explanation.make_scorer(small_model(), SIZE)
    with pytest.raises(ValueError, match=r"images must be uint8 of shape \(n, height"):
        score(wrong)
