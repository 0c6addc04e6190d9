"""The README says what is true: measured figures, lessons, verbs and links."""

import re
from pathlib import Path

import pytest

from xraylab import cli, course, data, results

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text("utf-8")


@pytest.mark.parametrize("protocol", data.PROTOCOLS)
def test_figures_are_those_of_the_results(protocol):
    name = f"real-64px-{protocol}"
    floor = results.read_result(name)["metrics"]["accuracy"]["floor"]
    quoted = [results.quote(name, "accuracy"), f"{floor:.2f}"]
    row = [f"`{protocol}`: {data.PROTOCOLS[protocol]}", *quoted]
    assert f"| {' | '.join(row)} | {results.quote(name, 'AUROC')} |" in README


def test_each_lesson_is_listed_with_its_question():
    for _, lesson, question in course.list_lessons().itertuples(index=False):
        asked = question[0].upper() + question[1:]
        assert re.search(
            rf"\(notebooks/{lesson}\.ipynb\) \| {re.escape(asked)}", README
        )


def test_each_command_is_one_that_exists(capsys):
    shown = re.findall(r"^xraylab (\w+)", README, re.M)
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    assert set(shown) <= set(capsys.readouterr().out.split())
    assert len(shown) == 9


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md", "data/README.md"])
def test_links_lead_somewhere(file):
    text = (REPOSITORY / file).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)\)", text):
        if "://" not in target:
            assert (REPOSITORY / file).parent.joinpath(target).exists(), target
