import pandas as pd
import pytest

from xraylab import data
from xraylab.data import manifest


@pytest.fixture(scope="module")
def table(three_sources):
    return data.merge(three_sources, progress=False).manifest


def test_written_and_read_again_it_is_the_same(table, tmp_path):
    (tmp_path / "m.csv").write_text(manifest.as_csv(table), encoding="utf-8")
    pd.testing.assert_frame_equal(manifest.read_manifest(tmp_path / "m.csv"), table)


def test_missing_columns_are_named(table):
    with pytest.raises(ValueError, match="missing: kept"):
        manifest.check_manifest(table.drop(columns="kept"))


def test_a_path_twice_is_refused(table):
    with pytest.raises(ValueError, match="1 stand twice, first "):
        manifest.check_manifest(pd.concat([table, table.head(1)]))


def test_an_odd_label_is_refused(table):
    for label in (-1, 0.5, "1"):
        with pytest.raises(ValueError, match="label must be a whole number from 0, f"):
            manifest.check_manifest(table.assign(label=label))


def test_no_manifest_says_how_to_make_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="xraylab merge"):
        manifest.read_manifest(tmp_path / "none.csv")


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff an image"])
def test_what_is_no_csv_file_is_said(tmp_path, content):
    (tmp_path / "x.jpeg").write_bytes(content)
    with pytest.raises(ValueError, match=r"x.jpeg is no manifest: .* give their f"):
        manifest.read_manifest(tmp_path / "x.jpeg")
