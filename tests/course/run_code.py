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


def run(notebook):
    """Run all code cells but the installation; returns the text, and an error."""
    names, printed = {"__name__": "lesson"}, io.StringIO()
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
    started = time.process_time()
    printed, error = run(build.read_lesson(file))
    seconds = round(time.process_time() - started, 1)
    answer = {"lesson": file.stem, "error": error, "seconds": seconds}
    answer |= {"printed": printed, "package": xraylab.__file__}
    print(json.dumps(answer), flush=True)
