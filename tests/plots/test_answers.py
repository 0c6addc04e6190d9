"""Drawings of answers and their figures."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import auc

from tests.plots.conftest import EFFECTS, PROBES
from xraylab import plots
from xraylab.evaluation import confusion, evaluate, measure


def test_confusion_shows_counts_and_shares_of_the_truth():
    ax = plots.plot_confusion({"tn": 30, "fp": 10, "fn": 0, "tp": 1200})
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["30\n75.0%", "10\n25.0%", "0\n0.0%", "1,200\n100.0%"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("answer, % of the row", "truth")
    assert "n = 1,240" in ax.get_title("left")


def test_roc_has_the_measured_area_and_point(predictions):
    ax = plots.plot_roc(predictions, threshold=0.5)
    curve, _, point = ax.lines
    labels, scores = predictions["label"], predictions["score"]
    area = auc(curve.get_xdata(), curve.get_ydata())
    assert area == pytest.approx(evaluate(predictions).loc["AUROC", "value"])
    counts = confusion(labels, scores, 0.5)
    assert point.get_xdata() == pytest.approx([counts["fp"] / 20])
    assert point.get_ydata() == pytest.approx([counts["tp"] / 60])
    found = measure(predictions, "AUROC")
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts[0] == f"AUROC {found.figure}"
    assert found.counts in ax.get_title("left")


def test_metrics_show_value_interval_baseline_and_n(predictions):
    metrics = evaluate(predictions)
    ax = plots.plot_metrics(metrics)
    lines, values, baselines = ax.collections
    ends = np.array([path.vertices[:, 0] for path in lines.get_paths()])
    assert ends.tolist() == metrics[["low", "high"]].to_numpy().tolist()
    assert values.get_offsets()[:, 0].tolist() == metrics["value"].tolist()
    assert baselines.get_offsets()[:, 0].tolist() == metrics["baseline"].tolist()
    rows = [label.get_text() for label in ax.get_yticklabels()]
    assert rows[1] == "balanced accuracy  (n = 80, 80 groups)"
    top, bottom = ax.get_ylim()[::-1]
    assert top < bottom  # the first row is on top


def test_a_value_without_an_interval_is_within_the_axes(predictions):
    metrics = evaluate(predictions).assign(low=np.nan, high=np.nan)
    metrics.loc["accuracy", "value"] = 0.1
    left, _ = plots.plot_metrics(metrics).get_xlim()
    assert left <= 0.1


def test_protocols_keep_their_order():
    names = ["naive-merge", "image-random", "grouped", "official"]
    table = pd.DataFrame({"protocol": names, "value": [0.95, 0.96, 0.94, 0.78]})
    table = table.assign(low=table["value"] - 0.02, high=1.0, baseline=0.62)
    table = table.assign(n=90, n_groups=70)
    ax = plots.plot_protocols(table, metric="balanced_accuracy")
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        f"{name}  (n = 90, 70 groups)" for name in names
    ]
    assert ax.collections[1].get_offsets()[:, 0].tolist() == [0.95, 0.96, 0.94, 0.78]
    assert ax.get_xlabel() == "balanced accuracy"


def test_effects_are_drawn_in_points_each_test_in_its_colour():
    ax = plots.plot_effects(EFFECTS)
    assert [ax.collections[i].get_offsets().tolist() for i in (1, 4)] == [
        [[9.0, 0.0]],
        [[-1.0, 1.0]],
    ]
    lines = [ax.collections[i].get_segments()[0][:, 0].tolist() for i in (0, 3)]
    assert lines == [[6.0, 12.0], [-2.0, 0.0]]
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[0] == "block - clean, O  (n = 500, 427 groups)"


def test_an_effect_that_is_not_settled_has_a_hollow_dot():
    ax = plots.plot_effects(EFFECTS)
    o, r = ax.collections[1], ax.collections[4]
    assert o.get_facecolor()[0].tolist() == [1, 1, 1, 1]
    assert r.get_facecolor()[0].tolist() == r.get_edgecolor()[0].tolist()
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [
        "on O, 95 % interval",
        "on R, 95 % interval",
        "hollow: not settled",
    ]
    fills = [handle.get_facecolor()[0].tolist() for handle in legend.legend_handles]
    assert fills[:2] == [c.get_edgecolor()[0].tolist() for c in (o, r)]
    assert fills[2] == [1, 1, 1, 1]
    ax = plots.plot_effects(EFFECTS.assign(verdict="settled"))
    assert len(ax.get_legend().get_texts()) == 2


def test_probes_stand_beside_their_baselines_and_the_test_is_not_drawn():
    ax = plots.plot_probes(PROBES)
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        "class, ring  (n = 120, 60 groups)",
        "class, header  (n = 80, 40 groups)",
    ]
    values, baselines, limits = (
        c.get_offsets()[:, 0].tolist() for c in ax.collections[1:]
    )
    assert (values, baselines) == ([0.9, 0.5], [0.6, 0.5])
    assert limits[0] == 0.7
    dots, *marks = (c.get_zorder() for c in ax.collections[1:])
    assert min(marks) > dots, "a mark under the dot is not seen"
    assert not ax.collections[-1].get_clip_on(), "a limit of 0.999 is at the edge"
