"""What validation asks for, and what that mends elsewhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.special import expit

from tests.evaluation.tables import ROWS, make_table, perfect_table
from xraylab import results
from xraylab.errors import InputError
from xraylab.evaluation import Interval, calibration
from xraylab.evaluation.recalibration import (
    compare_recalibrations,
    describe_recalibrations,
    fit_recalibrations,
)

NAME = "real-64px-official"


@pytest.fixture(scope="module")
def official():
    return [results.read_predictions(NAME, on) for on in ("valid", "test")]


def values_of(table):
    return table.set_index(["scores", "metric"])["value"]


def test_changes_are_fitted_on_validation_and_judged_elsewhere(official):
    valid, test = official
    changes, reasons = fit_recalibrations(valid)
    assert list(changes) == list(calibration.RECALIBRATIONS)
    assert reasons == {}
    found = values_of(compare_recalibrations(changes, test))
    for name, table in {
        "as given": test,
        **{h: test.assign(score=c.apply(test["score"])) for h, c in changes.items()},
    }.items():
        expected = calibration.measure_calibration(table)["value"]
        for metric in ("slope", "intercept", "Brier", "ECE"):
            assert found[name, metric] == pytest.approx(expected[metric]), (
                name,
                metric,
            )
    for how in changes:
        change = calibration.recalibrate(valid, how)
        assert changes[how] == change


def test_what_was_fitted_here_is_mended_here(official):
    _, test = official
    changes, _ = fit_recalibrations(test)
    found = values_of(compare_recalibrations(changes, test))
    assert found["platt", "slope"] == pytest.approx(1, abs=1e-5)
    assert found["platt", "intercept"] == pytest.approx(0, abs=1e-5)
    assert abs(found["temperature", "intercept"]) > 0.5  # which it cannot mend
    assert found["platt", "Brier"] < found["as given", "Brier"]


@settings(max_examples=40)
@given(ROWS)
def test_each_change_is_fitted_or_has_a_reason(rows):
    table = make_table(rows)
    changes, reasons = fit_recalibrations(table)
    assert set(changes) | set(reasons) == set(calibration.RECALIBRATIONS)
    assert not set(changes) & set(reasons)
    lines = describe_recalibrations(changes, reasons)
    for how, why in reasons.items():
        assert f"{how} is not fitted: {why}" in lines


def test_perfect_scores_are_left_as_given_and_it_is_said():
    valid = perfect_table(9)
    changes, reasons = fit_recalibrations(valid)
    assert changes == {}
    table = compare_recalibrations(changes, valid)
    assert table["scores"].unique().tolist() == ["as given"]
    first, second, heading, line = describe_recalibrations(changes, reasons, table)
    assert first.startswith("temperature is not fitted: scores must overlap between")
    assert second.startswith("platt is not fitted: scores must overlap between")
    assert heading.endswith("fitted on validation:")
    assert line.startswith("  as given: slope ")
    assert line.endswith(", n = 18, 18 groups")


def test_a_table_that_is_none_is_refused_and_no_reason():
    with pytest.raises(InputError, match="label"):
        fit_recalibrations(perfect_table(9).drop(columns="label"))


def test_words_have_each_figure_with_its_counts(official):
    valid, test = official
    changes, reasons = fit_recalibrations(valid)
    table = compare_recalibrations(changes, test)
    _, given, *changed = describe_recalibrations(changes, reasons, table)
    rows = table[table["scores"] == "as given"].set_index("metric")
    slope = Interval(*rows.loc["slope", list(Interval._fields)])
    assert given.startswith(f"  as given: slope {slope.figure}, intercept -4.875 (")
    assert f", ECE {rows.loc['ECE', 'value']:.3f}, n = 624, 427 groups" in given
    for line, (how, change) in zip(changed, changes.items(), strict=True):
        assert line.startswith(f"  {how} ({change}): slope ")
    (fitted,) = describe_recalibrations(changes, reasons)
    assert fitted.startswith(f"Fitted here: temperature {changes['temperature']}; pl")
    assert fitted.endswith("Other images judge whether that mends them.")


@pytest.mark.parametrize(
    ("change", "said"),
    [((0, 1.5), "logit x 1.50"), ((-0.3, 0.756), "logit x 0.76 - 0.30")],
)
def test_a_change_is_written_as_what_it_does(change, said):
    change = calibration.Recalibration(*change)
    assert str(change) == said
    assert change.apply([0.7]) == pytest.approx(
        expit(change.intercept + change.slope * np.log(7 / 3))
    )
