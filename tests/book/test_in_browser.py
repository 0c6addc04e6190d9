"""The book in a real browser: for everybody, light and dark, wide and narrow."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import find_violations, keep_screenshot

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 800}
OPEN_ALL = "document.querySelectorAll('details').forEach(d => d.open = true)"
NO_COLOURS = {"color-contrast": {"enabled": False}}
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"


@pytest.fixture(scope="module", params=["light", "dark"])
def context(request, browser):
    # an answer that still fades in has too little contrast
    context = browser.new_context(color_scheme=request.param, reduced_motion="reduce")
    context.scheme = request.param
    yield context
    context.close()


def look_at(context, files):
    """Hold pages to what everybody needs, and give the addresses they load."""
    page = context.new_page()
    loaded = []
    page.on("request", lambda request: loaded.append(request.url))
    for file in files:
        page.set_viewport_size(WIDE)
        page.goto(file.as_uri())
        page.evaluate(OPEN_ALL)
        keep_screenshot(page, f"book-{file.stem}-{context.scheme}.png")
        assert page.evaluate(TOO_WIDE) <= 0, file.name
        assert find_violations(page) == [], file.name
        page.set_viewport_size(NARROW)
        page.wait_for_timeout(100)  # what became scrollable is made reachable
        assert page.evaluate(TOO_WIDE) <= 0, file.name
        # colours, which take longest, are those of the wide page
        assert find_violations(page, rules=NO_COLOURS) == [], file.name
    page.close()
    return loaded


def test_every_page_is_accessible_and_fits(context, book):
    files = [file for file in book.rglob("*.html") if file.parent.name != "solutions"]
    assert len(files) > 12
    loaded = look_at(context, sorted(files))
    assert [url for url in loaded if not url.startswith(("file:", "data:"))] == []


@pytest.mark.long
def test_the_solutions_are_accessible_and_fit(context, book):
    look_at(context, sorted(book.glob("solutions/*.html")))


def test_an_answer_is_hidden_until_asked(context, book):
    page = context.new_page()
    page.goto((book / "lessons/00_the_claim.html").as_uri())
    answer = page.get_by_text("test files show an image that is also in train")
    expect(answer).to_be_hidden()
    page.locator("details", has=answer).locator("summary").click()
    expect(answer).to_be_visible()
    page.close()


def test_search_finds_a_lesson(context, book):
    page = context.new_page()
    page.goto((book / "index.html").as_uri())
    page.get_by_label("Search").fill("leakage")
    page.keyboard.press("Enter")
    found = page.locator("#search-results a")
    expect(found.filter(has_text="00 · The claim").first).to_be_visible()
    found.filter(has_text="Glossary").first.click()
    expect(page.get_by_role("heading", name="Glossary")).to_be_visible()
    page.close()


def test_dark_can_be_chosen(browser, book):
    page = browser.new_page(color_scheme="light")
    page.goto((book / "index.html").as_uri())
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    button = page.locator(".theme-toggle-content button")
    for _ in range(3):  # light, dark, as the system has it
        button.click()
        if page.locator("body").get_attribute("data-theme") == "dark":
            break
    assert page.evaluate(ground) != light
    page.close()
