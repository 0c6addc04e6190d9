"""What `docs/teaching.md` tells a teacher to do works as it stands."""

import re
from pathlib import Path

from xraylab.course import guesses, lesson
from xraylab.course.questions import QUESTIONS

REPOSITORY = Path(__file__).parents[1]
PAGE = (REPOSITORY / "docs/teaching.md").read_text("utf-8")
(SNIPPET,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
(ASKED,) = re.findall(r'\["name"\] == "([^"]+)"', SNIPPET)


def test_the_guesses_of_a_class_are_read_by_the_snippet(tmp_path, monkeypatch, capsys):
    other = next(name for name in QUESTIONS if name != ASKED)
    told = {"ada": [0.9, 0.7], "ben": [0.8]}
    for who, values in told.items():
        file = tmp_path / f"guesses/{who}.jsonl"
        monkeypatch.setenv("XRAYLAB_GUESSES", str(file))
        for value in values:  # the second mends the first
            guesses.guess(ASKED, value, sure=0.6)
        guesses.guess(other, 1)
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    exec(SNIPPET, {})
    shown = capsys.readouterr().out
    assert re.search(r"ada +0\.7 +0\.6\b", shown)
    assert re.search(r"ben +0\.8 +0\.6\b", shown)
    assert "0.9" not in shown


def test_the_names_on_the_page_are_those_of_the_course():
    variables = set(re.findall(r"XRAYLAB_[A-Z]+", PAGE))
    assert len(variables) == 2
    assert all(name in lesson.__doc__ for name in variables)
    assert ASKED in QUESTIONS
    assert all(hasattr(lesson, name) for name in re.findall(r"`lesson\.(\w+)", PAGE))
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    assert all(f"\n{goal}:" in makefile for goal in re.findall(r"`?make (\w+)", PAGE))
    assert "(docs/teaching.md)" in (REPOSITORY / "README.md").read_text("utf-8")
