"""The panel in a real browser: as a page of its own, and in JupyterLab.

A Jupyter server ends the connection at a message above 10 MB. The panel's servers let
more through, and the panel refuses in words what is too large to read.
"""

import time
from dataclasses import replace

import nbformat
import numpy as np
import pytest
from nbformat import v4
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import keep_screenshot, lab_command, serving
from tests.conftest import blob_image
from tests.training.test_loop import TINY
from xraylab import data, training
from xraylab.cli import demo

SCREEN = {"width": 1280, "height": 800}
SLOW_MS = 90_000


@pytest.fixture(scope="module")
def run_folder(three_sources, tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel")
    data.merge(three_sources, progress=False).save(folder / "merge")
    recipe = replace(TINY, size_px=32)
    training.train(
        folder / "merge", "naive-merge", recipe, folder / "run", progress=False
    )
    return folder / "run"


@pytest.fixture(scope="module")
def page_log(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "log"


@pytest.fixture(scope="module")
def page_server(browser, run_folder, page_log):
    command = ["xraylab", "demo", str(run_folder), "--no-browser", "--port={port}"]
    with serving(command, log=page_log, path="/voila/static/voila.js") as address:
        yield address


@pytest.fixture(scope="module")
def lab_server(browser, run_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    arguments = demo.prepare(run_folder)
    del arguments["data_name"]
    code = (
        "from xraylab import prediction\n"
        f"predictor = prediction.Predictor({arguments['run_folder']!r})\n"
        f"prediction.prediction_widget(predictor, {arguments['samples']!r})"
    )
    notebook = v4.new_notebook(cells=[v4.new_code_cell(code)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "panel.ipynb")
    command, settings = lab_command(folder), str(folder / "new")
    with serving(
        command, log=folder / "log", path="/api", JUPYTERLAB_SETTINGS_DIR=settings
    ) as address:
        yield address


class Panel:
    """What people do with the panel, and what they see."""

    def __init__(self, page):
        self.page = page
        self.sample = page.get_by_label("Sample", exact=True)
        self.answer = page.locator(".widget-html-content", has_text="File: ")
        self.image = page.locator("img.widget-image")
        self.wait_for("File: ")

    def wait_for(self, text):
        expect(self.answer).to_contain_text(text, timeout=SLOW_MS)
        expect(self.answer).not_to_contain_text("Looking at it", timeout=SLOW_MS)
        return self.answer.inner_text()

    def upload(self, file):
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Your image").click()
        chooser.value.set_files(file)
        return self.wait_for(f"File: {file.name}")


@pytest.fixture(scope="module", params=["page", "lab"])
def panel(request, browser):
    page = browser.new_page(viewport=SCREEN)
    if request.param == "page":
        page.goto(request.getfixturevalue("page_server"))
    else:
        page.goto(f"{request.getfixturevalue('lab_server')}/lab/tree/panel.ipynb")
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=SLOW_MS)
        page.locator(".jp-Notebook-cell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")
    yield Panel(page)
    page.goto("about:blank")  # closing alone tells the server nothing
    page.close()


def write_noise(file, n_bytes):
    """Write colour noise: a PNG of about so many bytes."""
    side = int((n_bytes / 3) ** 0.5)
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, compress_level=0)
    return file


def test_an_upload_above_the_plain_limit_is_answered_and_the_next_one_too(
    panel, tmp_path
):
    large = write_noise(tmp_path / "large.png", 15_000_000)
    small = tmp_path / "small.png"
    Image.fromarray(blob_image(1)).save(small)
    for file in (large, small, large):
        assert "Prediction: " in panel.upload(file)
        expect(panel.sample).to_have_value("")
        expect(panel.image).to_be_visible()


def test_an_upload_a_sample_and_the_same_upload_again(panel, tmp_path):
    file = tmp_path / "mine & <b>yours<b>.png"
    Image.fromarray(blob_image(1)).save(file)
    first = panel.upload(file)
    panel.sample.select_option(index=2)
    expect(panel.answer).not_to_contain_text(file.name, timeout=SLOW_MS)
    expect(panel.sample).not_to_have_value("")
    assert panel.upload(file) == first
    expect(panel.sample).to_have_value("")


def test_a_text_is_said_kindly_and_leaves_no_broken_image(panel, tmp_path):
    file = tmp_path / "letter.png"
    file.write_text("Dear network")
    assert "This is not an image I can read: " in panel.upload(file)
    expect(panel.image).to_be_hidden()
    panel.sample.select_option(index=1)
    expect(panel.answer).to_contain_text("Prediction: ", timeout=SLOW_MS)
    expect(panel.image).to_be_visible()


@pytest.mark.long
def test_at_the_limit_it_answers_and_above_it_says_so(panel, tmp_path):
    for n_bytes, said in [
        (5_000_000, "Prediction: "),
        (60_000_000, "Prediction: "),
        (101_000_000, "it has more than 100,000,000 bytes"),
        (5_000_000, "Prediction: "),
    ]:
        file = write_noise(tmp_path / f"{n_bytes}.png", n_bytes)
        started = time.perf_counter()
        assert said in panel.upload(file)
        print(f"{n_bytes:,} bytes: {time.perf_counter() - started:.1f} s")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_first_screen_is_title_notice_and_panel(browser, page_server, theme):
    page = browser.new_page(viewport=SCREEN)
    page.goto(f"{page_server}/?theme={theme}")
    panel = Panel(page)
    assert page.title() == "Chest X-ray demo"
    for what in (
        page.get_by_role("heading", name="Chest X-ray demo"),
        page.get_by_text("Not for clinical use").first,
        page.get_by_text("up to 100 MB"),
        panel.sample,
        panel.image,
        panel.answer,
    ):
        box = what.bounding_box()
        assert box["y"] + box["height"] <= SCREEN["height"]
    keep_screenshot(page, f"demo-{theme}.png")
    page.goto("about:blank")
    page.close()


def count_kernels(log):
    """Count the server's kernels by what it writes down."""
    text = log.read_text()
    return text.count("Kernel started: ") - text.count("Kernel shutdown: ")


def test_a_kernel_ends_when_its_page_is_left(browser, page_server, page_log):
    for _ in range(3):
        page = browser.new_page()
        page.goto(page_server)
        Panel(page)
        assert count_kernels(page_log) >= 1
        page.goto("about:blank")
        page.close()
    # the next one is made ready a second after a visit began
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and count_kernels(page_log) != 1:
        time.sleep(0.5)
    assert count_kernels(page_log) == 1
