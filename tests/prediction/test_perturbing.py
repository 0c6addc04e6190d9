"""The panel of changes: what is chosen is done, and answered at once."""

import html

import numpy as np
import pytest

from tests.conftest import as_jpeg, blob_image, write_file
from tests.prediction.test_predictor import predictor as predictor
from tests.training.test_runs import data as data
from xraylab import errors, images, prediction
from xraylab.explanation import PERTURBATIONS
from xraylab.prediction import perturbing


@pytest.fixture
def samples(tmp_path):
    return {
        name: write_file(tmp_path / f"{name}.jpeg", as_jpeg(blob_image(i, 300)))
        for i, name in enumerate(["one", "two"])
    }


@pytest.fixture
def panel(predictor, samples):
    return prediction.perturbation_widget(predictor, samples)


def test_the_first_sample_is_answered_unchanged(panel, predictor, samples):
    square = images.read_pixels(samples["one"], 224)
    answer = str(predictor.predict(square))
    assert panel.answer.value.count(answer) == 2  # now, and unchanged
    assert "leaves the answer as it is. The score moves by +0.000." in (
        panel.answer.value
    )
    assert "File: one.jpeg" in panel.answer.value
    assert "Not for clinical use" in panel.answer.value
    assert bytes(panel.image.value).startswith(b"\x89PNG")
    assert panel.image.layout.display is None


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_each_change_at_each_dose_is_what_is_answered(panel, predictor, samples, name):
    change = PERTURBATIONS[name]
    square = images.read_pixels(samples["one"], 224)
    before = predictor.predict(square)
    panel.change.value = name
    assert panel.dose.value == change.neutral
    assert [dose for _, dose in panel.dose.options] == list(change.doses)
    for dose in change.doses:
        panel.dose.value = dose
        after = predictor.predict(change(square[None], dose)[0])
        said = html.unescape(panel.answer.value)
        assert said.index(str(after)) < said.index(f"Unchanged: {before}")
        assert perturbing.describe_move(before, after) in said
        assert f"{name}, dose {dose:g}, unchanged at {change.neutral:g}: " in said
        assert ("a box in the middle stands for them" in said) == change.on_lungs


def test_the_image_shown_is_the_changed_one(panel, samples):
    before = bytes(panel.image.value)
    panel.change.value = "brightness"
    assert bytes(panel.image.value) == before
    panel.dose.value = 36
    assert bytes(panel.image.value) != before
    shown = images.read_pixels(bytes(panel.image.value), 320)
    assert shown.mean() > images.read_pixels(before, 320).mean() + 20


def test_another_sample_keeps_change_and_dose(panel, predictor, samples):
    panel.change.value = "zoom"
    panel.dose.value = 1.2
    panel.sample.value = "two"
    assert (panel.change.value, panel.dose.value) == ("zoom", 1.2)
    square = images.read_pixels(samples["two"], 224)
    after = predictor.predict(PERTURBATIONS["zoom"](square[None], 1.2)[0])
    assert str(after) in panel.answer.value
    assert "File: two.jpeg" in panel.answer.value


def test_each_choice_is_answered_once(panel, predictor, monkeypatch):
    asked = []
    real = type(predictor).predict
    monkeypatch.setattr(
        type(predictor), "predict", lambda self, x: asked.append(0) or real(self, x)
    )
    panel.change.value = "gamma"
    assert len(asked) == 2  # unchanged and changed
    panel.dose.value = 1.4
    assert len(asked) == 4
    panel.sample.value = "two"
    assert len(asked) == 6


def test_a_network_of_larger_squares_is_shown_them(predictor, samples, monkeypatch):
    read, seen = images.read_pixels, []
    monkeypatch.setattr(
        images, "read_pixels", lambda f, n: seen.append(n) or read(f, n)
    )
    object.__setattr__(predictor.run.recipe, "size_px", 320)
    prediction.perturbation_widget(predictor, samples)
    assert seen == [320]


def test_what_cannot_be_read_is_said_and_leaves_no_image(predictor, tmp_path, samples):
    letter = write_file(tmp_path / "letter <b>.png", b"I am text")
    gone = tmp_path / "gone.png"
    panel = prediction.perturbation_widget(
        predictor, {"letter": letter, "gone": gone, **samples}
    )
    assert "This is not an image I can read: " in panel.answer.value
    assert "File: letter &lt;b&gt;.png" in panel.answer.value
    assert panel.image.layout.display == "none"
    panel.sample.value = "gone"
    assert "No such file or directory" in panel.answer.value
    panel.dose.value = 1.1
    assert panel.image.layout.display == "none"
    panel.sample.value = "one"
    assert "Prediction: " in panel.answer.value
    assert panel.image.layout.display is None


def test_nothing_to_change_is_refused(predictor):
    with pytest.raises(errors.InputError, match=r"samples must hold an image to chang"):
        prediction.perturbation_widget(predictor, {})


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ((0.9, 0.2), "The change turns the answer. The score moves by -0.700."),
        ((0.2, 0.5), "The change turns the answer. The score moves by +0.300."),
        ((0.9, 0.6), "The change leaves the answer as it is. The score moves by -0.3"),
    ],
)
def test_a_move_in_words(scores, said):
    before, after = (prediction.Prediction(float(np.float64(s)), 0.5) for s in scores)
    assert perturbing.describe_move(before, after).startswith(said)
