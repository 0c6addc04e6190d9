"""Sets that only have the folders of a source are told by their names."""

import shutil

import pytest

from tests.conftest import write_file
from xraylab import data
from xraylab.data import listing, sources


def rename_images(folder, name):
    """Give the images below a folder names of another set."""
    for number, file in enumerate(sorted(folder.rglob("*.jp*g"))):
        file.rename(file.with_name(name.format(number)))


@pytest.mark.parametrize("name", ["scan {}.jpg", "00000013_{:03d}.jpg", "a-{}-IM.jpg"])
def test_a_set_with_a_sources_folders_and_other_names_is_said(
    name, three_sources, tmp_path
):
    root = shutil.copytree(three_sources, tmp_path / "root")
    assert listing.find_unnamed(data.list_files(root)[0]).empty
    shutil.copytree(root / "one/chest_xray", root / "adults")
    rename_images(root / "adults", name)
    found = listing.find_unnamed(data.list_files(root)[0])
    assert found.to_dict() == {(sources.FIRST, "adults"): 24}
    alone = listing.find_unnamed(data.list_files(root / "adults")[0])
    assert alone.to_dict() == {(sources.FIRST, "."): 24}


def test_one_name_that_was_published_is_enough(three_sources, tmp_path):
    root = shutil.copytree(three_sources / "one/chest_xray", tmp_path / "root")
    rename_images(root, "scan {}.jpg")
    file = next(root.rglob("*.jpg"))
    file.rename(file.with_name("person7_virus_9.jpg"))
    assert listing.find_unnamed(data.list_files(root)[0]).empty


def test_of_no_files_and_of_any_labelled_folder_nothing_is_said(tmp_path):
    for number in range(4):
        write_file(tmp_path / f"train/{'ab'[number % 2]}/{number}.jpg", b"x")
    files, _ = data.list_files(tmp_path, layout="any")
    assert len(files) == 4
    assert listing.find_unnamed(files).empty
    assert listing.find_unnamed(files.iloc[:0]).empty
