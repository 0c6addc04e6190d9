import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import write_file
from xraylab import data, errors
from xraylab.data import listing

SPLITS = st.sampled_from(["train", "Training", "VAL", "valid", "test", "Testing"])


def list_any(root):
    return data.list_files(root, "any")


def test_splits_in_any_case_and_the_healthy_class_first(tmp_path):
    for place in ("Training/Sick/a.png", "testing/Healthy/b.png", "valid/sick/c.png"):
        write_file(tmp_path / place, b"1")
    files, ignored = list_any(tmp_path)
    found = files.set_index("class_name")[["published_split", "label"]]
    assert found.loc["healthy"].tolist() == ["test", 0]
    assert sorted(found.loc["sick", "published_split"]) == ["train", "val"]
    assert ignored.empty


def test_classes_without_splits_count_from_the_alphabet(tmp_path):
    for place in ("pear/a.png", "apple/b.png", "fig/IM-0001-0001.jpeg"):
        write_file(tmp_path / place, b"1")
    files, _ = list_any(tmp_path)
    labels = dict(zip(files["class_name"], files["label"], strict=True))
    assert labels == {"apple": 0, "fig": 1, "pear": 2}
    assert set(files["published_split"]) == {""}
    assert "IM-0001" in set(files["patient_id"])


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(SPLITS, st.sampled_from("abc"), st.sampled_from(["x.png", "x.txt"])),
        min_size=1,
    )
)
def test_nothing_is_skipped_silently(tmp_path_factory, places):
    root = tmp_path_factory.mktemp("any")
    for split, name, file in [*places, ("train", "a", "1.png"), ("test", "b", "1.png")]:
        write_file(root / split / name / file, b"1")
    write_file(root / "train/._a.png", b"1")
    write_file(root / "notes/read.me", b"1")
    files, ignored = list_any(root)
    found = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}
    assert {*files["path"], *ignored["path"]} == found
    assert len(files) + len(ignored) == len(found)


def test_what_is_left_out_has_a_reason(tmp_path):
    for place in ("a/1.png", "b/1.png", "b/.hidden", "b/._1.png", "b/1.txt", "top.png"):
        write_file(tmp_path / place, b"1")
    write_file(tmp_path / "b/deep/er.png", b"1")
    reasons = list_any(tmp_path)[1].set_index("path")["reason"].to_dict()
    assert reasons == {
        "b/.hidden": "hidden file",
        "b/._1.png": "macOS file, not an image",
        "b/1.txt": "not an image ending (.txt)",
        "b/deep/er.png": "in a class folder that is not read",
        "top.png": "not in a class folder",
    }


def test_a_folder_of_loose_images_called_test_is_no_split(tmp_path):
    for place in ("a/1.png", "b/2.png", "docs/test/3.png", "b/test/notes/read.me"):
        write_file(tmp_path / place, b"1")
    files, _ = list_any(tmp_path)
    assert files["path"].tolist() == ["a/1.png", "b/2.png"]


def test_a_class_that_cannot_be_read_is_said(tmp_path, lock):
    write_file(tmp_path / "a/1.png", b"1")
    write_file(tmp_path / "b/2.png", b"1")
    lock(tmp_path / "b")
    with pytest.raises(errors.UnknownLayoutError, match=r"b: folder that could not"):
        list_any(tmp_path)


@pytest.mark.parametrize("name", [".ipynb_checkpoints", "@eaDir", "__MACOSX"])
def test_a_systems_folder_is_no_class(tmp_path, name):
    for place in ("a", "b", name):
        write_file(tmp_path / place / "1.png", b"1")
    files, ignored = list_any(tmp_path)
    assert set(files["class_name"]) == {"a", "b"}
    assert ignored["path"].tolist() == [f"{name}/1.png"]


def test_class_folders_beside_splits_are_said(tmp_path):
    for place in ("train/a", "train/b", "holdout/a", "more/c", "more/d"):
        write_file(tmp_path / place / "1.png", b"1")
    files, ignored = list_any(tmp_path)
    assert len(files) == 2
    assert sorted(listing.left_out(ignored).index) == ["holdout/a", "more/c", "more/d"]


def test_a_split_of_one_class_does_not_hide_the_classes_beside_it(tmp_path):
    for place in ("a", "b", "old/train/a"):
        write_file(tmp_path / place / "1.png", b"1")
    files, ignored = list_any(tmp_path)
    assert files["path"].tolist() == ["a/1.png", "b/1.png"]
    assert listing.left_out(ignored).to_dict() == {"old/train/a": 1}


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (["a/1.dcm", "b/2.dcm"], r"found none in .*: 2 \.dcm\. DICOM is not read"),
        (["set/a/1.png", "set/b/1.png"], r"found none.* lie in set/a \(1\), set/b \(1"),
        (["images/1.png", "masks/1.png"], r"found images in .*masks \(1\)\. Each"),
        (["readme"], r"found none in .*: 1 without an ending\."),
    ],
    ids=["dicom", "deeper", "masks", "nothing"],
)
def test_what_stands_there_instead_is_named(tmp_path, places, message):
    for place in places:
        write_file(tmp_path / place, b"1")
    with pytest.raises(errors.UnknownLayoutError, match=message):
        list_any(tmp_path)


def test_an_unknown_layout_lists_the_two(tmp_path):
    with pytest.raises(ValueError, match="layout must be one of sources, any, got 'x'"):
        data.list_files(tmp_path, "x")


def test_one_class_is_no_labelled_folder(tmp_path):
    write_file(tmp_path / "train/a/1.png", b"1")
    with pytest.raises(errors.UnknownLayoutError, match=r"at least two.*found a in"):
        list_any(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"gone must be an existing folder"):
        list_any(tmp_path / "gone")
