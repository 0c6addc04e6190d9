"""All three contenders begin alike, see the same images, and are timed alike."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from xraylab import data, phantom

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import time_to_quality as timing

RECIPE = replace(timing.RECIPE, size_px=32, weights="none")


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    """The training of the built-in sources, and a folder for caches."""
    merged = data.merge(phantom.builtin_data(), progress=False)
    table = data.split(merged.manifest, "grouped", seed=0)
    return timing.Task(merged.root, table, tmp_path_factory.mktemp("home"), RECIPE)


def weights_of(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_all_begin_with_the_same_weights(task, monkeypatch):
    monkeypatch.setattr(timing, "EVERY", 1)
    begun = [begin(task, 3) for begin in timing.CONTENDERS.values()]
    first, *others = (weights_of(contender.model) for contender in begun)
    for other in others:
        assert other.keys() == first.keys()
        assert all(torch.equal(other[name], first[name]) for name in first)
    before = first
    for name, contender in zip(timing.CONTENDERS, begun, strict=True):
        contender.work()
        after = weights_of(contender.model)
        moved = {key for key in after if not torch.equal(after[key], before[key])}
        is_last = {key.startswith("network.fc") for key in moved}
        assert is_last == ({True} if name == "frozen" else {True, False})


def test_the_linked_folder_holds_each_training_image_once_under_its_class(task):
    folder = task.lay_out()
    found = sorted((link.parent.name, link.resolve()) for link in folder.rglob("*.*"))
    train = task.table[task.table["split"] == "train"]
    assert found == sorted(
        (timing.CLASSES[label], (task.root / path).resolve())
        for path, label in zip(train["path"], train["label"], strict=True)
    )


def test_the_last_layer_on_the_features_is_the_network(task):
    pixels, _ = task.read("valid", task.home / "valid")
    model = timing.steps.start(RECIPE).model
    features = timing.find_features(model, pixels)
    with torch.inference_mode():
        answers = model.network.fc.eval()(features).softmax(1)[:, 1]
    scores = timing.training.score_images(model, pixels)
    assert answers.numpy() == pytest.approx(scores, abs=1e-6)


def test_work_ends_at_the_target_and_a_miss_is_no_time(monkeypatch):
    labels = np.array([0, 1])
    orders = iter([[1, 0], [0, 1], [0, 1]])
    monkeypatch.setattr(
        *(timing.training, "score_images", lambda *_, **__: next(orders))
    )
    monkeypatch.setattr(timing.peers, "cpu_seconds", lambda _: 2.0)
    contender = timing.Contender(nn.Identity(), lambda: None, reading_s=1.0)
    reached = timing.reach(contender, np.zeros((2, 8, 8), np.uint8), labels)
    assert reached == {
        "is_reached": True,
        "steps": 2 * timing.EVERY,
        "cpu_seconds": 5.0,
        "reading_s": 1.0,
        "best_auroc": 1.0,
    }
    missed = reached | {"is_reached": False}
    runs = [
        {"contender": "ImageFolder", **reached},
        {"contender": "xraylab", **reached, "cpu_seconds": 2.5},
        {"contender": "frozen", **reached, "cpu_seconds": 1.0},
        {"contender": "frozen", **missed},
    ]
    assert timing.summarise(runs) == {
        "median_cpu_seconds": {"ImageFolder": 5.0, "xraylab": 2.5},
        "times, ImageFolder": {"xraylab": 2.0},
    }


def test_what_the_readme_says_is_what_is_kept():
    benchmarks = Path(timing.__file__).parent
    text = (benchmarks / "results/time_to_quality.json").read_text("utf-8")
    kept, said = json.loads(text), (benchmarks / "README.md").read_text("utf-8")
    runs = pd.DataFrame(kept["runs"]).groupby("contender")
    for name, words in (
        ("ImageFolder", "the original's loop, ImageFolder"),
        ("xraylab", "xraylab"),
    ):
        rows, cells = runs.get_group(name), []
        for column, form in (("steps", ".0f"), ("cpu_seconds", ".1f")):
            values = rows[column]
            median = kept["median_cpu_seconds"][name]
            middle = values.median() if column == "steps" else median
            cells.append(f"{middle:{form}} ({values.min()} to {values.max()})")
        reached = f"{rows['is_reached'].sum()} of {len(rows)}"
        assert f"| {words} | {reached} | {' | '.join(cells)} |" in said
    frozen = runs.get_group("frozen")
    assert not frozen["is_reached"].any()
    assert f"best {frozen['best_auroc'].max():.3f}" in said
