"""Scores as probabilities: known values, laws, and what cannot be measured."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit
from sklearn.metrics import brier_score_loss

from tests.evaluation.tables import ROWS, make_table, perfect_table
from xraylab import results
from xraylab.errors import InputError
from xraylab.evaluation import mean_interval, share_interval
from xraylab.evaluation.calibration import (
    RECALIBRATIONS,
    Recalibration,
    describe_calibration,
    measure_calibration,
    recalibrate,
    reliability,
)

NAME = "real-64px-official"
# statsmodels 0.15.0: GLM, Binomial, cov_type="cluster" without its correction. For each
# part of the stored answers: intercept (slope as offset) and slope, with their errors.
STATSMODELS = {
    "test": ((-4.87493473, 0.20558831), (0.6971794, 0.06193083)),
    "valid": ((-0.13690755, 0.42853596), (0.75906356, 0.06628565)),
}


def a_table(seed, intercept=0.0, slope=1.0, n=4000):
    """Scores whose logits are off by a known line: calibrated ones where 0 and 1."""
    rng = np.random.default_rng(seed)
    true = rng.normal(0, 2, n)
    labels = (rng.random(n) < expit(true)).astype(int)
    return make_table(list(zip(labels, expit((true - intercept) / slope), strict=True)))


@pytest.mark.parametrize("on", STATSMODELS)
def test_intercept_and_slope_are_those_of_statsmodels(on):
    answers = results.read_predictions(NAME, on=on)
    found = measure_calibration(answers)
    degrees = answers.groupby("label")["group_id"].nunique().min() - 1
    n_groups = answers["group_id"].nunique()
    for name, (value, error) in zip(
        ("intercept", "slope"), STATSMODELS[on], strict=True
    ):
        row = found.loc[name]
        assert row["value"] == pytest.approx(value, abs=1e-5)
        by_us = (row["high"] - row["value"]) / stats.t.ppf(0.975, degrees)
        corrected = error * np.sqrt(n_groups / (n_groups - 1))
        assert by_us == pytest.approx(corrected, rel=1e-4)


def test_the_stored_official_answers_have_the_known_figures():
    test = measure_calibration(results.read_predictions(NAME))["value"]
    assert test["score_minus_prevalence"] == pytest.approx(0.841 - 0.625, abs=0.001)
    assert test["Brier"] == pytest.approx(0.195, abs=0.0005)
    assert test["ECE"] == pytest.approx(0.216, abs=0.0005)
    valid = measure_calibration(results.read_predictions(NAME, on="valid"))
    assert valid.loc["ECE", "value"] == pytest.approx(0.019, abs=0.0005)
    assert valid.loc["ECE", "value"] < valid.loc["ECE", "calibrated_high"]


@settings(max_examples=50)
@given(ROWS)
def test_brier_and_its_skill_are_by_definition(rows):
    table = make_table(rows)
    found = measure_calibration(table)["value"]
    labels, scores = table["label"], table["score"]
    brier = brier_score_loss(labels, scores)
    assert found["Brier"] == pytest.approx(brier)
    by_guess = brier_score_loss(labels, np.full(len(labels), labels.mean()))
    assert found["Brier_skill"] == pytest.approx(1 - brier / by_guess)


def test_the_interval_of_the_brier_score_is_that_of_a_mean_on_the_logit_scale(
    predictions,
):
    row = measure_calibration(predictions).loc["Brier"]
    loss = (predictions["score"] - predictions["label"]) ** 2
    mean = mean_interval(loss, predictions["group_id"])
    half = logit([row["low"], row["high"]]) - logit(row["value"])
    assert half[1] == pytest.approx(-half[0])
    expected = (mean.high - mean.value) / (mean.value * (1 - mean.value))
    # t of the smaller class: fewer degrees of freedom
    assert 1 < half[1] / expected < 1.02


@settings(max_examples=50)
@given(ROWS)
def test_brier_and_its_skill_have_ends_that_can_be(rows):
    found = measure_calibration(make_table(rows)).loc[["Brier", "Brier_skill"]]
    given = found.dropna(subset=["low"])
    assert (given["low"] <= given["value"]).all()
    assert (given["value"] <= given["high"]).all()
    assert (given["high"] <= 1).all()
    assert (given.loc[given.index == "Brier", "low"] >= 0).all()


@pytest.mark.parametrize("n_each", [15, 39, 40])
def test_what_covers_too_little_with_few_children_says_so_where_it_is_written(n_each):
    rows = a_table(0, n=400).groupby("label").head(n_each)
    lines = describe_calibration(measure_calibration(rows))
    said = {line.split()[0] for line in lines if "few groups, may cover under" in line}
    low = {"intercept", "Brier", "Brier_skill"}
    assert said == (low if n_each < 40 else set())


def test_the_interval_of_the_skill_is_that_of_children_drawn_again(predictions):
    row = measure_calibration(predictions).loc["Brier_skill"]
    by_group = [part for _, part in predictions.groupby("group_id")]
    loss = np.array([((p.score - p.label) ** 2).sum() for p in by_group])
    ill, n = (
        np.array([f(p) for p in by_group]) for f in (lambda p: p.label.sum(), len)
    )
    draw = np.random.default_rng(0).integers(len(n), size=(4000, len(n)))
    sick, total = ill[draw].sum(1), n[draw].sum(1)
    share = sick / total
    again = 1 - loss[draw].sum(1) / total / (share * (1 - share))
    assert (row["high"] - row["low"]) / 2 == pytest.approx(1.97 * again.std(), rel=0.05)


@pytest.mark.parametrize(("intercept", "slope"), [(0, 1), (-2, 1), (0, 0.5), (1, 2)])
def test_a_known_line_is_found_and_mended(intercept, slope):
    table = a_table(1, intercept, slope)
    change = recalibrate(table, "platt")
    assert change.intercept == pytest.approx(intercept, abs=0.15)
    assert change.slope == pytest.approx(slope, rel=0.1)
    mended = measure_calibration(table.assign(score=change.apply(table["score"])))
    assert mended.loc["slope", "value"] == pytest.approx(1, abs=1e-5)
    assert mended.loc["intercept", "value"] == pytest.approx(0, abs=1e-5)
    assert mended.loc["score_minus_prevalence", "value"] == pytest.approx(0, abs=1e-6)


def test_temperature_cannot_mend_an_intercept():
    test = results.read_predictions(NAME)
    found = {}
    for how in RECALIBRATIONS:  # fitted on the test itself: the best it could do
        change = recalibrate(test, how)
        mended = test.assign(score=change.apply(test["score"]))
        found[how] = measure_calibration(mended).loc["intercept"]
    assert found["temperature"]["high"] < 0
    assert found["platt"]["value"] == pytest.approx(0, abs=1e-5)
    half = make_table([(0, 0.5), (1, 0.5), (0, 0.7), (1, 0.9), (0, 0.2), (1, 0.4)])
    change = recalibrate(half, "temperature")
    assert change.intercept == 0
    assert change.apply([0.5]).tolist() == [0.5]


@settings(max_examples=50)
@given(ROWS, st.sampled_from(sorted(RECALIBRATIONS)))
def test_mended_scores_are_no_less_likely_and_keep_their_order(rows, how):
    # where a score of 0 or 1 is wrong there is no change, see test_certain_scores
    table = make_table([(label, np.clip(s, 1 / 16, 15 / 16)) for label, s in rows])
    try:
        change = recalibrate(table, how)
    except InputError:
        assume(False)
    mended = change.apply(table["score"])
    assert ((mended >= 0) & (mended <= 1)).all()
    order = np.argsort(table["score"], kind="stable")
    assert (np.diff(mended[order]) >= 0).all()
    before, after = (likelihood(table["label"], s) for s in (table["score"], mended))
    assert after >= before - 1e-7


def likelihood(labels, scores):
    scores = np.clip(scores, 1e-9, 1 - 1e-9)
    return np.log(np.where(labels == 1, scores, 1 - scores)).mean()


def test_scores_that_are_true_have_the_ece_of_chance():
    """In about 95 % of tables it is below what 95 % are said to stay below."""
    below, values, said = 0, [], []
    for seed in range(100):
        row = measure_calibration(a_table(seed, n=300), seed=seed).loc["ECE"]
        below += row["value"] <= row["calibrated_high"]
        values.append(row["value"])
        said.append(row["calibrated"])
    assert below >= 88
    assert np.mean(said) == pytest.approx(np.mean(values), rel=0.1)


def test_images_of_a_child_make_the_ece_of_chance_larger():
    table = a_table(0, n=600)
    three = table.assign(group_id=np.arange(600) // 3)
    three["score"] = three.groupby("group_id")["score"].transform("first")
    alone = three.assign(group_id=np.arange(600))
    by_child, by_image = (
        measure_calibration(t).loc["ECE", "calibrated"] for t in (three, alone)
    )
    assert by_child > 1.4 * by_image  # three images are worth one: sqrt(3)
    assert measure_calibration(three).equals(measure_calibration(three))


def test_reliability_by_hand():
    rows = [(0, 0.1), (0, 0.3), (1, 0.5), (1, 0.7), (1, 1.0), (0, 0.6), (1, 0.9)]
    found = reliability(make_table(rows), 2)
    assert found["score"].tolist() == pytest.approx([0.2, 0.74])
    assert found["value"].tolist() == pytest.approx([0, 0.8])
    assert found["n"].tolist() == [2, 5]
    assert found.loc[1, "low"] == share_interval([1, 1, 1, 0, 1]).low
    (whole,) = reliability(make_table(rows), 1).to_dict("records")
    assert (whole["value"], whole["n"]) == (pytest.approx(4 / 7), 7)
    assert len(reliability(make_table([(k % 2, k / 20) for k in range(20)]))) == 10
    with pytest.raises(InputError, match="n_bins must be at least 1, got 0"):
        reliability(make_table(rows), 0)


@pytest.mark.parametrize("rows", [[(0, 0.5)] * 6 + [(1, 0.5)] * 6, None])
def test_a_slope_without_an_end_is_not_defined(rows):
    table = make_table(rows) if rows else perfect_table(6)
    found = measure_calibration(table)
    assert np.isnan(found.loc["slope", "value"])
    assert "slope not defined, n = 12" in describe_calibration(found)[2]
    with pytest.raises(InputError, match="must overlap between the classes"):
        recalibrate(table, "platt")


def test_a_change_that_turns_scores_round_is_refused():
    table = a_table(0, n=200)
    with pytest.raises(InputError, match="higher for pneumonia, but the best change"):
        recalibrate(table.assign(label=1 - table["label"]), "platt")


def test_an_unknown_change_is_answered_with_the_known():
    with pytest.raises(InputError, match="one of temperature, platt, got 'magic'"):
        recalibrate(a_table(0, n=50), "magic")


@pytest.mark.parametrize("seed", [0, 1])
def test_scores_that_are_true_show_what_is_said_of_such(seed):
    found = measure_calibration(a_table(seed))
    assert found["value"].to_numpy() == pytest.approx(
        found["calibrated"].to_numpy(), abs=0.1
    )
    brier = found.loc["Brier"]
    assert brier["low"] < brier["calibrated"] < brier["high"]
    again = measure_calibration(a_table(seed, n=300))
    pd.testing.assert_frame_equal(
        again, measure_calibration(a_table(seed, n=300), seed=0)
    )
    assert not again.equals(measure_calibration(a_table(seed, n=300), seed=1))


@pytest.mark.parametrize("moved", [-1.5, 0.0, 1.5])
def test_what_is_said_of_true_scores_is_that_of_labels_drawn_from_them(moved):
    """Whatever the labels at hand are: scores may be far from their prevalence."""
    table = a_table(0, intercept=moved, n=300)
    said = measure_calibration(table)["calibrated"]
    rng, drawn = np.random.default_rng(0), []
    for _ in range(300):
        labels = (rng.random(len(table)) < table["score"]).astype(int)
        off = (table["score"] - labels) ** 2
        drawn.append((off.mean(), 1 - off.mean() / labels.var()))
    assert said["Brier"] == pytest.approx(np.mean(drawn, axis=0)[0], abs=0.005)
    assert said["Brier_skill"] == pytest.approx(np.mean(drawn, axis=0)[1], abs=0.01)


def test_one_score_for_all_does_not_vary():
    found = measure_calibration(make_table([(0, 0.5)] * 6 + [(1, 0.5)] * 6))
    assert found.loc["Brier", "value"] == 0.25
    assert found.loc["Brier", "method"] == "not given: the rows do not vary"


def test_five_children_of_a_class_are_enough():
    rows = [(0, k / 10) for k in range(1, 6)] + [(1, k / 10) for k in range(3, 8)]
    found = measure_calibration(make_table(rows)).drop("ECE")
    assert found["low"].notna().all()
    half = found.loc["score_minus_prevalence"]
    off = [score - label for label, score in rows]
    error = np.std(off, ddof=1) / np.sqrt(10)
    assert half["high"] - half["value"] == pytest.approx(2.7764451 * error)


def test_the_skill_of_a_rare_class_is_that_of_children_drawn_again():
    rng = np.random.default_rng(4)
    labels = np.arange(1500) % 5 == 0
    scores = expit(rng.normal(0, 1, 1500) + 3 * labels - 3)
    row = measure_calibration(
        make_table(list(zip(labels.astype(int), scores, strict=True)))
    ).loc["Brier_skill"]
    times = rng.multinomial(1500, np.full(1500, 1 / 1500), 4000) / 1500
    share, brier = times @ labels, times @ (scores - labels) ** 2
    again = 1 - brier / (share * (1 - share))
    assert (row["high"] - row["low"]) / 2 == pytest.approx(1.97 * again.std(), rel=0.05)


RIGHT, WRONG = [(0, 0.2), (1, 0.8)], [(0, 0.9), (1, 0.1)]


@pytest.mark.parametrize(
    ("how", "rows"),
    [
        ("temperature", RIGHT * 3),
        ("temperature", [*RIGHT * 3, (0, 0.5), (1, 0.5)]),  # 0.5 stays where it is
        ("temperature", WRONG * 3),
        ("temperature", [*WRONG * 3, (1, 0.5)]),
        ("platt", [(0, 0.6), (0, 0.7), (1, 0.8), (1, 0.9)]),
        ("platt", [(0, 0.6), (0, 0.8), (1, 0.8), (1, 0.9)]),  # they touch
        ("platt", [(1, 0.1), (1, 0.2), (0, 0.3), (0, 0.4)]),
        ("platt", [(1, 0.1), (1, 0.3), (0, 0.3), (0, 0.4)]),
    ],
)
def test_without_a_best_change_there_is_none(how, rows):
    with pytest.raises(InputError, match=f"must overlap .* is best for {how}\\."):
        recalibrate(make_table(rows), how)


@pytest.mark.parametrize(
    ("how", "rows"),
    [
        ("temperature", RIGHT * 3 + WRONG),
        ("temperature", [(0, 0.1), (1, 0.9), (1, 0.4), (1, 0.8)]),
        ("temperature", [(0, 0.4), (1, 0.7), (1, 0.6), (1, 0.45), (0, 0.55)]),
        ("platt", RIGHT * 3 + WRONG),
        ("platt", [(0, 0.6), (0, 0.8), (1, 0.7), (1, 0.9)]),
        ("platt", [(0, 0.1), (0, 0.3), (1, 0.2), (1, 0.4)]),
    ],
)
def test_where_classes_overlap_a_change_is_best(how, rows):
    table = make_table(rows)
    change = recalibrate(table, how)
    best = likelihood(table["label"], change.apply(table["score"]))
    for intercept, slope in ((0.05, 0), (-0.05, 0), (0, 0.05), (0, -0.05)):
        if how == "temperature" and intercept:
            continue
        other = Recalibration(change.intercept + intercept, change.slope + slope)
        assert likelihood(table["label"], other.apply(table["score"])) < best


def test_the_figures_are_written_with_what_chance_makes():
    lines = describe_calibration(measure_calibration(a_table(0, n=300)))
    assert lines[2].startswith("slope 0.9")
    assert lines[2].endswith(", 1.000 if calibrated")
    assert lines[-1].startswith("ECE 0.0")
    assert " by chance, and below 0.0" in lines[-1]
    assert lines[-1].endswith(" in 95 %")


def test_too_few_children_give_no_interval():
    table = a_table(0, n=200).assign(group_id=np.arange(200) % 4)
    found = measure_calibration(table)
    assert found["low"].isna().all()
    assert (found["method"] == "not given: fewer than 5 groups of a class")[:5].all()


def test_a_recalibration_is_a_line_of_logits():
    mended = Recalibration(-1.0, 0.5).apply([0.2, 0.9])
    assert logit(mended) == pytest.approx(-1 + 0.5 * logit([0.2, 0.9]))
