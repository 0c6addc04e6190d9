"""Reliability, decision curves and predictive values."""

import numpy as np
import pandas as pd
import pytest

from xraylab import plots
from xraylab.evaluation import decisions, share_interval


def test_reliability_worked_by_hand():
    # bin 0: 0 of 2 pneumonia; bin 1: 6 of 8; a score of 1 belongs to the last bin
    labels = [0, 0, 1, 1, 1, 0, 1, 1, 1, 0]
    scores = [0.1, 0.3, 0.5, 0.7, 1.0, 0.6, 0.5, 0.7, 1.0, 0.6]
    groups = list("uvabcdeefg")
    answers = pd.DataFrame({"label": labels, "score": scores, "group_id": groups})
    ax = plots.plot_reliability(answers, 2)
    dots = ax.collections[1].get_offsets()
    assert dots.tolist() == pytest.approx(np.array([[0.2, 0], [0.7, 0.75]]))
    ends = [path.vertices[:, 1] for path in ax.collections[0].get_paths()]
    # too few groups in the first bin, seven in the second
    assert np.isnan(ends[0]).all()
    expected = share_interval(labels[2:], groups[2:])
    assert ends[1] == pytest.approx(expected[1:3])
    assert expected.n_groups == 7
    assert "n = 10, 9 groups" in ax.get_title("left")


def test_a_decision_curve_is_the_tables(predictions):
    table = decisions.decision_curve(predictions, [0.2, 0.5, 0.8])
    mended = table.assign(value=table["value"] + 0.1)
    ax = plots.plot_decision_curve({"model": table, "mended": mended})
    model, other, all_called, _ = ax.lines
    assert other.get_ydata().tolist() == mended["value"].tolist()
    assert model.get_ydata().tolist() == table["value"].tolist()
    assert all_called.get_ydata().tolist() == table["act_on_all"].tolist()
    assert "n = 80, 80 groups" in ax.get_title("left")


def test_the_legend_of_a_decision_curve_hides_no_line(predictions):
    table = decisions.decision_curve(predictions)
    ax = plots.plot_decision_curve({"as they are": table, "platt": table})
    ax.figure.draw_without_rendering()
    legend, name = ax.get_legend().get_window_extent(), ax.xaxis.label
    assert legend.y1 <= name.get_window_extent().y0
    assert legend.y0 >= 0


def test_decision_curves_that_do_not_fit_are_refused(predictions):
    table = decisions.decision_curve(predictions, [0.2, 0.5])
    other = decisions.decision_curve(predictions.iloc[1:], [0.2, 0.5])
    with pytest.raises(ValueError, match=r"curves must be of the same images"):
        plots.plot_decision_curve({"model": table, "other": other})
    for curves in ({}, dict.fromkeys("abc", table)):
        with pytest.raises(ValueError, match=rf"must be 1 or 2, got {len(curves)}\."):
            plots.plot_decision_curve(curves)


def test_predictive_values_are_the_tables(predictions):
    table = decisions.predictive_values(predictions, [0.1, 0.5])
    drawn = {
        line.get_label(): line for line in plots.plot_predictive_values(table).lines
    }
    for metric, rows in table.groupby("metric"):
        assert drawn[metric].get_xdata().tolist() == [0.1, 0.5]
        assert drawn[metric].get_ydata().tolist() == rows["value"].tolist()
