import re

import pandas as pd
import pytest

from tests.prediction.test_predictor import data as data
from tests.training.test_runs import train
from xraylab import cores, errors, prediction


def table(**rows):
    columns = {"path": [], "label": [], "split": []}
    for split, labels in rows.items():
        for i, label in enumerate(labels):
            columns["path"].append(f"one/{split}-{i}.jpeg")
            columns["label"].append(label)
            columns["split"].append(split)
    return pd.DataFrame(columns)


def test_two_samples_of_each_class_from_validation(tmp_path):
    rows = table(train=[0, 1, 0], valid=[0, 0, 0, 1, 1, 1, 1], test=[0, 1])
    samples = prediction.choose_samples(rows, tmp_path)
    assert list(samples) == [
        "1: normal, from valid",
        "2: normal, from valid",
        "3: pneumonia, from valid",
        "4: pneumonia, from valid",
    ]
    labels = dict(zip(rows["path"], rows["label"], strict=True))
    for name, path in samples.items():
        assert labels[path.relative_to(tmp_path).as_posix()] == ("pneumonia" in name)
    assert samples == prediction.choose_samples(rows, tmp_path)


def test_a_small_validation_gives_what_it_has(tmp_path):
    assert len(prediction.choose_samples(table(valid=[0, 1, 1]), tmp_path)) == 3
    assert prediction.choose_samples(table(train=[0, 1]), tmp_path) == {}


def test_the_original_s_two_examples_come_with_their_split(tmp_path):
    rows = table(valid=[0, 1])
    rows["path"] = ["a/NORMAL2-IM-1438-0001.jpeg", "a/person1951_bacteria_4882.jpeg"]
    rows["split"] = ["test", "train"]
    samples = prediction.choose_samples(rows, tmp_path)
    assert list(samples) == ["1: normal, from test", "2: pneumonia, from train"]


def test_the_page_has_title_notice_panel_and_its_cost(tmp_path, data):
    train(tmp_path / "r", data)
    page = prediction.demo_page(tmp_path / "r", {}, data_name="drawn <images>")
    head, panel, foot = page.children
    assert "<h1>Chest X-ray demo</h1>" in head.value
    assert "Not for clinical use" in head.value
    assert panel is page.panel
    assert (
        "small at 16 px, trained on drawn &lt;images&gt;, split grouped" in foot.value
    )
    if cores.peak_mb():
        assert re.search(r"This page takes \d+ MB\.", foot.value)


def test_a_page_without_a_run_names_what_is_missing(tmp_path):
    with pytest.raises(errors.NotARunError, match=r"run\.json"):
        prediction.demo_page(tmp_path, {}, data_name="")
