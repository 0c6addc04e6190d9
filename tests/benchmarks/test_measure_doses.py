"""The doses of the real runs: of the stored networks, paired, and never of a test."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from xraylab import evaluation, explanation, results

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import measure_doses

TABLE = results.read_table("real-64px-doses")
RUNS = TABLE["result"].unique().tolist()


def figure(name, on, what):
    rows = TABLE[(TABLE["result"] == name) & (TABLE["on"] == on)]
    return rows[rows["figure"] == what].set_index(["perturbation", "dose"])


def test_both_runs_have_all_doses_on_both_sets():
    asked = {
        (name, dose)
        for name in measure_doses.NAMES
        for dose in explanation.PERTURBATIONS[name].doses
    }
    assert RUNS == ["real-64px-official", "real-64px-grouped"]
    for name in RUNS:
        for on in measure_doses.SIDES:
            assert set(figure(name, on, "AUROC").index) == asked


@pytest.mark.parametrize("name", RUNS)
def test_unchanged_images_have_the_stored_figures(name):
    stored = results.read_predictions(name, "valid")
    result = results.read_result(name)
    for metric in ("AUROC", "sensitivity", "specificity"):
        expected = evaluation.measure(
            stored, metric, threshold=result["external"]["threshold"]
        )
        rows = figure(name, "validation", metric)
        for change in measure_doses.NAMES:
            row = rows.loc[change, explanation.PERTURBATIONS[change].neutral]
            # the threshold is the score of one image, which rounding may turn
            one = 0.001 if metric == "AUROC" else 1.1 / expected.n
            assert row["value"] == pytest.approx(expected.value, abs=one)
            assert (row["n"], row["n_groups"]) == (expected.n, expected.n_groups)


def test_a_neutral_dose_changes_nothing():
    for name in RUNS:
        for on in measure_doses.SIDES:
            for what in ("shift", "flipped", "AUROC change"):
                rows = figure(name, on, what)["value"]
                for change in measure_doses.NAMES:
                    neutral = explanation.PERTURBATIONS[change].neutral
                    assert rows[change, neutral] == 0


def test_every_figure_has_n_groups_and_a_way_it_was_made():
    assert (TABLE["n"] >= TABLE["n_groups"]).all()
    given = ~TABLE["method"].str.startswith("not given")
    assert (TABLE["low"].notna() == given).all()
    assert (TABLE.loc[given, "low"] <= TABLE.loc[given, "high"]).all()


def test_what_is_no_estimate_is_said_to_be_none():
    about = TABLE.attrs["about"]
    assert about == measure_doses.ABOUT
    for said in ("TRAINED ON", "a box", "heart and spine", "no estimate", "one seed"):
        assert said in about
    counts = TABLE.groupby(["result", "on"])["n_trained_on"].unique()
    assert counts["real-64px-official", "validation"] == [0]
    assert counts["real-64px-official", "originals"] == [78]


def test_no_image_of_the_test_is_among_the_originals(tmp_path):
    names = [f"person{i}_virus_{i}.jpeg" for i in range(6)]
    splits = ["train", "valid", "test"] * 2
    table = pd.DataFrame(
        {
            "path": [f"set/{name}" for name in names],
            "image_id": [f"i{i}" for i in range(6)],
            "split": splits,
        }
    )
    for name in names[:5]:
        (tmp_path / "train").mkdir(exist_ok=True)
        (tmp_path / "train" / name).write_bytes(b"")
    run = SimpleNamespace(table=table)
    rows, files = measure_doses.find_originals(run, tmp_path)
    assert rows["split"].tolist() == ["train", "valid", "train", "valid"]
    assert [file.name for file in files] == list(np.array(names)[[0, 1, 3, 4]])
