"""xraylab claim: writes two files, reads no test."""

import json

import numpy as np
import pytest

from tests.claim.conftest import own_run, read_run  # noqa: F401, fixtures
from tests.cli.conftest import run_json
from xraylab import claim, cli
from xraylab.training import answers


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


def test_a_stored_result_is_claimed_into_a_folder_of_its_own(tmp_path, capsys):
    name, out = "real-64px-official", tmp_path / "new/card"
    assert cli.main(["claim", name, "--out", str(out)]) == 0
    assert str(claim.make_claim(name)) in capsys.readouterr().out
    assert sorted(file.name for file in out.iterdir()) == ["claim.html", "claim.json"]


def test_the_two_files_go_where_they_are_asked_for(own_run, tmp_path, capsys):  # noqa: F811
    before = sorted(own_run.iterdir())
    assert cli.main(["claim", str(own_run), "--out", str(tmp_path / "card")]) == 0
    assert (tmp_path / "card/claim.json").is_file()
    assert sorted(own_run.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "argument RUN: must be the folder of a run, or a stored result"),
        ([""], "argument RUN: must be a path, got an empty text"),
        (["real-224px-probes"], "keeps answers: real-224px-grouped, "),
        (["real-64px-grouped"], "argument --out: must be given, for real-64px-grouped"),
    ],
)
def test_what_is_no_run_or_has_no_place_is_a_wrong_command(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["claim", *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


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


@pytest.mark.parametrize("rule", ["sensitivity 0.99", "youden"])
def test_the_card_counts_as_evaluate_does(rule, own_run, monkeypatch, capsys):  # noqa: F811
    score = 0.6360742490537028

    def answer(_model, _pixels, rows):
        # the lowest score of pneumonia is the threshold; six digits are less than it
        scores = np.linspace(0.1, 0.2, len(rows)) + 0.7 * rows["label"]
        scores[rows["label"].idxmax()] = score
        return rows.assign(score=scores)[answers.COLUMNS]

    monkeypatch.setattr(answers, "score_rows", answer)
    (own_run / "predictions-test.csv").unlink()
    (own_run.parent / "merge/test-log.jsonl").unlink()
    _, evaluated, _ = run_json(capsys, "evaluate", own_run, "--choose", rule)
    assert evaluated["threshold"] == score
    _, card, _ = run_json(capsys, "claim", own_run)
    (shown,) = card["fields"]["figures"]["tables"].values()
    for row, figure in zip(shown, evaluated["metrics"].values(), strict=True):
        assert row["value (95 % CI)"].startswith(f"{figure['value']:.3f}"), row
        assert (row["n"], row["groups"]) == (figure["n"], figure["n_groups"])
    assert evaluated["metrics"]["sensitivity"]["value"] == 1
