"""Scores of 0 and 1 have no logit: what hangs on one is not defined."""

import pytest

from tests.evaluation.tables import make_table
from xraylab.errors import InputError
from xraylab.evaluation.calibration import (
    RECALIBRATIONS,
    describe_calibration,
    measure_calibration,
    recalibrate,
)

BETWEEN = [(0, 0.2), (0, 0.7), (1, 0.4), (1, 0.8)] * 3


@pytest.mark.parametrize("right", [(0, 0.0), (1, 1.0)])
def test_scores_of_0_and_1_that_are_right_change_no_line(right):
    """They fit any line, so the rest decides, and they have no weight in it."""
    with_them = measure_calibration(make_table([*BETWEEN, *[right] * 6]))
    without = measure_calibration(make_table(BETWEEN))
    for name in ("intercept", "slope"):
        assert with_them.loc[name, "value"] == pytest.approx(
            without.loc[name, "value"], abs=1e-4
        )
    changes = [
        recalibrate(make_table(r), "platt") for r in (BETWEEN, [*BETWEEN, right])
    ]
    assert changes[0] == pytest.approx(changes[1], abs=1e-4)


@pytest.mark.parametrize(
    "rows",
    [
        [*BETWEEN, (1, 0.0)],
        [*BETWEEN, (0, 1.0)],
        [*BETWEEN * 9, (0, 1 - 1e-12)],
        [(0, 0.0), (1, 1.0)] * 6,
        [(0, 1.0), (1, 0.0)] * 6,
        [(0, 0.0), (1, 0.0), (0, 1.0), (1, 1.0)] * 6,
        [(0, 0.0), (1, 0.0)] * 6,
    ],
)
def test_what_would_hang_on_the_logit_of_0_or_1_is_not_defined(rows):
    found = measure_calibration(make_table(rows)).loc[["intercept", "slope"]]
    assert found[["value", "low", "high"]].isna().all(axis=None)
    assert found.loc["intercept", "method"].startswith(
        "not given: a score of 0 or 1 is wrong, or all are 0 or 1"
    )
    for how in RECALIBRATIONS:
        with pytest.raises(InputError, match=f"must be right, .* is best for {how}: "):
            recalibrate(make_table(rows), how)


def test_what_is_not_defined_is_written_with_its_reason_and_one_group_is_one():
    one_child = make_table([*BETWEEN, (1, 0.0)]).assign(group_id="one")
    lines = describe_calibration(measure_calibration(one_child))
    for line in lines[1:3]:
        assert " not defined, n = 13, 1 group, since a score of 0 or 1 is wrong" in line
    assert lines[-1].startswith("ECE 0.")
    assert "n = 13, 1 group; if" in lines[-1]
