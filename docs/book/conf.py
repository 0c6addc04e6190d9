"""How Sphinx builds the book; `build.py` starts it."""

from pathlib import Path

project = html_title = "xraylab"
copyright = (
    "the xraylab authors. Text and figures: CC BY 4.0. Code: BSD 3-Clause. "
    "Not for clinical use."
)
language = "en"
highlight_language = "text"

extensions = ["myst_nb"]
nb_execution_mode = "off"  # the notebooks keep their outputs
nb_code_prompt_show = "Show the {type}"
nb_code_prompt_hide = "Hide the {type}"

html_theme = "furo"
html_static_path = [str(Path(__file__).parent / "static")]
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_use_index = False
html_copy_source = False
