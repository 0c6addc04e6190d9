"""What must hold in a package that has the entries of CONTRIBUTING.md in its tables.

`tests/test_contributing.py` runs this file in a copy of the package, with the copy in
the current folder.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import xraylab
from tests.conftest import as_jpeg, blob_image, write_file, write_three_sources
from xraylab import audit, cli, data, evaluation, explanation
from xraylab.evaluation import Interval


def test_the_package_is_the_copy():
    assert Path(xraylab.__file__).parents[1] == Path.cwd()


def test_a_metric_is_measured_and_described():
    labels, scores = [0, 0, 0, 0, 1, 1] * 3, [0.9, 0.1, 0.2, 0.3, 0.8, 0.4] * 3
    table = pd.DataFrame({"label": labels, "score": scores, "group_id": range(18)})
    found = evaluation.evaluate(table)
    row = found.loc["false_positive_rate"]
    assert (row["value"], row["n"]) == (1 / 4, 12)
    assert row["low"] < 1 / 4 < row["high"]
    assert row["baseline"] == 6 / 18  # called pneumonia, of all
    (line,) = [x for x in evaluation.describe(found) if x.startswith("false_positive")]
    assert line.endswith("n = 12, 12 groups, baseline 0.33")
    assert evaluation.measure(table, "false_positive_rate") == Interval(
        *row[list(Interval._fields)]
    )


def test_a_probe_is_asked_and_stands_in_the_audit(tmp_path):
    for i in range(26):
        image, name = blob_image(i, 48), ("NORMAL", "PNEUMONIA")[i % 2]
        image[16:32, 16:32] = 100 + 40 * (i % 2)
        write_file(tmp_path / name / f"IM-{i:04d}-0001.jpeg", as_jpeg(image))
    found = audit.run_audit(tmp_path, progress=False)
    probes = found.probes.set_index("feature")
    assert probes.loc["middle", "auroc"] > 0.95
    assert np.isnan(probes.loc["middle", "limit"])
    gaps = found.not_run.set_index("check")["reason"]
    assert gaps["probes: class, by middle"] == "no baseline of it is measured"
    for report in (audit.report_as_text(found), audit.report_as_html(found)):
        assert "by middle" in report


def test_a_network_trains_and_answers(three_sources, tmp_path, capsys):
    data.merge(three_sources, progress=False).save(tmp_path / "merge")
    train = ["train", str(tmp_path / "merge"), "--out", str(tmp_path / "run")]
    train += ["--protocol", "naive-merge", "--recipe", "lesson", "--model", "coarse"]
    train += ["--size", "16", "--epochs", "1", "--steps", "2", "--batch-size", "4"]
    assert cli.main(train) == 0
    assert cli.main(["evaluate", str(tmp_path / "run")]) == 0
    assert "accuracy" in capsys.readouterr().out


def test_a_perturbation_is_tried_at_each_dose():
    images = np.stack([blob_image(i, 32) for i in range(20)])
    table = pd.DataFrame({"label": [0, 1] * 10, "group_id": range(20)})

    def how_bright(images):
        return images.mean((1, 2)) / 8 - 16

    found = explanation.perturb(how_bright, images, table)
    (doses,) = [p["dose"] for n, p in found.groupby("perturbation") if n == "negative"]
    assert doses.unique().tolist() == [0, 0.25, 0.5, 1]
    ranked = explanation.rank_perturbations(found)
    assert "negative" in ranked["perturbation"].tolist()
    change = explanation.PERTURBATIONS["negative"]
    assert np.array_equal(change(images, 1), 255 - images)


def test_a_source_is_recognised_and_merged(tmp_path):
    root = write_three_sources(tmp_path)
    for i, name in enumerate(("clear", "Infiltrate", "fracture")):
        for split in ("train", "test"):
            image = as_jpeg(blob_image(len(split) * (i + 200)))
            write_file(root / "deep/down" / split / name / f"{i}.jpeg", image)
    merged = data.merge(root, progress=False)
    report = merged.report()
    assert report["by_source"] == {**dict.fromkeys(list(data.SOURCES)[:3], 24)} | {
        "toy-xrays": 4
    }
    own = merged.manifest[merged.manifest["source"] == "toy-xrays"]
    assert own.groupby("class_name")["label"].unique().str[0].to_dict() == {
        "normal": 0,
        "pneumonia": 1,
    }
    assert report["ignored"]["fracture: another origin, never pneumonia here"] == 2
    assert report["index_rule"] == {"agree": 24, "disagree": 0}
