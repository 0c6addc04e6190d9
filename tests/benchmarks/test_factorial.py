"""A unit of the factorial runs once, keeps what it judged, and names no path."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from xraylab import data, phantom

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import factorial
import factorial_analysis as analysis
import factorial_cut as cutting

RESULTS = Path(__file__).parents[2] / "xraylab" / "results" / "factorial"


@pytest.fixture(scope="module")
def merge(tmp_path_factory):
    folder = tmp_path_factory.mktemp("factorial") / "merge"
    data.merge(phantom.builtin_data(), progress=False).save(folder)
    return folder


def test_a_unit_keeps_its_answers_and_is_not_run_again(merge, tmp_path, monkeypatch):
    quick = replace(
        factorial.RECIPE, model="small", size_px=16, epochs=2, n_steps=2, batch_size=8
    )
    monkeypatch.setattr(factorial, "RECIPE", quick)
    unit = factorial.Unit("all", "none", 1)
    out = factorial.run_unit(unit, "none", merge, tmp_path)
    facts = json.loads(out.read_text("utf-8"))
    table = cutting.cut(data.Merge.load(merge).manifest, unit.half)
    answers = pd.read_csv(out.with_suffix(".csv"))
    judged = table[table["role"].isin(cutting.TESTS)]
    assert answers["test"].value_counts().equals(judged["role"].value_counts())
    assert answers["score"].between(0, 1).all()
    assert facts["cut_sha256"] == cutting.digest(table)
    assert facts["n_train"] == len(cutting.cell_rows(table, "clean"))
    assert (facts["half"], facts["recipe"]["n_steps"]) == (1, 2)
    assert str(tmp_path) not in out.read_text("utf-8")
    (read,) = analysis.read_units(out.parent)
    assert (read.cell, read.seed, read.n_steps) == ("all", 1, 2)
    before = out.stat().st_mtime_ns
    assert factorial.run_unit(unit, "none", merge, tmp_path) == out
    assert out.stat().st_mtime_ns == before


def test_the_order_of_the_units_is_the_plans():
    units = factorial.list_units()
    assert len(units) == len({unit.name for unit in units}) == 52
    first = units[:10]
    assert {unit.cell for unit in first[:5]} == set(cutting.CELLS)
    assert {(unit.weights, unit.times) for unit in first} == {("imagenet-approx", 1)}
    assert [unit.half for unit in first] == [0] * 5 + [1] * 5
    n_long = sum(unit.times == factorial.LONG for unit in units)
    assert n_long == 12
    for unit in units:
        assert unit.times == 1 or unit.weights == "imagenet-approx"


def test_the_committed_units_were_run_on_the_committed_cut():
    cut = json.loads((RESULTS / "cut.json").read_text("utf-8"))
    planned = {unit.name: unit for unit in factorial.list_units()}
    for file in RESULTS.glob("*-seed*.json"):
        facts = json.loads(file.read_text("utf-8"))
        unit = planned[file.stem]
        assert (facts["cell"], facts["seed"]) == (unit.cell, unit.seed)
        assert facts["half"] == unit.half
        assert facts["recipe"]["weights"] == factorial.WEIGHTS[unit.weights]
        assert facts["recipe"]["n_steps"] == 1450 * unit.times
        half = cut[f"half {unit.half}"]
        assert facts["cut_sha256"] == half["sha256"]
        assert facts["n_train"] == half["counts"][f"cell {unit.cell}"]["files"]
        for test, n in facts["n_judged"].items():
            assert n == half["counts"][f"role {test}"]["files"]


def test_the_committed_figures_follow_from_the_committed_answers():
    facts = json.loads((RESULTS / "effects.json").read_text("utf-8"))
    units = analysis.keep_whole_pairs(analysis.read_units(RESULTS))
    assert facts["n_units"] == len(units)
    again = analysis.list_effects(units, n_boot=2)
    keys = ("weights", "n_steps", "test", "metric", "what", "exposed", "value", "n")
    told, found = (
        [tuple(row[key] for key in keys) for row in rows]
        for rows in (facts["figures"], again)
    )
    assert told == found
