"""The written set: layouts, names, copies, truth, and what is never left behind."""

import errno
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from xraylab import data, errors
from xraylab.phantom import (
    CLEAN,
    Plants,
    builtin_data,
    find_sets,
    masks_for,
    read_truth,
    redraw,
    write,
    write_phantom,
)
from xraylab.phantom.children import draw_children, name_images
from xraylab.phantom.truth import has_truth

N_CHILDREN = 24


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom") / "set"
    return folder, write_phantom(folder, n_children=N_CHILDREN, seed=3)


def files_under(folder):
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def read_copies(folder):
    return pd.read_csv(folder / "truth/copies.csv")


def test_same_seed_gives_the_same_bytes(written, tmp_path):
    folder, _ = written
    write_phantom(tmp_path / "again", n_children=N_CHILDREN, seed=3)
    assert files_under(folder) == files_under(tmp_path / "again")


def test_other_seed_gives_other_images(written, tmp_path):
    _, truth = written
    other = write_phantom(tmp_path / "other", n_children=N_CHILDREN, seed=4)
    assert not set(truth["child_seed"]) & set(other["child_seed"])


def test_every_class_folder_of_the_three_sources_holds_images(written):
    folder, _ = written
    for split in ("train", "val", "test"):
        for name in ("NORMAL", "PNEUMONIA"):
            assert any((folder / write.FIRST / split / name).iterdir())
        for name in ("normal", "opacity"):
            assert any((folder / write.SECOND / split / name).iterdir())
    for split in ("train", "test"):
        for name in ("NORMAL", "PNEUMONIA", "COVID19"):
            assert any((folder / write.THIRD / split / name).iterdir())
    assert len(list((folder / write.THIRD).rglob("COVID19*.jpg"))) == write.N_COVID


def test_names_tell_the_child_of_the_truth(written):
    _, truth = written
    for row in truth.itertuples():
        kind, number = data.read_name(row.path)
        assert f"{kind}-{int(number)}" == row.patient_id


def test_no_child_crosses_published_splits(written):
    folder, _ = written
    where = {}
    for file in (folder / write.FIRST).rglob("*.jpeg"):
        where.setdefault(data.read_name(file.name), set()).add(file.parts[-3])
    assert all(len(splits) == 1 for splits in where.values())


def test_large_set_has_the_planned_shares():
    images = name_images(draw_children(300, seed=0))
    assert len(images) / 300 == pytest.approx(1.43, abs=0.05)
    assert images["label"].mean() == pytest.approx(0.67, abs=0.03)
    children = images.drop_duplicates("patient_id")
    assert (children["block"] == "test").mean() == pytest.approx(0.22, abs=0.02)
    val = images[images["block"] == "val"]["label"]
    assert (len(val), val.sum()) == (8, 4)
    assert images["name"].is_unique
    both = children[children["label"] == 1].groupby("number")["kind"].nunique()
    assert both.max() == 2  # numbers are used again between bacteria and virus


def test_test_block_holds_consecutive_numbers():
    children = draw_children(100, seed=0)
    for _, numbers in children[children["block"] == "test"].groupby("kind")["number"]:
        assert np.all(np.diff(numbers) == 1)


def test_third_source_follows_the_index_rule(written):
    folder, _ = written
    originals = read_copies(folder).set_index("path")["copy_of"]
    for name in ("NORMAL", "PNEUMONIA"):
        pool = sorted((folder / write.FIRST).rglob(f"{name}/*"), key=lambda f: f.name)
        n_train = sum(i < 0.8 * len(pool) for i in range(len(pool)))
        for i, file in enumerate(pool):
            split = "train" if i < n_train else "test"
            third = f"{write.THIRD}/{split}/{name}/{name}({i}).jpg"
            path = file.relative_to(folder).as_posix()
            assert originals[third] == originals.get(path, path)
            assert (folder / third).is_file()


def test_copies_are_as_recorded(written):
    folder, truth = written
    copies = read_copies(folder)
    assert set(copies["kind"]) == {"same file", "re-encoded"}
    assert set(copies["copy_of"]) == set(truth["path"])
    for copy in copies.itertuples():
        same = (folder / copy.path).read_bytes() == (folder / copy.copy_of).read_bytes()
        assert same == (copy.kind == "same file")


def test_every_image_file_is_in_the_truth_or_a_copy(written):
    folder, truth = written
    covid = pd.read_csv(folder / "truth/covid19.csv")
    known = {*truth["path"], *read_copies(folder)["path"], *covid["path"]}
    assert known == {p for p in files_under(folder) if not p.startswith("truth/")}


def test_inside_the_first_source_one_copy_crosses_two_children(written):
    folder, _ = written
    copies = read_copies(folder)
    copies = copies[copies["path"].str.startswith(write.FIRST)]
    ours = copies["path"].map(data.read_name)
    theirs = copies["copy_of"].map(data.read_name)
    assert len(copies) >= 2
    assert (ours != theirs).sum() == 1
    folders = copies[["path", "copy_of"]].map(lambda path: path.rsplit("/", 1)[0])
    assert (folders["path"] == folders["copy_of"]).all()


def test_truth_agrees_with_the_files(written):
    folder, truth = written
    for row in truth.head(12).itertuples():
        with Image.open(folder / row.path) as image:
            assert image.size == (row.width, row.height)
            assert (image.mode == "RGB") == row.rgb
        assert (folder / row.path).stat().st_size == row.bytes


def test_real_like_files_differ_by_class_and_the_test_block_in_quality(written):
    _, truth = written
    train = truth[truth["block"] == "train"]
    assert set(train.loc[train["label"] == 0, "quality"]) == {95}
    assert set(train.loc[train["label"] == 1, "quality"]) == {75}
    assert set(truth.loc[truth["block"] == "test", "quality"]) == {75}
    assert not truth.loc[truth["label"] == 0, "rgb"].any()
    widths = train.groupby("label")["width"].median()
    assert widths[0] > widths[1] + 20


def test_clean_set_has_no_class_difference_in_file_facts(tmp_path):
    truth = write_phantom(tmp_path / "clean", n_children=60, plants=CLEAN)
    assert set(truth["quality"]) == {90}
    assert not truth["rgb"].any()
    by_class = truth.groupby("label")[["width", "height"]].mean()
    assert (by_class.diff().iloc[1].abs() < 8).all()
    plants = json.loads((tmp_path / "clean/truth/plants.json").read_text())["plants"]
    assert set(plants.values()) == {0.0}


def test_redraw_gives_the_written_image(written):
    folder, truth = written
    row = truth[truth["label"] == 1].iloc[0]
    again = redraw(folder, row["path"])
    with Image.open(folder / row["path"]) as image:
        saved = np.asarray(image.convert("L"), float)
    assert np.abs(saved - again.image).mean() < 4  # JPEG's loss
    assert json.loads(row["lesion_box"]) == list(again.masks.lesion_box())


def test_masks_have_the_size_of_each_copy(written):
    folder, truth = written
    path = truth["path"].iloc[0]
    copies = read_copies(folder)
    third = copies[(copies["copy_of"] == path) & (copies["kind"] == "re-encoded")]
    for name in (path, third["path"].iloc[0]):
        with Image.open(folder / name) as image:
            size = image.size
        masks = masks_for(folder, name)
        for mask in (masks.left_lung, masks.right_lung, masks.heart, masks.lesion):
            assert mask.shape == size[::-1]
        assert masks.left_lung.any()
        assert not (masks.left_lung & masks.right_lung).any()
    assert masks_for(folder, path, size=(64, 64)).heart.shape == (64, 64)


def test_masks_of_an_unknown_image(written):
    folder, _ = written
    with pytest.raises(KeyError, match="path must be an image of the set"):
        masks_for(folder, "nothing.jpeg")


def test_masks_of_a_folder_without_truth(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no .*truth.csv"):
        masks_for(tmp_path, "nothing.jpeg")


def test_masks_of_another_generator(written, tmp_path):
    folder, truth = written
    (tmp_path / "truth").mkdir()
    for file in (folder / "truth").iterdir():
        (tmp_path / "truth" / file.name).write_text(
            file.read_text().replace('"generator": 1', '"generator": 0')
        )
    with pytest.raises(ValueError, match="written by generator 0, this is generator"):
        masks_for(tmp_path, truth["path"].iloc[0])


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("plants.json", "[" * 100_000, "it is nested too deep"),
        ("plants.json", '{"plants": {}}', "no 'generator'"),
        ("plants.json", '{"generator": 1, "plants": {}}', "no 'brightness'"),
        (
            "truth.csv",
            "path;kind\n",
            "no column path, kind, block, child_seed, image_n",
        ),
        ("covid19.csv", "", "No columns to parse"),
        ("copies.csv", "path\n", "no column copy_of"),
    ],
)
def test_truth_that_is_damaged_is_named(written, tmp_path, name, text, told):
    folder, truth = written
    shutil.copytree(folder / "truth", tmp_path / "truth")
    (tmp_path / "truth" / name).write_text(text)
    match = rf"{re.escape(name)} must be as `xraylab phantom` .*: {told}.*set again\.$"
    with pytest.raises(errors.InputError, match=match):
        masks_for(tmp_path, truth["path"].iloc[0])


def test_truth_is_read_as_written(written):
    folder, truth = written
    again = read_truth(folder)
    assert has_truth(folder)
    assert not has_truth(folder.parent)
    assert again["path"].tolist() == truth["path"].tolist()
    assert again["lobe"].tolist() == truth["lobe"].tolist()


def test_the_set_of_an_image_is_known_by_its_truth(written, tmp_path):
    folder, truth = written
    tables = [
        pd.read_csv(folder / "truth" / f"{n}.csv")
        for n in ("truth", "covid19", "copies")
    ]
    paths = pd.concat(tables)["path"]
    found = find_sets(folder, paths)
    assert found.places == [(folder.resolve(), path) for path in paths]
    assert (found.folders, found.is_simulated) == ([folder.resolve()], True)
    source, _, inside = truth["path"].iloc[0].partition("/")
    (tmp_path / "linked").symlink_to(folder / source)
    (tmp_path / "one.jpeg").symlink_to(folder / source / inside)
    for path in (f"linked/{inside}", "one.jpeg"):
        assert find_sets(tmp_path, [path]).places == [
            (folder.resolve(), f"{source}/{inside}")
        ]
    others = [f"{source}/mine.jpeg", "truth/truth.csv"]  # there, not of the set
    found = find_sets(folder, others)
    assert (found.places, found.folders) == ([None, None], [])
    assert found.is_simulated is False
    assert find_sets(folder, [*others, paths.iloc[0]]).is_simulated is None


def test_several_sets_together_are_simulated_as_a_whole(written, tmp_path):
    folder, truth = written
    again = shutil.copytree(folder, tmp_path / "again")
    (tmp_path / "first").symlink_to(folder)
    path = truth["path"].iloc[0]
    found = find_sets(tmp_path, [f"first/{path}", f"again/{path}"])
    assert found.folders == [folder.resolve(), again.resolve()]
    assert found.is_simulated


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"name\n1\n"])
def test_a_truth_that_is_damaged_is_named(content, written, tmp_path):
    folder, truth = written
    shutil.copytree(folder / "truth", tmp_path / "truth")
    (tmp_path / "truth/copies.csv").write_bytes(content)
    with pytest.raises(
        errors.InputError,
        match=r"copies\.csv must be as `xraylab phantom` writes it, but could",
    ):
        find_sets(tmp_path, truth["path"][:1])


def test_a_full_disk_leaves_no_folder(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match=r"set could not be written: No space left"):
        write_phantom(tmp_path / "new/set", n_children=24, progress=False)
    assert list(tmp_path.iterdir()) == []


def test_full_folder_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(errors.InputError, match="folder must be new or empty, but"):
        write_phantom(tmp_path, n_children=N_CHILDREN)
    assert files_under(tmp_path) == {"mine.txt": b"keep"}


def test_a_link_to_an_empty_folder_stays_and_leads_to_the_images(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "N_COVID", 1)
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    write_phantom(tmp_path / "link", n_children=N_CHILDREN, progress=False)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["empty", "link"]
    assert (tmp_path / "link").is_symlink()
    assert has_truth(tmp_path / "empty")


def test_a_name_too_long_is_told_with_what_helps(tmp_path):
    with pytest.raises(OSError, match=r"x could not be .* choose a shorter name\.$"):
        write_phantom(tmp_path / ("x" * 256), n_children=N_CHILDREN)


def test_too_few_children():
    with pytest.raises(ValueError, match="n_children must be at least 24, got 5"):
        draw_children(5, seed=0)


def test_a_seed_too_large():
    with pytest.raises(ValueError, match="seed must be a whole number from 0 to 4294"):
        draw_children(24, seed=2**32)


def test_wrong_dose():
    with pytest.raises(ValueError, match=r"zoom must be a dose in \[0, 1\], got 2"):
        Plants(zoom=2)


def test_a_stopped_writing_leaves_nothing(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "_write_truth", stop)  # the last step
    monkeypatch.setattr(write, "N_COVID", 1)
    with pytest.raises(KeyboardInterrupt):
        write_phantom(tmp_path / "set", n_children=N_CHILDREN)
    assert list(tmp_path.iterdir()) == []


def test_builtin_data_is_written_once(tmp_path, monkeypatch):
    monkeypatch.setenv("XRAYLAB_CACHE", str(tmp_path))
    folder = builtin_data(CLEAN, n_children=N_CHILDREN)
    assert folder.parent == tmp_path
    before = (folder / "truth/truth.csv").stat().st_mtime_ns
    assert builtin_data(CLEAN, n_children=N_CHILDREN) == folder
    assert (folder / "truth/truth.csv").stat().st_mtime_ns == before


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    blocked = tmp_path / "a file, no folder"
    blocked.write_text("")
    with pytest.raises(OSError, match=r"set could not be written: .*choose another"):
        write_phantom(blocked / "set", n_children=N_CHILDREN)
    assert [f.name for f in tmp_path.iterdir()] == [blocked.name]
