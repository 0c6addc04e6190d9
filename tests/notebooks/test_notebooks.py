"""The stored notebooks: built from their sources, run, small, and compared."""

import re
import statistics
import tomllib
from pathlib import Path

import nbformat
import pytest

from xraylab import course
from xraylab.course import build, notebooks

IGNORE = "nbval-ignore-output"
SOURCES = build.sources()
IGNORED = Path(__file__).with_name("ignored.toml")
HOME_PATH = re.compile(r"(?<![\w.:/])/(home|root|Users|tmp|var|opt|mnt|usr)/|[A-Z]:\\")
LINE = 110  # characters of a printed line that a page shows without breaking it
A_BAR = re.compile(r"\d+%\|")


EDITIONS = [
    pytest.param(source, solved, id=f"{source.stem}{'-solved' * solved}")
    for source in SOURCES
    for solved in (False, True)
]


def each_lesson(test):
    return pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem)(test)


def each_edition(test):
    return pytest.mark.parametrize(("source", "solved"), EDITIONS)(test)


def read_stored(source, solved=False):
    path = build.editions(source)[solved]
    assert path.is_file(), f"{path.name} is missing: make notebooks"
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts_of(cell):
    """What nbval compares: all outputs but images."""
    for output in cell.outputs:
        if "text" in output:
            yield output["text"]
        for kind, value in output.get("data", {}).items():
            if not kind.startswith("image/"):
                yield value


def without_outputs(cell):
    return cell.id, cell.cell_type, cell.source, dict(cell.metadata)


def is_ignored(cell):
    return IGNORE in cell.metadata.get("tags", [])


def test_every_notebook_has_a_source_and_the_other_way_round():
    folders = (".", notebooks.SOLVED, notebooks.CLEAN)
    stored = {
        (folder, file.stem)
        for folder in folders
        for file in (notebooks.NOTEBOOKS / folder).glob("*.ipynb")
    }
    assert stored == {(folder, s.stem) for folder in folders for s in SOURCES}


@each_edition
def test_it_equals_its_source(source, solved):
    ours = read_stored(source, solved)
    built = build.read_source(source, solved=solved)
    assert list(map(without_outputs, ours.cells)) == list(
        map(without_outputs, built.cells)
    ), f"{source.stem} differs from its source: make notebooks"
    assert ours.metadata == built.metadata


@each_lesson
def test_its_clean_edition_is_its_source_without_outputs(source):
    clean = notebooks.NOTEBOOKS / notebooks.CLEAN / f"{source.stem}.ipynb"
    built = nbformat.writes(build.read_source(source))
    said = f"{source.stem} differs from its source: make notebooks, or make stamp"
    assert clean.read_text("utf-8") == f"{built}\n", said
    assert not any(cell.outputs for cell in code_cells(nbformat.reads(built, 4)))


def test_every_clean_edition_has_a_source():
    clean = (notebooks.NOTEBOOKS / notebooks.CLEAN).iterdir()
    assert {file.name for file in clean} == {f"{s.stem}.ipynb" for s in SOURCES}


@each_edition
def test_it_ran_from_top_to_bottom(source, solved):
    cells = code_cells(read_stored(source, solved))
    # without a count a cell is not compared at all
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert "error" not in kinds


@each_edition
def test_nothing_in_it_belongs_to_one_machine(source, solved):
    notebook = read_stored(source, solved)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in code_cells(notebook):
        assert build.WIDGET not in str(cell.outputs)
        assert all(output.get("name") != "stderr" for output in cell.outputs)
        for text in [cell.source, *texts_of(cell)]:
            assert not HOME_PATH.search(text), text
            assert not A_BAR.search(text), text


@each_edition
def test_its_printed_lines_fit_a_page(source, solved):
    for cell in code_cells(read_stored(source, solved)):
        for output in cell.outputs:
            for line in output.get("text", "").splitlines():
                assert len(line) <= LINE, line


@each_edition
def test_it_keeps_the_rules_of_lessons(source, solved):
    notebook = read_stored(source, solved)
    assert build.editions(source)[solved].stat().st_size < 300_000
    for cell in code_cells(notebook):
        assert not re.search(r"\bcuda\b", cell.source, re.I)
        assert not re.search(r"pip install.*\b(torch|numpy)", cell.source)
        assert "../.." not in cell.source
        assert len(cell.source.splitlines()) <= 25
        assert not cell.source.rstrip().endswith(";"), "assign to _ instead"
    prose = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    assert "Not for clinical use" in prose
    assert course.list_lessons().set_index("lesson").loc[source.stem, "question"]


@each_edition
def test_each_image_is_described_in_words(source, solved):
    for cell in code_cells(read_stored(source, solved)):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                words = output.metadata.get("image/png", {}).get("alt", "")
                first = cell.source.splitlines()[-1]
                assert len(words.split()) >= 6, f'say alt="..." of {first}'
                assert words[0].isupper(), words
                assert words.endswith("."), words
                assert "No description" not in words


@each_edition
def test_its_links_lead_somewhere(source, solved):
    folder = build.editions(source)[solved].parent
    for cell in read_stored(source, solved).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)#\s]+)\)", cell.source):
                if "://" not in target:
                    assert (folder / target).exists(), target


@each_edition
def test_most_of_it_is_compared(source, solved):
    cells = code_cells(read_stored(source, solved))
    compared = [c for c in cells if not is_ignored(c) and any(texts_of(c))]
    assert len(compared) > sum(map(is_ignored, cells))
    for cell in cells:
        known = {IGNORE, "raises-exception", build.STARTER, build.SOLUTION}
        assert set(cell.metadata.get("tags", [])) <= known
        assert "NBVAL_" not in cell.source


def test_ignored_cells_are_those_of_the_list_each_with_a_reason():
    found = [
        (source.stem, cell.source.splitlines()[0])
        for source in SOURCES
        for cell in code_cells(build.read_source(source))
        if is_ignored(cell)
    ]
    listed = tomllib.loads(IGNORED.read_text("utf-8")).get("cell", [])
    assert sorted((c["lesson"], c["first_line"]) for c in listed) == sorted(found)
    for cell in listed:
        assert len(cell["reason"].split()) >= 3, cell


def test_report_of_the_lessons(capsys):
    """Only reported: how much is compared, and how long the cells are."""
    lines = [f"\n{'lesson':18} code compared ignored  lines/cell  words   kB"]
    for source in SOURCES:
        notebook = read_stored(source)
        cells = code_cells(notebook)
        lengths = [len(list(filter(None, c.source.splitlines()))) for c in cells]
        words = sum(
            len(c.source.split()) for c in notebook.cells if c.cell_type == "markdown"
        )
        size = (notebooks.NOTEBOOKS / f"{source.stem}.ipynb").stat().st_size
        n_ignored = sum(map(is_ignored, cells))
        n_compared = sum(not is_ignored(c) and any(texts_of(c)) for c in cells)
        lines.append(
            f"{source.stem:18} {len(cells):4} {n_compared:8} {n_ignored:7}"
            f" {statistics.median(lengths):6} to {max(lengths):2} {words:6}"
            f" {size / 1000:4.0f}"
        )
    with capsys.disabled():
        print("\n".join(lines))
