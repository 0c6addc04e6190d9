import io
import shutil

import numpy as np
import pytest
from PIL import Image

from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import course, data
from xraylab.course import copies


@pytest.fixture(scope="module")
def merged(three_sources):
    return data.merge(three_sources, progress=False)


def test_every_copy_is_listed_beside_what_its_name_says(merged):
    table = course.list_copies(merged)
    assert len(table) == 72
    assert table["names_agree"].all()
    third = table[table["by_index"] != ""]
    assert len(third) == 24
    assert table.groupby("image_id").head(1)["match"].eq("kept").all()


def test_a_wrong_number_is_shown_as_a_disagreement(three_sources, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(three_sources, root)
    a, b = (root / f"three/Data/train/NORMAL/NORMAL({i}).jpg" for i in (2, 3))
    one, other = a.read_bytes(), b.read_bytes()
    a.write_bytes(other)
    b.write_bytes(one)
    odd = course.list_copies(data.merge(root, progress=False))
    odd = odd[~odd["names_agree"]]
    assert sorted(path[-13:] for path in odd["path"]) == [
        "NORMAL(2).jpg",
        "NORMAL(3).jpg",
    ]


def test_one_image_under_two_childrens_names_is_a_disagreement(tmp_path):
    for name, seed in {
        "NORMAL/IM-0001-0001": 1,
        "NORMAL/IM-0002-0001": 1,
        "PNEUMONIA/person3_virus_3": 2,
    }.items():
        write_file(tmp_path / f"x/train/{name}.jpeg", as_jpeg(blob_image(seed)))
    odd = course.list_copies(data.merge(tmp_path, progress=False))
    assert len(odd) == 2
    assert not odd["names_agree"].any()


def test_the_browser_moves_through_images_and_kinds(merged):
    panel = course.copies_widget(merged, "built-in images")
    assert panel.kind.options == (copies.ALL, "re-encoded", "same file", copies.ODD)
    assert panel.place.max == 24
    before = bytes(panel.image.value)
    assert before.startswith(b"\x89PNG")
    assert "Built-in images. Not for clinical use" in panel.files.value
    panel.place.value = 2
    assert bytes(panel.image.value) != before
    panel.kind.value = copies.ODD
    assert panel.files.value.startswith("There are none here")
    assert bytes(panel.image.value) == b""


def test_names_are_shown_as_text_never_as_markup(merged):
    rows = course.list_copies(merged).head(2).assign(path="<b>.jpeg", names_agree=False)
    text = copies.describe_copies(rows)
    assert "&lt;b&gt;.jpeg" in text
    assert "disagree" in text


def test_each_image_has_the_number_of_its_file_in_the_table(merged):
    rows = course.list_copies(merged).head(3)
    with Image.open(io.BytesIO(copies.draw_copies(merged, rows))) as sheet:
        drawn = np.asarray(sheet)
    side = drawn.shape[1] // 3
    strips = [drawn[side:, k * side : (k + 1) * side] for k in range(3)]
    assert all((strip < 128).any() for strip in strips)
    assert not any(np.array_equal(strips[a], strips[b]) for a, b in ((0, 1), (1, 2)))
    text = copies.describe_copies(rows)
    for number, path in enumerate(rows["path"], 1):
        assert f"<td>{number}</td><td>{path}</td>" in text
