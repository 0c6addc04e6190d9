"""The comparison of ways to handle the imbalance finds what was planted."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import imbalance


def write_unit(folder: Path, cell: str, seed: int, shift: float) -> None:
    """Scores of 600 groups, pneumonia three times as frequent, on a logit scale."""
    rng = np.random.default_rng(3)
    label = (rng.random(600) < 0.75).astype(int)
    luck = rng.normal(0, 1, 600) + np.random.default_rng((seed, 1)).normal(0, 0.1, 600)
    score = 1 / (1 + np.exp(-(luck + 2 * label - 1 + shift)))
    names = [f"test/{i:03}" for i in range(600)]
    pd.DataFrame(
        {"path": names, "group_id": names, "label": label, "score": score}
    ).to_csv(folder / f"imbalance-{cell}-seed{seed}.csv", index=False)
    facts = {
        "cell": cell,
        "seed": seed,
        "recipe": {"weights": "none", "n_steps": 1450},
        "train_prevalence": 0.75,
    }
    (folder / f"imbalance-{cell}-seed{seed}.json").write_text(json.dumps(facts))


def test_a_moved_threshold_calls_what_lies_above_it():
    answers = pd.DataFrame({"score": [0.0, 0.5, 0.74, 0.76, 1.0]})
    moved = imbalance.move_threshold(answers, 0.75)["score"]
    assert (moved >= 0.5).tolist() == [False, False, False, True, True]
    assert moved.is_monotonic_increasing


def test_weights_that_undo_the_prior_equal_the_threshold_and_beat_nothing(tmp_path):
    for seed in (0, 1):
        prior = np.log(3)
        write_unit(tmp_path, "none", seed, prior)  # leans to the frequent class
        write_unit(tmp_path, "weights", seed, 0.0)
    rows = imbalance.list_effects(list(imbalance.read_units(tmp_path)), 1000)
    found = {(row["what"], row["metric"]): row for row in rows}
    same = found["weights - threshold", "balanced_accuracy"]
    assert same["value"] == pytest.approx(0)
    assert same["verdict"] == "settled as small"
    gain = found["weights - none", "balanced_accuracy"]
    assert gain["low"] > 0
    assert gain["verdict"] == "settled"
    assert found["weights - none", "sensitivity"]["high"] < 0
    assert found["weights - none", "specificity"]["low"] > 0
    assert found["threshold - none", "AUROC"]["value"] == pytest.approx(0)
    assert not any("sampler" in what for what, _ in found)


def test_the_table_that_lessons_show_is_that_of_the_stored_effects():
    kept = json.loads((imbalance.STORED / "effects.json").read_text("utf-8"))
    units = list(imbalance.read_units(imbalance.STORED))
    baselines = imbalance.find_baselines(units[0])
    assert baselines["accuracy"] == pytest.approx(849 / 1165)
    rows = imbalance.as_table(kept["figures"], baselines)
    table = imbalance.results.read_table("imbalance")
    pd.testing.assert_frame_equal(table, pd.DataFrame(rows), check_dtype=False)
    # each of three trainings of three ways, and `none` once more as `threshold`
    cells = [unit.cell for unit in units]
    assert {cell: cells.count(cell) for cell in cells} == dict.fromkeys(
        ("none", "threshold", "sampler", "weights"), 3
    )
    again = imbalance.list_effects(units, 200)
    for row, ours in zip(kept["figures"], again, strict=True):
        assert ours["value"] == row["value"]
