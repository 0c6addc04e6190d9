"""Subgroups: the figures of the part, whatever else is in the table."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.tables import ROWS, make_table
from xraylab import data, results
from xraylab.errors import InputError
from xraylab.evaluation import measure, share_interval
from xraylab.evaluation.subgroups import describe_subgroups, measure_subgroups


@settings(max_examples=50)
@given(ROWS, st.randoms(use_true_random=False), st.floats(0, 1))
def test_each_figure_is_that_of_its_rows(rows, random, threshold):
    table = make_table(rows, 7).assign(ward=[random.choice("ab") for _ in rows])
    found = measure_subgroups(table, ["ward"], threshold=threshold)
    if table["ward"].nunique() == 1:
        assert found.empty
        return
    for _, row in found.iterrows():
        label = int(row["metric"] == "sensitivity")
        part = table[(table["ward"] == row["group"]) & (table["label"] == label)]
        called = part["score"] >= threshold
        expected = share_interval(called == bool(label), part["group_id"])
        assert (row["n"], row["method"]) == (len(part), expected.method)
        ends = row[["value", "low", "high"]].tolist()
        assert ends == pytest.approx(expected[:3], nan_ok=True)
    assert found["n"].sum() == len(table)
    assert not found.duplicated(["group", "metric"]).any()


def test_a_part_of_both_classes_is_measured_as_the_whole_would_be(predictions):
    table = predictions.assign(ward=["a", "b"] * 312)
    found = measure_subgroups(table, ["ward"]).set_index(["group", "metric"])
    for (ward, metric), row in found.iterrows():
        own = measure(table[table["ward"] == ward], metric)
        assert tuple(row[["value", "low", "high"]]) == pytest.approx(own[:3])


def test_the_stored_official_answers_by_kind():
    answers = results.read_predictions("real-64px-official")
    kind = [data.read_name(path)[0] for path in answers["path"]]
    table = answers.assign(kind=kind)
    at_half = measure_subgroups(table, ["kind"]).set_index("group")["value"]
    assert at_half["IM"] == pytest.approx(0.45, abs=0.005)
    assert at_half["NORMAL2"] == pytest.approx(0.36, abs=0.005)
    chosen = measure_subgroups(table, ["kind"], threshold=0.855)
    chosen = chosen.set_index("group")["value"]
    assert chosen["bacteria"] == pytest.approx(0.99, abs=0.005)
    assert chosen["virus"] == pytest.approx(0.95, abs=0.005)


def test_what_is_not_known_is_a_group_of_its_own(predictions):
    table = predictions.assign(kind=["", None, "virus"] * 208)
    found = measure_subgroups(table, ["kind"])
    assert set(found["group"]) == {"unknown", "virus"}
    lines = describe_subgroups(found)
    assert lines[0].startswith("Subgroups, 4 intervals, each for itself")
    assert lines[1].startswith("  kind unknown: sensitivity 0.")
    assert ", n = " in lines[1]


def test_a_column_of_one_value_has_no_lines(predictions):
    found = measure_subgroups(predictions.assign(kind="virus"), ["kind"])
    assert list(found)[:3] == ["column", "group", "metric"]
    assert describe_subgroups(found) == []


def test_a_missing_column_is_named(predictions):
    with pytest.raises(InputError, match="the columns ward, found no ward"):
        measure_subgroups(predictions, ["ward"])
