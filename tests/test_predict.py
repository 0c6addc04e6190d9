import numpy as np
import pytest
from PIL import Image

from tests.conftest import as_jpeg, blob_picture, write_file
from tests.test_runs import data as data
from tests.test_runs import train
from xraylab import pixels, predict, runs


@pytest.fixture
def predictor(tmp_path, data):
    train(tmp_path / "r", data)
    return predict.Predictor(tmp_path / "r")


def test_path_bytes_and_array_get_the_same_answer(predictor, tmp_path):
    picture = blob_picture(3, 64)
    file = tmp_path / "a.png"
    Image.fromarray(picture).save(file)
    answers = {
        predictor.predict(way) for way in (file, str(file), file.read_bytes(), picture)
    }
    assert len(answers) == 1


def test_prediction_and_cache_see_the_same_pixels(predictor, tmp_path):
    file = write_file(tmp_path / "in/a.jpeg", as_jpeg(blob_picture(4, 200)))
    cache = pixels.build_cache(
        ["a.jpeg"], file.parent, 16, tmp_path / "c", progress=False
    )
    table = predictor.run.table.head(1).assign(path="a.jpeg", row=0)
    by_cache = runs.score_rows(predictor.run, cache.pixels, table)["score"].iloc[0]
    assert predictor.predict(file).score == by_cache


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (0.96, "Prediction: Pneumonia (Confidence: ~96%)"),
        (0.5, "Prediction: Pneumonia (Confidence: ~50%)"),
        (0.1, "Prediction: Normal (Confidence: ~90%)"),
    ],
)
def test_the_answer_is_in_the_originals_words(score, text):
    prediction = predict.Prediction(score, threshold=0.5)
    assert str(prediction) == prediction.as_dict()["text"] == text


def test_a_float_array_is_refused(predictor):
    with pytest.raises(TypeError, match=r"got float64 of shape \(4, 4\)"):
        predictor.predict(np.zeros((4, 4)))


def test_what_is_no_picture_is_named(predictor):
    with pytest.raises(pixels.UnreadablePictureError, match="no picture format"):
        predictor.predict(b"hello")
