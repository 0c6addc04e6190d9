"""Notebooks without outputs, for learners: nobody reads the answer under the question.

`setup.py` runs this file by itself to put the lessons into a wheel, so it needs
nothing but Python.
"""

import json


def clean(text: str) -> str:
    """Give the text of a notebook file without outputs and counts."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
