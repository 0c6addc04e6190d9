import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import as_jpeg, blob_picture, write_file
from xraylab import duplicates


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.integers(2, 60))
def test_the_bound_loses_no_pair(seed, n):
    rng = np.random.default_rng(seed)
    thumbnails = rng.random((n, 32, 32)).astype(np.float32)
    near = rng.integers(0, n, 5)
    noisy = thumbnails[near] + rng.normal(0, 0.05, (5, 32, 32))
    all_of_them = np.concatenate([thumbnails, noisy]).astype(np.float32)
    found = duplicates.find_pairs(all_of_them, at_least=0.9)
    brute = np.corrcoef(all_of_them.reshape(n + 5, -1))
    expected = set(map(tuple, np.argwhere(np.triu(brute >= 0.9, 1)).tolist()))
    assert set(zip(found["a"], found["b"], strict=True)) == expected


def test_brightness_and_contrast_do_not_matter():
    picture = blob_picture(1).astype(float)
    assert duplicates.correlate(picture, 20 + 0.7 * picture) == pytest.approx(1)


def test_a_flat_picture_is_like_nothing():
    flat = np.full((3, 32, 32), 7, np.float32)
    assert duplicates.find_pairs(flat).empty


@pytest.fixture
def copies(tmp_path):
    picture = blob_picture(1, 160)
    bigger = np.asarray(Image.fromarray(picture).resize((190, 190)))
    rgb = io.BytesIO()
    Image.fromarray(picture).convert("RGB").save(rgb, "PNG")
    files = {
        "a/first.jpeg": as_jpeg(picture),
        "a/same-bytes.jpeg": as_jpeg(picture),
        "b/rgb.png": rgb.getvalue(),
        "b/bigger.jpg": as_jpeg(bigger, quality=40),
        "a/other.jpeg": as_jpeg(blob_picture(2, 160)),
        "b/broken.jpeg": b"text",
    }
    for name, data in files.items():
        write_file(tmp_path / name, data)
    paths = sorted(files)
    return pd.DataFrame({"path": paths, "source": [p[0] for p in paths]}), tmp_path


def test_copies_get_one_picture_id_and_one_kept_file(copies):
    pictures, problems = duplicates.find_pictures(*copies, progress=False)
    by_path = pictures.set_index("path")
    assert pictures["picture_id"].nunique() == 2
    assert by_path["match"].to_dict() == {
        "a/first.jpeg": "kept",
        "a/same-bytes.jpeg": "same file",
        "b/rgb.png": "re-encoded",
        "b/bigger.jpg": "re-encoded",
        "a/other.jpeg": "only",
    }
    assert (pictures.groupby("picture_id")["kept"].sum() == 1).all()
    assert problems["path"].tolist() == ["b/broken.jpeg"]
    assert "no picture format" in problems["cause"].iloc[0]


def test_the_order_of_the_files_changes_nothing(copies):
    table, root = copies
    forward, _ = duplicates.find_pictures(table, root, progress=False)
    shuffled = table.sample(frac=1, random_state=3).sort_values("source", kind="stable")
    again, _ = duplicates.find_pictures(shuffled, root, progress=False)
    pd.testing.assert_frame_equal(forward, again)


def test_a_doubtful_pair_is_decided_on_its_detail(tmp_path):
    rng = np.random.default_rng(0)
    smooth = blob_picture(5, 96).astype(float)
    for name in ("a", "b"):  # alike at 32 px, unlike in fine detail
        grainy = smooth + rng.normal(0, 40, (96, 96))
        picture = Image.fromarray(grainy.clip(0, 255).astype(np.uint8))
        picture.save(tmp_path / f"{name}.png")
    table = pd.DataFrame({"path": ["a.png", "b.png"], "source": "s"})
    pictures, _ = duplicates.find_pictures(table, tmp_path, progress=False)
    assert pictures["picture_id"].nunique() == 2
