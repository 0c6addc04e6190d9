import inspect
import io
import json
from functools import partial

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import duplicates
from xraylab.caches import cache_folder
from xraylab.duplicates import correlation, find


@pytest.fixture
def copies(tmp_path):
    image = blob_image(1, 160)
    bigger = np.asarray(Image.fromarray(image).resize((190, 190)))
    rgb = io.BytesIO()
    Image.fromarray(image).convert("RGB").save(rgb, "PNG")
    decoded = io.BytesIO()
    Image.open(io.BytesIO(as_jpeg(image))).save(decoded, "PNG")
    mirrored = np.asarray(ImageOps.mirror(Image.fromarray(image)))
    files = {
        "b/decoded.png": decoded.getvalue(),
        "b/mirrored.jpg": as_jpeg(mirrored, quality=70),
        "b/cropped.jpg": as_jpeg(image[6:-6, 6:-6]),
        "a/first.jpeg": as_jpeg(image),
        "a/same-bytes.jpeg": as_jpeg(image),
        "b/rgb.png": rgb.getvalue(),
        "b/bigger.jpg": as_jpeg(bigger, quality=40),
        "a/other.jpeg": as_jpeg(blob_image(2, 160)),
        "b/broken.jpeg": b"text",
    }
    for name, data in files.items():
        write_file(tmp_path / name, data)
    paths = sorted(files)
    return pd.DataFrame({"path": paths, "source": [p[0] for p in paths]}), tmp_path


def test_copies_get_one_image_id_and_one_kept_file(copies):
    found = duplicates.find_images(*copies, progress=False)
    by_path = found.table.set_index("path")
    assert found.table["image_id"].nunique() == 2
    assert by_path["match"].to_dict() == {
        "a/first.jpeg": "kept",
        "a/same-bytes.jpeg": "same file",
        "b/rgb.png": "re-encoded",
        "b/decoded.png": "same pixels",
        "b/bigger.jpg": "re-encoded",
        "b/mirrored.jpg": "mirrored",
        "b/cropped.jpg": "cropped or rotated",
        "a/other.jpeg": "only",
    }
    assert (found.table.groupby("image_id")["kept"].sum() == 1).all()
    assert (found.table["image_id"].str.len() == 16).all()
    assert found.problems["path"].tolist() == ["b/broken.jpeg"]
    assert "no image format" in found.problems["cause"].iloc[0]


def letterboxed(image, level=0):
    side = max(image.size)
    return ImageOps.pad(image, (side, side), color=level)


PADDED = {
    "10 % above and below": lambda p: ImageOps.expand(p, (0, p.height // 10)),
    "20 % above and below": lambda p: ImageOps.expand(p, (0, p.height // 5)),
    "10 % all around, white": lambda p: ImageOps.expand(p, p.width // 10, 255),
    "below only": lambda p: ImageOps.expand(p, (0, 0, 0, p.height // 5), 114),
    "letterboxed": letterboxed,
    "letterboxed and mirrored": lambda p: ImageOps.mirror(letterboxed(p, 114)),
    "letterboxed and resized": lambda p: letterboxed(p).resize((160, 160)),
}


@pytest.mark.parametrize("change", PADDED.values(), ids=PADDED)
def test_padded_copies_are_found_and_nothing_else(tmp_path, change):
    n = 12
    images = [
        Image.fromarray(blob_image(seed, 240)).resize((240, 170)) for seed in range(n)
    ]
    for i, image in enumerate(images):
        write_file(tmp_path / f"a/{i:02}.jpg", as_jpeg(np.asarray(image)))
        copy = as_jpeg(np.asarray(change(image)), quality=75)
        write_file(tmp_path / f"b/{i:02}.jpg", copy)
    paths = [f"{side}/{i:02}.jpg" for side in "ab" for i in range(n)]
    table = pd.DataFrame({"path": paths, "source": [p[0] for p in paths]})
    found = duplicates.find_images(table, tmp_path, progress=False).table
    image_id = found.set_index("path")["image_id"]
    assert image_id.nunique() == n
    assert all(image_id[f"a/{i:02}.jpg"] == image_id[f"b/{i:02}.jpg"] for i in range(n))
    assert set(found["match"]) == {"kept", "padded"}


def test_a_padded_copy_is_found_behind_other_copies(tmp_path):
    """Images that have been told the same before leave no place for a wrong one."""
    images = [
        Image.fromarray(blob_image(seed, 240)).resize((240, 170)) for seed in range(4)
    ]
    for i, image in enumerate(images):
        write_file(tmp_path / f"a/{i}.jpg", as_jpeg(np.asarray(image)))
        write_file(tmp_path / f"b/{i}.jpg", as_jpeg(np.asarray(image), quality=70))
    last = ImageOps.expand(images[3], (0, 35))
    write_file(tmp_path / "c/3.jpg", as_jpeg(np.asarray(last)))
    paths = [f"{side}/{i}.jpg" for i in range(4) for side in "ab"] + ["c/3.jpg"]
    table = pd.DataFrame({"path": paths, "source": [p[0] for p in paths]})
    found = duplicates.find_images(table, tmp_path, progress=False).table
    image_id = found.set_index("path")["image_id"]
    assert image_id["c/3.jpg"] == image_id["a/3.jpg"]
    assert image_id.nunique() == 4


def test_bars_of_both_do_not_make_strangers_the_same(tmp_path):
    for seed in range(12):
        image = ImageOps.expand(Image.fromarray(blob_image(seed, 160)), (0, 30))
        write_file(tmp_path / f"{seed:02}.jpg", as_jpeg(np.asarray(image)))
    paths = [f"{seed:02}.jpg" for seed in range(12)]
    table = pd.DataFrame({"path": paths, "source": "a"})
    found = duplicates.find_images(table, tmp_path, progress=False).table
    assert found["image_id"].nunique() == 12


def test_the_margin_lies_around_the_limit(copies):
    margin = duplicates.find_images(*copies, progress=False).margin
    assert margin["least_alike_same"] >= duplicates.SAME
    assert margin["most_alike_different"] is None


def test_a_pair_that_is_registered_is_not_shown_as_different(copies):
    table, root = copies
    rotated = Image.fromarray(blob_image(1, 160)).rotate(1, Image.Resampling.BICUBIC)
    write_file(root / "b/rotated.jpg", as_jpeg(np.asarray(rotated)))
    table.loc[len(table)] = ["b/rotated.jpg", "b"]
    found = duplicates.find_images(table, root, progress=False)
    ids = found.table.set_index("path")["image_id"]
    assert ids["b/rotated.jpg"] == ids["a/first.jpeg"]
    assert found.margin["most_alike_different"] is None


def test_the_order_of_the_files_changes_nothing(copies):
    table, root = copies
    forward = duplicates.find_images(table, root, progress=False).table
    shuffled = table.sample(frac=1, random_state=3).sort_values("source", kind="stable")
    again = duplicates.find_images(shuffled, root, progress=False).table
    pd.testing.assert_frame_equal(forward, again)


def test_a_doubtful_pair_is_decided_on_its_detail():
    rng = np.random.default_rng(0)
    smooth = blob_image(5, 48).astype(float)
    squares = [smooth + rng.normal(0, 6, (48, 48)) for _ in range(2)]
    pairs = duplicates.find_same(np.array(squares).clip(0, 255).astype(np.uint8))
    assert len(pairs) == 1  # alike as a whole, unlike in fine detail
    assert duplicates.SAME <= pairs["correlation"].iloc[0] < duplicates.CERTAIN
    assert not pairs["same"].iloc[0]


def with_detail(agreement, *, strength, seed=0):
    """Two squares alike as a whole, whose fine detail correlates about so much."""
    rng = np.random.default_rng(seed)
    smooth = blob_image(5, 48).astype(float)
    shared, *own = rng.normal(0, strength, (3, 48, 48))
    a, b = (
        smooth + np.sqrt(agreement) * shared + np.sqrt(1 - agreement) * part
        for part in own
    )
    return np.array([a, b])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("agreement", "same"), [(0.8, False), (0.96, True)])
def test_detail_decides_as_was_measured(agreement, same, seed):
    squares = with_detail(agreement, strength=9, seed=seed)
    squares[1] += np.linspace(-14, 14, 48)  # a shade across, too coarse for detail
    (pair,) = duplicates.find_same(squares).itertuples()
    assert duplicates.SAME <= pair.correlation < find.CERTAIN
    assert pair.same == same


def test_a_pair_that_is_certain_is_not_asked_for_its_detail():
    (pair,) = duplicates.find_same(with_detail(0.0, strength=2)).itertuples()
    assert pair.correlation > find.CERTAIN
    assert pair.same


def test_whoever_reaches_a_limit_is_the_same(monkeypatch):
    squares = with_detail(0.0, strength=6)
    (pair,) = duplicates.find_same(squares).itertuples()
    a, b = correlation.normalise(correlation.detail(squares))
    assert not pair.same
    with monkeypatch.context() as patch:
        patch.setattr(find, "CERTAIN", np.float32(pair.correlation))
        assert duplicates.find_same(squares)["same"].all()
    with monkeypatch.context() as patch:
        patch.setattr(find, "SAME", np.float32(pair.correlation))
        patch.setattr(find, "SAME_DETAIL", (a * b).sum())
        assert duplicates.find_same(squares)["same"].all()


def test_the_margin_is_of_the_least_alike_same_and_the_most_alike_different():
    rng = np.random.default_rng(0)
    base = blob_image(5, 48).astype(float)
    squares = [base + rng.normal(0, strength, base.shape) for strength in (0, 2, 3)]
    squares += [base + rng.normal(0, strength, base.shape) for strength in (7, 8)]
    squares = np.array(squares).clip(0, 255).astype(np.uint8)
    none = np.array([], int), np.empty((0, 48, 48), np.uint8)
    number, margin = find._group(squares, *none, False)
    true = np.corrcoef(squares.reshape(len(squares), -1))
    together = number[:, None] == number
    assert together.sum() == 9 + 2  # the first three are one image
    others, upper = ~together & (true >= 0.97), np.triu(together, 1)
    assert others.sum() > 4
    assert margin == {
        "least_alike_same": round(true[upper].min(), 4),
        "most_alike_different": round(true[others].max(), 4),
    }


def test_files_are_read_in_this_process_unless_asked():
    workers = inspect.signature(duplicates.find_images).parameters["workers"]
    assert workers.default == 1


def test_no_readable_file_is_an_empty_table(tmp_path):
    write_file(tmp_path / "a.jpeg", b"text")
    table = pd.DataFrame({"path": ["a.jpeg"], "source": "s"})
    found = duplicates.find_images(table, tmp_path, progress=False)
    assert found.table.empty
    assert len(found.problems) == 1


DAMAGED = ["[1, ", "5", "null", "[[1], {}]", '{"number": [1], "margin": {}}', "{}"]
DAMAGED += ["[" * 100_000]
# of another number of squares, or another margin: each alone will do
PARTLY = [lambda kept: kept["number"].pop(), lambda kept: kept["margin"].popitem()]
PARTLY += [lambda kept: kept["number"].__setitem__(0, 10**30)]


def damaged(text, change):
    kept = json.loads(text)
    change(kept)
    return json.dumps(kept)


def test_a_second_grouping_is_read_and_a_damaged_one_made_anew(copies, monkeypatch):
    monkeypatch.setenv("XRAYLAB_CACHE", str(copies[1] / "cache"))
    first = duplicates.find_images(*copies, progress=False)
    asked = []
    group = find._group
    monkeypatch.setattr(find, "_group", lambda *a: asked.append(a) or group(*a))
    again = duplicates.find_images(*copies, progress=False)
    assert asked == []
    assert again.table.equals(first.table)
    assert again.margin == first.margin
    damages = [lambda _, text=text: text for text in DAMAGED]
    damages += [partial(damaged, change=change) for change in PARTLY]
    whole = {store: store.read_text() for store in cache_folder().glob("groups-*")}
    for n_asked, damage in enumerate(damages, 1):
        for store, text in whole.items():
            store.write_text(damage(text))
        again = duplicates.find_images(*copies, progress=False)
        assert again.table.equals(first.table)
        assert again.margin == first.margin
        assert len(asked) == n_asked


def test_a_cache_that_cannot_be_written_does_not_stop_work(copies, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    expected = duplicates.find_images(*copies, progress=False)
    for kept in cache_folder().glob("groups-*.json"):
        kept.unlink()
    monkeypatch.setattr(find, "write_text", full)
    with pytest.warns(UserWarning, match=r"groups-.* \(No space left on device\)"):
        found = duplicates.find_images(*copies, progress=False)
    assert found.table.equals(expected.table)


def test_a_new_file_is_grouped_anew(copies):
    table, root = copies
    duplicates.find_images(table, root, progress=False)
    write_file(root / "a/new.jpeg", as_jpeg(blob_image(5, 160)))
    table.loc[len(table)] = ["a/new.jpeg", "a"]
    found = duplicates.find_images(table, root, progress=False)
    assert found.table["image_id"].nunique() == 3
