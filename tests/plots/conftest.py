"""What the drawings are of; figures are closed after each test."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from tests.conftest import blob_image

DATA = "built-in images (simulated)"

EFFECTS = pd.DataFrame(
    {
        "what": ["block - clean"] * 2,
        "test": ["O", "R"],
        "value": [0.09, -0.01],
        "low": [0.06, -0.02],
        "high": [0.12, 0.0],
        "n": [500, 634],
        "n_groups": [427, 550],
        "verdict": ["not settled", "settled as small"],
    }
)


@pytest.fixture(autouse=True)
def _closed_figures():
    before = plt.get_backend()
    plt.switch_backend("Agg")
    yield
    plt.close("all")
    plt.switch_backend(before)


@pytest.fixture
def image():
    return blob_image(1, 24)


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    label = np.arange(80) % 4 > 0
    score = (0.3 + 0.3 * label + rng.normal(0, 0.2, 80)).clip(0, 1)
    return pd.DataFrame(
        {"label": label.astype(int), "score": score, "group_id": np.arange(80)}
    )


@pytest.fixture
def history():
    epoch = np.arange(1, 11)
    return pd.DataFrame(
        {
            "epoch": epoch,
            "lr": 0.001 * 0.1 ** ((epoch - 1) // 7),
            "train_accuracy": np.linspace(0.7, 0.95, 10),
            "valid_accuracy": np.linspace(0.65, 0.9, 10),
            "step": 5 * epoch,
        }
    )


@pytest.fixture
def counts_table():
    return pd.DataFrame(
        [("one", "train", 0)] * 5
        + [("one", "train", 1)] * 9
        + [("one", "test", 1)] * 2
        + [("two", "", 0)] * 3,
        columns=["source", "published_split", "label"],
    )


PROBES = pd.DataFrame(
    {
        "question": ["class", "class", "class"],
        "feature": ["ring", "header", "ring"],
        "on": ["cross-validated", "cross-validated", "test"],
        "auroc": [0.9, 0.5, 0.7],
        "low": [0.8, 0.5, 0.6],
        "high": [0.95, 0.5, 0.8],
        "n": [120, 80, 40],
        "n_groups": [60, 40, 20],
        "method": "logit, by group",
        "baseline": [0.6, 0.5, 0.6],
        "limit": [0.7, np.nan, np.nan],
    }
)

RANGE_TEST = pd.DataFrame(
    {
        "lr": np.geomspace(1e-6, 1, 7),
        "loss": [0.7, 0.8, 0.6, 0.4, 0.2, 0.9, 9.0],
        "smoothed": [0.7, 0.7, 0.6, 0.4, 0.3, 0.8, 4.0],
    }
)

CURVE = pd.DataFrame(
    {
        "dose": [0.9, 1.0, 0.9],
        "figure": ["shift", "shift", "flipped"],
        "value": [-0.1, 0.0, 0.5],
        "low": [-0.2, np.nan, 0.4],
        "high": [0.1, np.nan, 0.6],
    }
)
