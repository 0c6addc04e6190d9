"""The verbs lessons and results."""

import pytest

from tests.cli.conftest import run_json
from xraylab import cli


def test_lessons_are_listed(capsys):
    code, answer, _ = run_json(capsys, "lessons")
    assert code == 0
    assert answer["lessons"][0]["lesson"] == "00_the_claim"
    assert "96 %" in answer["lessons"][0]["question"]


def test_an_unknown_lesson_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["lessons", "--run", "77"])
    assert ended.value.code == 2
    assert "argument --run: must be among 00, 01" in capsys.readouterr().err


def test_results_are_listed_and_shown(capsys):
    _, answer, _ = run_json(capsys, "results")
    names = [row["name"] for row in answer["results"]]
    _, one, _ = run_json(capsys, "results", names[0])
    assert one["name"] == names[0]
