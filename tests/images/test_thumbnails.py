"""What was seen is kept: nothing is read twice, and no mishap costs a run."""

import os
import sqlite3
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing

import numpy as np
import pytest

from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import errors, images
from xraylab.caches import cache_folder
from xraylab.images import decode, store, thumbnails

NAMES = [f"{i}.jpeg" for i in range(24)] + ["bad.jpeg", "empty.jpeg"]


@pytest.fixture
def root(tmp_path, monkeypatch):
    """24 images, a text and an empty file; a cache of their own."""
    monkeypatch.setenv("XRAYLAB_CACHE", str(tmp_path / "cache"))
    for i, name in enumerate(NAMES[:24]):
        write_file(tmp_path / "in" / name, as_jpeg(blob_image(i, 60)))
    write_file(tmp_path / "in/bad.jpeg", b"I am text")
    write_file(tmp_path / "in/empty.jpeg", b"")
    return tmp_path / "in"


def look(root, **settings):
    return images.read_thumbnails(NAMES, root, progress=False, **settings)


def assert_same(a, b):
    assert a.files.equals(b.files)
    assert a.problems.equals(b.problems)
    assert np.array_equal(a.squares, b.squares)


@pytest.fixture
def reads(monkeypatch):
    """Names of the files that are read from now on."""
    names, read = [], decode.read_bytes

    def counted(file):
        names.append(file.name)
        return read(file)

    monkeypatch.setattr(decode, "read_bytes", counted)
    return names


def store_of(root):
    (file,) = cache_folder().glob("thumbnails-*.sqlite")
    return file


def test_each_file_is_a_row_or_a_problem(root):
    seen = look(root)
    assert seen.files["path"].tolist() == NAMES[:24]
    assert seen.squares.shape == (24, 48, 48)
    assert dict(seen.problems.itertuples(index=False)) == {
        "bad.jpeg": "it is no image format that is read here "
        "(JPEG, PNG, BMP, TIFF, GIF, WEBP); save it as one of these",
        "empty.jpeg": "it is empty; fetch it again or leave it out",
    }


def test_files_of_the_same_bytes_share_a_square(root):
    write_file(root / "9.jpeg", (root / "3.jpeg").read_bytes())
    seen = look(root)
    rows = seen.files.set_index("path")["square"]
    assert rows["9.jpeg"] == rows["3.jpeg"]
    assert len(seen.squares) == len(seen.files) - 1 == rows.nunique()


def test_a_second_run_reads_nothing(root, reads):
    first = look(root)
    assert sorted(reads) == sorted(NAMES)
    reads.clear()
    assert_same(look(root), first)
    assert reads == []


def test_only_what_changed_is_read_again(root, reads):
    look(root)
    reads.clear()
    write_file(root / "3.jpeg", as_jpeg(blob_image(99, 60)))
    assert look(root).files["digest"].is_unique
    assert reads == ["3.jpeg"]


def test_a_file_that_is_gone_is_a_problem_until_it_is_back(root):
    first = look(root)
    (root / "3.jpeg").rename(root / "away")
    gone = dict(look(root).problems.itertuples(index=False))
    assert gone["3.jpeg"] == "No such file or directory; put it back or leave it out"
    (root / "away").rename(root / "3.jpeg")
    assert_same(look(root), first)


def test_what_could_not_be_reached_is_tried_again(root, monkeypatch):
    def refused(file):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(decode, "read_bytes", refused)
        (cause,) = set(look(root).problems["cause"])
        assert cause == "Permission denied; make it readable or leave it out"
    assert len(look(root).files) == 24


def test_a_file_with_too_many_bytes_is_named(root, monkeypatch):
    monkeypatch.setattr(decode, "MAX_BYTES", 1000)
    causes = set(look(root).problems["cause"])
    assert "it has more than 1,000 bytes; make it smaller" in causes


@pytest.mark.skipif(os.name == "nt", reason="no pipes there")
def test_a_pipe_is_named_and_not_waited_for(root):
    (root / "3.jpeg").unlink()
    os.mkfifo(root / "3.jpeg")
    found = dict(look(root).problems.itertuples(index=False))
    assert found["3.jpeg"] == "it is a pipe or a device, no file; give a file"


def test_two_workers_see_what_one_sees(root, monkeypatch):
    alone = look(root)
    store_of(root).unlink()
    monkeypatch.setattr(thumbnails, "_WORTH_WORKERS", 0)
    monkeypatch.setattr(thumbnails, "_CHUNK", 5)
    assert_same(look(root, workers=2), alone)


def start(root, *, before="", workers=1):
    """Start a run in a process of its own, a few files between two writes."""
    script = f"""
        from xraylab.images import thumbnails
        from tests.images.test_thumbnails import NAMES

        thumbnails._CHUNK, thumbnails._WORTH_WORKERS = 4, 0
        keep = thumbnails.Store.keep
        n_kept = 0

        def keep_and_wait(store, rows):
            global n_kept
            keep(store, rows)
            n_kept += len(rows)
            if n_kept == 12:
                {before or "pass"}

        thumbnails.Store.keep = keep_and_wait
        seen = thumbnails.read_thumbnails(
            NAMES, {str(root)!r}, workers={workers}, progress=False
        )
        print(len(seen.files), len(seen.problems))
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_run_costs_only_what_was_not_kept(root, reads, workers):
    run = start(root, before="print('now', flush=True); input()", workers=workers)
    assert run.stdout.readline() == "now\n"
    run.kill()
    # the pipe ends when the last worker has ended
    assert run.communicate(timeout=60)[0] == ""
    assert len(look(root).files) == 24
    assert len(reads) == len(NAMES) - 12


def test_two_runs_at_once_do_no_harm(root, reads):
    runs = [start(root), start(root)]
    for run in runs:
        out, errors = run.communicate(timeout=120)
        assert (out, errors) == ("24 2\n", "")
    look(root)
    assert reads == []


@pytest.mark.skipif(os.name == "nt", reason="no such limit there")
def test_a_full_disk_does_not_stop_work(root, reads):
    limit = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))"
    )
    run = start(root, before=limit)
    out, said = run.communicate(timeout=60)
    assert (run.returncode, out) == (0, "24 2\n")
    assert said.count("could not be used") == 1
    assert "thumbnails-" in said
    assert "free some space" not in said
    look(root)
    assert len(reads) == len(NAMES) - 12


def test_no_more_processes_are_asked_for_than_windows_takes(root, monkeypatch):
    asked = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers, **_options):
            asked.append(workers)
            super().__init__(1)

    monkeypatch.setattr(thumbnails, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(thumbnails, "_WORTH_WORKERS", 1)
    images.read_thumbnails(NAMES, root, workers=100, progress=False)
    assert asked == [61]


def test_a_locked_store_does_not_stop_work(root, monkeypatch, reads):
    first = look(root)
    monkeypatch.setattr(store, "_PATIENCE_S", 0.05)
    with closing(sqlite3.connect(store_of(root))) as other:
        other.execute("begin exclusive")
        with pytest.warns(UserWarning, match=r"\(database is locked\); work goes on"):
            assert_same(look(root), first)
    reads.clear()
    assert_same(look(root), first)
    assert reads == []


def test_a_store_that_is_locked_on_the_way_does_not_stop_work(root, monkeypatch):
    monkeypatch.setattr(store, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(thumbnails, "_CHUNK", 5)
    look_at = thumbnails._look_at
    with closing(sqlite3.connect(root / "none")) as other:

        def lock(*asked):
            if not other.in_transaction:
                other.execute("attach ? as store", [str(store_of(root))])
                other.execute("begin exclusive")
                other.execute("insert into store.seen (path) values ('mine')")
            return look_at(*asked)

        monkeypatch.setattr(thumbnails, "_look_at", lock)
        with pytest.warns(UserWarning, match="database is locked") as said:
            assert len(look(root).files) == 24
    assert len(said) == 1


@pytest.mark.skipif(os.name == "nt", reason="no such rights there")
def test_a_store_that_cannot_be_written_is_read(root, monkeypatch, reads):
    first = look(root)
    write_file(root / "3.jpeg", as_jpeg(blob_image(99, 60)))
    connect = sqlite3.connect

    def read_only(file, **settings):
        return connect(f"file:{file}?mode=ro", uri=True, **settings)

    monkeypatch.setattr(store.sqlite3, "connect", read_only)
    reads.clear()
    with pytest.warns(UserWarning, match="readonly database"):
        again = look(root)
    assert reads == ["3.jpeg"]
    assert len(again.files) == len(first.files)


def test_content_of_the_same_size_and_time_is_seen(root):
    """Images that were changed in place, their sizes and times set back."""
    first = look(root)
    for name in NAMES[:24]:
        file = root / name
        facts = file.stat()
        data = bytearray(file.read_bytes())
        data[-20] ^= 1
        file.write_bytes(data)
        os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        assert file.stat().st_mtime_ns == facts.st_mtime_ns
    assert set(look(root).files["digest"]).isdisjoint(first.files["digest"])


@pytest.mark.parametrize(
    "damage", ["text", "nothing", "half", "middle", "row", "table"]
)
def test_a_damaged_database_is_begun_anew(root, damage):
    first = look(root)
    file = store_of(root)
    data = file.read_bytes()
    middle = data[:5000] + b"\xff" * (len(data) - 9000) + data[-4000:]
    spoilt = {
        "text": b"no database " * 100,
        "nothing": b"",
        "half": data[: len(data) // 2],
        "middle": middle,
        "row": data.replace(b'"JPEG"', b'"JP\xff"]'),
        "table": data.replace(b"create table", b"create tabel", 1).replace(
            b"CREATE TABLE", b"CREATE TABEL", 1
        ),
    }
    file.write_bytes(spoilt[damage])
    assert_same(look(root), first)
    assert_same(look(root), first)


@pytest.mark.parametrize("seed", range(20))
def test_no_damage_of_the_database_ends_a_run(root, seed):
    look(root)
    file, rng = store_of(root), np.random.default_rng(seed)
    data = bytearray(file.read_bytes())
    start = int(rng.integers(0, len(data)))
    end = min(len(data), start + int(rng.integers(1, 9000)))
    data[start:end] = rng.bytes(end - start)
    file.write_bytes(data[: rng.integers(end, len(data) + 1)])
    seen = look(root)
    assert len(seen.files) + len(seen.problems) == len(NAMES)


def test_a_cache_that_cannot_be_written_goes_elsewhere(root, tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("XRAYLAB_CACHE", str(tmp_path / "a file" / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "not made yet"))
    with pytest.warns(UserWarning, match="Set XRAYLAB_CACHE"):
        assert len(look(root).files) == 24


def test_a_store_that_cannot_be_opened_does_not_stop_work(root):
    first = look(root)
    file = store_of(root)
    file.unlink()
    file.mkdir()
    with pytest.warns(UserWarning, match=r"cache .*thumbnails-.* could not be used"):
        assert_same(look(root), first)


def test_no_place_at_all_does_not_stop_work(root, monkeypatch):
    def none():
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(store, "cache_folder", none)
    with pytest.warns(UserWarning, match=r"\(Permission denied\); work goes on"):
        assert len(look(root).files) == 24


def test_a_worker_that_was_ended_is_said_and_what_was_seen_is_kept(
    root, monkeypatch, reads
):
    class Pool(ThreadPoolExecutor):
        def map(self, *asked):
            yield from super().map(*asked)
            raise BrokenProcessPool

    monkeypatch.setattr(thumbnails, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(thumbnails, "_WORTH_WORKERS", 0)
    monkeypatch.setattr(thumbnails, "_end_with_parent", None)
    message = r"ended before its work was done\. Run again: .* workers=1; .*__main__"
    with pytest.raises(errors.ReadersEndedError, match=message) as ended:
        look(root, workers=2)
    assert "memory" not in str(ended.value)
    reads.clear()
    assert len(look(root).files) == 24
    assert reads == []
