"""A figure as text."""

import matplotlib.pyplot as plt

from tests.plots.conftest import DATA
from xraylab import plots


def test_as_svg_is_the_same_twice_and_leaves_no_figure_open(predictions):
    def draw():
        return plots.plot_reliability(predictions, data_name=DATA)

    svg = plots.as_svg(draw)
    assert svg.startswith("<svg")
    assert svg == plots.as_svg(draw)
    assert "share with pneumonia</text>" in svg  # text stays text
    assert plt.get_fignums() == []
