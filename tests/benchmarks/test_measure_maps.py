"""The maps of the real runs: of the stored networks, and never of a test."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from xraylab import results
from xraylab.explanation import MAPS, sanity

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import measure_doses
import measure_maps

TABLE = results.read_table("real-64px-maps")


def test_each_run_with_doses_has_each_map_once():
    dosed = results.read_table("real-64px-doses")["result"]
    assert set(dosed) <= set(TABLE["result"])
    for _, rows in TABLE.groupby("result"):
        assert rows["map"].tolist() == list(MAPS)


def test_each_figure_is_a_rank_correlation_of_validation_images():
    assert TABLE[["value", "low", "high"]].stack().between(-1, 1).all()
    assert (TABLE["low"] <= TABLE["value"]).all()
    assert (TABLE["value"] <= TABLE["high"]).all()
    assert (TABLE["n"] == TABLE["n_groups"]).all()
    assert (TABLE["limit"] == sanity.LIMIT).all()
    protocols = TABLE["result"].str.removeprefix("real-64px-")
    assert ("validation of " + protocols == TABLE["on"]).all()
    assert TABLE.attrs["about"] == measure_maps.ABOUT


def test_another_network_is_refused(tmp_path, monkeypatch):
    run = SimpleNamespace(network_id="0" * 16)
    monkeypatch.setattr(measure_doses.training, "load_run", lambda folder: run)
    with pytest.raises(SystemExit, match="is network 0000000000000000, not "):
        measure_maps.measure("real-64px-official", tmp_path)
