"""What the plan says of its intervals follows from what was simulated."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import factorial_coverage as coverage

PLAN = Path(coverage.__file__).with_name("factorial_plan.md").read_text("utf-8")
ROWS = json.loads(coverage.FILE.read_text("utf-8"))["rows"]
INTERVALS = ("plan's, 95 %", "plan's, strict", "for few, 95 %", "for few, strict")


def test_every_design_and_ratio_is_simulated():
    found = [(row["design"], row["ratio"]) for row in ROWS]
    assert found == [(d, r) for d in coverage.DESIGNS for r in coverage.RATIOS]


def test_the_plans_table_is_what_was_simulated():
    lines = PLAN.partition("| Design | Ratio |")[2].partition("\n\n")[0].splitlines()
    table = [re.split(r"\s*\|\s*", line.strip("| ")) for line in lines[2:]]
    told = [(float(cells[-5]), cells[-4:]) for cells in table]
    kept = [row for row in ROWS if row["ratio"] != 0.5]
    assert told == [
        (row["ratio"], [f"{row[name]:.3f}"[1:] for name in INTERVALS]) for row in kept
    ]


def test_the_interval_for_few_trainings_holds_the_truth_where_the_other_does_not():
    for row in ROWS:
        for level in ("95 %", "strict"):
            assert row[f"for few, {level}"] >= row[f"plan's, {level}"]
        if row["ratio"] == 4:
            assert row["plan's, 95 %"] < 0.90
            # the fewer trainings, the less can be made good
            assert row["for few, 95 %"] > (
                0.85 if "2 trainings" in row["design"] else 0.9
            )
        if row["ratio"] == 0:
            assert 0.94 < row["plan's, 95 %"] <= row["for few, 95 %"] < 0.96


@pytest.mark.parametrize("design", coverage.DESIGNS)
def test_a_few_experiments_come_to_the_same(design):
    n_seeds, strict = coverage.DESIGNS[design]
    row = next(row for row in ROWS if (row["design"], row["ratio"]) == (design, 4))
    rng = np.random.default_rng(1)
    found = coverage.measure_coverage(n_seeds, strict, 4, rng, n_experiments=200)
    for name in INTERVALS:
        spread = np.sqrt(row[name] * (1 - row[name]) / 200)
        assert found[name] == pytest.approx(row[name], abs=3.5 * spread + 0.005)
