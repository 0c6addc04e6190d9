"""What Windows cannot hold: names, long paths, folders without a number."""

import os
import re
import subprocess
from pathlib import Path, PureWindowsPath

import pytest

from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import data

REPOSITORY = Path(__file__).parents[1]
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)
LONGEST = 259  # characters of a path
# as long a home as is usual: a name of 20 letters, and where caches go
HOME = len(r"C:\Users\abcdefghijklmnopqrst\AppData\Local\xraylab\xraylab\Cache") + 1
HALF = len(".") + len(".0123abcd")  # what a file is called while it is written


def misfits(paths):
    """Relative paths with slashes that Windows cannot hold, or not side by side."""
    seen = {}
    for path in paths:
        for part in path.split("/"):
            if re.search(r'[<>:"|?*\\\x00-\x1f]|[. ]$', part) or RESERVED.fullmatch(
                part
            ):
                yield path
        if HOME + len(path) + HALF > LONGEST:
            yield path
        if seen.setdefault(path.lower(), path) != path:
            yield path


@pytest.mark.parametrize(
    "paths",
    [["a:b"], ["x/aux.py"], ["NUL"], ["end."], ["a\\b"], ["x" * 200], ["A/b", "a/B"]],
)
def test_such_names_would_be_found(paths):
    assert list(misfits(paths)) == paths[-1:]
    assert list(misfits(["notebooks/source/00_the_claim.py", "console.py"])) == []


def test_every_file_of_the_repository_can_lie_on_windows():
    command = ["git", "-C", str(REPOSITORY), "ls-files"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("this checkout is no clone")
    assert list(misfits(done.stdout.splitlines())) == []


def test_paths_in_tables_are_the_same_on_windows(three_sources):
    """With slashes, which Windows takes too; never with a drive."""
    files, _ = data.list_files(three_sources)
    for path in files["path"]:
        assert "\\" not in path
        assert PureWindowsPath(path).as_posix() == path
        assert not PureWindowsPath(path).drive


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_folders_of_a_drive_that_numbers_none_are_all_read(tmp_path, monkeypatch):
    """Some network drives say 0 for each; that is no link to a folder read before."""
    for split in ("train", "test"):
        for kind in ("NORMAL", "PNEUMONIA"):
            write_file(tmp_path / split / kind / "a.jpeg", as_jpeg(blob_image(0)))
    (tmp_path / "again").symlink_to(tmp_path / "train")
    stat = os.stat

    def without_number(path, **more):
        facts = stat(path, **more)
        return os.stat_result([facts[0], 0, *facts[2:10]])

    monkeypatch.setattr(os, "stat", without_number)
    files, ignored = data.list_files(tmp_path)
    assert len(files) == 4
    assert ignored["reason"].tolist() == ["link to a folder already read"]
