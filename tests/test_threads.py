"""Threads that wait for each other must leave the processor to others soon."""

import os
import subprocess
import sys

import pytest

NAMES = ("GOMP_SPINCOUNT", "KMP_BLOCKTIME", "OMP_WAIT_POLICY")
SHOW = f"import os; print([os.environ.get(name) for name in {NAMES}])"


def run(code, **settings):
    env = {k: v for k, v in os.environ.items() if k not in NAMES} | settings
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["1000", "1", None]),
        ({"GOMP_SPINCOUNT": "7"}, ["7", "1", None]),
        ({"KMP_BLOCKTIME": "7"}, ["1000", "7", None]),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, [None, None, "ACTIVE"]),
    ],
)
def test_waits_are_short_unless_the_user_says_otherwise(settings, expected):
    done = run(f"import xraylab; {SHOW}", **settings)
    assert done.stdout.strip() == str(expected)


def test_a_torch_that_is_loaded_already_is_past_it():
    code = "import sys; sys.modules['torch'] = sys; import xraylab; "
    assert run(code + SHOW).stdout.strip() == "[None, None, None]"


@pytest.mark.skipif(sys.platform != "linux", reason="GNU's threads are Linux's")
def test_torchs_threads_read_it():
    code = "import xraylab, torch; torch.ones(9).sum()"
    shown = run(code, OMP_DISPLAY_ENV="VERBOSE").stderr
    assert "GOMP_SPINCOUNT = '1000'" in shown
