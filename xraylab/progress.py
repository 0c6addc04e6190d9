"""Progress bars, for people who wait: on stderr, or as a widget in a notebook."""

from __future__ import annotations

import os
import sys

from tqdm.auto import tqdm


def progress_bar(*things: object, progress: bool = True, **options: object) -> tqdm:
    """Make a bar; silent without `progress`, or where XRAYLAB_PROGRESS is 0."""
    return tqdm(*things, disable=not is_shown(progress), **options)


def is_shown(progress: bool = True) -> bool:
    """Say whether people want to see how far work is."""
    return progress and os.environ.get("XRAYLAB_PROGRESS") != "0"


def is_notebook() -> bool:
    """Say whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    return hasattr(ipython and ipython.get_ipython(), "kernel")
