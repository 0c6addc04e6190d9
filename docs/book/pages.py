"""What becomes of a notebook or a text when it becomes a page of the book."""

import posixpath
import re
from pathlib import Path, PurePosixPath

import nbformat
from nbformat import NotebookNode

from xraylab import REPOSITORY, course
from xraylab.course.build import HINTS, STARTER
from xraylab.course.opening import SETUP

ROOT = Path(__file__).parents[2]
PAGES = {  # what becomes a page -> where it stands in the book; the first that fits
    "docs/book/index.md": "index.md",
    "docs/book/audit.md": "look-up/audit.md",
    "docs/architecture.md": "behind/architecture.md",
    "docs/*.md": "look-up",
    "docs/images/*.png": "drawings",
    "data/README.md": "look-up/images.md",
    "CONTRIBUTING.md": "behind/contributing.md",
    "CHANGELOG.md": "behind/changes.md",
    "notebooks/[0-9][0-9]_*.ipynb": "lessons",
    "notebooks/solutions/[0-9][0-9]_*.ipynb": "solutions",
}
# Cells that nobody needs who reads: the installation, and the place for hints.
ONLY_TO_RUN = (SETUP, HINTS.partition("\n")[0])
_LINK = re.compile(r"(?<=\]\()([^)#:\s]+)(?=[)#])")
_BADGE = re.compile(r"\[!\[([^\]]*)\]\(https?://[^)]*\)\](?=\()")
_GUESS = re.compile(r'\bguess\(\s*"([^"]+)"')
_TRUTH = re.compile(r'\bkeep_truth\(\s*"([^"]+)"')


def find_pages(root: Path = ROOT) -> dict[PurePosixPath, PurePosixPath]:
    """Find what goes into the book: its path in the repository -> that in the book."""
    found = {}
    for pattern, place in PAGES.items():
        for file in sorted(root.glob(pattern)):
            source = PurePosixPath(file.relative_to(root).as_posix())
            is_file = place.endswith(".md")
            page = PurePosixPath(place, "" if is_file else source.name)
            found.setdefault(source, page)
    return found


def make_page(source: PurePosixPath, places: dict, root: Path = ROOT) -> str:
    """Make the text of a page, from a notebook with its outputs or from a text."""
    text = (root / source).read_text("utf-8")
    if source.suffix == ".ipynb":
        notebook = nbformat.reads(text, as_version=4)
        prepare(notebook, source, places)
        return nbformat.writes(notebook)
    text = text.replace("<!-- lessons -->", list_lessons())
    return relink(text, source, places)


def prepare(notebook: NotebookNode, source: PurePosixPath, places: dict) -> None:
    """Make a notebook a page: links, texts for images, answers folded away."""
    put_title_first(notebook.cells[0])
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = relink(cell.source, source, places)
        elif cell.source.startswith(ONLY_TO_RUN):
            add_tag(cell, "remove-cell")
        elif alts := find_alts(cell):
            cell.metadata["mystnb"] = {"image": {"alt": alts[0]}}
    fold_answers(notebook)
    link_twin(notebook, source, places)


def put_title_first(cell: NotebookNode) -> None:
    """Move what stands above a notebook's title, such as badges, below it."""
    above, *rest = cell.source.split("\n\n")
    if rest and rest[0].startswith("# "):
        above = above.replace(")\n[", ") ·\n[")
        cell.source = "\n\n".join([rest[0], above, *rest[1:]])


def find_alts(cell: NotebookNode) -> list[str]:
    """List what a cell's outputs say to those who cannot see their images."""
    images = [o.get("metadata", {}).get("image/png", {}) for o in cell.outputs]
    return [image["alt"] for image in images if "alt" in image]


def fold_answers(notebook: NotebookNode) -> None:
    """Fold the outputs that answer a question, so that one can guess first.

    These are the outputs below a text whose last paragraph asks, up to the next
    text, and those from a guess on to the cell that keeps its truth. What a guess
    or a task that waits says gives nothing away.
    """
    code = "\n".join(c.source for c in notebook.cells if c.cell_type == "code")
    answered_here = set(_TRUTH.findall(code))
    is_asked, open_guesses = False, set()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            is_asked = "?" in cell.source.strip().rsplit("\n\n", 1)[-1]
            continue
        if guessed := set(_GUESS.findall(cell.source)):
            open_guesses |= guessed & answered_here
        elif (is_asked or open_guesses) and cell.outputs and not is_open_task(cell):
            add_tag(cell, "hide-output")
        open_guesses -= set(_TRUTH.findall(cell.source))


def is_open_task(cell: NotebookNode) -> bool:
    """Say whether a cell is a task that the learner has not solved yet."""
    return STARTER in cell.metadata.get("tags", [])


def add_tag(cell: NotebookNode, tag: str) -> None:
    """Give a cell one more tag."""
    cell.metadata["tags"] = [*cell.metadata.get("tags", []), tag]


def link_twin(notebook: NotebookNode, source: PurePosixPath, places: dict) -> None:
    """Let a lesson lead to its solutions, and tell their titles apart."""
    if source.parent.name == "solutions":
        title, _, rest = notebook.cells[0].source.partition("\n")
        notebook.cells[0].source = f"{title}, solutions\n{rest}"
        return
    if solutions := places.get(source.parent / "solutions" / source.name):
        link = f"The tasks of this lesson, solved: [solutions](../{solutions})."
        below = f"```{{toctree}}\n:hidden:\n\n../{solutions}\n```"
        notebook.cells.append(nbformat.v4.new_markdown_cell(f"{link}\n\n{below}"))


def relink(text: str, source: PurePosixPath, places: dict, root: Path = ROOT) -> str:
    """Let links lead to pages of the book, else to the file in the repository.

    Badges, images from the web that hold a link, become words: the book is read
    without a network, too.
    """
    here = places[source].parent

    def lead_on(link: re.Match) -> str:
        target = PurePosixPath(posixpath.normpath(source.parent / link[1]))
        if target in places:
            return posixpath.relpath(places[target], here)
        if (root / target).exists():
            return f"{REPOSITORY}/blob/main/{target}"
        return link[1]  # Sphinx says so, where it leads nowhere

    return _LINK.sub(lead_on, _BADGE.sub(r"[\1]", text))


def list_lessons() -> str:
    """List the lessons with their questions, as a table."""
    rows = [
        f"| [{number} · {name[3:].replace('_', ' ').capitalize()}]"
        f"(../../notebooks/{name}.ipynb) | {question[0].upper()}{question[1:]} |"
        for number, name, question in course.list_lessons().itertuples(index=False)
    ]
    return "\n".join(["| Lesson | Question |", "|---|---|", *rows])
