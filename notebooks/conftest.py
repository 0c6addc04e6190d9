"""`pytest --nbval`: what the kernels need.

The lessons are compared with their stored outputs. So each runs as it was built:
alone, on the built-in images, without bars, and without the guesses of whoever
tests.
"""

import os
import tempfile
from pathlib import Path

import pytest

from xraylab.course import build, notebooks

HERE = Path(__file__).parent
HOME = tempfile.TemporaryDirectory(prefix="xraylab-", ignore_cleanup_errors=True)
STARTED = {"notebook": None}


def pytest_configure(config):
    """Hide times from the comparison, and take this environment's kernel."""
    if hasattr(config.option, "nbval_sanitize_with"):
        config.option.nbval_sanitize_with = str(HERE / "sanitise.cfg")
        config.option.nbval_current_env = True


def pytest_collection_modifyitems(items):
    """Put each solved notebook behind its lesson, whose runs it then finds."""
    ours = [item for item in items if item.path.suffix == ".ipynb"]
    others = [item for item in items if item.path.suffix != ".ipynb"]
    items[:] = others + sorted(ours, key=lambda item: (item.path.name, is_solved(item)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Give each notebook a fresh home before its kernel starts."""
    if (last := STARTED["notebook"]) != item.path:
        STARTED["notebook"] = item.path
        follows = bool(last) and last.name == item.path.name and is_solved(item)
        os.environ |= build.stored_environment(HOME.name, keep_runs=follows)


def is_solved(item):
    """Say whether a cell is one of a solved notebook."""
    return item.path.parent.name == notebooks.SOLVED
