"""Faults are drawn by what they are; each survivor has a reason."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import mutation

LISTS = {seed: kept["faults"] for seed, kept in mutation.read().items()}


def test_a_seed_draws_the_same_faults_of_each_module_wherever_lines_stand(monkeypatch):
    few = ("data/filenames", "data/merging")
    monkeypatch.setattr(mutation, "MODULES", few)
    first = mutation.draw(3)
    assert [fault["module"] for fault in first] == [m for m in few for _ in range(6)]
    assert first != mutation.draw(4)
    assert mutation.draw(3) == first
    source = "def half(x):\n    return x / 2 if x > 2 else max(x, 2)\n"
    assert list(mutation.name_faults(source)) == list(
        mutation.name_faults("\n\n" + source)
    )


@pytest.mark.parametrize("seed", LISTS)
def test_a_fault_is_noticed_or_has_its_reason(seed):
    for fault in LISTS[seed]:
        if fault.get("now") == mutation.SURVIVED:
            assert mutation.name_of(fault) in mutation.EQUIVALENT


@pytest.mark.long
def test_a_reason_is_of_a_fault_that_there_is():
    for name in mutation.EQUIVALENT:
        module, _, fault = name.partition(": ")
        assert fault in mutation.list_faults(module), name
