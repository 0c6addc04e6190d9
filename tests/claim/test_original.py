"""When the original project's claim is called supported."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.tables import make_table
from xraylab import data, evaluation, training
from xraylab.claim import evidence, figures, original
from xraylab.evaluation import calibration


def make_evidence(**changes):
    facts = {
        **{"name": "r", "where": "run r", "command": "r", "protocol": "naive-merge"},
        **{"recipe": training.RECIPES["original"].as_dict(), "versions": {}},
        **{"point": {"value": 0.5, "rule": "the original's 0.5"}, "answers": {}},
        **{"simulated": "none"},
    }
    return evidence.Evidence(**facts | changes)


def answers(n_right, n_wrong, n_groups=None):
    """So many right and wrong of each class."""
    right, wrong = [(0, 0.1), (1, 0.9)], [(0, 0.9), (1, 0.1)]
    return make_table(right * n_right + wrong * n_wrong, n_groups)


def verdict(key, found):
    return original.judge(key, found)[1]


@settings(deadline=None, max_examples=50)
@given(n_right=st.integers(0, 400), n_wrong=st.integers(0, 400))
def test_about_96_percent_is_supported_where_the_whole_interval_agrees(
    n_right, n_wrong
):
    if n_right + n_wrong == 0:
        return
    table = answers(n_right, n_wrong)
    found = evaluation.measure(table, "accuracy")
    _, said, why = original.judge("figures", make_evidence(answers={"test": table}))
    if not found.low <= found.high:
        assert said == "not tested"
    elif found.high < 0.955 or found.low <= 0.5:
        assert said == "not supported"
    elif found.low < 0.95:
        assert said == "not tested"
        assert why.endswith("This agrees, and would with other values too.")
    else:
        assert said == "supported"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"answers": {"test": answers(980, 20)}}, "supported"),
        ({"answers": {"test": answers(29, 1)}}, "not tested"),  # 0.89 to 0.99
        ({"answers": {"test": answers(200, 100)}}, "not supported"),
        ({"answers": {"test": answers(2, 0)}}, "not tested"),  # too few groups
        ({"answers": {"valid": answers(290, 10)}}, "not tested"),
        ({}, "not tested"),
    ],
)
def test_accuracy_is_tested_on_a_real_test_only(changes, said):
    assert verdict("figures", make_evidence(**changes)) == said
    where = "Accuracy on the test of naive-merge "
    if changes.get("answers", {}).get("test") is not None:
        assert original.judge("figures", make_evidence(**changes))[2].startswith(where)


@pytest.mark.parametrize(
    ("n_right", "said"), [(980, "supported"), (500, "not supported")]
)
def test_simulated_images_bring_no_verdict(n_right, said):
    table = answers(n_right, 1000 - n_right)
    chosen = {"n": 9, "n_groups": 9, "method": "m", "promised": {}}
    found = make_evidence(
        answers={"test": table, "external": table},
        point={"value": 0.5, "rule": "youden", "low": 0.45, "high": 0.55, **chosen},
    )
    assert verdict("figures", found) == said
    for key in original.SAYS:
        _, told, why = original.judge(key, replace(found, simulated="all"))
        assert told == "not tested", key
        was = verdict(key, found)
        assert ("Simulated images do not speak" in why) == (was != "not tested"), key


def test_simulated_images_from_elsewhere_bring_no_verdict():
    found = make_evidence(answers={"external": answers(980, 20)})
    assert verdict("external", found) == "supported"
    drawn = replace(found, has_simulated_external=True)
    assert verdict("external", drawn) == "not tested"


def test_images_of_which_it_is_not_known_bring_no_verdict():
    found = make_evidence(answers={"test": answers(980, 20)})
    assert verdict("figures", found) == "supported"
    for simulated, doubt in (
        ("", "is not known: the run does not say."),
        ("some", "Some of the images are simulated."),
    ):
        unknown = replace(found, simulated=simulated)
        _, told, why = original.judge("figures", unknown)
        assert told == "not tested"
        assert why.endswith(doubt)


@pytest.mark.parametrize("protocol", ["official", "grouped", "image-random"])
@pytest.mark.parametrize("n_right", [980, 500])
def test_another_split_does_not_judge_the_originals_test(protocol, n_right):
    table = answers(n_right, 1000 - n_right)
    found = make_evidence(answers={"test": table}, protocol=protocol)
    _, said, why = original.judge("figures", found)
    assert said == "not tested"
    assert why.startswith(f"Accuracy on the test of {protocol} 0.")
    assert why.endswith("The original's test was a part of all files.")


def test_elsewhere_is_judged_by_the_answers_from_there():
    both = {"test": answers(290, 10), "external": answers(180, 120)}
    found = make_evidence(answers=both, external=["CAREFUL: adults.", "folder nih"])
    _, said, why = original.judge("external", found)
    assert said == "not supported"
    assert why.startswith("Accuracy elsewhere 0.600 (")
    assert why.endswith("CAREFUL: adults.")
    del both["external"]
    assert verdict("external", make_evidence(answers=both)) == "not tested"


def test_a_recipe_is_supported_when_it_is_as_named():
    same = make_evidence()
    assert verdict("recipe", same) == "supported"
    for change in (
        {"size_px": 64},
        {"weights": "none"},
        {"n_steps": 99},
        {"schedule": "cosine"},
        {"class_weights": "balanced"},
        {"sampler": "balanced"},
    ):
        _, said, why = original.judge(
            "recipe", replace(same, recipe=same.recipe | change)
        )
        assert said == "not tested"
        assert str(next(iter(change.values()))) in why


def scored(rows, n_times):
    """(label, score, how many) of each, so many times over."""
    return make_table([(y, x) for y, x, n in rows for _ in range(n * n_times)])


TRUE = [(0, 0.2, 32), (1, 0.2, 8), (0, 0.8, 8), (1, 0.8, 32)]


@pytest.mark.parametrize(
    ("rows", "n_times", "said"),
    [
        (TRUE, 20, "supported"),
        (TRUE, 1, "not tested"),  # by chance an ECE may be large
        # the ECE is small, and the scores are not extreme enough
        ([(0, 0.23, 32), (1, 0.23, 8), (0, 0.77, 8), (1, 0.77, 32)], 60, "not supp"),
        ([(0, 0.95, 30), (1, 0.96, 10)], 20, "not supp"),
    ],
)
def test_confidence_is_a_chance_by_ece_intercept_and_slope(rows, n_times, said):
    found = make_evidence(answers={"test": scored(rows, n_times)})
    _, told, why = original.judge("calibration", found)
    assert told.startswith(said), why
    assert "(ECE) " in why
    assert "slope " in why


@pytest.mark.parametrize(
    ("off", "said"), [(0.0, "supported"), (2.1, "not tested"), (2.6, "not supported")]
)
@pytest.mark.parametrize("place", ["slope", "intercept"])
def test_one_look_alone_must_be_off_by_more_than_three_may_be_by_chance(
    off, said, place, monkeypatch
):
    """`off` in standard errors; three looks at once ask for 2.39 of them."""
    table = scored(TRUE, 20)
    rows = calibration.measure_calibration(table)
    true = {"slope": 1, "intercept": 0}
    for name, value in true.items():
        value = value + 0.05 * off * (name == place)
        rows.loc[name, ["value", "low", "high"]] = value, value - 0.098, value + 0.098
    monkeypatch.setattr(calibration, "measure_calibration", lambda _table: rows)
    found = make_evidence(answers={"test": table})
    _, told, why = original.judge("calibration", found)
    assert told == said
    assert why.endswith("by chance.") == (said == "not tested")


def test_two_looks_that_are_off_a_little_are_enough(monkeypatch):
    table = scored(TRUE, 20)
    rows = calibration.measure_calibration(table)
    rows.loc["slope", ["value", "low", "high"]] = 1.10, 1.01, 1.19
    rows.loc["ECE", "value"] = rows.loc["ECE", "calibrated_high"] + 0.001
    monkeypatch.setattr(calibration, "measure_calibration", lambda _table: rows)
    assert verdict("calibration", make_evidence(answers={"test": table})) == (
        "not supported"
    )


def test_confidence_without_a_test_is_not_tested():
    assert verdict("calibration", make_evidence()) == "not tested"


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.45, 0.6, "supported"),
        (0.3, 0.6, "not tested"),
        (0.0, 0.99, "not tested"),
        (0.6, 0.9, "not supported"),
        (None, None, "not tested"),
    ],
)
def test_half_is_held_against_what_a_rule_chooses(low, high, said):
    nan = float("nan")
    ends = {"low": nan if low is None else low, "high": nan if high is None else high}
    chosen = {"n": 9, "n_groups": 9, "method": "m", "promised": {}}
    point = {"value": 0.7, "rule": "youden", **ends, **chosen}
    assert verdict("point", make_evidence(point=point)) == said
    assert verdict("point", make_evidence()) == "not tested"


def test_copies_are_no_larger_set(three_sources):
    merged = data.merge(three_sources, progress=False)
    found = make_evidence(merge=figures.count_merge(merged))
    _, said, why = original.judge("data", found)
    assert (said, why) == (
        "not supported",
        "72 files at hand, of 3 sets, show 24 different images.",
    )
    _, *rebuilt = original.judge("data", replace(found, rebuilt=["one", "two"]))
    said = f"{why} Rebuilt here, not the published files: one, two."
    assert rebuilt == ["not tested", said]  # what they share is of our making
    weights = original.judge("data", replace(found, data="weights by a stand-in"))
    assert weights[2] == why
    own = merged.manifest.assign(image_id=merged.manifest["path"])
    one = own[own["source"] == own["source"].iloc[0]]
    for table, said in ((own, "supported"), (one, "not tested")):
        counts = figures.count_merge(replace(merged, manifest=table))
        assert verdict("data", replace(found, merge=counts)) == said


def test_a_random_part_of_all_files_is_held_against_training(three_sources):
    table = data.split(
        data.merge(three_sources, progress=False).manifest, "naive-merge"
    )
    found = make_evidence(protocol="naive-merge", splits=data.describe_split(table))
    assert verdict("protocol", found) == "not supported"
    for changes in ({"protocol": "grouped"}, {"rebuilt": ["one"]}):
        assert verdict("protocol", replace(found, **changes)) == "not tested"
    assert verdict("protocol", replace(found, splits=None)) == "not tested"
