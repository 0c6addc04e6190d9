"""Where few groups tell the design effect, and where few cases of a kind are left."""

import numpy as np
import pytest
from scipy.stats import chi2

from xraylab.evaluation import share_interval
from xraylab.evaluation.intervals import _degrees, quantile, wilson


@pytest.mark.parametrize("k", [1, 2, 4])
def test_degrees_of_freedom_by_hand(k):
    """Of 200 groups of three k err three times each: about four degrees for each."""
    codes, share = np.repeat(np.arange(200), 3), k / 200
    sums = 3 * np.array([1 - share] * k + [-share] * (200 - k))
    kurtosis = (sums**4).sum() / (sums**2).sum() ** 2
    degrees = 4 / (kurtosis - 1 / 200)
    assert degrees == pytest.approx(4 * k, rel=0.1)
    n_eff = 600**2 * share * (1 - share) / (200 / 199 * (sums**2).sum())
    expected = wilson(1 - share, n_eff, quantile(degrees))
    assert share_interval(codes >= k, codes).low == pytest.approx(expected[0])


def test_of_one_image_each_nothing_is_estimated_but_the_share():
    found = share_interval([1] * 19 + [0])
    assert found.low == pytest.approx(wilson(0.95, 19, quantile(19))[0])


def test_values_that_vary_as_normal_ones_do_keep_their_degrees():
    codes, rng = np.arange(200), np.random.default_rng(0)
    normal = rng.standard_normal(200)
    assert _degrees(normal - normal.mean(), codes, 150) == 150
    one = (codes == 0) - 1 / 200
    assert _degrees(one, codes, 150) == pytest.approx(4, rel=0.03)
    assert _degrees(np.tile([1.0, -1.0], 100), codes, 150) == 150


@pytest.mark.parametrize(("k", "bound"), [(1, 0.051293), (2, 0.355362), (3, 0.817691)])
def test_beside_few_cases_the_end_is_the_bound_of_a_poisson_count(k, bound):
    """The counts' bounds as in tables of the chi-square: its 5 % point by 2."""
    n = 200
    found = share_interval([0] * k + [1] * (n - k))
    n_eff = n - 1  # by the variance between as many groups
    rare = k * n_eff / n
    assert found.high == pytest.approx(1 - bound / n_eff, abs=3e-4)
    assert found.high == pytest.approx(1 - chi2.ppf(0.05, 2 * rare) / 2 / n_eff)
    assert found.low == pytest.approx(wilson(1 - k / n, n_eff, quantile(n - 1))[0])
    turned = share_interval([1] * k + [0] * (n - k))
    assert (turned.low, turned.high) == pytest.approx((1 - found.high, 1 - found.low))


def test_from_four_cases_on_both_ends_are_wilsons():
    found = share_interval([0] * 4 + [1] * 196)
    assert found[1:3] == pytest.approx(wilson(0.98, 199, quantile(199)))


@pytest.mark.parametrize("hits", [[1, 0], [1, 0, 0], [1, 1, 0, 1, 0, 1, 1]])
@pytest.mark.filterwarnings("error")
def test_groups_that_are_all_alike_keep_their_degrees(hits):
    """Their sums differ from 0 by rounding alone, which says nothing."""
    found = share_interval(hits * 12, np.repeat(np.arange(12), len(hits)))
    low, high = wilson(np.mean(hits), 12 * len(hits), quantile(11))
    assert (found.low, found.high) == pytest.approx((low, high))
