"""The built book: whole, without a network, and with no answer lying open."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import nbformat
import pytest

from xraylab.course import notebooks

LOADED = {  # tags that load something, and the attribute that says what
    **dict.fromkeys(("script", "img", "iframe", "source", "video"), "src"),
    "link": "href",
}

EDITIONS = [*notebooks.notebooks(), *notebooks.solutions()]


class Page(HTMLParser):
    """What a page links to, loads and shows, and what of its text lies folded."""

    def __init__(self, html):
        super().__init__()
        self.links, self.loaded, self.images, self.ids = [], [], [], set()
        self.folds, self.n_folded = {True: "", False: ""}, 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids |= {attrs.get("id")}
        self.n_folded += tag == "details"
        if tag == "a" and "href" in attrs:
            self.links.append(attrs["href"])
        if tag in LOADED and attrs.get(LOADED[tag]):
            self.loaded.append(attrs[LOADED[tag]])
        if tag == "img":
            self.images.append(attrs)

    def handle_endtag(self, tag):
        self.n_folded -= tag == "details"

    def handle_data(self, data):
        self.folds[self.n_folded > 0] += data


@pytest.fixture(scope="module")
def pages(book):
    files = [file.resolve() for file in book.rglob("*.html")]
    return {file: Page(file.read_text("utf-8")) for file in files}


def test_every_link_leads_somewhere(pages):
    for file, page in pages.items():
        for link in [*page.links, *page.loaded]:
            if re.match(r"(\w+:)?//|data:|mailto:", link):
                continue
            address, _, anchor = unquote(link).partition("#")
            path = address.partition("?")[0]
            target = file.parent.joinpath(path).resolve() if path else file
            assert target.is_file(), f"{file.name}: {link}"
            if anchor and target.suffix == ".html":
                assert anchor in pages[target].ids, f"{file.name}: {link}"


def test_nothing_is_loaded_from_the_web(book, pages):
    for file, page in pages.items():
        from_web = [what for what in page.loaded if re.match(r"(\w+:)?//", what)]
        assert not from_web, file.name
    for file in [*book.rglob("*.css"), *book.rglob("*.html")]:
        text = file.read_text("utf-8")
        assert not re.search(r"url\(\s*[\"']?(https?:)?//|@import", text), file.name


def test_every_image_has_a_text(pages):
    images = [image for page in pages.values() for image in page.images]
    assert len(images) > 20
    for image in images:
        assert len(image["alt"]) > 20
        assert not image["alt"].endswith(".png")


def test_every_page_says_licence_and_not_for_clinical_use(pages):
    for file, page in pages.items():
        text = " ".join(page.folds[False].split())
        assert "Not for clinical use" in text, file.name
        if file.name != "audit-example.html":
            assert "CC BY 4.0. Code: BSD 3-Clause. Not for clinical use." in text


@pytest.mark.parametrize("file", EDITIONS, ids=lambda file: "-".join(file.parts[-2:]))
def test_what_a_guess_asks_lies_folded(file, book, pages):
    cells = nbformat.read(file, as_version=4).cells
    folder = "solutions" if file.parent.name == "solutions" else "lessons"
    page = pages[book.resolve() / folder / f"{file.stem}.html"]
    guessed = set()
    for cell in cells:
        guessed |= set(re.findall(r'lesson\.guess\(\s*"([^"]+)"', cell.source))
        kept = set(re.findall(r'keep_truth\(\s*"([^"]+)"', cell.source))
        for output in cell.get("outputs", []) if kept & guessed else []:
            if text := output.get("text", "").strip():
                assert text in page.folds[True]
                assert text not in page.folds[False]


def test_the_audit_is_the_one_of_the_built_in_images(book, pages):
    text = pages[book.resolve() / "look-up/audit-example.html"].folds[False]
    assert "Audit of built-in-images" in text
    assert "Images in several splits" in text


def test_no_lesson_installs_anything_or_offers_hints(book, pages):
    for file, page in pages.items():
        if file.parent.name in {"lessons", "solutions"}:
            text = "".join(page.folds.values())
            assert "%pip" not in text
            assert "# lesson.hint" not in text
