import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import as_jpeg, blob_image, write_file
from tests.training.test_runs import data as data
from tests.training.test_runs import stop_after_two_epochs, train
from xraylab import errors, images, prediction
from xraylab.training import answers


@pytest.fixture
def predictor(tmp_path, data):
    train(tmp_path / "r", data)
    return prediction.Predictor(tmp_path / "r")


def test_an_unfinished_run_is_said_once(tmp_path, data, monkeypatch, recwarn):
    stop_after_two_epochs(monkeypatch, lambda: train(tmp_path / "r", data))
    recwarn.clear()
    prediction.Predictor(tmp_path / "r").predict(blob_image(3, 64))
    (warning,) = recwarn.list
    assert str(warning.message) == "Unfinished: 2 of 4 epochs are trained."
    assert warning.filename == __file__
    with pytest.warns(UserWarning, match="Unfinished"):
        page = prediction.demo_page(tmp_path / "r", {}, data_name="drawn")
    assert "Unfinished: 2 of 4 epochs are trained." in page.children[-1].value


def test_a_finished_run_is_answered_without_a_warning(tmp_path, data, recwarn):
    train(tmp_path / "r", data)
    recwarn.clear()
    prediction.Predictor(tmp_path / "r").predict(blob_image(3, 64))
    page = prediction.demo_page(tmp_path / "r", {}, data_name="drawn")
    assert "Unfinished" not in page.children[-1].value
    assert not recwarn.list


def test_path_bytes_and_array_get_the_same_answer(predictor, tmp_path):
    image = blob_image(3, 64)
    file = tmp_path / "a.png"
    Image.fromarray(image).save(file)
    answers = {
        predictor.predict(way) for way in (file, str(file), file.read_bytes(), image)
    }
    assert len(answers) == 1


def test_prediction_and_cache_see_the_same_pixels(predictor, tmp_path):
    file = write_file(tmp_path / "in/a.jpeg", as_jpeg(blob_image(4, 200)))
    cache = images.build_cache(
        ["a.jpeg"], file.parent, 16, tmp_path / "c", progress=False
    )
    table = predictor.run.table.head(1).assign(path="a.jpeg", row=0)
    by_cache = answers.score_rows(predictor.model, cache.pixels, table)["score"].iloc[0]
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
    answer = prediction.Prediction(score, threshold=0.5)
    assert str(answer) == answer.as_dict()["text"] == text


shares = st.floats(0, 1, allow_subnormal=False)
SCORE_AND_THRESHOLD = re.compile(r"score (above |below )?(\S+), threshold (\S+)\)")


@given(shares)
@example(0.9997)
@example(0.995)
@example(0.005)
@example(0.5)
@example(1.0)
def test_at_one_half_a_confidence_is_neither_below_half_nor_certain(score):
    text = str(prediction.Prediction(score, threshold=0.5))
    assert text.startswith(f"Prediction: {'Pneumonia' if score >= 0.5 else 'Normal'} (")
    surer = max(score, 1 - score)
    if "above 99%" in text:
        assert surer > 0.99
    else:
        said = int(re.search(r"Confidence: ~(\d+)%\)", text)[1])
        assert 50 <= said <= 99
        assert abs(said / 100 - surer) <= 0.00501


@given(shares, shares.filter(lambda threshold: threshold != 0.5))
@example(0.3, 0.2)
@example(0.9997, 0.2)
@example(0.1996, 0.2)
@example(0.2, 0.2)
@example(0.9951, 0.995)
@example(0.3, 0.0003)
def test_at_another_threshold_score_and_threshold_explain_the_answer(score, threshold):
    answer = prediction.Prediction(score, threshold)
    assert "Confidence" not in str(answer)
    bound, *texts = SCORE_AND_THRESHOLD.search(str(answer)).groups()
    said, limit = map(float, texts)
    assert limit == pytest.approx(threshold, abs=0.00501)
    if bound is None:
        assert said == pytest.approx(score, abs=0.00501)
        assert (said >= limit) == (score >= threshold) == (answer.answer != "Normal")
        assert (said in (0, 1)) == (score in (0, 1))
    elif bound == "above ":
        assert score > said >= limit
        assert answer.answer == "Pneumonia"
    else:
        assert score < said <= limit
        assert answer.answer == "Normal"


def test_the_text_of_a_chosen_threshold():
    answer = prediction.Prediction(0.3, 0.2, rule="sensitivity at least 0.95")
    assert str(answer) == "Prediction: Pneumonia (score 0.30, threshold 0.20)"
    assert answer.decision == (
        "Pneumonia is answered from a score of 0.20 on, by the rule: sensitivity at "
        "least 0.95."
    )
    surest = prediction.Prediction(0.9997, 0.2)
    assert str(surest) == "Prediction: Pneumonia (score above 0.99, threshold 0.20)"


@given(shares, shares)
def test_the_json_answer_follows_from_its_own_numbers(score, threshold):
    answer = prediction.Prediction(score, threshold).as_dict()
    assert (answer["answer"] == "Pneumonia") == (answer["score"] >= answer["threshold"])


@pytest.mark.parametrize("score", [float("nan"), -0.1, 1.5, float("inf")])
def test_a_score_that_is_no_probability_is_refused(score):
    with pytest.raises(errors.InputError, match=f"from 0 to 1, got {score}"):
        prediction.Prediction(score, threshold=0.5)


def test_a_run_s_threshold_and_rule_stand_in_its_answers(predictor):
    image = blob_image(1)
    score = predictor.predict(image).score
    predictor.run = replace(
        predictor.run, threshold=score / 2, operating_point={"rule": "Youden"}
    )
    found = predictor.predict(image)
    assert (found.threshold, found.rule, found.label) == (score / 2, "Youden", 1)


def test_a_float_array_is_refused(predictor):
    with pytest.raises(TypeError, match=r"got float64 of shape \(4, 4\)"):
        predictor.predict(np.zeros((4, 4)))


def test_what_is_no_image_is_named(predictor):
    with pytest.raises(errors.UnreadableImageError, match="no image format"):
        predictor.predict(b"hello")


def test_an_empty_array_is_refused(predictor):
    with pytest.raises(TypeError, match=r"got uint8 of shape \(0, 4\)"):
        predictor.predict(np.zeros((0, 4), np.uint8))


def test_a_missing_file_is_named(predictor):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.png"):
        predictor.predict("nowhere.png")


def test_an_answer_says_which_file_it_is_for(predictor, tmp_path):
    files = [
        write_file(tmp_path / f"{i}.jpeg", as_jpeg(blob_image(i))) for i in (3, 1, 2)
    ]
    assert [predictor.predict(f).path for f in files] == [str(f) for f in files]


def test_an_ordinary_image_earns_no_warning_grey_or_saved_as_colour(predictor):
    grey = blob_image(1)
    assert predictor.predict(grey).warnings == ()
    assert predictor.predict(np.dstack([grey] * 3)).warnings == ()
    as_rgb = as_jpeg(np.dstack([grey] * 3), quality=60)
    assert predictor.predict(as_rgb).warnings == ()


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        (lambda p: p[:8, :8], "8 x 8 px, less than the 16 px"),
        (lambda p: np.hstack([p] * 3), "288 x 96 px, is unlike"),
        (lambda p: p.T.repeat(2, axis=0), "96 x 192 px, is unlike"),
        (lambda p: np.dstack([p, p // 2, p]), "in colour"),
        (lambda p: p // 16, "almost of one grey"),
    ],
)
def test_what_is_unlike_an_x_ray_earns_a_warning(predictor, change, warning):
    answer = predictor.predict(change(blob_image(1)))
    assert any(warning in text for text in answer.warnings)
    assert answer.as_dict()["warnings"] == list(answer.warnings)


def test_twelve_bits_in_sixteen_earn_the_warning_of_the_merge(predictor, tmp_path):
    levels = blob_image(1).astype(np.uint16) * 16
    Image.fromarray(levels).save(tmp_path / "a.png")
    warnings = predictor.predict(tmp_path / "a.png").warnings
    note = "12 of 16 bits used: no brighter than level 16 of 255"
    assert f"Its grey levels: {note}." in warnings


def test_an_image_on_its_side_is_judged_as_it_is_shown(predictor, tmp_path):
    wide = Image.fromarray(blob_image(1, 192)[:96])
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to show
    wide.save(tmp_path / "a.jpeg", exif=exif)
    (warning,) = predictor.predict(tmp_path / "a.jpeg").warnings
    assert "96 x 192 px, is unlike" in warning
