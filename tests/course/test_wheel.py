"""What is installed carries the lessons, without their outputs."""

import json
import zipfile

import pytest

from xraylab.course import build


def lessons_in(archive):
    with zipfile.ZipFile(archive) as files:
        return {
            name.rpartition("/")[2]: json.loads(files.read(name))
            for name in files.namelist()
            if "/lessons/" in name
        }


@pytest.mark.long
def test_a_wheel_carries_every_lesson_without_outputs(wheel):
    lessons = lessons_in(wheel)
    assert sorted(lessons) == [f"{source.stem}.ipynb" for source in build.sources()]
    for lesson in lessons.values():
        for cell in lesson["cells"]:
            if cell["cell_type"] == "code":
                assert (cell["outputs"], cell["execution_count"]) == ([], None)
