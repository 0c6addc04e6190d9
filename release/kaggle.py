"""Pack the course for Kaggle without internet: a dataset of wheels, and its notebooks.

`make kaggle NAME=name` writes `dist/kaggle`; nothing is sent anywhere. The two commands
that send it are printed. Formats: the pages on dataset-metadata.json and
kernel-metadata.json of github.com/Kaggle/kaggle-api (docs), read in November 2026.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from xraylab import REPOSITORY, __version__, data
from xraylab.course import build, notebooks
from xraylab.course.opening import NOT_THERE
from xraylab.errors import InputError

ROOT = Path(__file__).parents[1]
OUT = ROOT / "dist/kaggle"
WHEELS = "xraylab-wheels"  # the dataset's name on Kaggle
BUILT_FROM = (
    *("xraylab", "notebooks", "pyproject.toml", "setup.py", "MANIFEST.in"),
    *("README.md", "LICENSE", "LICENSE-TEXT"),
)
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_SLUG = "/datasets/"  # before owner and name in the address of a dataset


def pack(user: str, out: Path) -> Path:
    """Write a folder of wheels and one folder a lesson, each with its metadata.

    Parameters
    ----------
    user : str
        The name on Kaggle under which they will stand.
    out : path
        Its folders `wheels` and `kernels` are made anew.

    Raises
    ------
    InputError
        If the name is none that Kaggle gives, or a wheel cannot be had.
    """
    if not _USER.fullmatch(user):
        raise InputError(
            "must be the name in the address of your profile, letters, digits and -, "
            f"got {user!r}.",
            argument="user",
        )
    with tempfile.TemporaryDirectory() as folder:
        half = Path(folder)
        write_wheels(half / "wheels")
        _write_json(half / "wheels/dataset-metadata.json", dataset_metadata(user))
        for source in build.sources():
            _write_kernel(half / "kernels" / source.stem, user)
        out.mkdir(parents=True, exist_ok=True)
        for made in half.iterdir():
            shutil.rmtree(out / made.name, ignore_errors=True)
            shutil.move(made, out)
    return out


def write_wheels(folder: Path) -> None:
    """Build the wheel of this checkout, and fetch those that Kaggle lacks."""
    with tempfile.TemporaryDirectory() as copy:  # a build leaves files behind
        tree = Path(copy) / "xraylab"
        tree.mkdir()
        for name in BUILT_FROM:
            _copy(ROOT / name, tree / name)
        _pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(tree))
    pinned = ["-c", str(ROOT / "constraints.txt")]
    _pip("download", "--no-deps", "--dest", str(folder), *pinned, NOT_THERE)
    for wheel in folder.iterdir():
        if not wheel.name.endswith("-none-any.whl"):
            raise InputError(
                f"each wheel must run on any machine, found {wheel.name}. Only "
                "packages in pure Python can be packed."
            )


def dataset_metadata(user: str) -> dict:
    """Describe the wheels, as `kaggle datasets create` reads it."""
    return {
        "title": WHEELS,
        "id": f"{user}/{WHEELS}",
        "subtitle": f"xraylab {__version__} for notebooks without internet",
        "description": f"The package of {REPOSITORY} (BSD 3-Clause), and {NOT_THERE}.",
        "licenses": [{"name": "other"}],
    }


def kernel_metadata(user: str, lesson: str) -> dict:
    """Describe a lesson, as `kaggle kernels push` reads it.

    The images of all sources are attached, and no internet is asked for.
    """
    slug = f"xraylab-{lesson.replace('_', '-')}"
    images = [source.page.partition(_SLUG)[2] for source in data.SOURCES.values()]
    return {
        "id": f"{user}/{slug}",
        "title": slug.replace("-", " "),  # Kaggle makes the former of the latter
        "code_file": f"{lesson}.ipynb",
        "language": "python",
        "kernel_type": "notebook",
        "is_private": "true",
        "enable_gpu": "false",
        "enable_internet": "false",
        "dataset_sources": [f"{user}/{WHEELS}", *images],
        "competition_sources": [],
        "kernel_sources": [],
        "model_sources": [],
    }


def _write_kernel(folder: Path, user: str) -> None:
    """Write a lesson without outputs, and what Kaggle must know of it."""
    folder.mkdir(parents=True)
    lesson = folder.name
    shutil.copy(notebooks.NOTEBOOKS / notebooks.CLEAN / f"{lesson}.ipynb", folder)
    _write_json(folder / "kernel-metadata.json", kernel_metadata(user, lesson))


def _copy(path: Path, target: Path) -> None:
    if path.is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "lessons")
        shutil.copytree(path, target, ignore=ignored)
    else:
        shutil.copy(path, target)


def _write_json(file: Path, facts: dict) -> None:
    file.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(
            f"pip {arguments[0]} must give a wheel, it said "
            f"{done.stderr.strip().splitlines()[-1]!r}. Packing needs internet."
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Pack, and print the commands that send what was packed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--user", required=True, help="your name on Kaggle")
    args = parser.parse_args(argv)
    try:
        out = pack(args.user, OUT)
    except (InputError, OSError) as error:
        print(f"kaggle: {error}", file=sys.stderr)
        return 1
    print(f"Packed in {out}. To send it, with Kaggle's own tool (pip install kaggle):")
    print(f"kaggle datasets create -p {out / 'wheels'}")
    for folder in sorted((out / "kernels").iterdir()):
        print(f"kaggle kernels push -p {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
