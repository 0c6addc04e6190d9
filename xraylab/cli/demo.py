"""demo: a run's panel as a page of its own, served by Voila."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

from xraylab import images
from xraylab.cli import arguments
from xraylab.cli.arguments import Answer, Verbs
from xraylab.errors import InputError

# Room for what the panel then refuses in words: above it the connection would end.
MAX_MESSAGE_BYTES = 1_000_000_000
IDLE_SECONDS = 60  # a kernel that nobody is connected to ends after so long


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its arguments."""
    text = "serve a page that answers for images"
    verb = arguments.add_verb(verbs, "demo", demo, text)
    verb.add_argument(
        "run_folder",
        nargs="?",
        type=arguments.folder,
        metavar="RUN",
        help="default: the run of lesson 07, trained where it is missing",
    )
    arguments.add_merge(verb)
    verb.add_argument(
        "--port",
        type=arguments.port,
        default=8866,
        metavar="N",
        help="of the page (default: 8866)",
    )
    verb.add_argument("--no-browser", action="store_true", help="open no browser")


def demo(args: argparse.Namespace) -> Answer:
    """Serve the page until it is interrupted.

    Raises
    ------
    xraylab.errors.InputError
        If Voila is not installed.
    """
    if find_spec("voila") is None:
        raise InputError(
            "the page needs voila, found none. Install the notebook packages: "
            'pip install "xraylab[lab]"'
        )
    # in a process of its own, since training takes memory that the server needs not
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        page = pool.submit(prepare, args.run_folder, args.merge).result()
    with tempfile.TemporaryDirectory(prefix="xraylab-demo-") as folder:
        file = write_notebook(Path(folder), **page)
        serve(file, port=args.port, open_browser=not args.no_browser)
    return {"run": page["run_folder"]}, "The page is closed.", 0


def prepare(run_folder: Path | None, merge: Path | None = None) -> dict:
    """Find a run and its samples; without a run, train the one of lesson 07.

    The samples are in the merge it was trained on, or in one given.

    Returns
    -------
    dict
        What `xraylab.prediction.demo_page` takes. No samples where the images of the
        run are no longer there.
    """
    from xraylab import prediction, training

    if run_folder is None:
        run_folder = _train()
    run = training.load_run(run_folder)
    page = {"run_folder": str(run_folder.resolve()), "samples": {}}
    try:
        own = training.origin.find_rows(run, run.table, merge)
    except (InputError, OSError) as error:
        print(f"no samples: {error}", file=sys.stderr)
        return page | {"data_name": "images that were not found"}
    rows = own.rows.assign(path=own.rows["now"])
    samples = prediction.choose_samples(rows, own.root)
    page["samples"] = {name: str(path) for name, path in samples.items()}
    names = {"all": "simulated images", "some": "images, some of them simulated"}
    name = names.get(run.simulated, f"the images in {own.root.name}")
    return page | {"data_name": name}


def _train() -> Path:
    """Train the network of lesson 07, or find it trained."""
    from xraylab import data, training
    from xraylab.course import lesson

    with redirect_stdout(sys.stderr):
        here = lesson.start(7)
    folder = here.folder / "official"
    if not training.disk.is_finished(folder):
        text = "No RUN is given: the network of lesson 07 is trained first, and kept."
        print(f"{text} Then the page opens.", file=sys.stderr)
    data.merge(here.root).save(here.merge_folder)
    training.train(here.merge_folder, "official", here.recipe, folder)
    return folder


def write_notebook(folder: Path, **page: object) -> Path:
    """Write the page's notebook, of a single cell, and return its file."""
    from nbformat import v4, write

    arguments = ", ".join(f"{name}={value!r}" for name, value in page.items())
    code = f"from xraylab import prediction\nprediction.demo_page({arguments})"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"title": "Chest X-ray demo", "kernelspec": kernel}
    notebook = v4.new_notebook(cells=[v4.new_code_cell(code)], metadata=about)
    file = folder / "demo.ipynb"
    write(notebook, file)
    return file


def serve(file: Path, *, port: int, open_browser: bool) -> None:
    """Serve a notebook as a page, with one kernel made ready for the next visit."""
    from traitlets.config import Config
    from voila.app import Voila

    os.environ["XRAYLAB_UPLOAD_MB"] = str(images.MAX_BYTES // 1_000_000)
    config = Config()
    config.Voila.ip = "127.0.0.1"
    config.Voila.port = port
    config.Voila.open_browser = open_browser
    config.Voila.tornado_settings = {
        "websocket_max_message_size": MAX_MESSAGE_BYTES,
        # else Voila refuses its own page's word that a kernel may go; it names the
        # kernel by an id that no other page knows
        "disable_check_xsrf": True,
    }
    config.VoilaConfiguration.preheat_kernel = True
    config.VoilaConfiguration.show_tracebacks = False
    config.MappingKernelManager.cull_idle_timeout = IDLE_SECONDS
    config.MappingKernelManager.cull_interval = IDLE_SECONDS // 4
    Voila.launch_instance(argv=[str(file)], config=config)
