"""The cache of pixels: one file, whole or not at all."""

import os

import numpy as np
import pytest

from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import errors, images
from xraylab.images import cache as pixel_cache


@pytest.fixture
def folder(tmp_path):
    for i in range(3):
        write_file(tmp_path / f"in/{i}.jpeg", as_jpeg(blob_image(i)))
    return tmp_path


def test_the_cache_holds_what_read_pixels_reads(folder):
    names = ["0.jpeg", "1.jpeg", "2.jpeg"]
    cache = images.build_cache(names, folder / "in", 32, folder / "c", progress=False)
    assert cache.size_px == 32
    for name, row in zip(names, cache.rows(names), strict=True):
        again = images.read_pixels(folder / "in" / name, 32)
        assert np.array_equal(cache.pixels[row], again)


def test_the_cache_is_opened_again_and_renewed_when_a_file_changes(folder):
    def build():
        names = ["0.jpeg", "1.jpeg"]
        return images.build_cache(
            names, folder / "in", 16, folder / "c", progress=False
        ).pixels

    first, second = build(), build()
    assert first.filename == second.filename
    write_file(folder / "in/0.jpeg", as_jpeg(blob_image(9), quality=50))
    assert build().filename != first.filename


def test_a_cache_that_fails_leaves_nothing(folder):
    write_file(folder / "in/bad.jpeg", b"text")
    with pytest.raises(errors.UnreadableImageError):
        images.build_cache(
            ["0.jpeg", "bad.jpeg"], folder / "in", 16, folder / "c", progress=False
        )
    assert not (folder / "c").exists()


def test_an_image_that_is_gone_is_named_with_what_to_do(folder):
    (folder / "in/0.jpeg").unlink()
    told = r"in.0\.jpeg is not there\. Put it back, or merge again\."
    with pytest.raises(FileNotFoundError, match=told):
        images.build_cache(["0.jpeg"], folder / "in", 16, folder / "c", progress=False)
    assert not (folder / "c").exists()


def test_a_changed_file_of_the_same_size_and_time_makes_a_new_cache(folder):
    def build():
        where = folder / "in", 16, folder / "c"
        return images.build_cache(["0.jpeg"], *where, progress=False).pixels

    first = build()
    file = folder / "in/0.jpeg"
    facts, content = file.stat(), bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert build().filename != first.filename


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs", None])
def test_a_damaged_cache_is_made_anew(folder, content):
    def build():
        where = folder / "in", 16, folder / "c"
        return np.array(images.build_cache(["0.jpeg"], *where, progress=False).pixels)

    first = build()
    (file,) = (folder / "c").glob("*.npy")
    file.write_bytes(file.read_bytes()[:-9] if content is None else content)
    assert np.array_equal(build(), first)


def test_a_cache_that_cannot_be_written_does_not_stop_work(folder):
    write_file(folder / "c", b"a file where the folder should be")
    with pytest.warns(UserWarning, match=r"cache .*pixels-16px-.* work goes on"):
        cache = images.build_cache(
            ["0.jpeg", "1.jpeg"], folder / "in", 16, folder / "c", progress=False
        )
    again = images.read_pixels(folder / "in/1.jpeg", 16)
    assert np.array_equal(cache.pixels[cache.rows(["1.jpeg"])[0]], again)


def test_an_image_that_cannot_be_read_is_no_fault_of_the_cache(folder, monkeypatch):
    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pixel_cache, "read_pixels", refused)
    told = r"0\.jpeg could not .*: Permission denied; make it readable or leave"
    with pytest.raises(errors.UnreadableImageError, match=told):
        images.build_cache(["0.jpeg"], folder / "in", 16, folder / "c", progress=False)


def test_unknown_rows_are_named(folder):
    cache = images.build_cache(
        ["0.jpeg"], folder / "in", 16, folder / "c", progress=False
    )
    with pytest.raises(KeyError, match=r"1 are not, first 7\.jpeg"):
        cache.rows(["7.jpeg"])
