"""A drawing as SVG, to stand inside a page that needs nothing else."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable

import matplotlib.pyplot as plt
from matplotlib.axes import Axes


def as_svg(draw: Callable[[], Axes]) -> str:
    """Draw, and return the figure as one `<svg>` element; the figure is closed.

    Text stays text, for the reader's fonts, and nothing tells one run from the next.
    """
    out = io.StringIO()
    same = {"svg.fonttype": "none", "svg.hashsalt": "xraylab"}
    with plt.rc_context(same), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure = draw().figure
        figure.savefig(out, format="svg", metadata={"Date": None})
    plt.close(figure)
    svg = out.getvalue()
    return svg[svg.index("<svg") :]
