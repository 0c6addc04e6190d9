"""Where an audit finds no image to look at, it says why."""

import os

import pytest

from tests.conftest import write_file
from xraylab import audit, data, errors


def test_a_folder_without_one_readable_image(tmp_path):
    for name in "ab":
        write_file(tmp_path / name / "x.png", b"no")
    with pytest.raises(
        ValueError, match=r"none of 2 files .* could be read, first a/x\.png: .*\.$"
    ):
        audit.run_audit(tmp_path, progress=False)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_nothing_but_links_that_lead_nowhere_is_an_error(tmp_path):
    for name in ("NORMAL", "PNEUMONIA"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpeg").symlink_to(tmp_path / "gone.jpeg")
    found = r"all 2 files in .* were left out, first NORMAL/a\.jpeg: cannot be reached"
    with pytest.raises(errors.InputError, match=found):
        audit.run_audit(tmp_path, progress=False)


def test_a_table_without_a_row_is_an_error(three_sources, tmp_path):
    data.merge(three_sources, progress=False).save(tmp_path)
    lines = (tmp_path / "manifest.csv").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "mine.csv").write_text(lines[0], "utf-8")
    with pytest.raises(errors.InputError, match=r"found no row in .*mine\.csv\. Merge"):
        audit.run_audit(tmp_path / "mine.csv", progress=False)
