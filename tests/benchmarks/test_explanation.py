"""What is named where something was planted, and how often maps point."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from xraylab import evaluation, explanation

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import explanation as benchmark

REPOSITORY = Path(__file__).parents[2]
RESULTS, SOURCE = REPOSITORY / "benchmarks/results", REPOSITORY / "notebooks/source"
STILL = {name: [0.1, 0.1] for name in explanation.PERTURBATIONS}
COUNTED = [name for name in STILL if name not in benchmark.STRANGE]
NAMED = {explanation.PERTURBATIONS[name].family for name in COUNTED}
USUAL = {
    "by_swing": dict.fromkeys(COUNTED, 0.1) | {"zoom": 1.0},
    "by_family": dict.fromkeys(NAMED, 1.0),
    "alarm": 1.5,
}


@pytest.mark.parametrize(
    ("moved", "named"),
    [
        ({}, ""),
        ({"zoom": [1.0, 1.0]}, ""),
        # what is usual to zoom is ten times what is usual to a covered corner
        ({"zoom": [1.0, 1.0], "marker": [0.5, 0.5]}, "corners and border"),
        ({"zoom": [4.0, 4.0], "squeeze": [0.2, 0.2]}, "size and shape"),
        # the mean of both classes counts
        ({"blur": [0.0, 0.4]}, ""),
        ({"blur": [0.4, 0.4]}, "sharpness"),
        ({name: [9.0, 9.0] for name in benchmark.STRANGE}, ""),
    ],
)
def test_a_family_is_named_that_moves_more_than_it_moves_clean_networks(moved, named):
    assert benchmark.name_one(STILL | moved, USUAL) == named


def test_what_is_usual_leaves_one_clean_network_in_twenty_above_the_alarm():
    rng = np.random.default_rng(0)
    clean = [
        {"swings": {name: rng.gamma(2, 1, 2).tolist() for name in STILL}}
        for _ in range(400)
    ]
    usual = benchmark.find_usual(clean)
    assert set(usual["by_swing"]) == set(COUNTED)
    named = [benchmark.name_one(run["swings"], usual) for run in clean]
    assert sum(map(bool, named)) == 20
    zoom = [np.mean(run["swings"]["zoom"]) for run in clean]
    assert np.mean(np.array(zoom) < usual["by_swing"]["zoom"]) == pytest.approx(0.9)


def a_run(planted, seed, **moved):
    return {
        "planted": planted,
        "seed": seed,
        "auroc": 0.9,
        "map": 0.1,
        "swings": STILL | moved,
    }


def test_a_run_is_right_where_the_planted_family_is_named():
    runs = [
        a_run("clean", 200),
        a_run("clean", 201, zoom=[9.0, 9.0]),
        a_run("zoom", 201, squeeze=[2.0, 0.0]),  # of the same family
    ]
    found = benchmark.name_planted(runs, USUAL)["by_planted"]
    assert [found["clean"][key] for key in ("named_right", "n_runs")] == [1, 2]
    assert [found["zoom"][key] for key in ("named_right", "n_runs")] == [1, 1]
    assert found["zoom"]["map_points_at_corners"] == 0


def test_each_planted_difference_has_a_family_of_perturbations():
    families = {p.family for p in explanation.PERTURBATIONS.values()}
    assert set(benchmark.FAMILIES.values()) <= NAMED
    assert NAMED | {"lungs"} == families


def test_hits_are_counted_over_children_and_then_over_networks():
    line = {"network": "honest", "map": "Grad-CAM", "auroc": 0.9, "kind": ["virus"] * 5}
    rows = [
        line | {"seed": seed, "hit": hits, "inside": [0.5] * 5, "area": [0.1] * 5}
        for seed, hits in ((0, [True] * 5), (1, [False] * 5))
    ]
    found = benchmark.sum_up(rows)
    assert [f["seeds"] for f in found] == [[0], [1], [0, 1]]
    assert [f["hit_value"] for f in found] == [1, 0, 0.5]
    assert found[0]["hit"] == evaluation.share_interval([1] * 5).figure
    assert (found[-1]["n"], found[-1]["n_networks"]) == (10, 2)
    # ten children of two networks that differ are not ten draws
    assert found[-1]["hit"] == evaluation.seed_interval([1, 0]).figure


def test_the_honest_network_is_held_against_others_of_its_seed_where_they_confirm():
    def line(network, seed, hit, name="Grad-CAM"):
        return {"network": network, "map": name, "seeds": [seed], "hit_value": hit}

    lines = [line("honest", s, h) for s, h in enumerate([1, 0.5, 0.6, 0.9])]
    lines += [line("marker", s, h) for s, h in enumerate([1, 0.1, 0.4, 0.3])]
    lines += [line("honest", 1, 0.2, "centre blob"), line("untrained", 0, 0.0)]
    lines.append(line("marker", 1, 0.2, "occlusion"))
    (found,) = benchmark.hold_against(lines)
    assert (found["network"], found["seeds"]) == ("marker", [1, 2, 3])
    more = [0.4, 0.2, 0.6]
    expected = evaluation.seed_interval(more, bounds=(-1, 1))
    assert found["ahead"] == expected.figure
    assert found["ahead_value"] == pytest.approx(0.4)


def test_what_the_readme_says_of_names_is_what_is_kept():
    first, second, kept = (
        json.loads((RESULTS / f"{name}.json").read_text("utf-8"))["names"]
        for name in ("naming_first_rule", "naming_second_rule", "explanation")
    )
    said = (REPOSITORY / "benchmarks/README.md").read_text("utf-8")
    words = {"quality": "sharpness (quality)", "marker": "a marker in a corner"}
    for planted, row in kept["by_planted"].items():
        before = second["by_planted"][planted]
        cells = [
            words.get(planted, planted).replace("clean", "nothing"),
            "{} of {}".format(*first["by_planted"][planted]["of_confirming"]),
            f"{before['named_right']} of {before['n_runs']}",
            f"{row['named_right']} of {row['n_runs']}",
            f"{row['map_points_at_corners']} of {row['n_runs']}",
        ]
        assert f"| {' | '.join(cells)} |" in said


def test_names_follow_from_the_swings_that_are_kept():
    kept = json.loads((RESULTS / "explanation.json").read_text("utf-8"))["names"]
    assert [run["seed"] for run in kept["clean"]] == list(benchmark.CLEAN_SEEDS)
    assert {run["seed"] for run in kept["runs"]} == set(benchmark.SEEDS)
    usual = benchmark.find_usual(kept["clean"])
    assert usual["by_swing"] == pytest.approx(kept["usual"]["by_swing"])
    assert usual["alarm"] == pytest.approx(kept["usual"]["alarm"])
    again = benchmark.name_planted(kept["runs"], kept["usual"])
    assert again == {name: kept[name] for name in again}


def test_what_is_kept_is_written_as_intervals_are_now():
    kept = json.loads((RESULTS / "explanation.json").read_text("utf-8"))["maps"]
    by_network = {}
    for line in kept:
        each = by_network.setdefault((line["network"], line["map"]), [])
        if len(line["seeds"]) == 1:
            n_hits = round(line["hit_value"] * line["n"])
            hits = [1] * n_hits + [0] * (line["n"] - n_hits)
            assert line["hit"] == evaluation.share_interval(hits).figure
            each.append(line)
        else:
            assert line == benchmark.over_seeds(each)


def test_what_lesson_06_says_of_hits_is_what_is_kept():
    kept = json.loads((RESULTS / "explanation.json").read_text("utf-8"))
    said = " ".join((SOURCE / "06_explanation.py").read_text("utf-8").split("\n# "))

    def hits(network, name="Grad-CAM"):
        of = [r for r in kept["maps"] if (r["network"], r["map"]) == (network, name)]
        *each, mean = (row["hit_value"] for row in of)
        return each, mean

    each, mean = hits("honest")
    assert f"On the first Grad-CAM hit {mean:.2f} on average" in said
    assert f"trainings hit from {min(each):.2f} to {max(each):.2f}" in said
    assert f"the blob {hits('honest', 'centre blob')[1]:.2f}" in said
    assert f"networks that had learnt a marker {hits('marker')[1]:.2f}" in said
    ahead = {row["network"]: row["ahead"] for row in kept["ahead"]}
    assert f"ahead of the marker networks by {ahead['marker']}" in said
    assert f"of the blob by {ahead['honest']}" in said
    assert len(each) == 12
