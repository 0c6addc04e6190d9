"""The verb predict."""

import re

from PIL import Image

from tests.cli.conftest import run_json
from tests.conftest import write_file
from xraylab import cli


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
    assert err == ""  # the answer says it
    assert cli.main(["predict", *map(str, (run_folder, bad, good, gone))]) == 1
    out, err = capsys.readouterr()
    assert (out + err).count("not read") == 2
    for path, cause in ((bad, rows[0]["error"]), (gone, rows[2]["error"])):
        assert f"{path}\n  not read: {cause}\n" in out


def test_how_it_is_decided_is_said_where_something_was_answered(
    run_folder, three_sources, tmp_path, capsys
):
    good = next((three_sources / "one").rglob("*.jpeg"))
    bad = write_file(tmp_path / "bad.jpeg", b"I am text")
    for files, n_told in (([bad, bad], 0), ([bad, good], 1), ([good, good], 1)):
        cli.main(["predict", *map(str, (run_folder, *files))])
        out = capsys.readouterr().out
        assert out.count("Pneumonia is answered from a score of ") == n_told


def test_predict_says_once_that_a_run_is_unfinished(own_run, tmp_path, capsys, recwarn):
    file = tmp_path / "grey.png"
    Image.new("L", (64, 64), 128).save(file)
    _, answer, _ = run_json(capsys, "predict", own_run, file)
    assert answer["finished"]
    (own_run / "last.safetensors").rename(own_run / "unfinished.safetensors")
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
