from datetime import UTC, datetime

import pytest

from tests.conftest import as_jpeg, blob_image, write_file
from tests.prediction.test_predictor import data as data
from tests.prediction.test_predictor import predictor as predictor
from xraylab import prediction
from xraylab.prediction import widget


def samples(tmp_path):
    return {
        name: write_file(tmp_path / f"{name}.jpeg", as_jpeg(blob_image(i, 64)))
        for i, name in enumerate(["one", "two"])
    }


def test_the_first_sample_is_answered_at_once(predictor, tmp_path):
    paths = samples(tmp_path)
    panel = prediction.prediction_widget(predictor, paths)
    assert str(predictor.predict(paths["one"])) in panel.answer.value
    assert "Not for clinical use" in panel.answer.value
    assert bytes(panel.image.value).startswith(b"\x89PNG")


def test_choosing_another_sample_changes_the_image(predictor, tmp_path):
    paths = samples(tmp_path)
    panel = prediction.prediction_widget(predictor, paths)
    before = bytes(panel.image.value)
    panel.sample.value = "two"
    assert bytes(panel.image.value) != before
    assert str(predictor.predict(paths["two"])) in panel.answer.value


def test_an_upload_is_answered_and_a_text_is_said_kindly(predictor, tmp_path):
    panel = prediction.prediction_widget(predictor, samples(tmp_path))
    upload = {"name": "a", "type": "", "size": 1, "last_modified": datetime.now(UTC)}
    panel.upload.value = ({**upload, "content": as_jpeg(blob_image(7))},)
    assert "Prediction: " in panel.answer.value
    panel.upload.value = ({**upload, "content": b"I am text"},)
    assert "not an image I can read" in panel.answer.value
    assert bytes(panel.image.value) == b""


def test_warnings_are_shown(predictor):
    file = as_jpeg(blob_image(1)[:20])
    assert "Careful: Its shape, 96 x 20 px" in widget.answer_text(predictor, file)


def test_a_missing_sample_is_said_and_no_samples_are_fine(predictor, tmp_path):
    panel = prediction.prediction_widget(predictor, {"gone": tmp_path / "gone.png"})
    assert "gone.png: No such file" in panel.answer.value
    assert "Not for clinical use" in panel.answer.value
    assert prediction.prediction_widget(predictor, {}).answer.value == ""


@pytest.mark.parametrize("form", [list, dict])
def test_an_upload_is_read_in_the_forms_of_both_widget_versions(form):
    file = {"name": "a.jpeg", "content": memoryview(b"image")}
    value = {"a.jpeg": file} if form is dict else (file,)
    assert widget._first_upload(value) == b"image"
