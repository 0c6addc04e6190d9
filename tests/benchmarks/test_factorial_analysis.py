"""The analysis of the factorial finds what was planted."""

import json
import shutil
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.factorial_units import CELLS, analysis, estimating, make_units


def test_a_planted_effect_is_found_and_no_other():
    rows = analysis.list_effects(make_units({"copies": 0.1, "all": 0.1}), 2000)
    verdicts = {
        (row["test"], row["what"]): row["verdict"] for row in rows if "verdict" in row
    }
    assert len(verdicts) == 8
    for (_, what), verdict in verdicts.items():
        assert (verdict == "settled") == (what in {"copies - clean", "all - clean"})
    for row in rows:
        if row["what"] == "copies - clean" and row["exposed"] is None:
            assert row["low"] < row["value"] < row["high"]
            if row["metric"] in {"accuracy", "sensitivity", "specificity"}:
                assert row["value"] == pytest.approx(0.1, abs=0.05)
    interaction = [r for r in rows if r["what"] == "interaction"]
    assert all(r["low"] <= 0 <= r["high"] for r in interaction)


def test_what_longer_training_or_other_weights_add_is_paired_by_seed():
    """Seeds 2 and 3 of the short ones have no partner, so they have no say."""
    short = make_units({"copies": 0.1}, n_groups=60)
    long = make_units({"copies": 0.2}, seeds=(0, 1), n_steps=5800, n_groups=60)
    other = make_units({"copies": 0.05}, seeds=(0, 1), rng_seed=7, n_groups=60)
    units = [*short, *long, *(replace(u, weights="imagenet") for u in other)]
    rows = analysis.list_effects(units, 50)

    def effect(units, test):
        calls = {
            (u.cell, u.seed): (u.answers[test]["score"] >= 0.5)
            == u.answers[test]["label"]
            for u in units
        }
        return np.mean(
            [calls["copies", s].mean() - calls["clean", s].mean() for s in (0, 1)]
        )

    for what, more, less in (
        ("long - short", long, short),
        ("none - ImageNet", short, other),
    ):
        for test in ("O", "R"):
            found = next(
                row
                for row in rows
                if (row["test"], row["what"]) == (test, f"copies - clean, {what}")
            )
            assert found["seeds"] == [0, 1]
            expected = effect(more, test) - effect(less, test)
            assert found["value"] == pytest.approx(expected, abs=1e-5)


@given(st.data())
def test_a_pair_of_seeds_counts_when_all_its_units_have_run(data):
    short = make_units({}, n_groups=4)
    long = [
        u
        for u in make_units({}, n_groups=4, n_steps=5800)
        if u.cell in analysis.RUN[5800]
    ]
    gone = data.draw(st.sampled_from([*short, *long]))
    kept = analysis.keep_whole_pairs([u for u in [*short, *long] if u is not gone])
    pair = {(gone.n_steps, seed) for seed in (gone.seed, gone.seed ^ 1)}
    assert {(u.n_steps, u.seed) for u in kept} == {
        (n_steps, seed) for n_steps in (1450, 5800) for seed in range(4)
    } - pair
    assert len(kept) == len(short) + len(long) - len(pair) * len(
        analysis.RUN[gone.n_steps]
    )


def test_a_folder_without_a_whole_pair_is_refused_in_words(tmp_path, monkeypatch):
    for file in analysis.STORED.glob("clean-imagenet-approx-1450-seed0.*"):
        shutil.copy(file, tmp_path)
    monkeypatch.setattr(sys, "argv", ["factorial_analysis.py", str(tmp_path)])
    with pytest.raises(SystemExit, match="has 1 of them and no whole pair"):
        analysis.main()
    assert not (tmp_path / "effects.json").exists()


def test_a_missing_cell_is_left_out_not_guessed():
    units = [u for u in make_units({}, seeds=(0, 1)) if u.cell != "siblings"]
    rows = analysis.list_effects(units, 100)
    assert {"block - clean", "copies - clean"} <= {r["what"] for r in rows}
    assert not any("siblings" in r["what"] or "interaction" in r["what"] for r in rows)


@pytest.mark.parametrize(
    ("value", "half_width", "n_differ", "seeds", "verdict"),
    [
        (0.05, 0.02, 30, 2, "settled"),
        (0.05, 0.02, 9, 2, "not settled"),
        (0.05, 0.02, 30, 1, "not settled"),
        (0.05, 0.06, 30, 2, "not settled"),
        (0.00, 0.01, 3, 2, "settled as small"),
        (0.00, 0.03, 30, 2, "not settled"),
    ],
)
def test_the_rule_of_the_plan(value, half_width, n_differ, seeds, verdict):
    draws = np.linspace(value - half_width, value + half_width, 1001)
    found = estimating.Estimate(value, draws, (0,), 600, 500, n_differ, seeds, ())
    assert analysis.judge(found, found.interval(analysis.STRICT), 0.02) == verdict


def test_units_are_read_as_they_were_written(tmp_path):
    unit = make_units({}, seeds=(1,))[3]
    table = pd.concat(unit.answers.values())
    table.to_csv(tmp_path / "copies.csv", index=False)
    facts = {
        "cell": "copies",
        "seed": 1,
        "half": 1,
        "recipe": {"weights": "none", "n_steps": 1450},
        "last_epoch": {"valid_auroc": 0.99},
    }
    (tmp_path / "copies.json").write_text(json.dumps(facts))
    (tmp_path / "cut.json").write_text("{}")
    (read,) = analysis.read_units(tmp_path)
    assert replace(read, answers={}) == replace(unit, answers={})
    for test, rows in unit.answers.items():
        pd.testing.assert_frame_equal(read.answers[test], rows)


def test_the_table_that_lessons_show_is_that_of_the_stored_effects():
    text = (analysis.STORED / "effects.json").read_text("utf-8")
    baselines = analysis.find_baselines(analysis.read_units(analysis.STORED))
    assert baselines == {"O": round(273 / 500, 5), "R": round(443 / 634, 5)}  # the cut
    rows = analysis.as_table(json.loads(text)["figures"], baselines)
    kept = analysis.results.read_table("factorial")
    pd.testing.assert_frame_equal(kept, pd.DataFrame(rows), check_dtype=False)
    assert {row["what"] for row in rows} >= {*CELLS, "copies - clean"}
    n_on_o = kept[kept["test"] == "O"].groupby("result")["seeds_per_image"].unique()
    for name, counts in n_on_o.items():
        assert counts.tolist() == [2], name


def test_where_the_two_intervals_disagree_is_what_the_plan_says():
    text = (analysis.STORED / "effects.json").read_text("utf-8")
    rows = [row for row in json.loads(text)["figures"] if "verdict" in row]
    other = [row for row in rows if row["verdict"] != row["verdict_few"]]
    assert (len(rows), len(other)) == (20, 3)
    plan = (analysis.STORED.parents[2] / "benchmarks/factorial_plan.md").read_text(
        "utf-8"
    )
    for row in other:
        words = "from scratch" if row["weights"] == "none" else "ImageNet"
        assert (row["n_steps"], row["what"]) == (1450, "copies - clean")
        told = [f"{words}, {row['test']}"]
        for name in ("verdict", "verdict_few"):
            ends = (100 * row[f"{name}_{end}"] for end in ("low", "high"))
            told += ["{:.2f} to {:.2f}".format(*ends), row[name]]
        assert f"| {' | '.join(told)} |" in plan
