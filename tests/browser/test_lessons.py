"""The lessons in a real JupyterLab and a real Voilà page, light and dark.

Every lesson is run through, and every widget in it is drawn and used.
"""

import json
import re

import nbformat
import pytest
from nbformat import v4
from playwright.sync_api import expect

from tests.browser.conftest import (
    find_violations,
    keep_screenshot,
    lab_command,
    serving,
)
from tests.browser.test_panel import Panel
from xraylab.course import build

SCREEN = {"width": 1280, "height": 800}
SLOW_MS = 300_000
IDLE = "Python 3 (ipykernel) | Idle"
HAS_RUN = re.compile(r"^\[\d+\]:$")
THEME_FILE = "@jupyterlab/apputils-extension/themes.jupyterlab-settings"
CELLS = [
    "from xraylab.course import lesson",
    'lesson.guess("naive accuracy")',
    'lesson.check("accuracy from counts", lambda counts: 2)',
]
SOURCES = build.sources()
OURS = [[".jp-OutputArea-output"], [".jp-RenderedMarkdown"]]
WHOLE = ".jp-WindowedPanel-outer, #rendered_cells, body"  # one of them scrolls
# a printed line must not be broken within a word, as it would be else
UNBROKEN = ".jp-OutputArea-output pre { white-space: pre !important; }"
TOO_WIDE = f"""() => [...document.querySelectorAll(
  '.jp-OutputArea-output, .jp-RenderedMarkdown, {WHOLE}')].filter(
  e => e.scrollWidth > e.clientWidth && e.clientWidth).map(
  e => [e.scrollWidth, e.clientWidth, e.innerText.slice(0, 200)])"""
TO_THE_TOP = f"""() => Math.max(...[...document.querySelectorAll('{WHOLE}')].map(
  e => {{ e.scrollTop = 0; return e.scrollHeight; }}))"""


class Lab:
    """JupyterLab, as `make lab` starts it, in which a reader runs all cells."""

    def __init__(self, address, folder):
        self.address, self.settings = address, folder / "settings"

    def show(self, page, name, theme):
        """Open a notebook in a theme, and run all of its cells."""
        file = (
            self.settings / "@jupyterlab/apputils-extension/themes.jupyterlab-settings"
        )
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"theme": f"JupyterLab {theme.title()}"}))
        page.goto(f"{self.address}/lab/tree/{theme}/{name}.ipynb?reset")
        page.get_by_text(IDLE).wait_for(timeout=SLOW_MS)
        page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
        page.locator('li[data-command="runmenu:run-all"]').first.click()
        # a cell that has run is numbered
        code = page.locator(".jp-CodeCell .jp-InputArea-prompt")
        n_cells = code.count()
        expect(code.filter(has_text=HAS_RUN)).to_have_count(n_cells, timeout=SLOW_MS)
        page.get_by_text(IDLE).wait_for(timeout=SLOW_MS)


class Voila:
    """Voilà, which runs all cells before it shows the page, without the code."""

    def __init__(self, address, folder):
        self.address = address

    def show(self, page, name, theme):
        """Open a notebook in a theme."""
        address = f"{self.address}/voila/render/{theme}/{name}.ipynb?theme={theme}"
        page.goto(address, timeout=SLOW_MS)
        page.locator("#rendered_cells").wait_for(timeout=SLOW_MS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The lessons without outputs and a small notebook, for each theme."""
    folder = tmp_path_factory.mktemp("lessons")
    small = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in CELLS])
    small.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    for theme in ("light", "dark"):
        (folder / "root" / theme).mkdir(parents=True)
        nbformat.write(small, folder / f"root/{theme}/small.ipynb")
        for source in SOURCES:
            lesson = build.read_source(source)
            nbformat.write(lesson, folder / f"root/{theme}/{source.stem}.ipynb")
    return folder


def start(kind, folder):
    """Start a server for the lessons; a kernel that nobody looks at soon ends."""
    command = lab_command(folder / "root")
    if kind is Voila:
        command = ["voila", str(folder / "root"), "--no-browser", "--port={port}"]
    command += ["--MappingKernelManager.cull_idle_timeout=20"]
    command += ["--MappingKernelManager.cull_interval=5"]
    env = build.fresh_environment(folder / "cache") | {
        "XRAYLAB_DATA": "built-in",
        "XRAYLAB_MODE": "smoke",
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
    }
    (folder / "cache").mkdir(exist_ok=True)
    path = "/voila/static/voila.js" if kind is Voila else "/api"
    return serving(command, log=folder / f"{kind.__name__}.log", path=path, **env)


@pytest.fixture(scope="module", params=[Lab, Voila], ids=["lab", "voila"])
def server(request, browser, folder):
    with start(request.param, folder) as address:
        yield request.param(address, folder)


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport=SCREEN, reduced_motion="reduce")
    yield page
    page.goto("about:blank")
    page.close()


def use_guesses(page):
    """Make a guess in each field, somewhat sure of it, and count them."""
    button = page.get_by_role("button", name="Seal")
    fields = page.locator(".widget-vbox", has=button).all()
    for field in fields:
        typed = field.get_by_label("Your guess")
        if asked := typed.get_attribute("placeholder"):  # a number from 0 to 1
            typed.fill(asked.split()[-1])
        else:
            typed.select_option(index=1)
        field.get_by_role("slider").press("ArrowRight")
        expect(field.locator(".widget-readout")).to_have_text("0.55")
        field.get_by_role("button", name="Seal").click()
        sealed = re.compile(r"^Sealed: .+\(55% sure\)")
        expect(field.locator(".widget-html-content")).to_have_text(sealed)
    return len(fields)


def use_copies(page):
    """Go to the next image, and to the copies of another kind."""
    kinds = page.get_by_label("Show", exact=True)
    panel = page.locator(".widget-vbox", has=kinds)
    files, image = panel.locator("table"), panel.locator("img")
    before = files.inner_text(), image.get_attribute("src")
    panel.get_by_role("slider").press("ArrowRight")
    expect(files).not_to_have_text(before[0], use_inner_text=True)
    expect(image).not_to_have_attribute("src", before[1])
    kinds.select_option("re-encoded")
    expect(files).to_contain_text("re-encoded")


def use_panel(page):
    """Ask for another sample, and for an image of one's own."""
    panel = Panel(page)
    before = panel.answer.inner_text()
    panel.sample.select_option(index=1)
    expect(panel.answer).not_to_have_text(before, use_inner_text=True)
    panel.wait_for("File: ")


USES = {"lesson.guess(": use_guesses, "copies_widget(": use_copies}
USES |= {"prediction_widget(": use_panel}


def look_over(page, name):
    """Hold a whole page to what everybody needs: no fault, nothing cut, legible."""
    for kind in ("jupyter.error", "jupyter.stderr"):
        shown = page.locator(f'[data-mime-type$="{kind}"]').all_inner_texts()
        assert shown == [], kind
    for fault in ("Error displaying widget", "There was an error when executing"):
        assert page.get_by_text(fault).count() == 0
    assert page.evaluate(TOO_WIDE) == []
    style = page.add_style_tag(content=UNBROKEN)
    assert page.evaluate(TOO_WIDE) == []
    style.evaluate("e => e.remove()")
    height = page.evaluate(TO_THE_TOP) + 150  # of the lab's own bars
    page.set_viewport_size(SCREEN | {"height": height})
    page.evaluate(TO_THE_TOP)
    page.wait_for_timeout(500)
    keep_screenshot(page, f"{name}.png")
    legible = {"context": {"include": OURS}, "runOnly": ["color-contrast"]}
    assert find_violations(page, **legible) == []


@pytest.mark.long
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_lesson_runs_through(page, server, folder, theme, source):
    build.fresh_environment(folder / "cache")  # no guess was made before
    server.show(page, source.stem, theme)
    assert page.get_by_text("Not tried yet").count() >= 1
    text = source.read_text("utf-8")
    for sign, use in USES.items():
        if sign in text:
            assert use(page) in (None, text.count(sign))
    look_over(page, f"{type(server).__name__}-{source.stem}-{theme}")


def test_a_guess_is_typed_and_sealed_and_a_check_answers(page, server, folder):
    build.fresh_environment(folder / "cache")
    server.show(page, "small", "dark")
    box = page.locator(".jp-OutputArea-output", has_text="Not yet · accuracy")
    expect(box).to_contain_text("A number from 0 to 1 is needed, found 2.")
    page.get_by_label("Your guess").fill("96")
    page.get_by_role("button", name="Seal").click()
    said = page.locator(".widget-html-content")
    expect(said).to_contain_text("Did you mean 0.96?", timeout=30_000)
    assert use_guesses(page) == 1
    look_over(page, f"{type(server).__name__}-small")
