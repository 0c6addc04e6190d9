"""What evaluate says of a difference."""

import math

import pytest

from xraylab.cli import evaluation
from xraylab.evaluation import Interval


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((0.05, 0.01, 0.09), "higher here: 0.050 (0.01 to 0.09)"),
        ((-0.55, -0.62, -0.48), "lower here: -0.550 (-0.62 to -0.48)"),
        ((0.05, -0.01, 0.11), "no difference is shown: 0.050 (-0.01 to 0.11)"),
        ((0.05, math.nan, math.nan), "so few groups do not tell whether it differs"),
    ],
)
def test_a_difference_is_called_one_only_where_its_interval_is(ends, said):
    assert evaluation._verdict(Interval(*ends, 10, 5, "any")).startswith(said)
