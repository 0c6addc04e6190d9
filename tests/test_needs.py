"""What the package needs and does not find is said, and nothing else."""

from importlib import metadata

import pytest

from xraylab import needs

INSTALLED = {"torch": "2.11.0+cu128", "numpy": "2.1.0", "captum": "0.6.0"}


@pytest.fixture
def place(monkeypatch):
    """A place with three packages; gives a function that says what is wanted there."""

    def version(name):
        if name not in INSTALLED:
            raise metadata.PackageNotFoundError(name)
        return INSTALLED[name]

    monkeypatch.setattr(metadata, "version", version)
    return lambda *wanted: monkeypatch.setattr(metadata, "requires", lambda _: wanted)


def test_what_is_missing_or_too_old_is_said(place, capsys):
    place("torch>=2.4", "captum>=0.7", "accelerate>=1.0", "numpy>=1.26")
    old, missing = needs.find_unmet()
    assert old.startswith("xraylab needs captum>=0.7, found 0.6.0. ")
    assert missing.startswith("xraylab needs accelerate>=1.0, found none. ")
    needs.say_unmet()
    assert capsys.readouterr().out.splitlines() == [old, missing]


def test_where_all_is_well_nothing_is_said(place, capsys):
    place("torch>=2.4", "numpy", 'pytest>=8.2; extra == "test"')
    needs.say_unmet()
    assert capsys.readouterr().out == ""


def test_the_place_of_these_tests_has_what_the_package_needs():
    assert needs.find_unmet() == []
