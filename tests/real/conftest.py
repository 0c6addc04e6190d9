"""The real images, unpacked once into the user's cache.

`XRAYLAB_REAL` names a folder with the archives and their `unpack.py`. Without
it these tests skip: third-party images are never part of the repository.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest


def unpacked(*options: str) -> Path:
    """Unpack the images once, or skip the test that asks."""
    if "XRAYLAB_REAL" not in os.environ:
        pytest.skip("needs the real images: set XRAYLAB_REAL to their folder")
    source = Path(os.environ["XRAYLAB_REAL"])
    name = "-".join(["real", *(option.strip("-") for option in options)])
    target = Path(platformdirs.user_cache_dir("xraylab-tests")) / name
    if not target.is_dir():
        half = target.with_name(f"{name}.half")
        shutil.rmtree(half, ignore_errors=True)
        command = [sys.executable, str(source / "unpack.py"), str(half), *options]
        subprocess.run(command, check=True)
        half.rename(target)
    return target


@pytest.fixture(scope="session")
def real() -> Path:
    """Folder with kaggle/, originals/, nih/ and weights/."""
    return unpacked()


@pytest.fixture(scope="session")
def real_with_traps() -> Path:
    """The same, with the nested copy and __MACOSX files of the real download."""
    return unpacked("--traps")
