"""The stored tables of the real runs follow from the stored answers."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from xraylab import evaluation, results
from xraylab.evaluation import calibration

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import tables

NAMES = [f"real-64px-{name}" for name in tables.MEASURES]
OFFICIAL = "real-64px-official"


def stored(name):
    return results.read_table(f"real-64px-{name}")


def of_official(name):
    table = stored(name)
    return table[table["result"] == OFFICIAL]


def hold_against(table, rows):
    """Hold stored rows against rows worked out anew."""
    again = pd.DataFrame(rows)
    numbers = again.select_dtypes("number").columns
    texts = again.columns.difference(numbers)
    pd.testing.assert_frame_equal(
        table[numbers].reset_index(drop=True),
        again[numbers],
        atol=1e-9,
        check_dtype=False,
    )
    assert (
        table[texts].fillna("").reset_index(drop=True).equals(again[texts].fillna(""))
    )


@pytest.mark.parametrize("name", tables.MEASURES)
def test_the_tables_of_the_official_run_are_those_of_its_answers(name):
    hold_against(of_official(name), tables.MEASURES[name](OFFICIAL))


@pytest.mark.long
@pytest.mark.parametrize("run", [run for run in tables.RUNS if run != OFFICIAL])
def test_so_are_those_of_the_others(run):
    for name, measure in tables.MEASURES.items():
        table = stored(name)
        if run in set(table["result"]):
            hold_against(table[table["result"] == run], measure(run))


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_has_n_groups_and_a_way_it_was_made(name):
    table = results.read_table(name)
    assert (table["n"] >= table["n_groups"]).all()
    given = ~table["method"].str.startswith("not given")
    assert (table["low"].notna() == given).all()
    assert (table.loc[given, "low"] <= table.loc[given, "value"]).all()
    assert (table.loc[given, "value"] <= table.loc[given, "high"]).all()


def test_what_the_lessons_say_of_the_official_test():
    table = of_official("calibration").set_index(["on", "scores", "metric"])["value"]
    table = table.sort_index()
    said = table["test", "as given"].round(3).to_dict()
    assert (said["mean_score"], said["prevalence"]) == (0.841, 0.625)
    assert (said["intercept"], said["slope"]) == (-4.875, 0.697)
    assert (said["Brier"], said["ECE"]) == (0.195, 0.216)
    assert table["valid", "as given", "ECE"] < 0.02
    # neither change mends what validation does not show
    for how in ("temperature", "platt"):
        assert table["test", how, "ECE"] > 0.2
        assert table["test", how, "intercept"] < -3


def test_series_are_told_apart_at_both_thresholds():
    table = of_official("subgroups").set_index(["rule", "group", "metric"])["value"]
    assert table[tables.HALF, "IM", "specificity"] == pytest.approx(31 / 69)
    assert table[tables.HALF, "NORMAL2", "specificity"] == pytest.approx(59 / 165)
    raised = table[tables.RULE, "NORMAL2", "specificity"]
    assert raised > table[tables.HALF, "NORMAL2", "specificity"]


def test_headers_are_known_of_the_images_they_are_of():
    test = results.read_predictions("real-64px-grouped")
    table = tables.with_headers(test)
    known = table["original's colour mode"].notna()
    assert (known == (table["original's long side"] != "")).all()
    assert known.sum() == 327
    assert set(table.loc[known, "kind"]) <= {"bacteria", "virus", "IM", "NORMAL2"}


def test_a_change_of_scores_is_fitted_on_validation_only():
    valid = results.read_predictions(OFFICIAL, "valid")
    table = of_official("calibration").set_index(["on", "scores", "metric"])
    for how in calibration.RECALIBRATIONS:
        change = calibration.recalibrate(valid, how)
        row = table.loc["test", how, "Brier"]
        assert row["fitted_slope"] == pytest.approx(change.slope)
        test = results.read_predictions(OFFICIAL)
        off = change.apply(test["score"]) - test["label"]
        assert row["value"] == pytest.approx((off**2).mean())


def test_a_point_gives_on_the_test_what_evaluation_measures_there():
    table = of_official("points").set_index(["rule", "on", "metric"])
    row = table.loc[tables.RULE, "test", "specificity"]
    test = results.read_predictions(OFFICIAL)
    found = evaluation.measure(test, "specificity", threshold=row["threshold"])
    assert (row["value"], row["n"]) == (pytest.approx(found.value), found.n)
    chosen = table.loc[tables.RULE, "valid", "threshold"]
    assert chosen["low"] <= chosen["value"] <= chosen["high"]
    assert chosen["high"] - chosen["low"] > 0.3  # it is luck, to a good part
