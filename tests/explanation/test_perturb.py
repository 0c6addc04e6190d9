import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from tests.explanation.rules import brightness, some_images
from xraylab import evaluation, explanation
from xraylab.explanation.doses import METRICS

FIGURES = [
    *("shift", "score shift, normal", "score shift, pneumonia", "flipped"),
    *(m + end for m in METRICS for end in ("", " change")),
]


@pytest.fixture
def images():
    """Pneumonia is brighter, with some overlap; two images a child."""
    greys = np.random.default_rng(0).normal(0, 25, 40)
    squares = some_images(40).astype(float) + greys[:, None, None]
    squares += np.where(np.arange(40) % 2, 20, -20)[:, None, None]
    return squares.clip(0, 255).astype(np.uint8)


@pytest.fixture
def table():
    row = np.arange(40)
    return pd.DataFrame(
        {"label": row % 2, "group_id": [f"g{i // 4}-{i % 2}" for i in row]}
    )


def figure(found, name, dose):
    row = found[(found["figure"] == name) & (found["dose"] == dose)]
    assert len(row) == 1
    return row.iloc[0]


def test_every_dose_has_every_figure(images, table):
    found = explanation.perturb(brightness, images, table)
    for name, part in found.groupby("perturbation", sort=False):
        doses = explanation.PERTURBATIONS[name].doses
        assert part["dose"].tolist() == [float(d) for d in doses for _ in FIGURES]
        assert part["figure"].tolist() == FIGURES * len(doses)
    assert found["perturbation"].unique().tolist() == list(explanation.PERTURBATIONS)


def test_figures_are_those_of_the_answers_before_and_after(images, table):
    found = explanation.perturb(brightness, images, table, names=["brightness"])
    before = brightness(images)
    changed = explanation.PERTURBATIONS["brightness"](images, 18)
    after = brightness(changed)
    shift = figure(found, "shift", 18)
    expected = evaluation.mean_interval(
        (after - before) / before.std(), table["group_id"]
    )
    assert tuple(shift[["value", "low", "high"]]) == pytest.approx(expected[:3])
    assert (shift["n"], shift["n_groups"]) == (40, 20)
    for label, name in enumerate(("normal", "pneumonia")):
        of = table["label"] == label
        moved = (expit(after) - expit(before))[of]
        row = figure(found, f"score shift, {name}", 18)
        assert row["value"] == pytest.approx(moved.mean())
        assert row["n"] == of.sum()
    flips = evaluation.share_interval((after >= 0) != (before >= 0), table["group_id"])
    row = figure(found, "flipped", 18)
    assert tuple(row[["value", "low", "high"]]) == pytest.approx(flips[:3])
    answers = table.assign(score=expit(after))
    old = table.assign(score=expit(before))
    for metric in METRICS:
        asked = evaluation.measure(answers, metric)
        row = figure(found, metric, 18)
        assert tuple(row[["value", "low", "high"]]) == pytest.approx(asked[:3])
        paired = evaluation.difference(answers, old, metric)
        row = figure(found, f"{metric} change", 18)
        assert tuple(row[["value", "low", "high"]]) == pytest.approx(paired[:3])


def test_the_neutral_dose_moves_and_turns_nothing(images, table):
    found = explanation.perturb(brightness, images, table)
    neutral = {n: p.neutral for n, p in explanation.PERTURBATIONS.items()}
    still = found[found["dose"] == found["perturbation"].map(neutral)]
    is_move = still["figure"].str.contains("shift|flipped|change")
    assert len(still) == len(neutral) * len(FIGURES)
    assert (still.loc[is_move, "value"] == 0).all()


def test_the_threshold_is_on_the_score(images, table):
    found = explanation.perturb(
        brightness, images, table, names=["brightness"], threshold=0.8
    )
    calls = expit(brightness(images)) >= 0.8
    asked = calls[table["label"] == 1].mean()
    assert figure(found, "sensitivity", 0)["value"] == pytest.approx(asked)


def test_the_true_lungs_are_used(images, table):
    lungs = np.zeros(images.shape, bool)
    names = ["lungs hidden", "outside hidden"]
    found = explanation.perturb(brightness, images, table, names=names, lungs=lungs)
    moved = found[found["figure"] == "shift"].groupby("perturbation")["value"]
    assert moved.apply(np.ptp)["lungs hidden"] == 0  # there is none to hide
    assert moved.apply(np.ptp)["outside hidden"] > 0


def test_the_reason_that_was_planted_comes_first(images, table):
    # a black border and hidden lungs change the brightness of the whole, too
    names = [n for n in explanation.PERTURBATIONS if n != "border"]
    found = explanation.perturb(brightness, images, table, names=names)
    ranked = explanation.rank_perturbations(found)
    assert ranked["perturbation"][0] == "brightness"
    assert ranked["family"][0] == "grey levels"
    assert ranked["swing"].is_monotonic_decreasing
    assert sorted(ranked["perturbation"]) == sorted(names)
    top, rows = ranked.iloc[0], found[found["perturbation"] == "brightness"]
    shifts = rows.loc[rows["figure"] == "shift", "value"]
    assert top["swing"] == pytest.approx(shifts.max() - shifts.min())
    flips = rows[rows["figure"] == "flipped"].set_index("dose")["value"]
    assert top["most_flipped"] == flips.max() == flips[top["at_dose"]]


def test_a_constant_network_moves_nowhere(images, table):
    found = explanation.perturb(
        lambda images: np.full(len(images), 0.3), images, table, names=["zoom", "blur"]
    )
    moves = found[found["figure"].str.contains("shift|flipped|change")]
    assert (moves["value"] == 0).all()


def test_few_groups_get_figures_and_no_interval(images, table):
    few = table.assign(group_id=table["label"].astype(str))
    found = explanation.perturb(brightness, images, few, names=["zoom"])
    row = figure(found, "shift", 1.2)
    assert np.isfinite(row["value"])
    assert np.isnan(row["low"])
    assert row["method"] == "not given: fewer than 5 groups"


def test_what_does_not_fit_is_refused(images, table):
    with pytest.raises(ValueError, match=r"names must be among zoom, .*got fog"):
        explanation.perturb(brightness, images, table, names=["zoom", "fog"])
    with pytest.raises(ValueError, match=r"table must have one row an image, got 39 f"):
        explanation.perturb(brightness, images, table[1:])
    with pytest.raises(ValueError, match=r"class"):
        explanation.perturb(brightness, images, table.assign(label=1), names=["zoom"])


@pytest.mark.parametrize(
    "odd",
    [
        lambda images: np.full(len(images), np.nan),
        lambda images: np.full(len(images), np.inf),
        lambda images: np.zeros(3),
        lambda images: np.zeros((len(images), 1)),
        lambda images: 0.5,
    ],
)
def test_an_answer_is_one_finite_number_an_image(images, table, odd):
    with pytest.raises(ValueError, match="logit must give one finite number an image"):
        explanation.perturb(odd, images, table, names=["zoom"])
    with pytest.raises(ValueError, match="score must give one finite number an image"):
        explanation.occlusion_map(odd, images[0], 4, 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="group_id"), "found no group_id"),
        (lambda t: t.assign(label=1), "must hold both classes"),
        (lambda t: t.assign(label=2), "labels must be 0"),
        (lambda t: t.assign(group_id=""), "group_id must be filled"),
    ],
)
def test_a_table_that_is_none_is_refused_before_the_work(
    images, table, change, message
):
    def never(images):
        raise AssertionError("the network was asked")

    with pytest.raises(ValueError, match=message):
        explanation.perturb(never, images, change(table))
    with pytest.raises(ValueError, match="threshold must be in"):
        explanation.perturb(never, images, table, threshold=2)
