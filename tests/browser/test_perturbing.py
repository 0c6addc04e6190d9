"""The panel of changes in a real browser: in JupyterLab, and as a page by Voilà."""

import nbformat
import pytest
from nbformat import v4
from playwright.sync_api import expect

from tests.browser.conftest import keep_screenshot, lab_command, serving
from tests.browser.test_panel import SCREEN, SLOW_MS
from tests.browser.test_panel import run_folder as run_folder
from xraylab.cli import demo
from xraylab.explanation import PERTURBATIONS


@pytest.fixture(scope="module")
def notebook(run_folder, tmp_path_factory):
    arguments = demo.prepare(run_folder)
    code = (
        "from xraylab import prediction\n"
        f"predictor = prediction.Predictor({arguments['run_folder']!r})\n"
        f"prediction.perturbation_widget(predictor, {arguments['samples']!r})"
    )
    file = tmp_path_factory.mktemp("perturbing") / "panel.ipynb"
    made = v4.new_notebook(cells=[v4.new_code_cell(code)])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(made, file)
    return file


@pytest.fixture(scope="module", params=["lab", "voila"])
def page(request, browser, notebook):
    home = notebook.parent
    command, way = lab_command(home), "/lab/tree/panel.ipynb"
    if request.param == "voila":
        command = ["voila", str(notebook), "--no-browser", "--port={port}"]
        way = "/"
    settings = {"JUPYTERLAB_SETTINGS_DIR": str(home / "new")}
    with serving(command, log=home / f"{request.param}.log", **settings) as address:
        page = browser.new_page(viewport=SCREEN)
        page.goto(f"{address}{way}", timeout=SLOW_MS)
        if request.param == "lab":
            page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=SLOW_MS)
            page.locator(".jp-Notebook-cell .cm-content").first.click()
            page.keyboard.press("Shift+Enter")
        page.get_by_text("The change leaves the answer").wait_for(timeout=SLOW_MS)
        yield page
        keep_screenshot(page, f"perturbing-{request.param}.png")
        page.goto("about:blank")  # closing alone tells the server nothing
        page.close()


def test_a_press_on_the_slider_moves_image_and_answer(page):
    answer = page.locator(".widget-html-content", has_text="File: ")
    image = page.locator("img.widget-image")
    page.get_by_label("Change", exact=True).select_option("brightness")
    expect(answer).to_contain_text("brightness, dose 0", timeout=SLOW_MS)
    before = image.get_attribute("src")
    handle = page.locator(".noUi-handle")
    doses = PERTURBATIONS["brightness"].doses
    for dose in doses[doses.index(0) + 1 :]:
        handle.focus()
        page.keyboard.press("ArrowRight")
        expect(answer).to_contain_text(f"brightness, dose {dose:g},", timeout=SLOW_MS)
    expect(image).not_to_have_attribute("src", before, timeout=SLOW_MS)
    expect(image).to_be_visible()
    page.get_by_label("Sample", exact=True).select_option(index=1)
    expect(answer).to_contain_text(f"dose {doses[-1]:g},", timeout=SLOW_MS)
