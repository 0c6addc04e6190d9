"""Guesses outlive a session where they can, and a lesson says where they cannot."""

from pathlib import Path

import platformdirs
import pytest

from xraylab.course import guesses, keeping, lesson, places

NAME = "naive accuracy"


@pytest.fixture(autouse=True)
def places_of_guesses(own_places, tmp_path, monkeypatch, three_sources):
    """A computer of one's own, on which Kaggle and Colab can be put up."""
    monkeypatch.delenv("XRAYLAB_GUESSES")
    monkeypatch.delenv(keeping._ON_COLAB, raising=False)
    monkeypatch.setattr(keeping, "KAGGLE", tmp_path / "kaggle")
    monkeypatch.setattr(keeping, "DRIVE", tmp_path / "content/drive/MyDrive")
    own = lambda _: tmp_path / "user"  # noqa: E731
    monkeypatch.setattr(platformdirs, "user_data_path", own)
    monkeypatch.setattr(places, "usual_places", lambda: [three_sources])


@pytest.fixture
def kaggle(tmp_path):
    for name in ("working", "input"):
        (tmp_path / "kaggle" / name).mkdir(parents=True)
    return tmp_path / "kaggle"


def seal(value, file):
    guesses.guess(NAME, value)
    assert guesses.guesses_file() == file
    assert file.is_file()


def test_on_ones_own_computer_files_stay_and_nothing_is_said(tmp_path, capsys):
    lesson.start(2)
    assert capsys.readouterr().out.startswith("Lesson 02")
    seal(0.9, tmp_path / "user/guesses.jsonl")


def test_on_kaggle_they_go_to_the_working_folder(kaggle, capsys):
    lesson.start(2)
    said = capsys.readouterr().out.splitlines()[0]
    assert said.startswith(
        f"Guesses go to {kaggle / 'working' / 'xraylab'}. They end with"
    )
    assert "Persistence, Files only" in said
    seal(0.9, kaggle / "working/xraylab/guesses.jsonl")


@pytest.mark.parametrize("mount", ["lesson-00", "notebooks/me/lesson-00"])
def test_on_kaggle_attached_guesses_come_along(mount, kaggle, capsys):
    seal(0.9, kaggle / "working/xraylab/guesses.jsonl")
    guesses.keep_truth(NAME, 0.8)
    for number, file in enumerate((kaggle / "working/xraylab").iterdir()):
        target = kaggle / "input" / mount / "xraylab" / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        file.rename(target)
        target.chmod(0o444)
        shorter = kaggle / f"input/old-{number}/xraylab/guesses.jsonl"
        shorter.parent.mkdir(parents=True)
        shorter.write_text("")
    capsys.readouterr()
    lesson.start(2)
    assert "with those of" in capsys.readouterr().out.splitlines()[0]
    assert guesses.read_guesses()["value"].tolist() == [0.9]
    assert guesses.read_truths() == {NAME: "0.8"}
    guesses.guess("official accuracy", 0.7)  # the copy can be written
    lesson.start(2)  # again, and what is here stays
    assert len(guesses.read_guesses()) == 2


def test_what_cannot_be_brought_along_stops_no_lesson(kaggle, capsys):
    file = kaggle / "input/lesson/xraylab/guesses.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("")
    (kaggle / "working/xraylab").write_text("in the way")
    lesson.start(2)
    assert "could not be brought along" in capsys.readouterr().out


def test_on_colab_they_go_to_a_mounted_drive(tmp_path, monkeypatch, capsys):
    drive = tmp_path / "content/drive/MyDrive"
    drive.mkdir(parents=True)
    monkeypatch.setenv(keeping._ON_COLAB, "release-colab-external_20260801")
    lesson.start(2)
    said = capsys.readouterr().out.splitlines()[0]
    assert said == f"Guesses are kept in your Drive: {drive / 'xraylab'}."
    seal(0.9, drive / "xraylab/guesses.jsonl")


def test_on_colab_without_a_drive_nothing_is_kept_and_that_is_said(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv(keeping._ON_COLAB, "release-colab-external_20260801")
    lesson.start(2)
    assert capsys.readouterr().out.startswith("Nothing will be kept: guesses end with")
    seal(0.9, tmp_path / "content/xraylab/guesses.jsonl")


def test_a_file_that_was_asked_for_is_used_everywhere(
    kaggle, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("XRAYLAB_GUESSES", str(tmp_path / "mine.jsonl"))
    lesson.start(2)
    assert capsys.readouterr().out.startswith("Lesson 02")
    assert guesses.guesses_file() == Path(tmp_path / "mine.jsonl")
