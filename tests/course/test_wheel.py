"""What is installed carries the lessons, without their outputs."""

import json
import subprocess
import sys
import tarfile
import zipfile

import pytest

from xraylab.course import build


def lessons_in(archive):
    with zipfile.ZipFile(archive) as files:
        return {
            name.rpartition("/lessons/")[2]: json.loads(files.read(name))
            for name in files.namelist()
            if "/lessons/" in name
        }


@pytest.mark.long
def test_a_wheel_carries_every_lesson_without_outputs(wheel):
    lessons = lessons_in(wheel)
    names = [f"{source.stem}.ipynb" for source in build.sources()]
    assert sorted(lessons) == [*names, *(f"solutions/{name}" for name in names)]
    for lesson in lessons.values():
        for cell in lesson["cells"]:
            if cell["cell_type"] == "code":
                assert (cell["outputs"], cell["execution_count"]) == ([], None)


@pytest.mark.long
def test_a_source_archive_carries_them_too(tree, tmp_path):
    pytest.importorskip("setuptools", reason="building needs setuptools")
    code = (
        "import sys; from setuptools import build_meta as b; b.build_sdist(sys.argv[1])"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(
        command, cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as files:
        names = {name.split("/", 1)[-1] for name in files.getnames()}
    for folder in ("notebooks", "notebooks/solutions"):
        assert {f"{folder}/{source.stem}.ipynb" for source in build.sources()} <= names
    assert {"setup.py", "xraylab/course/clean.py"} <= names
