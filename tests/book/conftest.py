"""The book, built once, as `make book` builds it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import browser as browser

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    for package in ("sphinx", "myst_nb", "furo"):
        pytest.importorskip(package, reason=f"needs {package}: xraylab[book]")
    out = tmp_path_factory.mktemp("book")
    command = [sys.executable, "docs/book/build.py", str(out)]
    env = os.environ | {"PYTHONPATH": str(ROOT), "XRAYLAB_PROGRESS": "0"}
    built = subprocess.run(command, cwd=ROOT, env=env, text=True, capture_output=True)
    assert built.returncode == 0, built.stderr
    return out
