"""Progress bars, for people who wait: on stderr, or as a widget in a notebook."""

from __future__ import annotations

import os

from tqdm.auto import tqdm


def progress_bar(*things: object, progress: bool = True, **options: object) -> tqdm:
    """Make a bar; silent without `progress`, or where XRAYLAB_PROGRESS is 0."""
    silent = not progress or os.environ.get("XRAYLAB_PROGRESS") == "0"
    return tqdm(*things, disable=silent, **options)
