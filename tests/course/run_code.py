"""Run the code of the lessons in one process; prints one line of JSON for each.

By itself, so that it can run with whichever xraylab is on the path.
"""

import contextlib
import io
import json
import sys
import time

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt

import xraylab
from xraylab.course import build
from xraylab.training import steps

begun = []  # the recipe of each training
start = steps.start


def start_and_note(recipe):
    """Begin a training, and keep its recipe."""
    begun.append(recipe)
    return start(recipe)


steps.start = start_and_note


def run(notebook, names):
    """Run all code cells but the installation; returns the text, and an error."""
    printed = io.StringIO()
    for cell in notebook.cells:
        if cell.cell_type == "code" and "%pip" not in cell.source:
            try:
                with contextlib.redirect_stdout(printed):
                    exec(compile(cell.source, "cell", "exec"), names)
            except Exception as error:
                first = cell.source.splitlines()[0]
                return printed.getvalue(), f"{type(error).__name__}: {error} ({first})"
        plt.close("all")
    return printed.getvalue(), ""


for file in build.runnable(sys.argv[1:]):
    started, names = time.process_time(), {"__name__": "lesson"}
    begun.clear()
    printed, error = run(build.read_lesson(file), names)
    seconds = round(time.process_time() - started, 1)
    own = names["here"].recipe if "here" in names else None
    n = sum(own.size_px == r.size_px and own.n_steps == r.n_steps for r in begun)
    answer = {"lesson": file.stem, "error": error, "seconds": seconds, "trainings": n}
    answer |= {"printed": printed, "package": xraylab.__file__}
    print(json.dumps(answer), flush=True)
