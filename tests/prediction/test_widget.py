import ipywidgets
import pytest
import traitlets
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import as_jpeg, blob_image, write_file
from tests.prediction.test_predictor import data as data
from tests.prediction.test_predictor import predictor as predictor
from xraylab import images, prediction
from xraylab.images import decode
from xraylab.prediction import widget

IS_OLD = ipywidgets.__version__.startswith("7.")


def samples(tmp_path):
    return {
        name: write_file(tmp_path / f"{name}.jpeg", as_jpeg(blob_image(i, 64)))
        for i, name in enumerate(["one", "two"])
    }


@pytest.fixture
def panel(predictor, tmp_path):
    return prediction.prediction_widget(predictor, samples(tmp_path))


def upload(panel, name, content):
    """Do what the browser does, in the form of ipywidgets 7 or 8."""
    facts = {"name": name, "type": "", "size": len(content)}
    if IS_OLD:
        state = {
            "metadata": [facts | {"lastModified": 0}],
            "data": [memoryview(content)],
            "_counter": panel.upload._counter + 1,
        }
    else:
        file = facts | {"last_modified": 0, "content": memoryview(content)}
        state = {"value": [file]}
    panel.upload.set_state(state)


def is_hidden(panel):
    return panel.image.layout.display == "none" and bytes(panel.image.value) == b""


def test_the_first_sample_is_answered_at_once(panel, predictor, tmp_path):
    assert str(predictor.predict(tmp_path / "one.jpeg")) in panel.answer.value
    assert "File: one.jpeg" in panel.answer.value
    assert "Not for clinical use" in panel.answer.value
    assert bytes(panel.image.value).startswith(b"\x89PNG")
    assert not is_hidden(panel)


def test_choosing_another_sample_changes_the_image(panel, predictor, tmp_path):
    before = bytes(panel.image.value)
    panel.sample.value = "two"
    assert bytes(panel.image.value) != before
    assert str(predictor.predict(tmp_path / "two.jpeg")) in panel.answer.value


def test_an_upload_takes_the_place_of_the_sample(panel, predictor):
    content = as_jpeg(blob_image(7))
    upload(panel, "mine.jpeg", content)
    assert str(predictor.predict(content)) in panel.answer.value
    assert "File: mine.jpeg" in panel.answer.value
    assert panel.sample.value is None
    assert not panel.upload.value


def test_the_same_file_is_answered_again_after_a_sample(panel):
    content = as_jpeg(blob_image(7))
    upload(panel, "mine.jpeg", content)
    first = panel.answer.value
    for name in ("two", "one"):
        panel.sample.value = name
        assert panel.answer.value != first
        upload(panel, "mine.jpeg", content)
        assert panel.answer.value == first


def test_the_same_sample_is_answered_again_after_an_upload(panel):
    first = panel.answer.value
    upload(panel, "mine.jpeg", as_jpeg(blob_image(7)))
    panel.sample.value = "one"
    assert panel.answer.value == first


@pytest.mark.parametrize("content", [b"I am text", b"", as_jpeg(blob_image(1))[:900]])
def test_what_cannot_be_read_is_said_and_leaves_no_image(panel, content):
    upload(panel, "letter.png", content)
    assert "This is not an image I can read: " in panel.answer.value
    assert "File: letter.png" in panel.answer.value
    assert "Not for clinical use" in panel.answer.value
    assert is_hidden(panel)
    upload(panel, "mine.jpeg", as_jpeg(blob_image(7)))
    assert "Prediction: " in panel.answer.value
    assert not is_hidden(panel)


def test_too_large_a_file_is_said(panel, monkeypatch):
    monkeypatch.setattr(decode, "MAX_BYTES", 1000)
    upload(panel, "large.jpeg", as_jpeg(blob_image(7)))
    assert "it has more than 1,000 bytes" in panel.answer.value
    assert is_hidden(panel)


@pytest.mark.parametrize("way", ["sample", "upload"])
def test_the_old_answer_is_gone_while_the_new_one_is_worked_on(panel, monkeypatch, way):
    seen = []

    def predict(_):
        seen.append((panel.answer.value, is_hidden(panel)))
        raise RuntimeError("out of order")

    monkeypatch.setattr(widget.Predictor, "predict", lambda _, data: predict(data))
    ways = {
        "sample": lambda: setattr(panel.sample, "value", "two"),
        "upload": lambda: upload(panel, "mine.jpeg", as_jpeg(blob_image(7))),
    }
    with pytest.raises(RuntimeError, match="out of order"):
        ways[way]()
    ((text, hidden),) = seen
    assert "Looking at it" in text
    assert "Prediction" not in text
    assert hidden
    # and a fault of ours does not leave it looking for ever
    assert "RuntimeError: out of order" in panel.answer.value


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("<img src=x onerror=alert(1)>.png", "&lt;img src=x onerror=alert(1)&gt;.png"),
        ("a\u202egnp.exe", "a\\u202egnp.exe"),
        ("line\nbreak.png", "line\\nbreak.png"),
        ("Röntgen 肺.png", "Röntgen 肺.png"),
    ],
)
def test_a_file_s_name_is_shown_as_text(panel, name, seen):
    upload(panel, name, as_jpeg(blob_image(7)))
    assert f"File: {seen}<br>" in panel.answer.value


@given(st.text(max_size=40))
def test_no_name_adds_a_tag(name):
    card = widget.make_card("said", name)
    assert card.count("<") == widget.make_card("said", "plain").count("<")


def test_warnings_and_the_rule_are_shown_as_text():
    answer = prediction.Prediction(0.3, 0.2, ("It is <wide>.",), rule="at < 0.5")
    text = widget.answer_text(answer, "a.png")
    assert "Careful: It is &lt;wide&gt;." in text
    assert "from a score of 0.20 on, by the rule: at &lt; 0.5." in text
    assert "Prediction: Pneumonia (score 0.30, threshold 0.20)" in text


def test_a_missing_sample_is_said_and_no_samples_are_fine(predictor, tmp_path):
    panel = prediction.prediction_widget(predictor, {"gone": tmp_path / "gone.png"})
    assert "No such file or directory" in panel.answer.value
    assert "File: gone.png" in panel.answer.value
    assert "Not for clinical use" in panel.answer.value
    assert is_hidden(panel)
    panel = prediction.prediction_widget(predictor, {})
    assert panel.answer.value == ""
    assert is_hidden(panel)


def test_the_image_is_shown_in_its_own_shape(panel):
    upload(panel, "wide.jpeg", as_jpeg(blob_image(1, 200)[:50]))
    header = images.read_header(bytes(panel.image.value))
    assert (header["width"], header["height"]) == (400, 100)


def test_the_limit_is_that_of_the_server(monkeypatch):
    monkeypatch.delenv("XRAYLAB_UPLOAD_MB", raising=False)
    assert "up to 10 MB. A larger one may end the connection" in widget.upload_limits()
    monkeypatch.setenv("XRAYLAB_UPLOAD_MB", "100")
    assert widget.upload_limits().endswith("up to 100 MB.")


def test_each_upload_is_answered_once_and_forgotten(panel, monkeypatch):
    seen = []
    real = widget.Predictor.predict
    monkeypatch.setattr(
        widget.Predictor,
        "predict",
        lambda self, data: seen.append(0) or real(self, data),
    )
    for n in (1, 2, 3):
        upload(panel, "mine.jpeg", as_jpeg(blob_image(7)))
        assert len(seen) == n
        assert not panel.upload.value


@pytest.mark.skipif(IS_OLD, reason="the tests above upload as ipywidgets 7 does")
def test_an_upload_of_ipywidgets_7_is_read_and_forgotten():
    """Its button makes the value of three others when the last of them changes."""

    class Button(traitlets.HasTraits):
        metadata, data = traitlets.List(), traitlets.List()
        _counter, value = traitlets.Int(), traitlets.Dict(read_only=True)

        @traitlets.observe("_counter")
        def make_value(self, _):
            files = zip(self.metadata, self.data, strict=True)
            value = {m["name"]: {"metadata": m, "content": c} for m, c in files}
            self.set_trait("value", value)

    button, seen = Button(), []

    def answer(change):
        if change["new"]:
            seen.append(widget._first_upload(change["new"]))
            widget._forget_upload(button)

    button.observe(answer, "value")
    for _ in range(2):
        button.metadata, button.data = [{"name": "a.jpeg"}], [b"image"]
        button._counter += 1
        assert (button.value, button._counter) == ({}, 0)
    assert seen == [("a.jpeg", b"image")] * 2
