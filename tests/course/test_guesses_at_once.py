"""Guesses that are sealed in two notebooks at the same moment."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.course.test_guesses import SHARE, file, said
from xraylab import files
from xraylab.course import guesses, lesson, questions

__all__ = ["file"]  # a fixture
pytestmark = pytest.mark.usefixtures("file")

GUESSES = {
    name: question.answers[0] if isinstance(question, questions.Choice) else 0.5
    for name, question in questions.QUESTIONS.items()
    if not getattr(question, "whole", False)
}


def in_many_threads(work, items):
    """Begin all at the same moment."""
    items = list(items)
    barrier = threading.Barrier(len(items))

    def begin(item):
        barrier.wait()
        return work(item)

    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(begin, items))


def test_guesses_sealed_at_the_same_moment_are_all_kept(monkeypatch):
    seal = guesses._seal

    def seal_slowly(before, line):
        time.sleep(0.005)
        return seal(before, line)

    monkeypatch.setattr(guesses, "_seal", seal_slowly)
    in_many_threads(lambda name: guesses.guess(name, GUESSES[name]), GUESSES)
    found = lesson.read_guesses().set_index("name")["value"].to_dict()
    assert found == GUESSES


def test_truths_kept_at_the_same_moment_are_all_kept(monkeypatch):
    read = guesses.stored_truths

    def read_slowly():
        found = read()
        time.sleep(0.005)
        return found

    monkeypatch.setattr(guesses, "stored_truths", read_slowly)
    in_many_threads(lambda name: guesses.keep_truth(name, GUESSES[name]), GUESSES)
    assert set(guesses.read_truths()) == set(GUESSES)


def test_processes_that_seal_at_the_same_moment_lose_none(file):
    code = (
        "import sys; from xraylab.course import guesses; input()\n"
        "for name in sys.argv[1:]: guesses.guess(name, 0.5)"
    )
    names = [name for name, value in GUESSES.items() if value == 0.5]
    kernels = [
        subprocess.Popen([sys.executable, "-c", code, *part], stdin=subprocess.PIPE)
        for part in (names[::2], names[1::2])
    ]
    for kernel in kernels:
        kernel.stdin.write(b"\n")
        kernel.stdin.close()
    assert [kernel.wait() for kernel in kernels] == [0, 0]
    assert set(lesson.read_guesses()["name"]) == set(names)


def test_a_lock_that_is_held_too_long_seals_nothing(file, capsys, monkeypatch):
    monkeypatch.setattr(files, "_PATIENCE", 0.01)
    file.parent.mkdir()
    with files.alone(file):
        guesses.guess(SHARE, 0.9)
    assert f"{file} could not be written (another command is writing" in said(capsys)
    assert not file.exists()
    guesses.guess(SHARE, 0.9)
    assert said(capsys) == "Sealed: naive accuracy, 0.9."
