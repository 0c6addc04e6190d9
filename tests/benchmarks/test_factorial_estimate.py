"""One contrast of the factorial, its draws and its intervals are right."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as library

from tests.benchmarks.factorial_units import (
    against_clean,
    estimating,
    make_images,
    make_units,
)


def test_a_paired_interval_equals_scipys_over_groups():
    """A library that knows nothing of ours draws the groups of each class anew."""
    units = make_units({"copies": 0.05}, seeds=(0,), n_groups=800)
    found = estimating.Experiment(units).estimate(
        "R", "accuracy", against_clean("copies")
    )
    one, other = (
        next(u for u in units if u.cell == cell).answers["R"]
        for cell in ("copies", "clean")
    )
    calls = [(rows["score"] >= 0.5) == rows["label"] for rows in (one, other)]
    table = one.assign(gain=calls[0].astype(int) - calls[1].astype(int), n=1)
    sums = table.groupby(["label", "group_id"])[["gain", "n"]].sum()
    normal, positive = (sums.loc[label].to_numpy().T for label in (0, 1))

    def gain(i, j, axis=-1):
        drawn = normal[:, i].sum(axis=axis) + positive[:, j].sum(axis=axis)
        return drawn[0] / drawn[1]

    peer = stats.bootstrap(
        [np.arange(normal.shape[1]), np.arange(positive.shape[1])],
        gain,
        n_resamples=4000,
        method="percentile",
        random_state=np.random.default_rng(1),
    )
    assert found.value == pytest.approx(table["gain"].mean())
    assert found.interval() == pytest.approx(peer.confidence_interval, abs=0.002)
    assert found.draws.std() == pytest.approx(peer.standard_error, rel=0.05)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_weighted_figures_equal_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    label = np.r_[0, 1, rng.integers(0, 2, 28)]
    score = rng.integers(0, 8, 30) / 7  # with ties
    weights = rng.integers(0, 3, (2, 30))
    weights[:, :2] = 1
    rows = pd.DataFrame({"label": label, "score": score})
    call = score >= 0.5
    for draw in (0, 1):
        w = {"sample_weight": weights[draw]}
        peers = {
            "accuracy": library.accuracy_score(label, call, **w),
            "sensitivity": library.recall_score(label, call, **w),
            "specificity": library.recall_score(label, call, pos_label=0, **w),
            "AUROC": library.roc_auc_score(label, score, **w),
            "balanced_accuracy": library.balanced_accuracy_score(label, call, **w),
        }
        for metric, peer in peers.items():
            found = estimating.measure(metric, rows, weights)[draw]
            assert found == pytest.approx(peer), metric


def test_the_interval_of_a_level_stays_wide_at_one():
    perfect = estimating.Estimate(1.0, np.ones(100), (0,), 120, 100, None, 1, ())
    low, high = perfect.level_interval("sensitivity")
    assert (round(low, 3), high) == (0.962, 1.0)
    independent = np.random.default_rng(0).binomial(200, 0.9, 20_000) / 200
    found = estimating.Estimate(0.9, independent, (0,), 200, 200, None, 1, ())
    peer = stats.binomtest(180, 200).proportion_ci(method="wilson")
    for metric in ("accuracy", "AUROC"):
        low, high = found.level_interval(metric)
        assert (low, high) == pytest.approx((peer.low, peer.high), abs=0.004)


def test_the_standard_error_equals_the_one_by_hand():
    """Seeds averaged image by image, then the error of a sum over whole groups."""
    units = make_units({"block": 0.05}, seeds=(0, 2))
    experiment = estimating.Experiment(units, 20_000)
    right = {
        (unit.cell, unit.seed): (
            (unit.answers["O"]["score"] >= 0.5) == unit.answers["O"]["label"]
        ).astype(float)
        for unit in units
    }
    images = units[0].answers["O"]
    gain = sum(right["block", s] - right["clean", s] for s in (0, 2)) / 2
    found = experiment.estimate("O", "accuracy", against_clean("block"))
    assert found.value == pytest.approx(gain.mean())
    # both seeds in every draw: the part of the groups alone
    fixed = sum(
        experiment._contrast("O", "accuracy", against_clean("block"), s, None)[1]
        for s in (0, 2)
    )
    variance = 0.0
    for label in (0, 1):
        rows = images["label"] == label
        sums = (gain - gain.mean())[rows].groupby(images["group_id"][rows]).sum()
        variance += len(sums) * sums.var(ddof=0)
    by_hand = np.sqrt(variance) / len(images)
    assert (fixed / 2).std() == pytest.approx(by_hand, rel=0.03)


def test_seeds_inside_give_the_variance_of_their_mean():
    """Groups that all answer alike leave only the seeds' own noise."""
    units = make_units({}, seeds=range(0, 8, 2))
    shares = [0.1, 0.3, 0.2, 0.6]
    made = []
    for unit in units:
        images = unit.answers["R"]
        share = shares[unit.seed // 2] if unit.cell == "copies" else 0.0
        # the same share of every group would need large groups; use the score alone
        made.append(replace(unit, answers={"R": images.assign(score=share)}))
    experiment = estimating.Experiment(made, 20_000)
    experiment._measured = {
        ((u.cell, 1450, "none", u.seed), "R", "accuracy", None): (
            u.answers["R"]["score"][0],
            np.full(20_000, u.answers["R"]["score"][0]),
        )
        for u in made
    }
    found = experiment.estimate("R", "accuracy", against_clean("copies"))
    assert found.value == pytest.approx(np.mean(shares))
    expected = np.std(shares, ddof=1) / np.sqrt(len(shares))
    assert found.draws.std() == pytest.approx(expected, rel=0.03)


def test_o_takes_as_many_seeds_of_each_half_and_r_all():
    experiment = estimating.Experiment(make_units({}, seeds=(0, 1, 2)), 100)
    o = experiment.estimate("O", "accuracy", against_clean("block"))
    r = experiment.estimate("R", "accuracy", against_clean("block"))
    assert (o.seeds, o.per_image_seeds) == ((0, 1), 1)
    assert (r.seeds, r.per_image_seeds) == ((0, 1, 2), 3)
    assert o.n_images == sum(len(make_images("O", half)) for half in (0, 1))
    assert o.n_groups == 400


def make_estimate(*by_block, images=0.0):
    """An estimate of these trainings, whose images' error has this deviation."""
    values = [np.array(block) for block in by_block]
    errors = images * np.array([-1, 1]) / np.sqrt(2)  # of deviation `images`
    drawn = [block[:, None] + errors for block in values]
    return estimating.Estimate(
        value=float(np.mean([block.mean() for block in values])),
        draws=np.zeros(2),
        seeds=(),
        n_images=500,
        n_groups=400,
        n_differ=100,
        per_image_seeds=min(map(len, values)),
        parts=estimating.list_parts(values, drawn, 400),
    )


def test_the_interval_for_few_trainings_equals_scipys():
    a, b = [0.01, 0.04, -0.02], [0.03, 0.02]
    one = stats.t.interval(0.95, 2, np.mean(a), stats.sem(a))
    assert make_estimate(a).few_interval() == pytest.approx(one)
    welch = stats.ttest_ind(a, np.negative(b), equal_var=False).confidence_interval()
    assert make_estimate(a, b).few_interval() == pytest.approx(np.divide(welch, 2))
    images = stats.t.interval(0.95, 399, 0.02, 0.1)
    assert make_estimate([0.02, 0.02], images=0.1).few_interval() == pytest.approx(
        images
    )


def test_the_streams_of_random_numbers_are_apart():
    first = [np.random.default_rng(s).random() for s in estimating.STREAMS.values()]
    assert len(set(first)) == len(estimating.STREAMS) == 5


def test_units_that_judged_other_images_are_refused():
    units = make_units({}, seeds=(0,))
    answers = units[1].answers | {"R": units[1].answers["R"].iloc[1:]}
    with pytest.raises(ValueError, match="must judge the same images, block of seed 0"):
        estimating.Experiment([units[0], replace(units[1], answers=answers)], 10)


def test_which_images_of_r_are_copied_may_differ_from_half_to_half():
    units = make_units({}, seeds=(0, 1))
    rows = [unit.answers["R"].copy() for unit in units]
    for unit, own in zip(units, rows, strict=True):
        own["copied"] = (own.index % 2 == unit.half).astype(int)
    units = [
        replace(unit, answers=unit.answers | {"R": own})
        for unit, own in zip(units, rows, strict=True)
    ]
    found = estimating.Experiment(units, 10)
    assert found.estimate("R", "accuracy", against_clean("copies")) is not None
    counts = {seed: len(found._rows("R", seed, "copied")) for seed in (0, 1)}
    assert sum(counts.values()) == len(rows[0])
    among = found.estimate("R", "accuracy", against_clean("copies"), exposed="copied")
    assert among.n_images == len(rows[0])  # each image is copied in one of the halves


@pytest.mark.long
def test_the_interval_keeps_its_word():
    """400 experiments with noise of images, answers and trainings."""
    inside = {"O": [], "R": []}
    for number in range(400):
        units = make_units(
            {"copies": 0.05}, rng_seed=number, seed_sd=0.015, n_groups=100
        )
        units = [u for u in units if u.cell in {"clean", "copies"}]
        experiment = estimating.Experiment(units, 500)
        for test, found in inside.items():
            low, high = experiment.estimate(
                test, "accuracy", against_clean("copies")
            ).interval()
            found.append(low <= 0.05 <= high)
    for test, found in inside.items():
        print(test, np.mean(found))
        assert np.mean(found) >= 0.93, test


def test_one_training_settles_nothing_however_many_images():
    found = make_estimate([0.3], [0.2, 0.2])
    assert found.few_interval() == (-np.inf, np.inf)
    assert estimating.judge(found, found.few_interval(), 1.0) == "not settled"
    assert make_estimate([0.3, 0.3]).few_interval() == pytest.approx((0.3, 0.3))
