import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import audit, cli, data, errors, phantom
from xraylab.audit import findings
from xraylab.data import manifest, sources

RULE = "index rule that does not fit"


@pytest.fixture(scope="module")
def audited(three_sources):
    return audit.run_audit(three_sources, progress=False)


@pytest.fixture
def folder(tmp_path):
    """Eight images in split/class folders; one leaks, resized, and one is cut."""
    for i in range(8):
        split, name = ("train", "test")[i // 4], ("Healthy", "Sick")[i % 2]
        data = as_jpeg(blob_image(i))
        write_file(tmp_path / "set" / split / name / f"{i}.jpeg", data)
    smaller = Image.fromarray(blob_image(4)).resize((80, 80))
    copy = as_jpeg(np.asarray(smaller), quality=80)
    write_file(tmp_path / "set/train/Healthy/copy.jpeg", copy)
    write_file(tmp_path / "set/train/Sick/cut.jpeg", b"no image")
    return tmp_path / "set"


def test_half_a_download_is_refused_not_audited(three_sources, tmp_path):
    root = shutil.copytree(three_sources, tmp_path / "root")
    shutil.rmtree(root / "two/train/opacity")
    with pytest.raises(errors.IncompleteSourceError, match="no images of opacity"):
        audit.run_audit(root, progress=False)


@pytest.mark.parametrize("others", [["tuberculosis"], ["pneumonia", "tb"]])
def test_splits_with_other_classes_are_any_labelled_set(tmp_path, others):
    for i, name in enumerate(["normal", *others]):
        for k, split in enumerate(("train", "test")):
            image = as_jpeg(blob_image(10 * i + k))
            write_file(tmp_path / split / name.upper() / "a.jpeg", image)
    found = audit.run_audit(tmp_path, progress=False)
    assert set(found.table["class_name"]) == {"normal", *others}
    with pytest.raises(errors.UnknownLayoutError, match=" and no other class, fou"):
        data.merge(tmp_path, progress=False)


def names_of(audit):
    return [finding.name for finding in audit.findings]


def test_sources_that_share_their_images_are_found(audited):
    assert audited.table["image_id"].nunique() == 24
    assert len(audited.table) == 72
    assert names_of(audited)[:2] == [
        "images in several splits",
        "children in several splits",
    ]
    assert audited.probes.empty
    assert audited.not_run["check"].tolist() == [
        "probes: class",
        "probes: test or not, normal",
        "probes: test or not, pneumonia",
        "probes: COVID19 or another class",
    ]
    assert audited.not_run["reason"].iloc[-1] == (
        "its images are left out (1): another origin, never pneumonia here"
    )
    assert "names that disagree with pixels" not in names_of(audited)
    balance = audited.tables["balance before and after merging"]
    assert balance["n"].tolist() == [36, 36, 12, 12]


def test_an_unreadable_file_makes_no_name_disagree(three_sources, tmp_path):
    root = shutil.copytree(three_sources, tmp_path / "root")
    next((root / "one").rglob("IM-0001-0001.jpeg")).write_bytes(b"text")
    said = names_of(audit.run_audit(root, progress=False))
    assert "unreadable files" in said
    assert not {"names that disagree with pixels", RULE} & set(said)


def test_a_file_that_is_missing_is_no_name_that_disagrees(three_sources, tmp_path):
    root = shutil.copytree(three_sources, tmp_path / "root")
    next((root / "one").rglob("IM-0001-0001.jpeg")).unlink()
    found = audit.run_audit(root, progress=False)
    assert "names that disagree with pixels" not in names_of(found)
    (note,) = [f for f in found.findings if f.name == RULE]
    assert (note.found, note.is_fault) == ("Names: 10.", False)


def test_one_name_that_disagrees_is_a_finding(three_sources, tmp_path):
    root = shutil.copytree(three_sources, tmp_path / "root")
    third = root / "three/Data/train/NORMAL/NORMAL(3).jpg"
    third.write_bytes(as_jpeg(blob_image(77)))
    said = names_of(audit.run_audit(root, progress=False))
    assert "names that disagree with pixels" in said
    assert RULE not in said


def test_any_folder_a_leak_and_a_broken_file(folder):
    found = audit.run_audit(folder, progress=False)
    assert names_of(found)[:2] == ["images in several splits", "unreadable files"]
    assert found.faults == found.findings[:2]
    assert "Images both in train and in test: 1 (files there: 1, 25%)" in (
        found.findings[0].found
    )
    assert found.problems["path"].tolist() == ["train/Sick/cut.jpeg"]
    assert "names that tell no child" in names_of(found)


def test_one_image_under_two_labels_is_no_copy_to_keep_one_of(folder):
    shutil.copy(folder / "train/Healthy/0.jpeg", folder / "train/Sick/again.jpeg")
    found = audit.run_audit(folder, progress=False)
    (fault,) = [f for f in found.faults if f.name == "one image under two labels"]
    assert fault.found.startswith("Images: 1, first train/Healthy/0.jpeg")
    assert "leave out all its files" in fault.to_do
    assert "copies within a split" not in names_of(found)
    shutil.copy(folder / "train/Healthy/2.jpeg", folder / "train/Healthy/again.jpeg")
    found = audit.run_audit(folder, progress=False)
    (note,) = [f for f in found.findings if f.name == "copies within a split"]
    assert note.found == "Further files: 1."


def test_class_folders_that_are_not_read_are_a_finding(folder):
    write_file(folder / "holdout/Sick/0.jpeg", as_jpeg(blob_image(41)))
    found = audit.run_audit(folder, progress=False)
    (fault,) = [f for f in found.faults if f.name == "class folders that are not read"]
    assert fault.found == "Images: 1, first holdout/Sick."


def test_twelve_bits_in_sixteen_are_a_finding_and_not_rescaled(folder):
    levels = blob_image(31).astype(np.uint16) * 16
    for name, scale in (("twelve", 1), ("sixteen", 16)):
        image = Image.fromarray(levels * scale)
        image.save(folder / f"train/Sick/{name}.png")
    found = audit.run_audit(folder, progress=False)
    name = "grey levels that are not scaled"
    (fault,) = [f for f in found.faults if f.name == name]
    assert fault.found.endswith("Files: 1, first train/Sick/twelve.png.")
    assert found.tables[name]["path"].tolist() == ["train/Sick/twelve.png"]
    assert found.squares[found.table["square"]].max((1, 2)).min() <= 16


@pytest.fixture(scope="module")
def three_classes(tmp_path_factory):
    """A clean built-in set in three class folders, none of them exported otherwise."""
    root = tmp_path_factory.mktemp("three")
    phantom.write_phantom(root / "all", n_children=90, seed=7, plants=phantom.CLEAN)
    for file in sorted((root / "all/chest-xray-pneumonia").rglob("*.jpeg")):
        kind = data.read_name(file.name)[0]
        name = {"bacteria": "Pneumonia", "virus": "Covid"}.get(kind, "No_Finding")
        place = root / "set" / name / file.name
        write_file(place, file.read_bytes())
    return root / "set"


@pytest.fixture(scope="module")
def clean_three(three_classes):
    return audit.run_audit(three_classes, progress=False)


def export_otherwise(folder):
    """Save a class as another hospital might: larger, in colour, with a frame."""
    for file in folder.iterdir():
        with Image.open(file) as image:
            framed = ImageOps.expand(image.convert("RGB"), 24, fill=(60, 60, 60))
            framed.save(file, quality=97, dpi=(96, 96))


def test_one_class_from_elsewhere_is_found_among_three(
    three_classes, clean_three, tmp_path
):
    assert clean_three.faults == []
    assert clean_three.probes["question"].nunique() == 3
    root = shutil.copytree(three_classes, tmp_path / "set")
    export_otherwise(root / "Covid")
    found = audit.run_audit(root, progress=False)
    said = names_of(found)
    assert {"class told by the file", "class told by the border"} <= set(said)
    asked = found.probes[found.probes["question"] == "covid or another class"]
    assert len(asked) == 8
    told = asked.set_index("feature")["auroc"]
    assert told["header"] > 0.99
    assert told["ring"] > 0.9
    assert "covid or another class, by header" in audit.report_as_text(found)


def test_what_could_not_run_stands_beside_the_findings(three_classes, clean_three):
    found = clean_three
    said = (
        f"Findings: 0; notes: {len(found.findings)}; 3 checks could not run: "
        "images in several splits; children in several splits; "
        "probes: test or not, and all others on the test."
    )
    for report in (audit.report_as_text(found), audit.report_as_html(found)):
        assert said in report
        assert "no folder names a split" in report
    assert found.as_dict()["not_run"][0] == {
        "check": "images in several splits",
        "reason": "no folder names a split",
    }
    assert cli.main(["audit", str(three_classes)]) == 0
    assert cli.main(["audit", str(three_classes), "--strict"]) == 3


def test_every_probe_is_in_the_table_and_a_missing_baseline_is_said(clean_three):
    figures = clean_three.probes
    more = figures.assign(question=figures["question"] + ", again", limit=np.nan)
    probes = pd.concat([figures, more.assign(auroc=0.7)], ignore_index=True)
    page = audit.report_as_html(replace(clean_three, probes=probes))
    assert page.count("<td>covid or another class") == 2 * 8
    assert page.count("<td>no baseline</td>") == len(figures)


def test_names_and_a_class_that_are_missing_are_checks_that_could_not_run(folder):
    found = audit.run_audit(folder, progress=False).not_run
    reasons = dict(zip(found["check"], found["reason"], strict=True))
    for check in ("children in several splits", "names that disagree with pixels"):
        assert reasons[check] == "no file name tells a child"
    for file in folder.rglob("Sick/*"):
        file.write_bytes(b"broken")
    found = audit.run_audit(folder, progress=False).not_run
    reasons = dict(zip(found["check"], found["reason"], strict=True))
    for check in ("one image under two labels", "probes: class"):
        assert reasons[check] == "all readable images are healthy"


def test_a_merge_its_manifest_and_its_folder_say_the_same(
    audited, three_sources, tmp_path
):
    data.merge(three_sources, progress=False).save(tmp_path / "m")
    for path in (tmp_path / "m", tmp_path / "m/manifest.csv"):
        found = audit.run_audit(path, progress=False)
        assert [f.found for f in found.findings] == [f.found for f in audited.findings]


def test_a_manifest_alone_lies_beside_its_images(three_sources, tmp_path):
    shutil.copytree(three_sources, tmp_path / "d")
    merged = data.merge(tmp_path / "d", progress=False)
    file = write_file(tmp_path / "d/mine.csv", b"")
    file.write_text(manifest.as_csv(merged.manifest), encoding="utf-8")
    assert len(audit.run_audit(file, progress=False).table) == 72


def test_a_manifest_beside_a_merge_is_read_itself(three_sources, tmp_path):
    merged = data.merge(three_sources, progress=False)
    merged.save(tmp_path)
    small = tmp_path / "small.csv"
    part = merged.manifest[merged.manifest["source"] == sources.FIRST]
    small.write_text(manifest.as_csv(part), encoding="utf-8")
    assert len(audit.run_audit(small, progress=False).table) == 24


def test_of_a_table_only_the_columns_of_a_manifest_count(three_sources, tmp_path):
    merged = data.merge(three_sources, progress=False)
    merged.save(tmp_path)
    mine = tmp_path / "mine.csv"
    own = merged.manifest.assign(width="wide", note="mine")
    own.to_csv(mine, index=False)
    found, kept = (audit.run_audit(p, progress=False) for p in (mine, tmp_path))
    assert found.table.equals(kept.table)
    own.assign(split="train").to_csv(mine, index=False)
    with pytest.raises(ValueError, match=r"mine\.csv has a column split, and an audit"):
        audit.run_audit(mine, progress=False)


def test_images_that_broke_or_went_since_the_merge(three_sources, tmp_path):
    shutil.copytree(three_sources, tmp_path / "d")
    merged = data.merge(tmp_path / "d", progress=False)
    file = tmp_path / "d/mine.csv"
    file.write_text(manifest.as_csv(merged.manifest), encoding="utf-8")
    gone, *rest = merged.manifest["path"]
    (tmp_path / "d" / gone).unlink()
    assert audit.run_audit(file, progress=False).problems["path"].tolist() == [gone]
    for path in rest:
        (tmp_path / "d" / path).unlink()
    told = r"none of 72 files in .* could be read, first .*: No such file or dire"
    with pytest.raises(ValueError, match=told):
        audit.run_audit(file, progress=False)


def test_every_finding_says_three_things():
    for name in findings._words():
        finding = findings.make_finding(name, "1 file.")
        assert all((finding.shows, finding.shows_not, finding.to_do))
    with pytest.raises(KeyError):
        findings.make_finding("unheard of", "")


def test_a_folder_with_odd_bytes_in_its_name_has_a_page(audited):
    odd = replace(audited, root=Path(os.fsdecode(b"x\xff")))
    page = audit.report_as_html(odd)
    assert "Audit of x\\udcff" in page
    page.encode("utf-8")  # it can be written


def test_the_page_needs_nothing_else_and_shows_no_image(audited):
    page = audit.report_as_html(audited)
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!#|data:)', page.split("<svg")[0])
    assert "data:image" not in page
    assert "Not for clinical use" in page
    assert "data:image/png" in audit.report_as_html(audited, thumbnails=True)


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    """Probes of class and of test; the names are such as figures trip over."""
    root = tmp_path_factory.mktemp("many") / "猫$"
    for i in range(52):
        place = root / ("train", "test")[i // 26] / ("$_病$", "$^正$")[i % 2]
        place = place / f"IM-{i:04d}-0001.jpeg"
        write_file(place, as_jpeg(blob_image(i, 48)))
    return audit.run_audit(root, progress=False)


def test_a_split_of_consecutive_children_is_a_note(probed):
    (note,) = [f for f in probed.findings if f.name == "split not drawn at random"]
    assert "Kinds of children: 1 of 1. Runs of one split: 2, by chance" in note.found
    assert not note.is_fault


def test_the_page_of_odd_names_is_drawn_quietly_and_always_the_same(probed, recwarn):
    assert probed.probes["question"].nunique() == 3
    pages = {audit.report_as_html(probed) for _ in range(2)}
    assert len(pages) == 1
    assert "Folder 猫$" in pages.pop()
    assert not [w for w in recwarn if "Glyph" in str(w.message)]


def test_code_is_marked_on_the_page_and_backticks_are_not_shown(audited):
    page = audit.report_as_html(audited)
    assert "<code>xraylab merge</code>" in page
    assert "`" not in page


def test_a_pair_shows_two_places(folder):
    shutil.copy(folder / "train/Healthy/copy.jpeg", folder / "train/Healthy/again.jpeg")
    (folder / "val/Healthy").mkdir(parents=True)
    shutil.move(folder / "test/Healthy/4.jpeg", folder / "val/Healthy/zzz.jpeg")
    page = audit.report_as_html(
        audit.run_audit(folder, progress=False), thumbnails=True
    )
    assert re.search("<figcaption>.*val/Healthy/zzz.jpeg.*</figcaption>", page)


def test_without_enough_children_it_is_said_where(audited):
    said = (
        "probes: class: 12 groups are needed on either side outside the test, "
        "found 5 and 4"
    )
    assert said in audit.report_as_text(audited)


def test_one_and_many_read_right(folder):
    text = audit.report_as_text(audit.run_audit(folder, progress=False))
    assert "Files: 1, first train/Sick/cut.jpeg." in text
    assert not re.search(r"(?<!\d)1 (images|files|notes|findings|names|checks)", text)


def test_names_cannot_write_into_the_page(folder):
    odd = folder / "train/Sick/<b>x<b>.jpeg"
    odd.write_bytes((folder / "train/Healthy/0.jpeg").read_bytes())
    page = audit.report_as_html(
        audit.run_audit(folder, progress=False), thumbnails=True
    )
    assert "<b>x<b>" not in page


def test_the_verb_answers_and_strict_fails_on_findings(folder, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert cli.main(["audit", str(folder), "--html", str(page), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["files"], answer["problems"], answer["faults"]) == (9, 1, 2)
    assert page.is_file()
    assert cli.main(["audit", str(folder), "--html", str(page), "--strict"]) == 1
    assert "FINDING: unreadable files" in capsys.readouterr().out


def test_wrong_use_of_the_verb(folder, capsys):
    for argv, message in (
        ([str(folder / "gone")], "must be a folder or a file, got"),
        ([str(folder), "--thumbnails"], "argument --thumbnails: needs --html FILE"),
    ):
        with pytest.raises(SystemExit) as ended:
            cli.main(["audit", *argv])
        assert ended.value.code == 2
        assert message in capsys.readouterr().err
