"""The verbs evaluate and readings."""

import json
import re
import shutil
from dataclasses import replace

import pytest

from tests.cli.conftest import run_json
from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import cli, data, training
from xraylab.training import test_log


def test_a_threshold_chosen_on_validation_is_used_everywhere(
    own_run, three_sources, capsys
):
    _, at_half, _ = run_json(capsys, "evaluate", own_run)
    assert (at_half["threshold"], at_half["rule"]) == (0.5, "the original's 0.5")
    _, chosen, _ = run_json(capsys, "evaluate", own_run, "--choose", "youden")
    assert chosen["rule"] == "youden"
    assert chosen["threshold"] != 0.5
    promised = chosen["operating_point"]["promised"]
    sensitivity = chosen["metrics"]["sensitivity"]
    assert promised["sensitivity"].items() <= sensitivity.items()
    assert cli.main(["evaluate", str(own_run), "--on", "test"]) == 0
    out = capsys.readouterr().out
    at = f"{chosen['threshold']:.3f}"
    assert f"naive-merge, test, threshold {at} (" in out
    assert "groups, rule: youden, chosen on validation; test reading 1\n" in out
    assert "Does the rule youden carry over?\n  sensitivity: " in out
    assert "so few groups do not tell whether it differs: " in out
    file = next((three_sources / "one").rglob("*.jpeg"))
    _, answer, _ = run_json(capsys, "predict", own_run, file)
    (row,) = answer["predictions"]
    assert (row["threshold"], row["rule"]) == (chosen["threshold"], "youden")
    cli.main(["predict", str(own_run), str(file)])
    assert "on, by the rule: youden.\nNot for clin" in capsys.readouterr().out


def test_every_figure_on_a_test_says_how_often_it_was_read(own_run, capsys):
    entered = "trial of May 2026, 224 px, read once"
    typed = entered.replace(" 224", "\n\t224") + "\r\n"  # listed as one line
    assert cli.main(["readings", str(own_run), "--add", typed]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Readings of the test of naive-merge: 1\n  1. 20")
    assert f", by hand: {entered}, naive-merge\n" in out
    assert cli.main(["evaluate", str(own_run), "--on", "test"]) == 0
    first, *figures = capsys.readouterr().out.splitlines()
    assert first.endswith("; test reading 2")
    counted = [line.endswith("; test reading 2") for line in figures]
    assert counted == ["n = " in line for line in figures]
    assert sum(counted) > 8
    _, listed, _ = run_json(capsys, "readings", own_run)
    by_hand, own = listed["log"]
    assert listed["readings"] == 2
    assert (by_hand["source"], by_hand["run"]) == (entered, "")
    assert (own["source"], own["run"], own["seed"]) == ("", "r", 0)
    assert own["recipe"]["model"] == "small"
    assert len(own["network"]) == len(own["test"]) == 16
    assert cli.main(["evaluate", str(own_run)]) == 0
    assert "test reading" not in capsys.readouterr().out


def test_figures_on_simulated_images_are_called_so(own_run, capsys):
    facts = (own_run / "run.json").read_text("utf-8")
    changed = facts.replace('"simulated": "none"', '"simulated": "all"')
    (own_run / "run.json").write_text(changed, "utf-8")
    assert cli.main(["evaluate", str(own_run)]) == 0
    said = "CAREFUL: this run's images are simulated. No figure on them speaks of"
    assert capsys.readouterr().out.splitlines()[1].startswith(said)
    _, answer, _ = run_json(capsys, "evaluate", own_run)
    assert answer["caveats"][0].startswith(said)


def test_external_figures_stand_below_what_they_rest_on(own_run, tmp_path, capsys):
    for i in range(12):
        name = ("NORMAL", "PNEUMONIA")[i % 2]
        file = tmp_path / "nih" / name / f"000000{10 + i}_000.png"
        write_file(file, as_jpeg(blob_image(700 + i)))
    argv = ["evaluate", str(own_run), "--on", "external", "--data"]
    run_json(capsys, "evaluate", own_run, "--choose", "youden")
    assert cli.main([*argv, str(tmp_path / "nih")]) == 0
    first, labels, adults, *figures = capsys.readouterr().out.splitlines()
    assert first.startswith("naive-merge, external, threshold 0.")
    assert first.endswith("; external reading 1")
    assert labels.startswith("CAREFUL: labels are those of the folder names, normal fr")
    assert "NIH ChestX-ray14: mostly adults" in adults
    assert figures[0].startswith("accuracy 0.")
    assert any(line.startswith("Does the rule youden carry over?") for line in figures)
    _, answer, _ = run_json(capsys, *argv, tmp_path / "nih")
    assert len(answer["caveats"]) == 2
    assert answer["readings"] == 2


@pytest.mark.parametrize(
    "argv", [["--on", "external"], ["--data", "."], ["--on", "test", "--data", "."]]
)
def test_external_images_need_both_words(own_run, argv, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["evaluate", str(own_run), *argv])
    assert ended.value.code == 2
    found = "no --data" if "--data" not in argv else "--on"
    told = "argument --data: must be given with --on external, and with no other, got"
    assert f"{told} {found}" in capsys.readouterr().err
    _, listed, _ = run_json(capsys, "readings", own_run)
    assert listed["readings"] == 0


def test_a_reading_without_a_source_is_not_entered(own_run, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["readings", str(own_run), "--add", " "])
    assert ended.value.code == 2
    assert "argument --add: must say where the reading is" in capsys.readouterr().err
    _, listed, _ = run_json(capsys, "readings", own_run)
    assert listed["readings"] == 0


def test_a_log_that_is_gone_is_said(own_run, capsys):
    shutil.rmtree(own_run.parent / "merge")
    with pytest.raises(SystemExit) as ended:
        cli.main(["readings", str(own_run), "--add", "a trial"])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "argument --merge: must be given: " in told
    assert "which is not there any more. Merge the same sources" in told


def test_evaluate_shows_calibration_and_subgroups(own_run, capsys):
    _, answer, _ = run_json(capsys, "evaluate", own_run, "--on", "test")
    parts = [(p["column"], p["group"], p["metric"]) for p in answer["subgroups"]]
    assert ("kind", "bacteria", "sensitivity") in parts
    assert ("kind", "IM", "specificity") in parts
    by_kind = [p["n"] for p in answer["subgroups"] if p["column"] == "kind"]
    assert sum(by_kind) == answer["metrics"]["accuracy"]["n"]
    assert answer["calibration"]["slope"]["calibrated"] == 1
    cli.main(["evaluate", str(own_run)])
    out = capsys.readouterr().out
    assert "\nECE " in out
    assert "\nSubgroups, " in out
    assert re.search(r"\n  kind virus: sensitivity .*, n = \d+, ", out)


def test_subgroups_by_size_are_of_the_same_images_under_one_another_s_names(
    own_run, three_sources, tmp_path, capsys
):
    def measure():
        _, found, _ = run_json(capsys, "evaluate", own_run)
        _, card, _ = run_json(capsys, "claim", own_run)
        return found["subgroups"], card["fields"]["subgroups"]["tables"]

    root, merge = shutil.copytree(three_sources, tmp_path / "root"), tmp_path / "merge"
    data.merge(root, progress=False).save(merge)
    assert cli.main(["evaluate", str(own_run), "--on", "test"]) == 0
    capsys.readouterr()
    expected = measure()
    assert "long side" in {part["column"] for part in expected[0]}
    assert "long side" in str(expected[1])
    table = training.load_run(own_run).table
    for split in ("valid", "test"):
        paths = table.loc[table["split"] == split, "path"]
        is_large = paths.str.startswith("three")
        large, small = (root / paths[of].iloc[0] for of in (is_large, ~is_large))
        for old, new in ((large, root / "x"), (small, large), (root / "x", small)):
            old.rename(new)
    assert measure() == expected
    data.merge(root, progress=False).save(merge)
    assert measure() == expected


def test_evaluate_says_what_recalibration_does_and_what_answers_are_worth(
    own_run, capsys
):
    cli.main(["evaluate", str(own_run)])
    out = capsys.readouterr().out
    assert "\nnet benefit at threshold 0.500, as if one pneumonia missed were" in out
    assert "\n  acting on all " in out
    _, valid, _ = run_json(capsys, "evaluate", own_run)
    assert valid["recalibrated"]["judged"] == []
    _, answer, _ = run_json(capsys, "evaluate", own_run, "--on", "test")
    found = answer["recalibrated"]
    assert found["fitted"] == valid["recalibrated"]["fitted"]
    assert set(found["fitted"]) | set(found["not_fitted"]) == {"temperature", "platt"}
    given = {r["metric"]: r for r in found["judged"] if r["scores"] == "as given"}
    for name, row in given.items():
        expected = answer["calibration"][name]["value"]
        assert row["value"] == pytest.approx(expected), name
    assert set(answer["net_benefit"]) == {"model", "act_on_all", "more"}
    cli.main(["evaluate", str(own_run), "--on", "test", "--threshold", "1"])
    out = capsys.readouterr().out
    assert "\nScores as given, and after changes fitted on validation:\n" in out
    assert "net benefit" not in out  # a threshold of 1 weighs nothing


def test_images_from_elsewhere_need_no_validation(own_run, tmp_path, capsys):
    run_json(capsys, "evaluate", own_run, "--choose", "youden")
    shutil.rmtree(own_run.parent / "merge")
    for i in range(12):
        name = ("NORMAL", "PNEUMONIA")[i % 2]
        write_file(tmp_path / "nih" / name / f"{i}.png", as_jpeg(blob_image(700 + i)))
    argv = ["evaluate", str(own_run), "--on", "external", "--data"]
    assert cli.main([*argv, str(tmp_path / "nih")]) == 0
    said = "\nNot held against validation: merge must be given: "
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--choose", "best"], '--choose: must be one of "sensitivity 0.90", '),
        (["--choose", "sensitivity", "0.95"], "\"youden\", got 'sensitivity'."),
        (["--choose", "youden", "--on", "test"], "--choose: is done on validation"),
        (["--choose", "youden", "--threshold", "0.5"], "not allowed with argument"),
    ],
)
def test_a_choice_that_cannot_be_made_changes_nothing(own_run, argv, message, capsys):
    before = (own_run / "run.json").read_bytes()
    with pytest.raises(SystemExit) as ended:
        cli.main(["evaluate", str(own_run), *argv])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert (own_run / "run.json").read_bytes() == before
    assert not (own_run / "predictions-test.csv").exists()


def test_no_threshold_is_chosen_after_the_test_was_read(own_run, capsys):
    assert cli.main(["evaluate", str(own_run), "--on", "test"]) == 0
    with pytest.raises(SystemExit) as ended:
        cli.main(["evaluate", str(own_run), "--choose", "youden"])
    assert ended.value.code == 2
    assert "argument --choose: must come before a test is" in capsys.readouterr().err
    assert cli.main(["evaluate", str(own_run), "--threshold", "0.3"]) == 0
    assert "threshold 0.300, given by hand" in capsys.readouterr().out


@pytest.mark.parametrize(
    "more", [["--choose", "youden"], ["--on", "test"], ["--on", "external", "--data"]]
)
def test_an_unfinished_run_is_refused_before_images_are_read(
    more, own_run, monkeypatch, capsys
):
    (own_run / "last.safetensors").rename(own_run / "unfinished.safetensors")
    history = own_run / "history.jsonl"
    history.write_text(history.read_text().splitlines(keepends=True)[0])
    monkeypatch.setattr("xraylab.images.build_cache", lambda *_, **__: 1 / 0)
    data_folder = [str(own_run.parent)] if "--data" in more else []
    assert cli.main(["evaluate", str(own_run), *more, *data_folder]) == 1
    assert (
        "r is unfinished: 1 of 2 epochs. Tests are read and thresholds chosen when "
        "training has ended; train it on with the command it was begun with, or "
        "evaluate on valid."
    ) in capsys.readouterr().err


def test_a_wrong_threshold_counts_no_look(run_folder, merge_folder, capsys):
    before = len(test_log.list_readings(merge_folder))
    argv = ["evaluate", str(run_folder), "--on", "test", "--threshold", "1.5"]
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 2
    assert len(test_log.list_readings(merge_folder)) == before


def test_a_run_carried_elsewhere_takes_a_merge_made_there(
    run_folder, merge_folder, three_sources, tmp_path, capsys
):
    moved = shutil.copytree(run_folder, tmp_path / "run")
    facts = json.loads((moved / "run.json").read_text("utf-8"))
    facts["about"]["merge"] = str(tmp_path / "gone")
    (moved / "run.json").write_text(json.dumps(facts), "utf-8")
    with pytest.raises(SystemExit) as ended:
        cli.main(["evaluate", str(moved)])
    assert ended.value.code == 2
    assert "argument --merge: must be given" in capsys.readouterr().err
    root = shutil.copytree(three_sources, tmp_path / "root")
    there = tmp_path / "merge"
    assert cli.main(["merge", "--data", str(root), "--out", str(there)]) == 0
    capsys.readouterr()
    code, answer, _ = run_json(capsys, "evaluate", moved, "--merge", there)
    _, at_home, _ = run_json(capsys, "evaluate", run_folder)
    assert code == 0
    assert answer["metrics"] == at_home["metrics"]
    assert answer["subgroups"] == at_home["subgroups"]
    assert (
        cli.main(["evaluate", str(moved), "--on", "test", "--merge", str(there)]) == 0
    )
    capsys.readouterr()
    _, listed, _ = run_json(capsys, "readings", moved, "--merge", there)
    assert listed["readings"] == 1


def test_no_reading_is_told_of_a_merge_without_the_tests_images(
    own_run, tmp_path, capsys
):
    argv = ["readings", str(own_run), "--add", "a trial", "--merge"]
    assert cli.main([*argv, str(tmp_path)]) == 1
    assert "manifest.csv is not there. Make it with" in capsys.readouterr().err
    merged = data.Merge.load(own_run.parent / "merge")
    replace(merged, manifest=merged.manifest.iloc[:3]).save(tmp_path / "few")
    with pytest.raises(SystemExit) as ended:
        cli.main([*argv, str(tmp_path / "few")])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "argument --merge: must hold the images of the test of" in told
    assert not list(tmp_path.rglob("test-log.jsonl"))


def test_images_without_a_known_child_are_counted(run_folder, capsys):
    _, answer, _ = run_json(capsys, "evaluate", run_folder)
    assert (answer["n_unknown"], answer["finished"]) == (0, True)
