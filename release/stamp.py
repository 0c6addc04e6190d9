"""Write address and version of `xraylab/__init__.py` wherever else they stand.

A fork changes REPOSITORY there, a new version __version__; then `make stamp`. Stored
outputs stay as they are: of a notebook only the badges and the setup cell are written.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

from xraylab import REPOSITORY, __version__
from xraylab.course import build, notebooks
from xraylab.course.opening import TAG
from xraylab.files import write_texts

ROOT = Path(__file__).parents[1]
TEXTS = ("README.md", "CITATION.cff", "CONTRIBUTING.md", "pyproject.toml")
_STAMPED = 2  # cells at the head of a notebook: badges with the title, and setup


def stamp() -> dict[Path, str]:
    """Give the files that must change, with their new texts."""
    files = [ROOT / name for name in TEXTS] + sorted((ROOT / "docs").rglob("*.md"))
    texts = {file: file.read_text("utf-8") for file in files}
    (old,) = re.findall(r"^repository-code: (.+)$", texts[ROOT / "CITATION.cff"], re.M)
    new = {file: _stamp_text(text, old) for file, text in texts.items()}
    for source in build.sources():
        for solved, file in enumerate(build.editions(source)):
            built = build.read_source(source, solved=bool(solved))
            if file.is_file():  # else it is to be built first
                new[file] = _stamp_notebook(file, built)
        clean = notebooks.NOTEBOOKS / notebooks.CLEAN / f"{source.stem}.ipynb"
        new[clean] = f"{nbformat.writes(build.read_source(source))}\n"
    return {file: text for file, text in new.items() if _read(file) != text}


def _stamp_text(text: str, old: str) -> str:
    """Replace the old address, the tags behind it, and the version of the package."""
    for host in ("https://github.com/", "github/"):  # the latter in Colab's addresses
        ours, theirs = (
            url.replace("https://github.com/", host) for url in (old, REPOSITORY)
        )
        text = re.sub(rf"{re.escape(ours)}(?![\w-]|\.\w)", theirs, text)
        text = re.sub(rf"({re.escape(theirs)}(?:/blob/|@))v[^/\s]+", rf"\1{TAG}", text)
    return re.sub(
        r'^(version(?:: | = "))[\d.]+', rf"\g<1>{__version__}", text, flags=re.M
    )


def _stamp_notebook(file: Path, built: nbformat.NotebookNode) -> str:
    stored = nbformat.read(file, as_version=4)
    for ours, theirs in zip(stored.cells[:_STAMPED], built.cells, strict=False):
        ours.source = theirs.source
    return f"{nbformat.writes(stored)}\n"


def _read(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""


if __name__ == "__main__":
    changed = stamp()
    write_texts(changed)
    print(f"{REPOSITORY} {__version__}: {len(changed)} files written.")
