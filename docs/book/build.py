"""Build the book: lessons, glossary and an example of an audit, as web pages.

python docs/book/build.py build/book

No notebook is run: the pages show the outputs that the notebooks keep.
"""

import contextlib
import io
import shutil
import sys
import tempfile
from pathlib import Path

import pages
from sphinx.cmd.build import build_main

from xraylab import cli

HERE = Path(__file__).parent
MENDS = {  # what theme and tables leave to mend for those who cannot see -> how
    'role="heading">': 'role="heading" aria-level="2">',
    '<aside class="sidebar-drawer': '<aside aria-label="Book" class="sidebar-drawer',
    '<aside class="toc-drawer': '<aside aria-label="This page" class="toc-drawer',
    '<summary aria-label="Toggle hidden content">': "<summary>",
    "<th></th>": "<td></td>",
    '<div id="search-results">': '<h1>Search</h1><div id="search-results">',
}


def main(out: str) -> int:
    """Build the book in a folder; any warning of Sphinx's is an error, code 1."""
    places = pages.find_pages()
    with tempfile.TemporaryDirectory() as folder:
        for source, place in places.items():
            page = Path(folder, place)
            page.parent.mkdir(parents=True, exist_ok=True)
            if source.suffix == ".png":
                shutil.copyfile(pages.ROOT / source, page)
            else:
                page.write_text(pages.make_page(source, places), "utf-8")
        strict = ["-q", "-W", "--keep-going"]
        code = build_main([*strict, "-b", "html", "-c", str(HERE), folder, out])
    for page in Path(out).rglob("*.html"):
        page.write_text(mend(page.read_text("utf-8")), "utf-8")
    return code or write_audit(Path(out, "look-up/audit-example.html"))


def mend(html: str) -> str:
    """Make a page of Sphinx's pass an automatic check of accessibility."""
    for faulty, right in MENDS.items():
        html = html.replace(faulty, right)
    return html


def write_audit(page: Path) -> int:
    """Write the page that `xraylab audit` makes of the built-in images."""
    with (
        tempfile.TemporaryDirectory() as home,
        contextlib.redirect_stdout(io.StringIO()),
    ):
        images = f"{home}/built-in-images"
        return cli.main(["phantom", "--out", images]) or cli.main(
            ["audit", images, "--html", str(page)]
        )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
