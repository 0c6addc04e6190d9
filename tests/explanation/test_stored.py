"""What was found of a run's answers: kept whole, read back, refused when damaged."""

import math

import pandas as pd
import pytest

from xraylab import errors, files
from xraylab.evaluation import Interval
from xraylab.explanation import stored
from xraylab.explanation.doses import FIGURES

ABOUT = {
    **{"on": "validation of grouped", "network": "7b25b4a8b292a71a"},
    **{"threshold": 0.5, "lungs": "a box", "n_shuffled": 3, "limit": 0.5},
}


def a_table(kind):
    given = Interval(0.25, 0.1, 0.4, 1200, 800, "t, by group")
    not_given = Interval(1 / 3, math.nan, math.nan, 3, 3, "not given: fewer than 5")
    first = [{"map": "occlusion"}, {"map": "Grad-CAM"}]
    if kind != "maps":
        first = [
            {"perturbation": name, "dose": dose, "figure": figure}
            for name, dose in (("zoom", 1.1), ("zoom", 1.2), ("mirror", 1.0))
            for figure in sorted(FIGURES)
        ]
    intervals = [given._asdict(), not_given._asdict()] * len(first)
    return pd.DataFrame([a | b for a, b in zip(first, intervals, strict=False)])


@pytest.mark.parametrize("kind", stored._KINDS)
def test_what_is_kept_is_read_back(kind, tmp_path):
    assert stored.read(tmp_path, kind) is None
    table = a_table(kind)
    file = stored.keep(tmp_path, kind, ABOUT, table)
    found = stored.read(tmp_path, kind)
    assert found.about == ABOUT
    pd.testing.assert_frame_equal(found.table, table)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_intervals_that_are_not_given_at_all_are_numbers_again(tmp_path):
    table = a_table("maps").tail(1)
    stored.keep(tmp_path, "maps", ABOUT, table)
    row = stored.read(tmp_path, "maps").table.iloc[0]
    assert math.isnan(row["low"])
    assert "interval not given" in str(Interval(*row[list(Interval._fields)]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"rows": []}',
        '{"on": "a", "network": "b", "rows": []}',
        '{"on": "a", "network": "b", "rows": [{"map": "x"}]}',
        '{"on": "a", "network": "b", "rows": 3}',
        '{"on": "a", "rows": [{"map": "x", "value": 1, "low": 1, "high": 1, "n": 9, '
        '"n_groups": 9, "method": "m"}]}',
        '{"on": "a", "network": "b", "rows": [{"map": "x", "value": "high", "low": 1, '
        '"high": 1, "n": 9, "n_groups": 9, "method": "m"}]}',
    ],
)
def test_a_damaged_file_is_named_with_what_writes_it(text, tmp_path):
    (tmp_path / "maps.json").write_text(text)
    with pytest.raises(errors.NotARunError, match=r"maps.json must .* `xraylab expl"):
        stored.read(tmp_path, "maps")


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.iloc[1:],  # a dose lacks a figure
        lambda t: pd.concat([t, t.head(1)]),
        lambda t: t.assign(perturbation="magic"),
        lambda t: t[t["figure"] != "flipped"],
        lambda t: t.assign(value=math.nan),
        lambda t: t.assign(dose="high"),
        lambda t: t.assign(n="9"),
        lambda t: t.assign(method=3),
    ],
)
def test_rows_that_do_not_make_a_dose_curve_are_refused(change, tmp_path):
    stored.keep(tmp_path, "doses", ABOUT, change(a_table("doses")))
    with pytest.raises(errors.NotARunError, match="written anew"):
        stored.read(tmp_path, "doses")


@pytest.mark.parametrize("name", ["on", "network", "threshold", "lungs"])
def test_facts_that_are_missing_or_of_another_kind_are_refused(name, tmp_path):
    for about in (ABOUT | {name: None}, {k: v for k, v in ABOUT.items() if k != name}):
        stored.keep(tmp_path, "doses", about, a_table("doses"))
        with pytest.raises(errors.NotARunError, match="written anew"):
            stored.read(tmp_path, "doses")


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "perturbations.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(errors.NotARunError, match="what `xraylab perturb` found"):
        stored.read(tmp_path, "doses")


def test_the_file_before_stays_where_it_cannot_be_written(tmp_path, monkeypatch):
    file = stored.keep(tmp_path, "maps", ABOUT, a_table("maps"))
    before = file.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(file), "write_text", full)
    with pytest.raises(files.NotWrittenError):
        stored.keep(tmp_path, "maps", ABOUT | {"on": "x"}, a_table("maps"))
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["maps.json"]
