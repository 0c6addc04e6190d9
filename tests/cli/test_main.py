import io
import json
import os
import re
import shutil
import subprocess
import sys
from urllib.error import URLError

import numpy as np
import pytest
from PIL import Image

from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import cli, duplicates, training
from xraylab.cli import command
from xraylab.explanation import MAPS, PERTURBATIONS
from xraylab.training import test_log

VERBS = [
    "merge",
    "split",
    "audit",
    "train",
    "find-lr",
    "evaluate",
    "readings",
    "perturb",
    "explain",
    "claim",
    "predict",
    "demo",
    "phantom",
    "lessons",
    "results",
]


def run_json(capsys, *argv):
    code = cli.main([*map(str, argv), "--json"])
    out = capsys.readouterr()
    lines = out.out.splitlines()
    assert len(lines) == 1, out
    return code, json.loads(lines[0]), out.err


@pytest.fixture(scope="module")
def merge_folder(three_sources, tmp_path_factory):
    folder = tmp_path_factory.mktemp("merge")
    assert cli.main(["merge", "--data", str(three_sources), "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def run_folder(merge_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "r"
    argv = ["train", str(merge_folder), "--protocol", "naive-merge", "--out", str(out)]
    argv += ["--recipe", "lesson", "--model", "small", "--size", "16"]
    assert cli.main([*argv, "--steps", "8", "--epochs", "2"]) == 0
    return out


def parsers():
    """The parser of each verb."""
    (verbs,) = [a for a in command._parser()._actions if a.dest == "verb"]
    return verbs.choices


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([verb, "--help"])
    assert ended.value.code == 0
    assert f"usage: xraylab {verb}" in capsys.readouterr().out
    assert [action.dest for action in parsers()[verb]._actions if not action.help] == []


def test_the_verbs_are_those_that_are_tested():
    assert sorted(parsers()) == sorted(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_help_names_the_defaults_that_the_parser_has(verb):
    for action in parsers()[verb]._actions:
        named = re.search(r"\(default: ([\w.-]+)\)", action.help)
        if named and action.default is not None:
            assert named[1] == str(action.default), action.dest


@pytest.mark.parametrize("verb", ["train", "find-lr"])
def test_help_names_the_defaults_that_the_recipe_has(verb, capsys):
    with pytest.raises(SystemExit):
        cli.main([verb, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    default = r" --([\w-]+) [A-Z]+ (?:(?!--)[^(])*\(default: ([\w.-]+)\)"
    named = dict(re.findall(default, said))
    fields = training.RECIPES["original"].as_dict()
    fields["size"] = fields["size_px"]
    shared = {name: fields.get(name.replace("-", "_")) for name in named}
    assert {"model", "weights", "size", "batch-size", "sampler", "seed"} <= {*named}
    assert named == {name: str(value) for name, value in shared.items()}


def test_merge_answers_on_one_line(three_sources, tmp_path, capsys):
    code, answer, _ = run_json(
        capsys, "merge", "--data", three_sources, "--out", tmp_path / "m"
    )
    assert code == 0
    assert (answer["files"], answer["images"]) == (72, 24)
    assert answer["limits"] == duplicates.LIMITS
    assert (tmp_path / "m/manifest.csv").is_file()


def test_split_writes_the_table_and_counts(merge_folder, capsys):
    code, answer, _ = run_json(
        capsys, "split", merge_folder, "--protocol", "image-random"
    )
    assert code == 0
    assert answer["test"]["image_in_train"] == 0
    assert (merge_folder / "split-image-random-0.csv").is_file()


def test_train_evaluate_predict_go_hand_in_hand(
    run_folder, merge_folder, three_sources, capsys
):
    code, valid, _ = run_json(capsys, "evaluate", run_folder)
    assert code == 0
    assert valid["readings"] == 0
    readings = []
    for _ in range(2):
        _, test, _ = run_json(capsys, "evaluate", run_folder, "--on", "test")
        readings.append(test["readings"])
    assert readings == [1, 2]
    metric = test["metrics"]["accuracy"]
    assert metric["low"] <= metric["value"] <= metric["high"]
    files = sorted((three_sources / "one").rglob("*.jpeg"))[:3][::-1]
    code, answer, _ = run_json(capsys, "predict", run_folder, *files)
    assert code == 0
    assert [row["path"] for row in answer["predictions"]] == list(map(str, files))
    assert "clinical" in answer["note"]


@pytest.fixture
def own_run(run_folder, merge_folder, tmp_path):
    """A run that may be changed, of a merge that no test was read of."""
    merge = shutil.copytree(merge_folder, tmp_path / "merge")
    (merge / "test-log.jsonl").unlink(missing_ok=True)
    run = shutil.copytree(run_folder, tmp_path / "r")
    (run / "predictions-test.csv").unlink(missing_ok=True)
    facts = json.loads((run / "run.json").read_text())
    facts["about"]["merge"] = str(merge)
    (run / "run.json").write_text(json.dumps(facts))
    return run


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
    argv = ["readings", str(own_run), "--add", entered]
    assert cli.main(argv) == 0
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
    assert first.endswith("; test reading 1")
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
    assert cli.main(["readings", str(own_run), "--add", "a trial"]) == 1
    assert "which is not there any more, and the log of" in capsys.readouterr().err


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


def test_evaluate_says_what_recalibration_mends_and_what_answers_are_worth(
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
    assert "\nScores as given, and mended by changes fitted on validation:\n" in out
    assert "net benefit" not in out  # a threshold of 1 weighs nothing


def test_images_from_elsewhere_need_no_validation(own_run, tmp_path, capsys):
    run_json(capsys, "evaluate", own_run, "--choose", "youden")
    shutil.rmtree(own_run.parent / "merge")
    for i in range(12):
        name = ("NORMAL", "PNEUMONIA")[i % 2]
        write_file(tmp_path / "nih" / name / f"{i}.png", as_jpeg(blob_image(700 + i)))
    argv = ["evaluate", str(own_run), "--on", "external", "--data"]
    assert cli.main([*argv, str(tmp_path / "nih")]) == 0
    said = "Not held against validation: its images are not there any more. --merge"
    assert f"\n{said} gives them.\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--choose", "best"], "--choose: must be one of sensitivity 0.90"),
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
    assert "argument --choose: must come before the test is" in capsys.readouterr().err
    assert cli.main(["evaluate", str(own_run), "--threshold", "0.3"]) == 0
    assert "threshold 0.300, given by hand" in capsys.readouterr().out


def test_predict_names_the_bad_file_and_goes_on(
    run_folder, three_sources, tmp_path, capsys
):
    good = next((three_sources / "one").rglob("*.jpeg"))
    bad = write_file(tmp_path / "bad.jpeg", b"I am text")
    gone = tmp_path / "gone.jpeg"
    code, answer, err = run_json(capsys, "predict", run_folder, bad, good, gone)
    assert code == 1
    rows = answer["predictions"]
    assert [row["path"] for row in rows] == [str(bad), str(good), str(gone)]
    assert "error" not in rows[1]
    for row, cause in ((rows[0], "no image"), (rows[2], "No such file or directory")):
        assert cause in row["error"]
        assert f"not read: {row['path']}: {row['error']}\n" in err


def test_predict_says_once_that_a_run_is_unfinished(own_run, tmp_path, capsys, recwarn):
    file = tmp_path / "grey.png"
    Image.new("L", (64, 64), 128).save(file)
    _, answer, _ = run_json(capsys, "predict", own_run, file)
    assert answer["finished"]
    (own_run / "last.safetensors").unlink()
    _, answer, _ = run_json(capsys, "predict", own_run, file, file)
    assert not answer["finished"]
    assert cli.main(["predict", str(own_run), str(file), str(file)]) == 0
    out, err = capsys.readouterr()
    assert re.match(r"Unfinished: \d+ of \d+ epochs are trained\.\n", out)
    assert (out + err).count("Unfinished") == 1
    assert not recwarn.list


def test_predict_warns_of_what_is_no_xray(run_folder, tmp_path, capsys):
    file = tmp_path / "grey.png"
    Image.new("L", (64, 64), 128).save(file)
    assert cli.main(["predict", str(run_folder), str(file)]) == 0
    out = capsys.readouterr().out
    assert f"{file}\n  Prediction: " in out
    assert "\n  Careful: It is almost of one grey" in out
    assert out.rstrip().endswith("Not for clinical use: this is a model for teaching.")


def test_merge_names_bad_files_and_is_done(three_sources, tmp_path, capsys):
    root = tmp_path / "root"
    shutil.copytree(three_sources, root)
    write_file(root / "one/chest_xray/train/NORMAL/IM-0900-0001.jpeg", b"")
    code, answer, err = run_json(
        capsys, "merge", "--data", root, "--out", tmp_path / "m"
    )
    assert (code, answer["problems"]) == (0, 1)
    assert "IM-0900-0001.jpeg: it is empty" in err


def test_merge_says_what_is_worth_knowing(three_sources, tmp_path, capsys):
    root = tmp_path / "root"
    shutil.copytree(three_sources, root)
    deep = io.BytesIO()
    levels = blob_image(7).astype(np.uint16) * 16
    Image.fromarray(levels).save(deep, "PNG")
    write_file(root / "one/chest_xray/train/NORMAL/IM-0900-0001.png", deep.getvalue())
    write_file(root / "one/chest_xray/holdout/NORMAL/IM-0901-0001.jpeg", b"x")
    write_file(root / "two/val/normal/x.jpeg", as_jpeg(blob_image(80)))
    code, answer, err = run_json(
        capsys, "merge", "--data", root, "--out", tmp_path / "m"
    )
    assert code == 0
    assert answer["left_out"] == {"one/chest_xray/holdout/NORMAL": 1}
    assert "left out: one/chest_xray/holdout/NORMAL: 1 images in a class fold" in err
    assert "12 of 16 bits used: no brighter than level 16 of 255: 1 files, first" in err
    assert "images with names that tell no child: 1; each is a group of its own" in err


def test_split_says_of_how_many_images_no_name_tells_the_child(
    three_sources, tmp_path, capsys
):
    root = shutil.copytree(three_sources / "one", tmp_path / "root")
    for i, file in enumerate(sorted(root.rglob("IM-000[12]*"))):
        file.rename(file.with_name(f"x{i}.jpeg"))
    merge = tmp_path / "m"
    assert cli.main(["merge", "--data", str(root), "--out", str(merge)]) == 0
    capsys.readouterr()
    for protocol, more in (("grouped", True), ("naive-merge", False)):
        # before scikit-learn 1.8 most seeds put a class of so few images apart
        argv = ["split", str(merge), "--protocol", protocol, "--seed", "2"]
        assert cli.main(argv) == 0
        out = capsys.readouterr().out
        n = len(list(root.rglob("x*.jpeg")))
        assert f"Images of which no name tells the child: {n} of 24." in out
        assert ("a child may be in two splits" in out) == more
        _, answer, _ = run_json(capsys, *argv)
        assert answer["n_unknown"] == n
        assert sum(answer[s]["n_unknown"] for s in ("train", "valid", "test")) == n


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["merge", "--data", "nowhere", "--out", "x"], "must be an existing folder"),
        (["fly"], "invalid choice: 'fly'"),
        (["phantom", "--out", "x", "--children", "0"], "whole number above 0, got 0"),
        (["phantom", "--out", "x", "--children", "few"], "above 0, got few"),
        (["phantom", "--out", "x", "--seed", "-1"], "whole number from 0, got -1"),
        (["split", ".", "--protocol", "best"], "invalid choice: 'best'"),
        ([], "required: VERB"),
        (["evaluate", ".", "--threshold", "2"], "a number from 0 to 1, got 2"),
        (["evaluate", ".", "--threshold", "nan"], "a number from 0 to 1, got nan"),
        (["evaluate", ".", "--threshold", "half"], "from 0 to 1, got half"),
        (["train", ".", "--lr", "fast"], "--lr: must be a number above 0, got fast"),
        (["train", ".", "--lr", "inf"], "--lr: must be a number above 0, got inf"),
        (["find-lr", ".", "--out", "a.jpg"], "must be a file name.png, got a.jpg"),
        (["demo", "--port", "70000"], "whole number from 1 to 65535, got 70000"),
        (["demo", "--port", "0"], "whole number from 1 to 65535, got 0"),
        (["lessons", "--copy", "x", "--run"], "--copy: goes alone, without --run"),
        (["lessons", "--copy", "x", "--build"], "--copy: goes alone, without --run"),
        (
            ["phantom", "--out", "x", "--seed", "4294967296"],
            "--seed: must be a whole number from 0 to 4294967295, got 4294967296",
        ),
    ],
)
def test_a_wrong_command_exits_2(argv, message, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("no run", r"evaluate: .* run\.json"),
        (
            "no network",
            r"train: weights imagenet could not be downloaded",
        ),
        (
            "no place",
            r"^xraylab phantom: \S*set could not be written",
        ),
        (
            "no merge",
            r"split: .*manifest\.csv is not there. Make it",
        ),
        ("no file", r"not read: .*missing\.jpeg: No such file or directory"),
    ],
)
def test_each_fault_exits_1_with_its_words(
    fault, message, merge_folder, run_folder, tmp_path, monkeypatch, capsys
):
    def no_network(*_, **__):
        raise URLError("no route to host")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", no_network)
    monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "blocked").write_text("a file, no folder")
    train = ["train", str(merge_folder), "--protocol", "image-random", "--out"]
    train += [
        str(tmp_path / "run"),
        "--size",
        "16",
        "--batch-size",
        "8",
        "--steps",
        "20",
    ]
    argv = {
        "no run": ["evaluate", str(merge_folder)],
        "no network": [*train, "--weights", "imagenet"],
        "no place": [
            "phantom",
            "--out",
            str(tmp_path / "blocked/set"),
            "--children",
            "24",
        ],
        "no merge": ["split", str(tmp_path), "--protocol", "grouped"],
        "no file": ["predict", str(run_folder), str(tmp_path / "missing.jpeg")],
    }[fault]
    assert cli.main(argv) == 1
    out, err = capsys.readouterr()
    assert re.search(message, err), err
    assert "Traceback" not in err + out
    assert "Downloading" not in out  # torch says it, and not on stderr
    assert not (tmp_path / "set").exists()
    assert not (tmp_path / "run").exists()


def test_weights_that_could_not_be_fetched_leave_the_folder_free(
    merge_folder, tmp_path, monkeypatch, capsys
):
    def no_network(*_, **__):
        raise URLError("no route to host")

    monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    train = ["train", str(merge_folder), "--protocol", "image-random", "--out"]
    train += [str(tmp_path / "run"), "--size", "16", "--batch-size", "8"]
    train += ["--steps", "2", "--epochs", "1"]
    assert cli.main([*train, "--weights", "imagenet"]) == 1
    assert "or use weights none" in capsys.readouterr().err
    assert cli.main([*train, "--weights", "none"]) == 0


def test_a_wrong_threshold_counts_no_look(run_folder, merge_folder, capsys):
    before = len(test_log.list_readings(merge_folder))
    argv = ["evaluate", str(run_folder), "--on", "test", "--threshold", "1.5"]
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 2
    assert len(test_log.list_readings(merge_folder)) == before


def test_failed_work_exits_1_and_says_why(tmp_path, capsys):
    write_file(tmp_path / "cats/a.jpeg", b"x")
    argv = ["merge", "--data", str(tmp_path), "--out", str(tmp_path / "m")]
    assert cli.main(argv) == 1
    assert "xraylab merge: root must hold train, val or test" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()
    assert cli.main(["evaluate", str(tmp_path)]) == 1
    assert "xraylab evaluate: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        (
            "--steps",
            "5",
            "argument --steps: must be a whole number, at least 20, one an ep",
        ),
        (
            "--batch-size",
            "1",
            "argument --batch-size: must be a whole number, at least",
        ),
        ("--model", "big", "argument --model: must be one of resnet18, small, got"),
        ("--schedule", "x", "argument --schedule: must be one of step, cosine, one-"),
        ("--class-weights", "x", "argument --class-weights: must be one of none, bal"),
        ("--sampler", "x", "argument --sampler: must be one of shuffle, balanced"),
        ("--weights", "nowhere.pth", 'argument --weights: must be "imagenet", "none"'),
        ("--model", "small", "argument --weights: must be none or a file for model s"),
        ("--seed", "4294967296", "argument --seed: must be at most 4294967295, got"),
        ("--size", "100000", "argument --size: must be at most 4096, got 100000"),
    ],
)
def test_a_field_of_the_recipe_is_named_as_typed(
    option, value, message, merge_folder, tmp_path, capsys
):
    train = ["train", str(merge_folder), "--protocol", "grouped", "--out"]
    with pytest.raises(SystemExit) as ended:
        cli.main([*train, str(tmp_path / "run"), option, value])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_options_of_train_are_fields_of_the_recipe(merge_folder, tmp_path, capsys):
    asked = {"schedule": "cosine", "class_weights": "balanced", "sampler": "balanced"}
    options = [w for k, v in asked.items() for w in ("--" + k.replace("_", "-"), v)]
    options += ["--recipe", "lesson", "--model", "small", "--size", "16"]
    options += ["--steps", "4", "--epochs", "2", "--lr", "0.01", "--batch-size", "4"]
    train = ["train", str(merge_folder), "--protocol", "naive-merge", "--seed", "3"]
    assert cli.main([*train, "--out", str(tmp_path / "r"), *options]) == 0
    recipe = json.loads((tmp_path / "r/run.json").read_text())["recipe"]
    asked |= {"model": "small", "size_px": 16, "n_steps": 4, "epochs": 2, "lr": 0.01}
    assert recipe.items() >= (asked | {"batch_size": 4, "seed": 3}).items()


def test_find_lr_draws_a_curve_and_touches_no_run(
    merge_folder, run_folder, tmp_path, capsys
):
    before = {file: file.stat().st_mtime_ns for file in run_folder.iterdir()}
    n_readings = len(test_log.list_readings(merge_folder))
    argv = ["find-lr", merge_folder, "--protocol", "naive-merge", "--recipe", "lesson"]
    argv += ["--model", "small", "--size", "16", "--out", tmp_path / "new/curve.png"]
    code, answer, _ = run_json(capsys, *argv)
    assert code == 0
    assert 0 < answer["low"] < answer["high"] <= 1
    assert "Smith 2017" in answer["rule"]
    with Image.open(tmp_path / "new/curve.png") as drawn:
        assert drawn.format == "PNG"
    assert [f.name for f in tmp_path.rglob("*")] == ["new", "curve.png"]
    assert before == {file: file.stat().st_mtime_ns for file in run_folder.iterdir()}
    assert len(test_log.list_readings(merge_folder)) == n_readings


def test_tensorboard_that_is_not_installed_is_a_wrong_command(
    merge_folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    argv = ["train", str(merge_folder), "--protocol", "grouped"]
    argv += ["--out", str(tmp_path / "r"), "--tensorboard", str(tmp_path / "board")]
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 2
    assert "argument --tensorboard: needs the package" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_too_few_children_are_a_wrong_command(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["phantom", "--out", str(tmp_path / "p"), "--children", "1"])
    assert ended.value.code == 2
    assert "argument --children: must be at least" in capsys.readouterr().err
    assert not (tmp_path / "p").exists()


def test_a_fault_of_ours_shows_where_and_asks_for_a_report(monkeypatch, capsys):
    def broken(*_, **__):
        raise ValueError("no input of anybody's")

    monkeypatch.setattr("xraylab.course.list_lessons", broken)
    assert cli.main(["lessons"]) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "in broken" in err
    assert "Please report it with the lines above: https://" in err


@pytest.mark.parametrize(
    "words", ["", "Unable to allocate 6 GiB for an array with shape (1, 2)."]
)
def test_a_full_memory_is_not_called_our_fault(words, monkeypatch, capsys):
    def full(*_, **__):
        raise MemoryError(words)

    monkeypatch.setattr("xraylab.course.list_lessons", full)
    assert cli.main(["lessons"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("xraylab lessons: memory was full: ")
    assert words.rstrip(".") in err
    assert (err.count("\n"), "fault" in err) == (1, False)


def test_an_answer_without_numbers_is_still_json(monkeypatch, capsys):
    odd = {"ppv": float("nan"), "ends": [float("inf"), 0.5], "n": 0}
    monkeypatch.setattr("xraylab.results.read_result", lambda name: odd)
    _, answer, _ = run_json(capsys, "results", "any")
    assert (answer["ppv"], answer["ends"], answer["n"]) == (None, [None, 0.5], 0)
    cli.main(["results", "any"])
    assert "NaN" not in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_console_without_the_letters_of_a_name_loses_no_answer(
    encoding, run_folder, three_sources, tmp_path
):
    good = next((three_sources / "one").rglob("*.jpeg"))
    named = shutil.copy(good, tmp_path / "胸部.jpeg")
    command = [sys.executable, "-m", "xraylab", "predict", run_folder, named, good]
    env = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run(command, capture_output=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"Prediction: ") == 2
    assert rb"\u80f8" in done.stdout
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell with head")
def test_a_reader_that_leaves_early_is_no_error():
    # more than a pipe holds, so that the reader has left before the end
    code = (
        "import sys; from xraylab import cli, course;"
        "course.list_lessons = lambda: __import__('pandas').DataFrame("
        "{'lesson': ['x' * 1000] * 1000}); sys.exit(cli.main(['lessons']))"
    )
    pipe = f'{sys.executable} -c "{code}" | head -c 10'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", pipe], capture_output=True, check=False
    )
    assert done.stderr == b""
    assert done.returncode == 0


def test_the_module_runs_as_a_command():
    command = [sys.executable, "-m", "xraylab", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0.1.0"


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


def test_phantom_writes_three_layouts(tmp_path, capsys):
    out = tmp_path / "p"
    code, answer, _ = run_json(capsys, "phantom", "--out", out, "--children", "24")
    assert code == 0
    assert answer["images"] >= 24
    _, merged, _ = run_json(capsys, "merge", "--data", out, "--out", tmp_path / "m")
    assert len(merged["by_source"]) == 3
    assert cli.main(["phantom", "--out", str(out), "--children", "24"]) == 1
    assert "xraylab phantom: " in capsys.readouterr().err


def test_perturb_answers_for_validation_and_reads_no_test(
    run_folder, merge_folder, capsys
):
    before = len(test_log.list_readings(merge_folder))
    code, answer, _ = run_json(capsys, "perturb", run_folder)
    assert code == 0
    rows = answer["perturbations"]
    assert {row["perturbation"] for row in rows} == set(PERTURBATIONS)
    assert len(test_log.list_readings(merge_folder)) == before
    assert cli.main(["perturb", str(run_folder)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("validation of naive-merge, threshold 0.500, a box for the l")
    assert out.count("most flipped at dose") == len(PERTURBATIONS)


def test_explain_checks_each_map_and_reads_no_test(run_folder, merge_folder, capsys):
    before = len(test_log.list_readings(merge_folder))
    code, answer, _ = run_json(capsys, "explain", run_folder)
    assert code == 0
    assert [row["map"] for row in answer["maps"]] == list(MAPS)
    assert (run_folder / "maps.json").is_file()
    assert len(test_log.list_readings(merge_folder)) == before
    assert cli.main(["explain", str(run_folder)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("validation of naive-merge, 3 shuffled networks, limit 0.5\n")
    assert out.count(": sanity check ") == len(MAPS)


def test_explain_without_the_images_says_what_brings_them_back(own_run, capsys):
    shutil.rmtree(own_run.parent / "merge")
    with pytest.raises(SystemExit) as ended:
        cli.main(["explain", str(own_run)])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "argument RUN: must have its images: " in said
    assert "`xraylab merge` there makes it anew." in said


def test_perturb_takes_two_classes_and_says_what_it_found(run_folder, tmp_path, capsys):
    for name in ("NORMAL", "PNEUMONIA", "OTHER"):
        write_file(tmp_path / name / "a.jpeg", as_jpeg(blob_image(len(name))))
    argv = ["perturb", str(run_folder), "--data", str(tmp_path)]
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "argument --data: must hold two classes, found 3" in said


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


def test_train_says_that_a_run_was_finished_earlier(run_folder, merge_folder, capsys):
    argv = ["train", merge_folder, "--protocol", "naive-merge", "--out", run_folder]
    argv += ["--recipe", "lesson", "--model", "small", "--size", "16"]
    code, answer, _ = run_json(capsys, *argv, "--steps", "8", "--epochs", "2")
    assert (code, answer["note"]) == (0, "finished earlier, loaded")


def test_images_without_a_known_child_are_counted(run_folder, capsys):
    _, answer, _ = run_json(capsys, "evaluate", run_folder)
    assert (answer["n_unknown"], answer["finished"]) == (0, True)
