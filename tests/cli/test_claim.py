"""xraylab claim: writes two files, reads no test."""

import json

import pytest

from tests.claim.conftest import own_run, read_run  # noqa: F401, fixtures
from xraylab import cli


def test_the_verb_writes_a_page_and_its_facts(own_run, capsys):  # noqa: F811
    assert cli.main(["claim", str(own_run)]) == 0
    out = capsys.readouterr().out
    assert "The original project's claim: supported: " in out
    assert "\nWhat is missing:\n" in out
    assert out.rstrip().endswith(
        f"Written: {own_run / 'claim.html'} and {own_run / 'claim.json'}."
    )
    assert "Not for clinical use" in out
    assert cli.main(["claim", str(own_run), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    kept = json.loads((own_run / "claim.json").read_text("utf-8"))
    assert kept.items() <= answer.items()


def test_a_claim_spends_no_reading(own_run, capsys):  # noqa: F811
    for _ in range(2):
        assert cli.main(["claim", str(own_run)]) == 0
        capsys.readouterr()
    cli.main(["readings", str(own_run), "--json"])
    assert json.loads(capsys.readouterr().out)["readings"] == 1


def test_a_folder_that_is_not_there_is_a_wrong_command(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["claim", "nowhere"])
    assert ended.value.code == 2
    assert "argument RUN: must be an existing folder, got nowhere" in (
        capsys.readouterr().err
    )


def test_what_cannot_be_claimed_leaves_nothing_behind(own_run, tmp_path, capsys):  # noqa: F811
    empty = tmp_path / "empty"
    empty.mkdir()
    assert cli.main(["claim", str(empty)]) == 1
    assert "must be the folder of a run" in capsys.readouterr().err
    assert list(empty.iterdir()) == []
    (own_run / "predictions-test.csv").write_text("path,label\n")
    assert cli.main(["claim", str(own_run)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "predictions-test.csv must hold the answers of a run" in line
    assert not list(own_run.glob("claim.*"))
