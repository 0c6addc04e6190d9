"""A browser, and servers for it, started as people start them."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        pytest.skip("needs Chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@contextmanager
def serving(command, *, log, path="/", **env):
    """Run a server on a free port meanwhile, and give its address.

    `{port}` in the command stands for the port.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", *(part.format(port=port) for part in command)]
    env = os.environ | {"PYTHONPATH": str(ROOT)} | env
    with log.open("w") as out:
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out)
    try:
        _wait_for(f"http://127.0.0.1:{port}{path}", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(url, server, log):
    for _ in range(240):
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=2)
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise TimeoutError(f"{url} did not answer within two minutes\n{log.read_text()}")


def lab_command(root):
    """JupyterLab with the course's settings, as `make lab` starts it."""
    command = ["jupyter", "lab", "--ip=127.0.0.1", "--no-browser", "--allow-root"]
    command += ["--port={port}", "--IdentityProvider.token="]
    return [
        *command,
        "--config=docs/jupyterlab/server.py",
        f"--ServerApp.root_dir={root}",
    ]


def keep_screenshot(page, name):
    """Keep what the browser shows, where XRAYLAB_SCREENSHOTS names a folder."""
    if "XRAYLAB_SCREENSHOTS" in os.environ:
        page.screenshot(path=Path(os.environ["XRAYLAB_SCREENSHOTS"]) / name)


def find_violations(page, *, context=None, **options):
    """Run axe-core on what a page shows, or on a part of it, and list what it finds."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    options = {"resultTypes": ["violations"], **options}
    return [
        (fault["id"], node["html"][:100])
        for fault in axe.run(page, context, options).response["violations"]
        for node in fault["nodes"]
    ]
