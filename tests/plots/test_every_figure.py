"""Laws of every drawing."""

import matplotlib.pyplot as plt
import numpy as np

from tests.plots.conftest import CURVE, DATA, EFFECTS, PROBES, RANGE_TEST
from xraylab import plots
from xraylab.evaluation import confusion, decisions, evaluate


def every_figure(predictions, history, counts_table):
    labels, scores = predictions["label"], predictions["score"]
    metrics = evaluate(predictions)
    protocols = metrics.iloc[:3].reset_index().rename(columns={"metric": "protocol"})
    return {
        plots.show_images: (np.zeros((3, 8, 8), np.uint8),),
        plots.plot_counts: (counts_table,),
        plots.plot_history: (history,),
        plots.plot_schedules: ({"step": np.full(50, 0.001)}, {"step": history}),
        plots.plot_range_test: (RANGE_TEST, 1e-4, 1e-2),
        plots.plot_confusion: (confusion(labels, scores),),
        plots.plot_roc: (predictions,),
        plots.plot_metrics: (metrics,),
        plots.plot_protocols: (protocols,),
        plots.plot_effects: (EFFECTS,),
        plots.plot_reliability: (predictions,),
        plots.plot_decision_curve: ({"model": decisions.decision_curve(predictions)},),
        plots.plot_predictive_values: (decisions.predictive_values(predictions),),
        plots.plot_similarity: (scores,),
        plots.plot_probes: (PROBES,),
        plots.show_map: (np.zeros((8, 8), np.uint8), np.eye(8) - 0.5),
        plots.plot_dose_curve: ({"zoom": CURVE},),
    }


def test_every_figure_names_its_data_and_uses_the_axes_given(
    predictions, history, counts_table
):
    made = every_figure(predictions, history, counts_table)
    assert {f.__name__ for f in made} == {
        n for n in dir(plots) if n.startswith(("plot_", "show_"))
    }
    for draw, arguments in made.items():
        _, ax = plt.subplots()
        n_figures = len(plt.get_fignums())
        assert draw(*arguments, ax=ax, data_name=DATA) is ax, draw
        assert "Built-in images (simulated)" in ax.get_title("left"), draw
        assert len(plt.get_fignums()) == n_figures, draw
        plt.close("all")


def test_every_figure_fits_a_notebook_and_can_be_drawn(
    predictions, history, counts_table
):
    for draw, arguments in every_figure(predictions, history, counts_table).items():
        ax = draw(*arguments, data_name=DATA)
        assert ax.figure.get_size_inches()[0] <= 7, draw
        ax.figure.canvas.draw()  # layout and text are worked out only here
        assert ax.get_tightbbox().x1 <= ax.figure.bbox.x1 + 1, f"{draw} is cut off"


def test_a_dollar_in_a_name_is_no_formula():
    ax = plots.plot_probes(
        PROBES.assign(question=r"test or not, $\x$"), data_name="$_$"
    )
    ax.figure.canvas.draw()
    assert r"$\x$" in ax.get_yticklabels()[0].get_text()
