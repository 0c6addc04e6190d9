import re
from pathlib import Path

import pytest

from xraylab import data, evaluation, results
from xraylab.data import sources

LESSONS = Path(__file__).parents[2] / "notebooks/source"


@pytest.fixture(scope="module")
def merged(real):
    return data.merge(real / "kaggle", progress=False)


def test_the_three_sources_are_the_same_images(merged):
    report = merged.report()
    counts = {"files": 17_568, "images": 5_824, "patients": 4_097, "groups": 4_096}
    assert {name: report[name] for name in counts} == counts
    assert report["label_conflicts"] == report["problems"] == 0
    assert report["ignored"] == {}
    assert report["index_rule"] == {"agree": 5_856, "disagree": 0}
    said = " ".join((LESSONS / "01_merging.py").read_text("utf-8").split("\n# "))
    most = re.search(r"no two different ones were more alike than ([0-9.]+\d)", said)
    least = re.search(r"copy was less alike its original than ([0-9.]+\d)", said)
    assert report["margin"]["most_alike_different"] <= float(most[1]) == 0.975
    assert report["margin"]["least_alike_same"] >= float(least[1]) == 0.9994


def test_the_traps_of_the_download_are_left_out_with_a_reason(real_with_traps):
    files, ignored = data.list_files(real_with_traps / "kaggle")
    assert len(files) == 17_568
    assert ignored["reason"].value_counts().to_dict() == {
        "second copy nested in the same source": 5_856,
        "macOS file, not an image": 5_856,
    }


@pytest.mark.parametrize("protocol", data.PROTOCOLS)
def test_every_protocol_holds_on_real_names(merged, protocol):
    table = data.split(merged.manifest, protocol)
    if protocol == "official":
        assert (table["split"] == "test").sum() == 624


def test_the_second_source_cuts_children_apart(merged):
    second = merged.manifest[merged.manifest["source"] == sources.SECOND]
    where = {
        split: second[second["published_split"] == split]
        for split in ("train", "val", "test")
    }
    for column, n_both in (("patient_id", 305), ("image_id", 7)):
        seen = {split: set(table[column]) for split, table in where.items()}
        assert len(seen["train"] & seen["val"]) == n_both
        assert not seen["test"] & (seen["train"] | seen["val"])


def test_the_third_source_trains_on_the_official_test(merged):
    table = merged.manifest
    first = table[(table["source"] == sources.FIRST)]
    test = first[first["published_split"] == "test"]
    third = table[table["source"] == sources.THIRD]
    expected = merged.index_rule.set_index("path")["other"]
    train = third[third["published_split"] == "train"]
    assert expected.loc[train["path"]].isin(test["path"]).sum() == 540


def test_what_is_kept_of_unseen_children_follows_from_the_split(merged):
    kept = {}
    for name in results.list_results()["name"]:
        result = results.read_result(name)
        if "metrics_unseen" in result:
            kept[name] = result["metrics_unseen"]["accuracy"]["n"]
            table = data.split(merged.manifest, result["protocol"], seed=result["seed"])
            trained = set(table.loc[table["split"] == "train", "group_id"])
            answers = results.read_predictions(name)
            unseen = answers[~answers["group_id"].isin(trained)]
            for metric, row in result["metrics_unseen"].items():
                found = evaluation.measure(unseen, metric)
                ours = [row[key] for key in found._fields]
                assert ours == pytest.approx(list(found)), (name, metric)
    assert kept["real-64px-naive-merge"] == 197
