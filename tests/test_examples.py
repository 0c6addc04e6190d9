"""The examples in docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import xraylab

MODULES = [
    module.name
    for module in pkgutil.walk_packages(xraylab.__path__, "xraylab.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_show(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples_to_test():
    finder = doctest.DocTestFinder(exclude_empty=True)
    modules = map(importlib.import_module, MODULES)
    found = [test for module in modules for test in finder.find(module)]
    assert sum(bool(test.examples) for test in found) >= 10
