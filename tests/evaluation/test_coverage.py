"""Intervals cover as often as the committed table and the docstrings say."""

import re

import pytest

from benchmarks import coverage
from xraylab import evaluation

TABLE = coverage.read_coverage()
SHARES = ["accuracy", "sensitivity", "specificity", "PPV", "NPV"]
DIFFERENCES = [name for name in TABLE["interval"].unique() if "difference" in name]
SAID = {
    evaluation.share_interval: SHARES,
    evaluation.measure: ["AUROC", "average_precision", "balanced_accuracy"],
    evaluation.mean_interval: ["mean"],
    evaluation.difference: DIFFERENCES,
    evaluation.seed_interval: ["seeds"],
}


@pytest.mark.parametrize("function", SAID, ids=lambda f: f.__name__)
def test_docstrings_say_what_was_measured(function):
    rows = TABLE[TABLE["interval"].isin(SAID[function])]
    text = re.sub(r"\s+", " ", function.__doc__)
    for design, found in rows.groupby("design")["coverage"]:
        ends = f"{100 * found.min():.0f} to {100 * found.max():.0f} %"
        assert f"{design} {ends}" in text


def test_the_table_holds_what_was_asked():
    assert set(TABLE["interval"]) == {
        *(name for names in SAID.values() for name in names),
        *("re-splits", "re-splits, taken as seeds"),
    }
    shares = TABLE[TABLE["interval"].isin([*SHARES, "AUROC"])]
    published = shares[shares["design"] == "published test"]
    assert set(published["correlation"]) == {0.3, 0.5, 0.85}
    assert set(shares.loc[shares["interval"] == "AUROC", "truth"]) == {
        *(0.9, 0.95, 0.98, 0.997)
    }
    assert {"15 + 15 children", "40 + 40 children"} < set(shares["design"])


def test_intervals_keep_their_word_where_it_matters():
    """Where Wilson over files covered 74 %, and the bootstrap 56 % or 76 %."""
    keys = TABLE[["interval", "design", "correlation", "truth"]]
    keys = keys.itertuples(index=False, name=None)
    of = dict(zip(keys, TABLE["coverage"], strict=True))
    for correlation in (0.3, 0.5, 0.85):
        assert of["sensitivity", "published test", correlation, 0.95] > 0.91
        assert of["sensitivity", "published test", correlation, 0.997] > 0.93
    for n_each in (15, 40):
        assert of["AUROC", f"{n_each} + {n_each} children", 0.0, 0.98] > 0.93
    assert of["specificity", "15 + 15 children", 0.0, 0.9] > 0.93
    by_name = TABLE.set_index("interval")["coverage"]
    assert by_name["re-splits"] > 0.93 > by_name["re-splits, taken as seeds"]


@pytest.mark.long
def test_the_table_is_what_the_simulation_gives():
    again = coverage.measure_coverage()
    assert again["interval"].tolist() == TABLE["interval"].tolist()
    # the same seeds; libraries may round otherwise
    assert again["coverage"].to_numpy() == pytest.approx(
        TABLE["coverage"].to_numpy(), abs=0.01
    )
