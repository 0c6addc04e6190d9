"""The lessons in a real JupyterLab and a real Voilà page, light and dark.

Every lesson is run through, and every widget in it is drawn and used.
"""

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
CELLS = [
    "from xraylab.course import lesson",
    'lesson.guess("naive accuracy")',
    'lesson.check("accuracy from counts", lambda counts: 2)',
]
SOURCES = build.sources()
expect.set_options(timeout=60_000)  # a kernel answers late on a busy machine
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

    def __init__(self, address, root):
        self.address, self.root = address, root

    def show(self, page, name):
        """Open a notebook, and run all of its cells."""
        page.goto(f"{self.address}/lab/tree/{name}.ipynb?reset", timeout=SLOW_MS)
        page.get_by_text(IDLE).wait_for(timeout=SLOW_MS)
        self.choose(page, "Run", 'li[data-command="runmenu:run-all"]')
        # a cell that has run is numbered; one that has not begun to wait has no star
        cells = nbformat.read(self.root / f"{name}.ipynb", as_version=4).cells
        n_cells = sum(has_prompt(cell) for cell in cells)
        prompts = page.locator(".jp-CodeCell .jp-InputArea-prompt")
        ran = prompts.filter(has_text=re.compile(r"^\[\d+\]:$"))
        expect(ran).to_have_count(n_cells, timeout=SLOW_MS)
        page.get_by_text(IDLE).wait_for(timeout=SLOW_MS)

    def darken(self, page, name):
        """Choose the dark theme; what has run stays."""
        self.choose(page, "Settings", "text=Theme", "text=JupyterLab Dark")
        dark = page.locator('body[data-jp-theme-name="JupyterLab Dark"]')
        dark.wait_for(state="attached")

    def choose(self, page, menu, *items):
        page.locator(".lm-MenuBar-itemLabel", has_text=menu).first.click()
        for item in items:
            page.locator(".lm-Menu").locator(item).first.click()


def has_prompt(cell):
    """Say whether JupyterLab numbers a cell: it runs and is not folded away."""
    folded = cell.metadata.get("jupyter", {}).get("source_hidden", False)
    return cell.cell_type == "code" and not folded


class Voila:
    """Voilà, which runs all cells before it shows the page, without the code."""

    def __init__(self, address, root):
        self.address = address

    def show(self, page, name, theme="light"):
        """Open a notebook in a theme."""
        address = f"{self.address}/voila/render/{name}.ipynb?theme={theme}"
        page.goto(address, timeout=SLOW_MS)
        page.locator("#rendered_cells").wait_for(timeout=SLOW_MS)
        # each output comes as a script that the page then draws
        to_draw = 'script[type="application/vnd.voila.cell-output+json"]'
        expect(page.locator(to_draw)).to_have_count(0, timeout=SLOW_MS)

    def darken(self, page, name):
        """Open it anew in the dark theme."""
        self.show(page, name, "dark")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The lessons without outputs, and a small notebook."""
    folder = tmp_path_factory.mktemp("lessons")
    small = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in CELLS])
    small.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    (folder / "root").mkdir()
    (folder / "cache").mkdir()
    nbformat.write(small, folder / "root/small.ipynb")
    for source in SOURCES:
        lesson = build.read_source(source)
        nbformat.write(lesson, folder / f"root/{source.stem}.ipynb")
    return folder


def start(kind, folder):
    """Start a server for the lessons; a kernel ends soon after its page was left."""
    if kind is Lab:
        command, path = lab_command(folder / "root"), "/api"
        command += ["--MappingKernelManager.cull_idle_timeout=60"]
        command += ["--MappingKernelManager.cull_interval=15"]
    else:
        command = ["voila", str(folder / "root"), "--no-browser", "--port={port}"]
        # so that Voilà takes its own page's word that a kernel may go; by idle time it
        # would end before a slow page has found it
        command += ["--Voila.tornado_settings={{'disable_check_xsrf': True}}"]
        path = "/voila/static/voila.js"
    env = build.fresh_environment(folder / "cache") | {
        "XRAYLAB_DATA": "built-in",
        "XRAYLAB_MODE": "smoke",
        "JUPYTERLAB_SETTINGS_DIR": str(folder / kind.__name__),
    }
    return serving(command, log=folder / f"{kind.__name__}.log", path=path, **env)


@pytest.fixture(scope="module", params=[Lab, Voila], ids=["lab", "voila"])
def server(request, browser, folder):
    with start(request.param, folder) as address:
        yield request.param(address, folder / "root")


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport=SCREEN, reduced_motion="reduce")
    page.set_default_timeout(60_000)
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
            typed.fill(asked)
            assert typed.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
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
    return panel.count()


def use_panel(page):
    """Ask for another sample, and for an image of one's own."""
    panel = Panel(page)
    before = panel.answer.inner_text()
    panel.sample.select_option(index=1)
    expect(panel.answer).not_to_have_text(before, use_inner_text=True)
    panel.wait_for("File: ")
    return panel.image.count()


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
    page.set_viewport_size(SCREEN)


def go_through(page, server, folder, name, uses):
    """Open a notebook, use what is to be used, and look at it light and dark.

    `uses` maps what uses a kind of widget to how many there are.
    """
    fields = page.get_by_role("button", name="Seal")
    n_guesses = uses.get(use_guesses, 0)
    build.fresh_environment(folder / "cache")  # no guess was made before
    server.show(page, name)
    expect(fields).to_have_count(n_guesses)
    for use, n_widgets in uses.items():
        assert use(page) == n_widgets
    look_over(page, f"{type(server).__name__}-{name}-light")
    build.fresh_environment(folder / "cache")
    server.darken(page, name)
    expect(fields).to_have_count(n_guesses)
    look_over(page, f"{type(server).__name__}-{name}-dark")


def test_a_guess_is_typed_and_sealed_and_a_check_answers(page, server, folder):
    go_through(page, server, folder, "small", {use_guesses: 1})
    box = page.locator(".jp-OutputArea-output", has_text="Not yet · accuracy")
    expect(box).to_contain_text("A number from 0 to 1 is needed, found 2.")
    page.get_by_label("Your guess").fill("96")
    page.get_by_role("button", name="Seal").click()
    said = page.locator(".widget-html-content")
    expect(said).to_contain_text("Did you mean 0.96?")


@pytest.mark.long
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_lesson_runs_through(page, server, folder, source):
    text = source.read_text("utf-8")
    uses = {use: text.count(sign) for sign, use in USES.items() if sign in text}
    go_through(page, server, folder, source.stem, uses)
    assert page.get_by_text("Not tried yet").count() >= 1
