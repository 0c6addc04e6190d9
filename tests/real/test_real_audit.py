import shutil

import pytest
from PIL import Image

from xraylab import audit
from xraylab.data import sources


@pytest.fixture(scope="module")
def audited(real):
    return audit.run_audit(real / "kaggle", progress=False)


def pairs(audited, name):
    rows = audited.tables[name]
    return rows.set_index(["first", "second"])["n"].to_dict()


def test_the_second_source_cuts_children_apart(audited):
    second = (f"{sources.SECOND}/train", f"{sources.SECOND}/val")
    assert pairs(audited, "children in several splits")[second] == 305
    assert pairs(audited, "images in several splits")[second] == 7


def test_the_third_source_trains_on_the_official_test(audited):
    overlaps = audited.tables["images in several splits"]
    row = overlaps[
        (overlaps["first"] == f"{sources.THIRD}/train")
        & (overlaps["second"] == f"{sources.FIRST}/test")
    ]
    assert row["n_files"].item() == 540
    assert audited.tables["names that disagree with pixels"].empty


def test_the_border_tells_the_class_and_less_so_on_the_test(audited):
    ring = audited.probes[audited.probes["feature"] == "ring"].set_index("on")
    assert ring.loc["cross-validated", "found"]
    assert ring.loc["cross-validated", "auroc"] == pytest.approx(0.97, abs=0.01)
    assert ring.loc["test", "auroc"] == pytest.approx(0.82, abs=0.03)


def test_test_images_left_in_train_are_counted(real, tmp_path):
    """All 624, at three quarters of the size; 6 images of them are there twice."""
    home = real / "kaggle/chest-xray-pneumonia"
    shutil.copytree(home, tmp_path / "set")
    tests = sorted((tmp_path / "set").rglob("test/*/*.jpeg"))
    for file in tests:
        place = file.parents[2] / "train" / file.parent.name / f"left-{file.name}"
        with Image.open(file) as image:
            image.resize((168, 168)).save(place, quality=85)
    found = audit.run_audit(tmp_path / "set", progress=False)
    [overlap] = found.tables["images in several splits"].to_dict("records")
    assert (overlap["n"], overlap["n_files"], overlap["share"]) == (618, 624, 1)
