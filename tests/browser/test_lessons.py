"""The lessons in a real JupyterLab: run all, guessed in, answered."""

import nbformat
import pytest
from nbformat import v4
from playwright.sync_api import expect

from tests.browser.conftest import keep_screenshot, lab_command, serving
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


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """A lab with a small notebook and all lessons, without outputs."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "root").mkdir()
    small = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in CELLS])
    small.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(small, folder / "root/small.ipynb")
    for source in SOURCES:
        lesson = build.read_source(source)
        nbformat.write(lesson, folder / f"root/{source.stem}.ipynb")
    env = build.fresh_environment(folder / "cache") | {
        "XRAYLAB_DATA": "built-in",
        "XRAYLAB_MODE": "smoke",
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
    }
    (folder / "cache").mkdir()
    command = lab_command(folder / "root")
    with serving(command, log=folder / "log", path="/api", **env) as address:
        yield address


def run_all(browser, address, name):
    """Open a notebook, run all of its cells, and give the page."""
    page = browser.new_page(viewport=SCREEN)
    page.goto(f"{address}/lab/tree/{name}.ipynb")
    page.get_by_text(IDLE).wait_for(timeout=SLOW_MS)
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.locator('li[data-command="runmenu:run-all"]').first.click()
    # a waiting cell shows a star; the last one is counted when all have run
    expect(page.get_by_text("[*]:")).to_have_count(0, timeout=SLOW_MS)
    page.get_by_text(IDLE).wait_for(timeout=SLOW_MS)
    return page


def test_a_guess_is_typed_and_sealed_and_a_check_answers(browser, lab):
    page = run_all(browser, lab, "small")
    box = page.locator(".jp-OutputArea-output", has_text="Not yet · accuracy")
    expect(box).to_contain_text("A number from 0 to 1 is needed, found 2.")
    page.get_by_label("Your guess").fill("96")
    page.get_by_role("button", name="Seal").click()
    said = page.locator(".widget-html-content")
    expect(said).to_contain_text("Did you mean 0.96?", timeout=30_000)
    page.get_by_label("Your guess").fill("0.96")
    page.get_by_role("button", name="Seal").click()
    expect(said).to_contain_text("Sealed: naive accuracy, 0.96 (50% sure).")
    keep_screenshot(page, "guess.png")
    page.close()


@pytest.mark.long
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_lesson_runs_through_in_the_lab(browser, lab, source):
    page = run_all(browser, lab, source.stem)
    assert page.locator('[data-mime-type$="jupyter.error"]').count() == 0
    assert page.locator('[data-mime-type$="jupyter.stderr"]').count() == 0
    assert page.get_by_text("Not tried yet").count() >= 1
    widgets = page.get_by_text("Error displaying widget")
    assert widgets.count() == 0
    outer = page.locator(".jp-WindowedPanel-outer").first
    assert outer.evaluate("e => e.scrollWidth - e.clientWidth") == 0
    keep_screenshot(page, f"{source.stem}.png")
    page.close()
