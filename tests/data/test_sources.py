import os
import shutil

import pytest

from tests.conftest import write_file
from xraylab import data, errors
from xraylab.data import listing, sources


def test_three_layouts_are_recognised_by_structure(three_sources):
    found = {s.root.name: s.name for s in data.find_sources(three_sources)}
    assert found == {
        "chest_xray": sources.FIRST,
        "two": sources.SECOND,
        "Data": sources.THIRD,
    }


@pytest.mark.parametrize("part", ["one", "two", "three", "one/chest_xray"])
def test_each_source_is_found_alone(three_sources, part):
    files, _ = data.list_files(three_sources / part)
    assert len(files) == 24
    assert files["source"].nunique() == 1


def test_every_file_is_a_row_or_has_a_reason(three_sources, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(three_sources, root)
    write_file(root / "one/chest_xray/train/NORMAL/._IM-0001-0001.jpeg", b"x")
    write_file(root / "one/chest_xray/train/NORMAL/.DS_Store", b"x")
    write_file(root / "one/chest_xray/train/NORMAL/notes.txt", b"x")
    write_file(root / "one/__MACOSX/chest_xray/train/NORMAL/._a.jpeg", b"x")
    write_file(root / "readme.md", b"x")
    shutil.copytree(
        three_sources / "one/chest_xray", root / "one/chest_xray/chest_xray"
    )
    files, ignored = data.list_files(root)
    n_all = sum(path.is_file() for path in root.rglob("*"))
    assert len(files) == 72
    assert len(files) + len(ignored) == n_all
    assert ignored["reason"].value_counts().to_dict() == {
        "second copy nested in the same source": 24,
        "macOS file, not an image": 2,
        "hidden file": 1,
        "not an image ending (.txt)": 1,
        "not in a class folder": 1,
        "COVID19: another origin, never pneumonia here": 1,
    }


def test_a_nested_file_that_differs_is_kept(three_sources, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(three_sources / "one", root)
    nested = root / "chest_xray/chest_xray"
    shutil.copytree(three_sources / "one/chest_xray", nested)
    write_file(nested / "train/NORMAL/IM-0777-0001.jpeg", b"another")
    files, _ = data.list_files(root)
    assert len(files) == 25


def test_upper_and_lower_case_folders_are_the_same_class(three_sources, tmp_path):
    shutil.copytree(three_sources / "one/chest_xray", tmp_path / "x")
    os.rename(tmp_path / "x/train/NORMAL", tmp_path / "x/train/Normal")
    os.rename(tmp_path / "x/test", tmp_path / "x/TEST")
    files, _ = data.list_files(tmp_path)
    assert len(files) == 24
    assert set(files["published_split"]) == {"train", "val", "test"}


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_loop_of_links_ends(three_sources, tmp_path):
    shutil.copytree(three_sources / "one", tmp_path / "one")
    (tmp_path / "one/again").symlink_to(tmp_path)
    files, ignored = data.list_files(tmp_path)
    assert len(files) == 24
    assert "link to a folder already read" in set(ignored["reason"])


def reasons(root):
    return dict(data.list_files(root)[1].itertuples(index=False))


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_never_takes_the_place_of_its_folder(three_sources, tmp_path):
    shutil.copytree(three_sources / "one/chest_xray", tmp_path / "x/chest_xray")
    (tmp_path / "a before x").symlink_to(tmp_path / "x")
    (tmp_path / "x/chest_xray/aaa").symlink_to(tmp_path / "x/chest_xray/train")
    files, ignored = data.list_files(tmp_path)
    assert len(files) == 24
    assert files["path"].str.startswith("x/chest_xray/").all()
    assert dict(ignored.itertuples(index=False)) == dict.fromkeys(
        ["a before x", "x/chest_xray/aaa"], "link to a folder already read"
    )


@pytest.mark.skipif(os.name == "nt", reason="no pipes and few links there")
def test_what_is_no_file_is_ignored_with_its_reason(three_sources, tmp_path):
    shutil.copytree(three_sources / "one/chest_xray", tmp_path / "x")
    train = tmp_path / "x/train/NORMAL"
    os.mkfifo(train / "pipe.jpeg")
    (train / "zero.jpeg").symlink_to("/dev/zero")
    (train / "gone.jpeg").symlink_to("nowhere.jpeg")
    (train / "loop.jpeg").symlink_to("loop.jpeg")
    assert {path.split("/")[-1]: why for path, why in reasons(tmp_path).items()} == {
        "pipe.jpeg": "a pipe or a device, no file",
        "zero.jpeg": "a pipe or a device, no file",
        "gone.jpeg": "cannot be reached: No such file or directory",
        "loop.jpeg": "cannot be reached: Too many levels of symbolic links",
    }


def test_names_that_fit_no_table_are_ignored_and_shown(three_sources, tmp_path):
    shutil.copytree(three_sources / "one/chest_xray", tmp_path / "x")
    train = os.fsencode(tmp_path / "x/train/NORMAL") + b"/"
    try:
        for name in (b"caf\xe9.jpeg", b"two\nlines.jpeg", b"back\r.jpeg"):
            with open(train + name, "wb") as file:
                file.write(b"x")
    except OSError:
        pytest.skip("this disk takes no such names")
    assert reasons(tmp_path) == dict.fromkeys(
        [
            r"x/train/NORMAL/back\r.jpeg",
            r"x/train/NORMAL/caf\xe9.jpeg",
            r"x/train/NORMAL/two\nlines.jpeg",
        ],
        "name not UTF-8, or with a line break: rename it",
    )


def test_a_folder_that_cannot_be_read_is_said(three_sources, tmp_path, lock):
    shutil.copytree(three_sources / "one/chest_xray", tmp_path / "x")
    (tmp_path / "x/locked").mkdir()
    lock(tmp_path / "x/locked")
    assert reasons(tmp_path) == {
        "x/locked": "folder that could not be read: Permission denied"
    }


def test_a_class_that_cannot_be_read_is_no_half_download(three_sources, tmp_path, lock):
    shutil.copytree(three_sources / "one/chest_xray", tmp_path / "x")
    lock(tmp_path / "x/train/PNEUMONIA")
    message = r"train\. x/train/PNEUMONIA: .* Permission denied\.$"
    with pytest.raises(errors.IncompleteSourceError, match=message):
        data.list_files(tmp_path)


def test_no_such_root_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere must be an existing folder"):
        data.list_files(tmp_path / "nowhere")


def test_unknown_layout_names_what_is_there(tmp_path):
    write_file(tmp_path / "cats/a.jpeg", b"x")
    with pytest.raises(errors.UnknownLayoutError, match="found cats in"):
        data.find_sources(tmp_path)
    with pytest.raises(errors.UnknownLayoutError, match="found nothing in"):
        data.find_sources(_empty(tmp_path / "empty"))


@pytest.mark.parametrize("layout", ["sources", "any"])
@pytest.mark.parametrize("inside", ["train", "train/NORMAL", "test/PNEUMONIA"])
def test_a_part_of_a_source_is_said_to_be_one(
    three_sources, layout, inside, monkeypatch
):
    """Also when it is given as "."."""
    part = three_sources / "one/chest_xray" / inside
    monkeypatch.chdir(part)
    split, _, one_class = inside.partition("/")
    told = f"{one_class} holds one class: give the folder with train, val or test in it"
    if not one_class:
        told = f"{split} holds one split: give the folder right above it"
    for given in (part, "."):
        if layout == "sources":
            with pytest.raises(errors.UnknownLayoutError, match=told):
                data.list_files(given)
        elif one_class:
            with pytest.raises(errors.UnknownLayoutError, match="found none in"):
                data.list_files(given, "any")
        else:  # two folders of classes are a set of their own
            assert len(data.list_files(given, "any")[0])


def test_no_message_has_a_gap_where_nothing_is_to_say(tmp_path):
    with pytest.raises(errors.UnknownLayoutError) as told:
        data.list_files(tmp_path)
    assert "  " not in str(told.value)


@pytest.mark.parametrize(
    "classes",
    [
        ("NORMAL", "TUBERCULOSIS"),
        ("NORMAL", "PNEUMONIA", "TB"),
        ("NORMAL", "COVID19"),
        ("NORMAL", "opacity", "PNEUMONIA"),
    ],
)
def test_other_classes_make_another_set(tmp_path, classes):
    for name in classes:
        write_file(tmp_path / "x/train" / name / "a.jpeg", b"x")
    with pytest.raises(errors.UnknownLayoutError, match="no other class, found") as no:
        data.list_files(tmp_path)
    assert not isinstance(no.value, errors.IncompleteSourceError)
    assert all(name.lower() in str(no.value) for name in classes)


def test_one_more_class_beside_whole_sources_is_refused(three_sources, tmp_path):
    root = shutil.copytree(three_sources, tmp_path / "root")
    write_file(root / "other/train/NORMAL/a.jpeg", b"x")
    write_file(root / "other/train/TB/a.jpeg", b"x")
    assert len(data.list_files(root)[0]) == 72
    write_file(root / "one/chest_xray/train/rejected/a.jpeg", b"x")
    with pytest.raises(errors.UnknownLayoutError, match=r"found .*rejected in"):
        data.list_files(root)


@pytest.mark.parametrize("place", ["notes/read.me", ".ipynb_checkpoints/a.jpeg"])
def test_a_folder_without_images_or_name_is_no_class(three_sources, tmp_path, place):
    root = shutil.copytree(three_sources / "one", tmp_path / "one")
    write_file(root / "chest_xray/train" / place, b"x")
    assert len(data.list_files(root)[0]) == 24


def test_empty_class_folder_is_named(three_sources, tmp_path):
    shutil.copytree(three_sources / "one", tmp_path / "one")
    shutil.rmtree(tmp_path / "one/chest_xray/train/NORMAL")
    _empty(tmp_path / "one/chest_xray/train/NORMAL")
    with pytest.raises(errors.UnknownLayoutError, match=r"normal in .*train\. "):
        data.list_files(tmp_path)


@pytest.mark.parametrize(
    ("gone", "name"),
    [
        ("one/chest_xray/train/PNEUMONIA", "pneumonia"),
        ("one/chest_xray/val/NORMAL", "normal"),
        ("two/test/opacity", "opacity"),
        ("three/Data/train/NORMAL", "normal"),
    ],
)
def test_missing_class_folder_is_named(three_sources, tmp_path, gone, name):
    root = shutil.copytree(three_sources, tmp_path / "root")
    shutil.rmtree(root / gone)
    with pytest.raises(errors.IncompleteSourceError) as refused:
        data.list_files(root)
    split = (root / gone).parent
    assert f"found no images of {name} in {split}. Finish" in str(refused.value)


@pytest.mark.parametrize(
    "gone", ["one/chest_xray/train", "two/val", "three/Data/train/COVID19"]
)
def test_a_source_may_lack_a_whole_split_and_its_third_disease(
    three_sources, tmp_path, gone
):
    root = shutil.copytree(three_sources, tmp_path / "root")
    shutil.rmtree(root / gone)
    assert set(data.list_files(root)[0]["source"]) == set(data.SOURCES)


@pytest.mark.parametrize("left", ["NORMAL", "PNEUMONIA"])
def test_a_source_with_one_class_in_all_splits_is_half_a_download(
    three_sources, tmp_path, left
):
    gone = {"NORMAL": "PNEUMONIA", "PNEUMONIA": "NORMAL"}[left]
    root = shutil.copytree(three_sources / "one", tmp_path / "one")
    for split in ("train", "val", "test"):
        shutil.rmtree(root / "chest_xray" / split / gone)
    with pytest.raises(errors.IncompleteSourceError, match=gone.lower()):
        data.list_files(root)


def test_classes_may_lie_in_two_folders_of_a_split(three_sources, tmp_path):
    shutil.copytree(three_sources / "one/chest_xray", tmp_path / "x")
    if (tmp_path / "x/TRAIN").exists():
        pytest.skip("this disk takes both for the same folder")
    (tmp_path / "x/TRAIN").mkdir()
    os.rename(tmp_path / "x/train/NORMAL", tmp_path / "x/TRAIN/NORMAL")
    assert len(data.list_files(tmp_path)[0]) == 24


EXPORT = {"train": "train", "val": "valid", "test": "test"}
OTHER_NAMES = [
    EXPORT,
    {"train": "Training", "val": "Validation", "test": "Testing"},
    {"train": "TRAIN", "val": "VALID", "test": "TEST"},
]


def rename_splits(root, names):
    for split, name in names.items():
        os.rename(root / split, root / "renamed")  # some disks know no case
        os.rename(root / "renamed", root / name)


@pytest.mark.parametrize("names", OTHER_NAMES, ids=lambda names: names["val"])
@pytest.mark.parametrize("layout", ["sources", "any"])
def test_splits_under_their_other_names_are_read_whole(
    three_sources, tmp_path, names, layout
):
    root = shutil.copytree(three_sources / "one/chest_xray", tmp_path / "x")
    rename_splits(root, names)
    files, ignored = data.list_files(tmp_path, layout)
    assert (len(files), len(ignored)) == (24, 0)
    assert set(files["published_split"]) == {"train", "val", "test"}
    assert set(files["source"]) == {sources.FIRST}


SYSTEM = [".ipynb_checkpoints", "@eaDir", ".Trash-1000", "__MACOSX", ".git"]
SYSTEM += ["lost+found", "$RECYCLE.BIN", "#recycle", "System Volume Information"]


@pytest.mark.parametrize("name", SYSTEM)
def test_a_systems_folder_is_no_class_and_no_source(three_sources, tmp_path, name):
    root = shutil.copytree(three_sources / "one", tmp_path / "one")
    for place in ("", "chest_xray/train", "chest_xray/train/NORMAL"):
        write_file(root / place / name / "a.jpeg", b"x")
        write_file(root / place / name / "files/b.jpeg", b"x")
    shutil.copytree(three_sources / "one/chest_xray", root / name / "chest_xray")
    n_all = sum(path.is_file() for path in root.rglob("*"))
    for layout in ("sources", "any"):
        files, ignored = data.list_files(root, layout)
        assert len(files) == 24
        assert len(ignored) == n_all - 24
        assert ignored["reason"].str.contains("system|macOS").all()


@pytest.mark.parametrize("name", ["Thumbs.db", "desktop.ini"])
def test_a_systems_file_is_named_as_such(three_sources, tmp_path, name):
    root = shutil.copytree(three_sources / "one/chest_xray", tmp_path / "x")
    write_file(root / "train/NORMAL" / name, b"x")
    assert set(reasons(tmp_path).values()) == {"file of the system"}


@pytest.mark.parametrize(
    "place", ["holdout/NORMAL", "extra/a", "train/NORMAL/more", "COVID19"]
)
def test_a_class_folder_that_is_not_read_is_said(three_sources, tmp_path, place):
    root = shutil.copytree(three_sources / "one/chest_xray", tmp_path / "x")
    for n in range(3):
        write_file(root / place / f"{n}.jpeg", b"x")
    write_file(root / place / "notes.txt", b"x")
    write_file(root / "extra/b/1.jpeg", b"x")  # beside extra/a
    files, ignored = data.list_files(tmp_path)
    assert len(files) == 24
    assert listing.left_out(ignored)[f"x/{place}"] == 3


def test_one_folder_of_figures_is_no_class_folder(three_sources, tmp_path):
    root = shutil.copytree(three_sources / "one/chest_xray", tmp_path / "x")
    write_file(root / "docs/figure.png", b"x")
    assert listing.left_out(data.list_files(tmp_path)[1]).empty


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["1.dcm", "2.dcm"], r"NORMAL: 2 \.dcm\. DICOM is not read: write it as 8"),
        (["a/1.png", "masks/1.png"], r"lie in x/train/NORMAL/a \(1\), .*masks \(1\)"),
        (["notes.txt"], r"NORMAL: 1 \.txt\. Only images are read: \.jpeg, "),
        (["IM0001", "IM0002"], r"NORMAL: 2 without an ending\. Only images"),
    ],
    ids=["dicom", "deeper", "text", "no ending"],
)
def test_what_stands_in_a_class_without_images_is_named(
    three_sources, tmp_path, files, message
):
    root = shutil.copytree(three_sources / "one/chest_xray", tmp_path / "x")
    shutil.rmtree(root / "train/NORMAL")
    for name in files:
        write_file(root / "train/NORMAL" / name, b"x")
    with pytest.raises(errors.IncompleteSourceError, match=message) as refused:
        data.list_files(tmp_path)
    assert "download" not in str(refused.value)


def _empty(folder):
    folder.mkdir()
    return folder
