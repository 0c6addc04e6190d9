"""`pytest --nbval --nbval-current-env notebooks/`: what the kernels need.

The lessons are compared with their stored outputs. So each runs as it was built:
alone, on the built-in images, without bars, and without the guesses of whoever
tests.
"""

import os
import tempfile
from pathlib import Path

import pytest

from xraylab import lessons

HERE = Path(__file__).parent
HOME = tempfile.TemporaryDirectory(prefix="xraylab-", ignore_cleanup_errors=True)
STARTED = {"notebook": None}


def pytest_configure(config):
    """Hide times and versions from the comparison, from wherever pytest starts."""
    if hasattr(config.option, "nbval_sanitize_with"):
        config.option.nbval_sanitize_with = str(HERE / "sanitise.cfg")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Give each notebook a fresh home before its kernel starts."""
    if STARTED["notebook"] != item.path:
        STARTED["notebook"] = item.path
        os.environ |= lessons.fresh_environment(HOME.name)
        os.environ["XRAYLAB_DATA"] = "built-in"
        for name in ("XRAYLAB_MODE", "XRAYLAB_STEPS"):
            os.environ.pop(name, None)
