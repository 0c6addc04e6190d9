"""JupyterLab opens lesson 00, as `make lab` starts it."""

import pytest

from tests.browser.conftest import keep_screenshot, lab_command, serving
from xraylab.course import notebooks


@pytest.fixture(scope="module")
def server(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    # as on the first start: nobody has answered a question yet
    settings = {"JUPYTERLAB_SETTINGS_DIR": str(folder / "new")}
    command = lab_command(notebooks.NOTEBOOKS)
    with serving(command, log=folder / "log", path="/api", **settings) as address:
        yield address


def test_lesson_00_opens_and_shows_its_outputs(browser, server):
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.goto(f"{server}/lab/tree/00_the_claim.ipynb")
    page.get_by_role("heading", name="00 · The claim").wait_for(timeout=90_000)
    page.wait_for_timeout(3_000)
    keep_screenshot(page, "lab.png")
    assert page.get_by_text("Not for clinical use").count() >= 1
    assert page.get_by_text("Jupyter news").count() == 0
    page.close()
