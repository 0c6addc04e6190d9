"""Files come whole or not at all, and a home that cannot be written is no end."""

import errno
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraylab.files import (
    NotWrittenError,
    alone,
    append_line,
    as_argument,
    name_half,
    refuse_unlike,
    remove_halves,
    try_writing,
    whole_file,
    write_text,
    write_texts,
)


def test_an_error_leaves_the_old_file(tmp_path):
    file = tmp_path / "a.txt"
    write_text(file, "old")

    def fail():
        with whole_file(file) as half:
            half.write_text("new")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(NotWrittenError, match=r"a\.txt could not be"):
        fail()
    assert file.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_full_disk_leaves_no_folder_that_was_made_for_nothing(tmp_path, monkeypatch):
    write_text = type(tmp_path).write_text

    def full(path, text, **settings):
        if text == "first":  # the last that is written
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_text(path, text, **settings)

    monkeypatch.setattr(type(tmp_path), "write_text", full)
    (tmp_path / "old").mkdir()
    out = tmp_path / "old/new/newer"
    with pytest.raises(NotWrittenError, match=r"a\.txt .* No space left"):
        write_texts({out / "a.txt": "first", out / "b.txt": "second"})
    assert list(tmp_path.iterdir()) == [tmp_path / "old"]
    assert list((tmp_path / "old").iterdir()) == []


def test_several_files_get_their_names_in_the_order_given(tmp_path, monkeypatch):
    named, replace = [], os.replace

    def note(half, path):
        named.append(path.name)
        replace(half, path)

    monkeypatch.setattr(os, "replace", note)
    write_texts({tmp_path / name: "" for name in "bac"})
    assert named == ["b", "a", "c"]


def test_files_of_two_commands_at_once_are_all_of_one(tmp_path, monkeypatch):
    files, replace = [tmp_path / "new" / name for name in "ab"], os.replace
    busy = r"a could not be written: another command is writing it"

    def come_between(half, path):
        monkeypatch.setattr(os, "replace", replace)
        replace(half, path)
        with pytest.raises(NotWrittenError, match=busy):
            write_texts(dict.fromkeys(files, "second"))

    monkeypatch.setattr(os, "replace", come_between)
    write_texts(dict.fromkeys(files, "first"))
    assert [file.read_text() for file in files] == ["first", "first"]
    assert sorted((tmp_path / "new").iterdir()) == files
    write_texts(dict.fromkeys(files, "second"))
    assert [file.read_text() for file in files] == ["second", "second"]


@pytest.mark.parametrize("fails", ["b", "c"])
@pytest.mark.parametrize("n_old", [0, 2])
def test_where_one_gets_no_name_all_hold_what_they_held(
    fails, n_old, tmp_path, monkeypatch
):
    files = [tmp_path / "new" / name for name in "abc"]
    for file in files[:n_old]:
        file.parent.mkdir(exist_ok=True)
        file.write_text("old")
    replace = os.replace

    def locked(half, path):
        if path.name == fails and "new" in half.read_text():
            raise PermissionError(errno.EACCES, "in use elsewhere")
        replace(half, path)

    monkeypatch.setattr(os, "replace", locked)
    with pytest.raises(NotWrittenError, match=rf"{fails} could not be .* in use"):
        write_texts(dict.fromkeys(files, "new"))
    left = [file for file in sorted(tmp_path.rglob("*")) if file.is_file()]
    assert left == files[:n_old]
    assert {file.read_text() for file in left} <= {"old"}
    assert (tmp_path / "new").is_dir() == (n_old > 0)


def test_a_file_that_another_wrote_meanwhile_is_not_taken_back(tmp_path, monkeypatch):
    write_text = type(tmp_path).write_text

    def full(path, text, **settings):
        if text == "first":
            (tmp_path / "a").write_bytes(b"of another")
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_text(path, text, **settings)

    monkeypatch.setattr(type(tmp_path), "write_text", full)
    with pytest.raises(NotWrittenError, match="No space left"):
        write_texts({tmp_path / "a": "first", tmp_path / "b": "second"})
    assert (tmp_path / "a").read_bytes() == b"of another"


LINES = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))


@given(st.lists(LINES), LINES, st.sampled_from(["", "\n"]))
def test_an_added_line_is_a_line_of_its_own(tmp_path_factory, before, line, end):
    file = tmp_path_factory.mktemp("lines") / "a.jsonl"
    held = "\n".join(before) + end if before else ""
    file.write_bytes(held.encode())
    append_line(file, line)
    lines = held.removesuffix("\n").split("\n") if held else []
    assert file.read_bytes().decode() == "".join(f"{x}\n" for x in [*lines, line])


@pytest.mark.parametrize("before", ["one\n", "one", None])
def test_a_line_that_does_not_fit_on_the_disk_leaves_those_before(
    tmp_path, monkeypatch, before
):
    file, open_ = tmp_path / "a.jsonl", type(tmp_path).open
    if before:
        file.write_text(before)

    def full(path, mode="r", **settings):
        if mode != "a":
            return open_(path, mode, **settings)
        with open_(path, mode, **settings) as opened:
            opened.write("half a li")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(tmp_path), "open", full)
    with pytest.raises(NotWrittenError, match=r"a\.jsonl could not .* No space left"):
        append_line(file, "half a line")
    monkeypatch.undo()
    assert file.read_text() == (before or "")


def test_what_a_kill_left_goes_and_nothing_else(tmp_path):
    kept = {".git", ".hidden.json", "a.12345678", ".a.json.1234567", "a.json"}
    kept |= {".a.json.1234567g", ".notes.20240131", ".bashrc.deadbeef"}  # another's
    for name in (*kept, ".a.json.12ab34cd", ".b.safetensors.00000000"):
        (tmp_path / name).touch()
    (tmp_path / ".backup.20240131").mkdir()
    remove_halves(tmp_path, ["a.json", "b.safetensors"])
    assert {file.name for file in tmp_path.iterdir()} == {*kept, ".backup.20240131"}
    remove_halves(tmp_path / "missing", ["a.json"])


def test_a_file_being_written_has_the_name_of_a_half(tmp_path):
    with whole_file(tmp_path / "x.json") as half:
        half.touch()
        remove_halves(tmp_path, ["x.json"])
        assert not half.exists()
        half.touch()
    assert (tmp_path / "x.json").is_file()


def test_a_folder_in_the_place_of_one_file_keeps_all_as_they_were(tmp_path):
    (tmp_path / "b.txt").mkdir()
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(NotWrittenError, match=r"b\.txt could not be written"):
        write_texts({tmp_path / "a.txt": "new", tmp_path / "b.txt": "new"})
    assert (tmp_path / "a.txt").read_text() == "old"


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "; free some space"),
        (errno.EACCES, "; choose another folder"),
        (errno.EROFS, "; choose another folder"),
        (errno.EIO, ""),  # what would help is not known
        (errno.EBUSY, ""),
        (None, ""),
    ],
)
def test_the_advice_follows_the_cause(tmp_path, number, advice):
    error = NotWrittenError(tmp_path / "a", OSError(number, "why"))
    assert str(error).endswith(f"written: why. Nothing was left half-written{advice}.")


@pytest.mark.parametrize("write", [try_writing, lambda path: write_text(path, "")])
@pytest.mark.parametrize(
    ("place", "advice"),
    [
        ("folder", "it is a folder. .* half-written; choose another name"),
        ("file/b", "; a file stands where a folder should be: choose another name"),
        ("file/b/c", "; a file stands where a folder should be: choose another name"),
        ("x" * 256, "; choose a shorter name"),
        (f"{'x' * 256}/b", "; choose a shorter name"),
    ],
)
def test_what_cannot_be_written_is_told_before_with_what_helps(
    write, place, advice, tmp_path
):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWrittenError, match=rf"could not be written: .*{advice}\.$"):
        write(tmp_path / place)
    assert {p.name for p in tmp_path.rglob("*")} == {"folder", "file"}


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, "a" * 244 + ".json"])
def test_a_name_that_a_file_can_have_can_be_written(name, tmp_path):
    try_writing(tmp_path / name)
    write_text(tmp_path / name, "text")
    assert (tmp_path / name).read_text() == "text"
    half = name_half(tmp_path / name)
    half.touch()
    remove_halves(tmp_path, [name])
    assert list(tmp_path.iterdir()) == [tmp_path / name]


def test_who_cannot_be_alone_is_told_why(tmp_path, monkeypatch):
    monkeypatch.setattr("xraylab.files._PATIENCE", 0.01)
    busy = r"log could not be written: another command is .*; try again when that has"
    log = alone(tmp_path / "log")
    with alone(tmp_path / "log"), pytest.raises(NotWrittenError, match=busy), log:
        pass
    log = alone(tmp_path / "nowhere/log")
    with pytest.raises(NotWrittenError, match="No such file or directory"), log:
        pass
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.skipif(os.name == "nt", reason="no pipes there")
def test_what_is_no_file_is_not_of_ours_and_not_waited_for(tmp_path):
    refuse_unlike(tmp_path / "missing", "us", int)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("missing")
    for name, why in (("pipe", "it is no regular file"), ("link", "No such file")):
        told = f"{name} could not be written: the one there is not of us: {why}"
        with pytest.raises(NotWrittenError, match=told):
            refuse_unlike(tmp_path / name, "us", int)


def test_what_is_tried_leaves_nothing(tmp_path):
    (tmp_path / "old.txt").write_text("old")
    for file in ("old.txt", "new.txt", "a/b/new.txt"):
        try_writing(tmp_path / file)
    assert [p.name for p in tmp_path.rglob("*")] == ["old.txt"]
    assert (tmp_path / "old.txt").read_text() == "old"


@pytest.mark.skipif(os.name == "nt", reason="Windows has other quotes")
@pytest.mark.parametrize(
    "name",
    ["run", "a run", "Röntgen Bilder/b", "a\tb", "it's", 'the "run"', "$HOME", "a;b"],
)
def test_a_path_is_one_word_of_a_command(name):
    command = ["sh", "-c", f"printf %s {as_argument(Path(name))}"]
    assert subprocess.run(command, capture_output=True).stdout.decode() == name


@pytest.mark.parametrize(("name", "word"), [("run", "run"), ("a run", '"a run"')])
def test_windows_knows_double_quotes_only(name, word, monkeypatch):
    monkeypatch.setattr("xraylab.files.os", SimpleNamespace(name="nt"))
    assert as_argument(Path(name)) == word
