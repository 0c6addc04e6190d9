import errno
import shutil
from pathlib import Path

import pytest

from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import data


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
    data.save_merge(merged, tmp_path)
    assert data.load_merge(tmp_path).report() == merged.report()


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


def test_a_image_under_two_labels_is_a_conflict(three_sources, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(three_sources / "one", root)
    sick = root / "chest_xray/train/PNEUMONIA"
    stolen = next((root / "chest_xray/train/NORMAL").iterdir())
    shutil.copy(stolen, sick / "person99_virus_1.jpeg")
    assert data.merge(root, progress=False).report()["label_conflicts"] == 1


def test_a_merge_is_saved_whole_or_not_at_all(three_sources, tmp_path, monkeypatch):
    merged = data.merge(three_sources, progress=False)
    data.save_merge(merged, tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    write = Path.write_text

    def full(path, text, **settings):
        if "manifest" in path.name:  # the last of the four
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, text + "changed", **settings)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match=r"^\[Errno 28\] [^:]*manifest\.csv could not be"):
        data.save_merge(merged, tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_merging_leaves_the_sources_alone(three_sources, tmp_path):
    def look():
        files = sorted(three_sources.rglob("*"))
        return [(file, file.stat().st_mtime_ns, file.stat().st_size) for file in files]

    before = look()
    data.save_merge(data.merge(three_sources, progress=False), tmp_path)
    assert look() == before


def test_nothing_readable_is_an_error(tmp_path):
    for name in ("NORMAL", "PNEUMONIA"):
        write_file(tmp_path / "x/train" / name / "a.jpeg", b"text")
    with pytest.raises(ValueError, match="none of 2 files"):
        data.merge(tmp_path, progress=False)


def test_images_that_moved_away_are_said(three_sources, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(three_sources / "one", root)
    data.save_merge(data.merge(root, progress=False), tmp_path / "m")
    shutil.rmtree(root)
    with pytest.raises(FileNotFoundError, match="not there any more"):
        data.load_merge(tmp_path / "m")


@pytest.mark.parametrize("text", ["{}", "[]", "", '{"root": 1, "margin": {}}'])
def test_a_report_that_is_none_is_said(three_sources, tmp_path, text):
    data.save_merge(data.merge(three_sources, progress=False), tmp_path)
    (tmp_path / "merge.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"merge\.json is not as .* Merge again\."):
        data.load_merge(tmp_path)


def test_third_source_names_follow_the_sorted_pool(three_sources):
    files, _ = data.list_files(three_sources)
    names = data.third_source_names(files)
    assert len(names) == 24
    first = files[(files["source"] == data.FIRST) & (files["label"] == 0)]
    pool = sorted(path.rsplit("/", 1)[1] for path in first["path"])
    assert names["three/Data/train/NORMAL/NORMAL(3).jpg"].endswith(pool[3])
