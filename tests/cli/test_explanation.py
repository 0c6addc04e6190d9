"""The verbs perturb and explain."""

import re
import shutil

import pandas as pd
import pytest

from tests.cli.conftest import run_json
from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import cli
from xraylab.explanation import MAPS, PERTURBATIONS, run
from xraylab.explanation.doses import COLUMNS, FIGURES
from xraylab.training import test_log


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
    flips = pd.DataFrame([row for row in rows if row["figure"] == "flipped"])
    for name, most in flips.groupby("perturbation")["value"].max().items():
        (_, said) = re.search(rf"^({name}): .*\n  (.*)$", out, re.M).groups()
        assert said.startswith("most flipped at dose" if most else "no answer flipped")
    assert "flipped at dose 0: 0.000" not in out


def test_where_nothing_flips_no_dose_is_named():
    rows = [("zoom", d, f, 0.5, 0.4, 0.6, 9, 9, "") for d in (1, 2) for f in FIGURES]
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.loc[table["figure"] == "flipped", "value"] = 0.0
    _, said, _ = run._describe(table)
    assert said == "  no answer flipped at any dose, n = 9, 9 groups"
    table.loc[(table["figure"] == "flipped") & (table["dose"] == 2), "value"] = 0.1
    assert run._describe(table)[1].startswith("  most flipped at dose 2: 0.100 (")


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


@pytest.mark.parametrize("verb", ["explain", "perturb"])
def test_without_the_images_it_is_said_what_brings_them_back(verb, own_run, capsys):
    elsewhere = shutil.move(own_run.parent / "merge", own_run.parent / "elsewhere")
    with pytest.raises(SystemExit) as ended:
        cli.main([verb, str(own_run)])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "argument --merge: must be given: " in said
    assert "Merge the same sources with `xraylab merge`, and give that folder." in said
    assert cli.main([verb, str(own_run), "--merge", str(elsewhere)]) == 0


def test_perturb_takes_two_classes_and_says_what_it_found(run_folder, tmp_path, capsys):
    for name in ("NORMAL", "PNEUMONIA", "OTHER"):
        write_file(tmp_path / name / "a.jpeg", as_jpeg(blob_image(len(name))))
    argv = ["perturb", str(run_folder), "--data", str(tmp_path)]
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "argument --data: must hold two classes, one of them, and not" in said
