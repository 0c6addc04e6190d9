"""All but one thing stands in pyproject.toml: the lessons go into the wheel."""

import runpy
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithLessons(build_py):
    """Put lessons and solutions into the package, without their outputs."""

    def run(self):
        """Build the package, then the lessons; an editable one has them at hand."""
        super().run()
        if self.editable_mode:
            return
        clean = runpy.run_path("xraylab/course/clean.py")["clean"]
        folder = Path(self.build_lib, "xraylab/course/lessons")
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier build
        for pattern in ("[0-9][0-9]_*.ipynb", "solutions/[0-9][0-9]_*.ipynb"):
            for notebook in sorted(Path("notebooks").glob(pattern)):
                target = folder / notebook.relative_to("notebooks")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(clean(notebook.read_text("utf-8")), "utf-8")


setup(cmdclass={"build_py": BuildWithLessons})
