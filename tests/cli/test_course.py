"""The verbs lessons and results."""

import pandas as pd
import pytest

from tests.cli.conftest import run_json
from xraylab import cli


def test_lessons_are_listed(capsys):
    code, answer, _ = run_json(capsys, "lessons")
    assert code == 0
    assert answer["lessons"][0]["lesson"] == "00_the_claim"
    assert "96 %" in answer["lessons"][0]["question"]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("--run 77", "must be among 00, 01"),
        ("--build 77", "must be among 00, 01"),
        ("77", "needs --run or --build, got 77 without either"),
        ("--copy x 00 77", "needs --run or --build, got 00 77 without either"),
    ],
)
def test_a_number_that_leads_to_no_lesson_is_refused(command, told, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["lessons", *command.split()])
    assert ended.value.code == 2
    assert f"argument NN: {told}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        *("--run --mode smoke 00 05", "--mode smoke --run 00 05"),
        *("00 05 --run --mode smoke", "--run 00 05 --mode smoke"),
    ],
)
def test_lessons_are_run_in_whatever_order_the_command_has(command, monkeypatch):
    asked = []

    def note(*given):
        asked.append(given)
        return pd.DataFrame({"passed": [True]})

    monkeypatch.setattr("xraylab.course.build.run_lessons", note)
    assert cli.main(["lessons", *command.split()]) == 0
    assert asked == [(["00", "05"], "smoke")]


def test_results_are_listed_and_shown(capsys):
    _, answer, _ = run_json(capsys, "results")
    names = [row["name"] for row in answer["results"]]
    _, one, _ = run_json(capsys, "results", names[0])
    assert one["name"] == names[0]
