import numpy as np
import pandas as pd
import pytest

from xraylab.audit import features, probes


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    n = 240
    table = pd.DataFrame(
        {
            "label": np.arange(n) % 2,
            "group_id": [f"g{i}" for i in range(n)],
            "split": np.where(np.arange(n) % 6 < 2, "test", "train"),
        }
    )
    return {name: rng.normal(size=(n, 3)) for name in features.FEATURES}, table


def test_noise_stays_below_every_limit(rows):
    found = probes.run_probes(*rows)
    assert list(found.columns) == probes.COLUMNS
    asked = found[found["on"] == "cross-validated"]
    assert len(asked) == len(features.FEATURES) + 2 * len(probes.SHIFT_FEATURES)
    assert not found["found"].any()
    assert (asked["limit"] > asked["baseline"]).all()
    assert found.loc[found["on"] == "test", "limit"].isna().all()
    assert (found["low"] <= found["auroc"]).all()
    assert (found["auroc"] <= found["high"]).all()


def test_a_class_told_by_the_header_is_found_and_nothing_else(rows):
    values, table = rows
    values["header"][:, 0] += 4 * table["label"]
    found = probes.run_probes(values, table)
    above = found[found["found"]]
    assert above[["question", "feature"]].to_numpy().tolist() == [["class", "header"]]
    on_test = found[(found["on"] == "test") & (found["feature"] == "header")]
    assert on_test["auroc"].item() > 0.95


def test_a_shifted_test_is_found_in_its_class(rows):
    values, table = rows
    moved = (table["split"] == "test") & (table["label"] == 0)
    values["intensity"][moved] += 4
    found = probes.run_probes(values, table)
    above = found.loc[found["found"], ["question", "feature"]].to_numpy().tolist()
    assert ["test or not, label 0", "intensity"] in above
    assert ["test or not, label 1", "intensity"] not in above


def test_what_is_all_alike_has_no_limit(rows):
    values, table = rows
    values["aspect"][:] = 1
    found = probes.run_probes(values, table)
    alike = found[(found["feature"] == "aspect") & (found["question"] == "class")]
    assert (alike["auroc"] == 0.5).all()
    assert alike["limit"].isna().all()


def test_too_few_children_are_not_asked(rows):
    values, table = rows
    few = {name: value[:20] for name, value in values.items()}
    found = probes.run_probes(few, table.head(20))
    assert found.empty
    assert list(found.columns) == probes.COLUMNS


def test_baselines_were_measured_and_say_how():
    baselines = probes.read_baselines()
    asked = {f"class {name}" for name in features.FEATURES}
    assert set(baselines["probes"]) == asked | {
        f"shift {n}" for n in probes.SHIFT_FEATURES
    }
    assert baselines["made"]["by"] == "benchmarks/calibrate_audit.py"
    assert all(entry["spread"] >= 1 for entry in baselines["probes"].values())


def test_the_error_shrinks_with_the_children():
    assert probes.measure_error(0.8, 50, 50) > 2 * probes.measure_error(0.8, 400, 400)
