"""An environment in which xraylab is not installed, but all that it needs is.

As on Kaggle and Colab: what the place brings is there, the course is not.
"""

import json
import os
import subprocess
import sysconfig
import venv
import zipfile
from pathlib import Path

import nbformat

from xraylab.course import opening

RUNNER = Path(__file__).with_name("run_notebook.py")
_LEFT_OUT = ("xraylab", "captum", "__editable__")
NOWHERE = "http://127.0.0.1:9"  # nobody listens


class Bare:
    """A virtual environment that borrows all packages of ours but two."""

    def __init__(self, folder):
        self.folder = folder
        venv.create(folder, with_pip=False)
        self.python = folder / "bin/python"
        (self.site,) = folder.glob("lib/python*/site-packages")
        for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
            for entry in Path(place).iterdir():
                target = self.site / entry.name
                if not entry.name.startswith(_LEFT_OUT) and not target.exists():
                    target.symlink_to(entry)

    def own(self):
        """What was installed into it, and is not borrowed."""
        own = [e.name for e in self.site.iterdir() if not e.is_symlink()]
        return {name.partition("-")[0] for name in own} - {"__pycache__"}

    def environment(self, *, network):
        """Settings without ours; without a network, none that leads out."""
        left_out = ("PYTHONPATH", "XRAYLAB_", *(() if network else ("PIP_",)))
        env = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
        env |= {"OMP_NUM_THREADS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        if not network:
            env |= {"http_proxy": NOWHERE, "https_proxy": NOWHERE}
            env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": f"{NOWHERE}/simple"}
        return env


def write_notebook(path, *cells):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(notebook, path)
    return path


def run_notebook(bare, path, *, network=False, **more):
    """Run a notebook as Run All does; gives what `run_notebook.py` prints."""
    return json.loads(run_script(bare, RUNNER, path, network=network, **more))


def run_script(bare, *arguments, network=False, **more):
    """Run a script in the environment; gives what it prints."""
    done = subprocess.run(
        [str(bare.python), *map(str, arguments)],
        env=bare.environment(network=network) | more,
        cwd=bare.folder.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def setup_cell(kaggle_input):
    """The setup cell, with another folder in place of Kaggle's."""
    assert opening.SETUP.count("/kaggle/input") == 1
    return opening.SETUP.replace("/kaggle/input", str(kaggle_input))


def write_wheel(folder, name, version, files):
    """Write the smallest wheel that pip takes."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {f"{name}/{file}": text for file, text in files.items()}
    files |= {f"{info}/METADATA": head, f"{info}/WHEEL": kind}
    record = "".join(f"{file},,\n" for file in (*files, f"{info}/RECORD"))
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, text in (files | {f"{info}/RECORD": record}).items():
            archive.writestr(file, text)
    return wheel
