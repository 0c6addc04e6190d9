import numpy as np
import pandas as pd
import pytest

from xraylab.audit import features, probes

ASK_TEST = [name for name, made in features.FEATURES.items() if made.asks_test]


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    n = 240
    table = pd.DataFrame(
        {
            "label": np.arange(n) % 2,
            "class_name": np.where(np.arange(n) % 2, "pneumonia", "normal"),
            "group_id": [f"g{i}" for i in range(n)],
            "split": np.where(np.arange(n) % 6 < 2, "test", "train"),
        }
    )
    return {name: rng.normal(size=(n, 3)) for name in features.FEATURES}, table


def test_noise_stays_below_every_limit(rows):
    found = probes.run_probes(*rows)
    assert list(found.columns) == probes.COLUMNS
    asked = found[found["on"] == "cross-validated"]
    assert len(asked) == len(features.FEATURES) + 2 * len(ASK_TEST)
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
    assert ["test or not, normal", "intensity"] in above
    assert ["test or not, pneumonia", "intensity"] not in above


def test_what_is_all_alike_has_no_limit(rows):
    values, table = rows
    values["aspect"][:] = 1
    found = probes.run_probes(values, table)
    alike = found[(found["feature"] == "aspect") & (found["question"] == "class")]
    assert (alike["auroc"] == 0.5).all()
    assert alike["limit"].isna().all()


def test_what_cannot_be_asked_is_named_with_its_reason(rows):
    values, table = rows
    few = {name: value[:20] for name, value in values.items()}
    found = probes.run_probes(few, table.head(20))
    assert found.empty
    assert list(found.columns) == probes.COLUMNS
    needed = "12 groups are needed on either side"
    assert probes.find_gaps(table.head(20)) == [
        ("probes: class", f"{needed} outside the test, found 6 and 6"),
        ("probes: test or not, normal", f"{needed}, found 4 and 6"),
        ("probes: test or not, pneumonia", f"{needed}, found 4 and 6"),
    ]
    assert probes.find_gaps(table) == []


@pytest.mark.parametrize(
    ("change", "gap"),
    [
        (
            {"split": "train"},
            ("probes: test or not, and all others on the test", probes.NO_TEST),
        ),
        (
            {"label": 1, "class_name": "pneumonia"},
            ("probes: class", "all readable images are pneumonia"),
        ),
    ],
)
def test_without_a_test_or_a_second_class_it_is_said(rows, change, gap):
    values, table = rows
    table = table.assign(**change)
    assert probes.find_gaps(table) == [gap]
    found = probes.run_probes(values, table)
    assert ("class" in set(found["question"])) == ("split" in change)


def test_a_test_of_one_class_is_not_scored_and_that_is_said(rows):
    values, table = rows
    known = ~(table["split"].eq("test") & table["label"].eq(0))
    part = {name: value[known] for name, value in values.items()}
    table = table[known].reset_index(drop=True)
    gaps = dict(probes.find_gaps(table))
    assert gaps["probes: class, on the test"] == (
        "all images of the test are on one side"
    )
    assert "test" not in set(probes.run_probes(part, table)["on"])


def with_third_class(rows):
    values, table = rows
    third = np.arange(len(table)) % 5 == 0
    label = table["label"].where(~third, 2)
    name = table["class_name"].where(~third, "covid19")
    return values, table.assign(label=label, class_name=name), third


def test_of_three_classes_each_is_asked_against_the_others(rows):
    values, table, third = with_third_class(rows)
    values["ring"][third, 0] += 4
    found = probes.run_probes(values, table)
    asked = found[found["asks"] == "class"]
    assert asked["question"].unique().tolist() == [
        "normal or another class",
        "pneumonia or another class",
        "covid19 or another class",
    ]
    ring = asked[(asked["feature"] == "ring") & (asked["on"] == "cross-validated")]
    ring = ring.set_index("question")["auroc"]
    assert ring["covid19 or another class"] > 0.99
    assert ring["normal or another class"] < 0.9
    shifts = found.loc[found["asks"] == "shift", "question"].unique().tolist()
    assert shifts == [f"test or not, {n}" for n in ("normal", "pneumonia", "covid19")]


def test_one_class_against_the_others_is_the_question_of_two(rows):
    """Asked by hand with two labels, the third class gets the same figures."""
    values, table, third = with_third_class(rows)
    values["ring"][third, 0] += 1
    several = probes.run_probes(values, table)
    several = several[several["question"] == "covid19 or another class"]
    names = np.where(third, "covid19", "others")
    by_hand = table.assign(label=third.astype(int), class_name=names)
    two = probes.run_probes(values, by_hand)
    two = two[two["question"] == "class"]
    for column in ("feature", "on", "auroc", "low", "high", "baseline"):
        assert several[column].tolist() == two[column].tolist()


def test_a_class_that_is_too_small_is_named_and_the_others_are_asked(rows):
    values, table = rows
    few = np.arange(len(table)) % 40 == 0
    table = table.assign(
        label=table["label"].where(~few, 2),
        class_name=table["class_name"].where(~few, "covid19"),
    )
    gaps = [check for check, _ in probes.find_gaps(table)]
    assert gaps == ["probes: covid19 or another class", "probes: test or not, covid19"]
    asked = set(probes.run_probes(values, table)["question"])
    assert {"normal or another class", "pneumonia or another class"} < asked


def test_the_baseline_on_the_test_is_of_a_probe_fitted_on_as_many(rows):
    """Not of one that was cross-validated in a set as small as the test."""
    values, table = rows
    found = probes.run_probes(values, table).query("asks == 'class'")
    found = found[found["feature"] == "thumbnail"].set_index("on")["baseline"]
    entry = probes.read_baselines()["probes"]["class thumbnail"]
    n = table.loc[table["split"] != "test", "group_id"].nunique()
    for on, known in (("cross-validated", entry), ("test", entry["on_test"])):
        expected = np.interp(np.log(n), np.log(known["n_groups"]), known["auroc"])
        assert found[on] == pytest.approx(expected)
    assert found["test"] != found["cross-validated"]


def test_a_new_probe_is_one_entry_and_waits_for_its_baseline(rows, monkeypatch):
    values, table = rows
    made = features.Feature("the file's first byte", "class told by the file", None)
    monkeypatch.setitem(features.FEATURES, "byte", made)
    values["byte"] = 4.0 * table[["label"]].to_numpy()
    found = probes.run_probes(values, table).query("feature == 'byte'")
    asked = found[found["on"] == "cross-validated"]
    assert (asked["auroc"].item(), asked["baseline"].item()) == (1, 0.5)
    assert asked["limit"].isna().all()
    assert not asked["found"].any()
    gap = ("probes: class, by byte", "no baseline of it is measured")
    assert probes.find_gaps(table) == [gap]


def test_baselines_were_measured_and_say_how():
    baselines = probes.read_baselines()
    asked = {f"class {name}" for name in features.FEATURES}
    assert set(baselines["probes"]) == asked | {f"shift {n}" for n in ASK_TEST}
    assert baselines["made"]["by"] == "benchmarks/calibrate_audit.py"
    assert all(entry["dispersion"] >= 1 for entry in baselines["probes"].values())
    on_test = {name for name, e in baselines["probes"].items() if "on_test" in e}
    assert on_test == asked


def test_the_error_shrinks_with_the_children():
    assert probes.measure_error(0.8, 50, 50) > 2 * probes.measure_error(0.8, 400, 400)
