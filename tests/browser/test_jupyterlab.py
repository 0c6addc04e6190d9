"""JupyterLab opens lesson 00, as `make lab` starts it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from xraylab.course import notebooks

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs Chromium on the PATH")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "lab", "--ip=127.0.0.1", "--no-browser"]
    command += [f"--port={port}", "--IdentityProvider.token=", "--allow-root"]
    command += [f"--ServerApp.root_dir={notebooks.NOTEBOOKS}"]
    command += ["--LabApp.app_settings_dir=docs/jupyterlab"]
    # as on the first start: nobody has answered a question yet
    env = os.environ | {"JUPYTERLAB_SETTINGS_DIR": str(tmp_path_factory.mktemp("new"))}
    log = (tmp_path_factory.mktemp("lab") / "log").open("w")
    process = subprocess.Popen(
        command, cwd=notebooks.NOTEBOOKS.parent, env=env, stdout=log, stderr=log
    )
    _wait_for(f"http://127.0.0.1:{port}/api")
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(timeout=20)


def _wait_for(url):
    for _ in range(120):
        try:
            urllib.request.urlopen(url, timeout=2)
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise TimeoutError(f"{url} did not answer within a minute")


def test_lesson_00_opens_and_shows_its_outputs(server):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        page.goto(f"{server}/lab/tree/00_the_claim.ipynb")
        page.get_by_role("heading", name="00 · The claim").wait_for(timeout=90_000)
        page.wait_for_timeout(3_000)
        if "XRAYLAB_SCREENSHOTS" in os.environ:
            shots = Path(os.environ["XRAYLAB_SCREENSHOTS"])
            page.screenshot(path=shots / "lab.png")
        assert page.get_by_text("Not for clinical use").count() >= 1
        assert page.get_by_text("Jupyter news").count() == 0
        browser.close()
