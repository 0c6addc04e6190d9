"""Run notebooks one after the other as Run All does; prints one line of JSON for each.

By itself, so that any environment can run it.
"""

import json
import sys
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

for path in sys.argv[1:]:
    notebook = nbformat.read(path, as_version=4)
    started, client = time.time(), NotebookClient(notebook, kernel_name="python3")
    try:
        client.execute()
    except CellExecutionError as error:
        stopped = error.ename
    else:
        stopped = ""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    texts = [
        [
            output.get("text", str(output.get("traceback", "")))
            for output in cell.outputs
        ]
        for cell in cells
    ]
    answer = {"stopped": stopped, "seconds": round(time.time() - started, 1)}
    answer["outputs"] = ["".join(text) for text in texts]
    print(json.dumps(answer), flush=True)
