"""A notebook becomes a page: answers are folded, links lead on, images have texts."""

from pathlib import PurePosixPath

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from docs.book import pages
from xraylab import REPOSITORY
from xraylab.course import build, notebooks

PLACES = {
    PurePosixPath(source): PurePosixPath(place)
    for source, place in {
        "docs/book/index.md": "index.md",
        "docs/glossary.md": "glossary.md",
        "notebooks/00_the_claim.ipynb": "lessons/00_the_claim.ipynb",
        "notebooks/01_merging.ipynb": "lessons/01_merging.ipynb",
        "notebooks/solutions/00_the_claim.ipynb": "solutions/00_the_claim.ipynb",
    }.items()
}
LESSON, _, SOLUTIONS = list(PLACES)[2:]
ASKING, TELLING = "How many?", "Why? Because.\n\nThere are many."
GUESS, TRUTH = 'lesson.guess("share", None)', 'lesson.keep_truth("share", 1)'
EDITIONS = [*notebooks.notebooks(), *notebooks.solutions()]
OTHER_TRUTH = TRUTH.replace("share", "rate")
OUTPUT = v4.new_output("stream", text="90 %")


def notebook_of(*cells):
    """A notebook of texts and of code, each with an output."""
    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell(cell)
            if cell in (ASKING, TELLING)
            else v4.new_code_cell(cell, outputs=[OUTPUT])
            for cell in cells
        ]
    )


def folded(notebook):
    pages.fold_answers(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return ["hide-output" in cell.metadata.get("tags", []) for cell in code]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([TELLING, "a"], [False]),
        ([ASKING, "a", "b", TELLING, "c"], [True, True, False]),
        ([TELLING, GUESS, "a"], [False, False]),  # answered in another lesson
        ([TELLING, GUESS, "a", TELLING, TRUTH, "b"], [False, True, True, False]),
        ([ASKING, GUESS, TRUTH, "b"], [False, True, True]),
        ([GUESS, OTHER_TRUTH, TRUTH, "b"], [False, True, True, False]),
    ],
)
def test_what_answers_a_question_is_folded(cells, expected):
    assert folded(notebook_of(*cells)) == expected


@given(st.lists(st.sampled_from([ASKING, TELLING, GUESS, TRUTH, "a"]), max_size=9))
def test_no_answer_below_a_question_lies_open(cells):
    open_outputs = iter(folded(notebook_of(*cells)))
    is_asked = False
    for cell in cells:
        if cell in (ASKING, TELLING):
            is_asked = cell == ASKING
        elif not next(open_outputs):
            assert not is_asked or cell == GUESS


def test_tags_of_a_cell_stay():
    notebook = notebook_of(ASKING, "a")
    notebook.cells[1].metadata["tags"] = ["nbval-ignore-output"]
    pages.fold_answers(notebook)
    tags = notebook.cells[1].metadata["tags"]
    assert tags == ["nbval-ignore-output", "hide-output"]


@pytest.mark.parametrize(
    ("source", "link", "expected"),
    [
        (LESSON, "01_merging.ipynb", "01_merging.ipynb"),
        (LESSON, "../docs/glossary.md", "../glossary.md"),
        (LESSON, "../docs/glossary.md#auroc", "../glossary.md#auroc"),
        (LESSON, "solutions/00_the_claim.ipynb", "../solutions/00_the_claim.ipynb"),
        (SOLUTIONS, "../00_the_claim.ipynb", "../lessons/00_the_claim.ipynb"),
        (PurePosixPath("docs/book/index.md"), "../glossary.md", "glossary.md"),
        (LESSON, "https://example.org/a(b)", "https://example.org/a(b)"),
        (LESSON, "#below", "#below"),
        (LESSON, "nowhere.md", "nowhere.md"),
    ],
)
def test_links_lead_on_in_the_book(source, link, expected):
    assert pages.relink(f"[x]({link})", source, PLACES) == f"[x]({expected})"


def test_a_link_to_what_is_no_page_leads_to_the_repository():
    expected = f"[x]({REPOSITORY}/blob/main/LICENSE)"
    assert pages.relink("[x](../LICENSE)", LESSON, PLACES) == expected


def test_a_badge_becomes_words_below_the_title():
    badge = "[![Open in {0}](https://a.org/b.svg)](https://{0}.org/x?y=https://z)"
    badges = f"{badge.format('A')}\n{badge.format('B')}"
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell(f"{badges}\n\n# T\n\nt")])
    pages.prepare(notebook, list(PLACES)[3], PLACES)
    links = "[Open in {0}](https://{0}.org/x?y=https://z)"
    expected = f"# T\n\n{links.format('A')} ·\n{links.format('B')}\n\nt"
    assert notebook.cells[0].source == expected


def test_a_lesson_and_its_solutions_lead_to_each_other():
    page, note = {}, build.SOLVED_NOTE.format(name="00_the_claim")
    for source, above in ((LESSON, ""), (SOLUTIONS, f"{note}\n\n")):
        cell = v4.new_markdown_cell(f"{above}# 00 · A\n\nb")
        page[source] = v4.new_notebook(cells=[cell])
        pages.prepare(page[source], source, PLACES)
    first, last = page[LESSON].cells
    assert first.source == "# 00 · A\n\nb"
    assert "(../solutions/00_the_claim.ipynb)" in last.source
    [only] = page[SOLUTIONS].cells
    assert only.source.startswith("# 00 · A, solutions\n\n")
    assert "(../lessons/00_the_claim.ipynb)" in only.source
    assert only.source.endswith("\n\nb")


@pytest.mark.parametrize("code", [build.SETUP, build.HINTS.format(name="a task")])
def test_what_only_helps_to_run_is_left_out(code):
    notebook = notebook_of("a", code)
    notebook.cells.insert(0, v4.new_markdown_cell("# T"))
    pages.prepare(notebook, LESSON, PLACES)
    tags = [cell.metadata.get("tags", []) for cell in notebook.cells[:3]]
    assert tags == [[], [], ["remove-cell"]]


def test_a_task_that_waits_is_not_folded():
    notebook = notebook_of(ASKING, "a", "b")
    notebook.cells[1].metadata["tags"] = [build.STARTER]
    assert folded(notebook) == [False, True]


def test_a_lesson_without_solutions_promises_none():
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# 01\n\nb")])
    pages.prepare(notebook, PurePosixPath("notebooks/01_merging.ipynb"), PLACES)
    assert [cell.source for cell in notebook.cells] == ["# 01\n\nb"]


@pytest.mark.parametrize("file", EDITIONS, ids=lambda file: "-".join(file.parts[-2:]))
def test_each_image_of_a_lesson_has_its_text(file):
    for cell in nbformat.read(file, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        images = [o for o in cell.outputs if "image/png" in o.get("data", {})]
        alts = pages.find_alts(cell)
        assert len(alts) == len(images)
        assert len(set(alts)) <= 1, "one cell, one text: the page shows the first"
        assert all(len(alt) > 20 for alt in alts)


def test_every_lesson_and_text_is_a_page():
    found = pages.find_pages()
    assert len(set(found.values())) == len(found)
    places = {place.as_posix() for place in found.values()}
    assert {"index.md", "look-up/glossary.md", "behind/changes.md"} <= places
    lessons = {f"lessons/{file.name}" for file in notebooks.notebooks()}
    assert lessons == {place for place in places if place.startswith("lessons/")}


def test_a_new_text_or_image_in_docs_is_part_of_the_book(tmp_path):
    for name in ("docs/places.md", "docs/images/map.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert pages.find_pages(tmp_path) == {
        PurePosixPath("docs/places.md"): PurePosixPath("look-up/places.md"),
        PurePosixPath("docs/images/map.png"): PurePosixPath("drawings/map.png"),
    }
