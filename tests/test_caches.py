"""Caches lie where they were asked for, and are named by what they were made of."""

import os

import numpy as np
import pytest

from xraylab.caches import cache_folder, cache_name, stamp


def test_the_cache_folder_is_the_one_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("XRAYLAB_CACHE", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache"
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_home_that_cannot_be_written_is_replaced(tmp_path, monkeypatch):
    blocked = tmp_path / "a file, no folder"
    blocked.write_text("")
    monkeypatch.setenv("XRAYLAB_CACHE", str(blocked / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    with pytest.warns(UserWarning, match=r"no folder.* go to .*temporary.* Set XRAY"):
        folder = cache_folder()
    assert folder.is_relative_to(tmp_path / "temporary")


def test_a_caches_name_follows_from_what_went_in():
    facts = ["a", 1, b"bytes", np.arange(3), ("x", 2)]
    name = cache_name("stage", 1, facts)
    assert name == cache_name("stage", 1, list(facts))
    others = [cache_name("stage", 2, facts), cache_name("stage", 1, facts[1:])]
    others += [cache_name("stage", 1, [*facts[:3], np.arange(4), facts[4]])]
    others += [cache_name("stage", 1, ["a1", *facts[2:]])]
    assert len({name, *others}) == 5
    assert all(other.startswith("stage-") for other in others)


def test_a_stamp_sees_content_whose_time_was_set_back(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"one")
    before, times = stamp(file), file.stat()
    file.write_bytes(b"two")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert stamp(file)[:2] == before[:2]
    if os.name != "nt":
        assert stamp(file) != before
