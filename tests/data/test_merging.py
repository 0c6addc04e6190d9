import errno
import inspect
import io
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import data, errors
from xraylab.data import merging, sources
from xraylab.files import NotWrittenError


def test_three_sources_are_one_set_of_images(three_sources):
    report = data.merge(three_sources, progress=False).report()
    assert report["files"] == 72
    assert report["images"] == 24
    assert report["patients"] == 12
    assert report["groups"] == 12
    assert report["label_conflicts"] == report["problems"] == 0
    assert report["unnamed_images"] == 0
    assert report["matches"] == {"kept": 24, "same file": 24, "re-encoded": 24}
    assert report["index_rule"] == {"agree": 24, "disagree": 0}
    assert report["ignored"] == {"COVID19: another origin, never pneumonia here": 1}


def test_the_third_source_alone_knows_no_child(three_sources):
    report = data.merge(three_sources / "three", progress=False).report()
    assert report["unnamed_images"] == report["groups"] == 24
    assert report["patients"] == 0


def test_saved_and_loaded_it_is_the_same(three_sources, tmp_path):
    merged = data.merge(three_sources, progress=False)
    merged.save(tmp_path)
    assert data.Merge.load(tmp_path).report() == merged.report()


def test_bad_files_are_named_and_the_rest_goes_on(three_sources, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(three_sources, root)
    train = root / "one/chest_xray/train/NORMAL"
    write_file(train / "IM-0901-0001.jpeg", b"")
    write_file(train / "IM-0902-0001.jpeg", b"I am text")
    write_file(train / "IM-0903-0001.jpeg", as_jpeg(blob_image(1, 200))[:1500])
    merged = data.merge(root, progress=False)
    assert len(merged.manifest) == 72
    assert len(merged.problems) == 3
    assert merged.problems["cause"].str.contains("empty|format|truncated").all()


def test_an_unreadable_file_does_not_shift_the_index_rule(three_sources, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(three_sources, root)
    first = next((root / "one/chest_xray").rglob("IM-0001-0001.jpeg"))
    first.write_bytes(b"text")
    report = data.merge(root, progress=False).report()
    assert report["problems"] == 1
    assert report["index_rule"] == {"agree": 23, "disagree": 0}


def test_files_that_changed_places_disagree_with_the_index_rule(
    three_sources, tmp_path
):
    root = shutil.copytree(three_sources, tmp_path / "root")
    folder = root / "three/Data/train/NORMAL"
    one, two = folder / "NORMAL(1).jpg", folder / "NORMAL(2).jpg"
    was = one.read_bytes(), two.read_bytes()
    one.write_bytes(was[1])
    two.write_bytes(was[0])
    merged = data.merge(root, progress=False)
    assert merged.report()["index_rule"] == {"agree": 22, "disagree": 2}
    held = merged.index_rule
    wrong = held.loc[~held["agrees"], "path"].str.rpartition("/")[2]
    assert wrong.tolist() == [one.name, two.name]


def test_a_image_under_two_labels_is_a_conflict(three_sources, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(three_sources / "one", root)
    folder = root / "chest_xray/train/PNEUMONIA"
    stolen = next((root / "chest_xray/train/NORMAL").iterdir())
    shutil.copy(stolen, folder / "person99_virus_1.jpeg")
    assert data.merge(root, progress=False).report()["label_conflicts"] == 1


def test_a_merge_is_saved_whole_or_not_at_all(three_sources, tmp_path, monkeypatch):
    merged = data.merge(three_sources, progress=False)
    merged.save(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    write = Path.write_text

    def full(path, text, **settings):
        if "problems" in path.name:  # the last that is written
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, text + "changed", **settings)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match=r"^\[Errno 28\] [^:]*problems\.csv could not be"):
        merged.save(tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_copy_between_train_and_valid_is_found(three_sources, tmp_path):
    root = shutil.copytree(three_sources / "one/chest_xray", tmp_path / "x")
    os.rename(root / "val", root / "valid")
    first = next((root / "train/NORMAL").iterdir())
    copy = as_jpeg(np.asarray(Image.open(first)), quality=60)
    write_file(root / "valid/NORMAL/IM-0777-0001.jpeg", copy)
    table = data.merge(tmp_path, progress=False).manifest
    assert len(table) == 25
    n_splits = table.groupby("image_id")["published_split"].nunique()
    assert sorted(n_splits)[-2:] == [1, 2]


def test_any_layout_makes_the_same_table(tmp_path):
    for i, place in enumerate(("train/tb", "test/tb", "train/normal", "train/other")):
        write_file(tmp_path / "x" / place / f"{i}.jpeg", as_jpeg(blob_image(i)))
    merged = data.merge(tmp_path / "x", layout="any", progress=False)
    labels = merged.manifest.set_index("class_name")["label"].to_dict()
    assert labels == {"normal": 0, "other": 1, "tb": 2}
    merged.save(tmp_path / "m")
    again = data.Merge.load(tmp_path / "m")
    pd.testing.assert_frame_equal(again.manifest, merged.manifest)
    with pytest.raises(errors.UnknownLayoutError):
        data.merge(tmp_path / "x", progress=False)


@pytest.mark.parametrize("name", ["NA", "null", "None", "1e5"])
def test_a_class_of_any_name_is_read_back(tmp_path, name):
    for place in (name, "zzz"):
        write_file(tmp_path / place / f"{name}.jpeg", as_jpeg(blob_image(len(place))))
    merged = data.merge(tmp_path, layout="any", progress=False)
    merged.save(tmp_path / "m")
    again = data.Merge.load(tmp_path / "m")
    pd.testing.assert_frame_equal(again.manifest, merged.manifest)


def test_what_was_seen_is_handed_on(three_sources, tmp_path):
    merged = data.merge(three_sources, progress=False)
    assert len(merged.thumbnails.files) == 72
    merged.save(tmp_path)
    assert data.Merge.load(tmp_path).thumbnails is None


def test_a_merge_is_told_from_a_folder_of_images(three_sources, tmp_path):
    data.merge(three_sources, progress=False).save(tmp_path / "m")
    assert data.Merge.is_saved_at(tmp_path / "m")
    assert data.Merge.is_saved_at(tmp_path / "m/manifest.csv")
    assert not data.Merge.is_saved_at(three_sources)
    assert not data.Merge.is_saved_at(tmp_path / "nothing")


def test_another_manifest_is_read_with_what_lies_beside_it(three_sources, tmp_path):
    root = shutil.copytree(three_sources, tmp_path / "root")
    merged = data.merge(root, progress=False)
    merged.save(tmp_path / "m")
    own = data.Merge.load(tmp_path / "m/manifest.csv")
    assert (own.root, own.margin) == (root, merged.margin)
    assert len(own.ignored) == len(merged.ignored) == 1
    # of a merge: its images, but lists of files that the merge's are not
    part = merged.manifest.head(30)
    part.to_csv(tmp_path / "m/part.csv", index=False)
    found = data.Merge.load(tmp_path / "m/part.csv")
    assert (found.root, found.margin) == (root, merged.margin)
    assert (len(found.manifest), len(found.ignored)) == (30, 0)
    # of no merge: paths relative to the folder that it lies in
    merged.manifest.to_csv(root / "own.csv", index=False)
    found = data.Merge.load(root / "own.csv")
    assert (found.root, found.margin) == (root, {})
    assert (len(found.manifest), len(found.problems)) == (72, 0)


def test_files_are_read_in_this_process_unless_asked():
    workers = inspect.signature(data.merge).parameters["workers"]
    assert workers.default == 1


def test_a_list_that_is_gone_is_said(three_sources, tmp_path):
    data.merge(three_sources, progress=False).save(tmp_path)
    (tmp_path / "notes.csv").unlink()
    with pytest.raises(ValueError, match=r"notes\.csv is not as .* Merge again"):
        data.Merge.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "path;cause;source;label;reason;note\n",
            "but are path;cause;source;label;reas",
        ),
        ("path\na.jpeg\n", "but are path"),
        ("", "No columns to parse"),
        ("path,cause,source,label\na,b,one,high\n", "."),
    ],
)
def test_a_list_that_is_another_table_is_said(three_sources, tmp_path, text, told):
    data.merge(three_sources, progress=False).save(tmp_path)
    for name in ("problems", "ignored", "notes"):
        whole = (tmp_path / f"{name}.csv").read_bytes()
        (tmp_path / f"{name}.csv").write_text(text)
        match = (
            rf"{name}\.csv is not as `xraylab merge` writes it: .*{told}.* Merge again"
        )
        with pytest.raises(errors.InputError, match=match):
            data.Merge.load(tmp_path)
        (tmp_path / f"{name}.csv").write_bytes(whole)


@pytest.mark.parametrize("path", ["a.jpeg", "NORMAL/a.jpeg", "train/NORMAL/a.jpeg"])
def test_images_of_a_flat_table_are_those_of_its_folder(tmp_path, path):
    """Results may lie beside the folder, wherever in it the images are."""
    files = pd.DataFrame({"path": [path], "source": "x", "published_split": "train"})
    merging.refuse_among_images(tmp_path / "out", tmp_path / "images", files)
    for place in ("images", "images/out", f"images/{path}"):
        with pytest.raises(
            errors.InputError, match="folder must lie outside the image"
        ):
            merging.refuse_among_images(tmp_path / place, tmp_path / "images", files)


def deep_png(seed, n_bits):
    """A 16-bit PNG whose levels use some of the 16 bits."""
    levels = blob_image(seed).astype(np.float64)
    levels = (levels - levels.min()) / np.ptp(levels) * (2**n_bits - 1)
    out = io.BytesIO()
    Image.fromarray(levels.round().astype(np.uint16)).save(out, "PNG")
    return out.getvalue()


def test_twelve_bits_in_sixteen_are_a_note(three_sources, tmp_path):
    root = shutil.copytree(three_sources / "one", tmp_path / "x")
    for i, n_bits in enumerate((12, 12, 12, 12, 10, 16)):
        place = root / f"chest_xray/train/NORMAL/IM-090{i}-0001.png"
        write_file(place, deep_png(90 + i, n_bits))
    merged = data.merge(tmp_path / "x", progress=False)
    assert merged.report()["notes"] == {
        "12 of 16 bits used: no brighter than level 16 of 255": 4,
        "10 of 16 bits used: no brighter than level 4 of 255": 1,
    }
    assert merged.notes["path"].str[-16:-9].tolist() == [f"IM-090{i}" for i in range(5)]
    merged.save(tmp_path / "m")
    assert data.Merge.load(tmp_path / "m").report() == merged.report()


def test_merging_leaves_the_sources_alone(three_sources, tmp_path):
    def look():
        files = sorted(three_sources.rglob("*"))
        return [(file, file.stat().st_mtime_ns, file.stat().st_size) for file in files]

    before = look()
    data.merge(three_sources, progress=False).save(tmp_path)
    assert look() == before


def test_nothing_readable_is_an_error(tmp_path):
    for name in ("NORMAL", "PNEUMONIA"):
        write_file(tmp_path / "x/train" / name / "a.jpeg", b"text")
    found = r"none of 2 files in .* could be read, first x/train/NORMAL/a\.jpeg: it is"
    with pytest.raises(ValueError, match=found):
        data.merge(tmp_path, progress=False)


def test_images_that_moved_away_are_said(three_sources, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(three_sources / "one", root)
    data.merge(root, progress=False).save(tmp_path / "m")
    shutil.rmtree(root)
    with pytest.raises(FileNotFoundError, match="not there any more"):
        data.Merge.load(tmp_path / "m")


@pytest.mark.parametrize("given", ["", "manifest.csv"])
@pytest.mark.parametrize("n_kept", [0, 1, 71])
def test_a_table_cut_between_two_lines_is_refused(
    three_sources, tmp_path, given, n_kept
):
    data.merge(three_sources, progress=False).save(tmp_path)
    table = tmp_path / "manifest.csv"
    lines = table.read_text("utf-8").splitlines(keepends=True)
    assert len(data.Merge.load(tmp_path / given).manifest) == 72
    table.write_text("".join(lines[: n_kept + 1]), "utf-8")
    told = rf"manifest\.csv must have 72 rows, .* but has {n_kept}\. Merge again\."
    with pytest.raises(errors.InputError, match=told):
        data.Merge.load(tmp_path / given)
    table.rename(tmp_path / "mine.csv")  # a table of one's own may have any length
    assert len(data.Merge.load(tmp_path / "mine.csv").manifest) == n_kept


@pytest.mark.parametrize("name", ["manifest.csv", "notes.csv"])
def test_files_of_others_are_not_replaced(three_sources, tmp_path, name):
    mine = write_file(tmp_path / "out" / name, b"mine")
    merged = data.merge(three_sources, progress=False)
    with pytest.raises(NotWrittenError, match=rf"{name} .* no merge\.json beside it"):
        merged.save(mine.parent)
    assert [mine.read_bytes(), *mine.parent.iterdir()] == [b"mine", mine]
    mine.unlink()
    merged.save(mine.parent)
    merged.save(mine.parent)  # its own files it does replace


def test_a_report_of_others_is_not_replaced(three_sources, tmp_path):
    mine = write_file(tmp_path / "merge.json", b'{"mine": 1}')
    merged = data.merge(three_sources, progress=False)
    told = r"is not of `xraylab merge`: no 'root'\."
    with pytest.raises(NotWrittenError, match=told):
        merged.save(tmp_path)
    assert [mine.read_bytes(), *tmp_path.iterdir()] == [b'{"mine": 1}', mine]


def test_a_merge_without_its_report_says_what_is_missing(three_sources, tmp_path):
    data.merge(three_sources, progress=False).save(tmp_path)
    (tmp_path / "merge.json").unlink()
    told = r"merge\.json is not there, .* beside manifest\.csv\. Merge again in"
    with pytest.raises(FileNotFoundError, match=told):
        data.Merge.load(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        *("{}", "[]", "", "[" * 100_000, '{"root": 1, "margin": {}}'),
        '{"root": 1, "margin": {}, "files": 72}',
        '{"root": ".", "margin": [[1, 2]], "files": 72}',
        '{"root": ".", "margin": {}, "files": "72"}',
        '{"root": ".", "margin": {}, "files": Infinity}',
    ],
)
def test_a_report_that_is_none_is_said(three_sources, tmp_path, text):
    data.merge(three_sources, progress=False).save(tmp_path)
    (tmp_path / "merge.json").write_text(text, encoding="utf-8")
    told = r"merge\.json is not as .* it: .+\. Merge again into an"
    with pytest.raises(errors.InputError, match=told):
        data.Merge.load(tmp_path)


def test_third_source_names_follow_the_sorted_pool(three_sources):
    files, _ = data.list_files(three_sources)
    names = sources.names_by_index(files)
    assert len(names) == 24
    first = files[(files["source"] == sources.FIRST) & (files["label"] == 0)]
    pool = sorted(path.rsplit("/", 1)[1] for path in first["path"])
    assert names["three/Data/train/NORMAL/NORMAL(3).jpg"].endswith(pool[3])
