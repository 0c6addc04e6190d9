import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xraylab import data, errors
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
    told = r"none\.csv is not there\. Make it with `xraylab merge .* --out MERGE`\.$"
    with pytest.raises(FileNotFoundError, match=told):
        manifest.read_manifest(tmp_path / "none.csv")


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff an image"])
def test_what_is_no_csv_file_is_said(tmp_path, content):
    (tmp_path / "x.jpeg").write_bytes(content)
    with pytest.raises(ValueError, match=r"x.jpeg is no manifest: .* give their f"):
        manifest.read_manifest(tmp_path / "x.jpeg")


@settings(max_examples=60)
@given(st.data())
def test_a_table_cut_anywhere_is_refused_by_its_line(table, tmp_path_factory, draw):
    text = manifest.as_csv(table.head(5))
    ends = [i + 1 for i, sign in enumerate(text) if sign == "\n"]
    place = draw.draw(
        st.integers(ends[0] + 1, len(text) - 1).filter(lambda i: i not in ends)
    )
    file = tmp_path_factory.mktemp("cut") / "cut.csv"
    file.write_text(text[:place], "utf-8")
    n_lines = text[:place].count("\n") + 1
    told = (
        rf"^{re.escape(str(file))} must be a table of image files, .* line {n_lines}\b"
    )
    with pytest.raises(errors.InputError, match=told):
        manifest.read_manifest(file)


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("label", "", "as label, which must be a whole number from 0, has ''"),
        ("label", "-1", "as label, which must be a whole number from 0, has '-1'"),
        ("bytes", "many", "as bytes, which must be a whole number from 0, has 'many'"),
        ("kept", "", "as kept, which must be True or False, has ''"),
        ("group_id", "", "as group_id, which must be the name of a group, has ''"),
        ("number", "ten", "as number, which must be a whole number .* has 'ten'"),
        ("number", "9" * 5000, "as number, which must be a whole number .* has '999"),
        ("path", "/x/a.jpeg", "as path, which must be the relative path of a file, wi"),
        ("path", "../a.jpeg", "as path, .* without .., has '../a.jpeg'"),
        ("path", "x/../a.jpeg", "as path, .* without .., has 'x/../a.jpeg'"),
        ("path", "x/..", "as path, .* without .., has 'x/..'"),
    ],
)
def test_an_odd_field_is_told_by_file_line_and_column(
    column, value, told, table, tmp_path
):
    rows = table.astype(str)
    rows.loc[[3, 5], column] = value
    rows.to_csv(tmp_path / "m.csv", index=False)
    with pytest.raises(
        errors.InputError, match=rf"m\.csv must be .* but line 5 {told}"
    ):
        manifest.read_manifest(tmp_path / "m.csv")


def test_a_path_that_stands_twice_in_a_file_is_told_by_its_line(table, tmp_path):
    rows = pd.concat([table.head(4), table.head(1)])
    rows.to_csv(tmp_path / "m.csv", index=False)
    with pytest.raises(errors.InputError, match=r"line 6 has the path .*jpeg again\."):
        manifest.read_manifest(tmp_path / "m.csv")


@pytest.mark.parametrize("path", ["..a.jpeg", "x/a..", "a/...", "x../y/.a", "a\\..\\b"])
def test_a_path_may_have_points_in_its_names(table, tmp_path, path):
    rows = table.head(1).assign(path=path, number="")
    rows.to_csv(tmp_path / "m.csv", index=False)
    assert manifest.read_manifest(tmp_path / "m.csv")["path"].tolist() == [path]


@pytest.mark.parametrize("kept", ["False", "True"])
def test_of_each_image_one_file_is_kept(table, tmp_path, kept):
    copies = table.groupby("image_id").head(2).assign(kept=kept)
    copies.to_csv(tmp_path / "m.csv", index=False)
    n = 2 if kept == "True" else 0
    told = rf"line 2 is of an image of which {n} files are kept, not one\. Merge again"
    with pytest.raises(errors.InputError, match=told):
        manifest.read_manifest(tmp_path / "m.csv")


def test_a_table_of_something_else_is_told_what_it_lacks(tmp_path):
    (tmp_path / "m.csv").write_text("path,label\na,0\n")
    with pytest.raises(
        errors.InputError, match=r"m\.csv must .* it has no column sour"
    ):
        manifest.read_manifest(tmp_path / "m.csv")
