"""Figures: asked for the data behind the axes, since pixels prove nothing."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import auc

from tests.conftest import blob_image
from xraylab import plots
from xraylab.evaluation import confusion, decisions, evaluate, share_interval
from xraylab.images import read_pixels
from xraylab.plots import drawings

DATA = "built-in images (simulated)"

EFFECTS = pd.DataFrame(
    {
        "what": ["block - clean"] * 2,
        "test": ["O", "R"],
        "value": [0.09, -0.01],
        "low": [0.06, -0.02],
        "high": [0.12, 0.0],
        "n": [500, 634],
        "n_groups": [427, 550],
    }
)


@pytest.fixture(autouse=True)
def _closed_figures():
    before = plt.get_backend()
    plt.switch_backend("Agg")
    yield
    plt.close("all")
    plt.switch_backend(before)


def test_as_svg_is_the_same_twice_and_leaves_no_figure_open(predictions):
    def draw():
        return plots.plot_reliability(predictions, data_name=DATA)

    svg = plots.as_svg(draw)
    assert svg.startswith("<svg")
    assert svg == plots.as_svg(draw)
    assert "share with pneumonia</text>" in svg  # text stays text
    assert plt.get_fignums() == []


@pytest.fixture
def image():
    return blob_image(1, 24)


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    label = np.arange(80) % 4 > 0
    score = (0.3 + 0.3 * label + rng.normal(0, 0.2, 80)).clip(0, 1)
    return pd.DataFrame(
        {"label": label.astype(int), "score": score, "group_id": np.arange(80)}
    )


@pytest.fixture
def history():
    epoch = np.arange(1, 11)
    return pd.DataFrame(
        {
            "epoch": epoch,
            "lr": 0.001 * 0.1 ** ((epoch - 1) // 7),
            "train_accuracy": np.linspace(0.7, 0.95, 10),
            "valid_accuracy": np.linspace(0.65, 0.9, 10),
            "step": 5 * epoch,
        }
    )


@pytest.fixture
def counts_table():
    return pd.DataFrame(
        [("one", "train", 0)] * 5
        + [("one", "train", 1)] * 9
        + [("one", "test", 1)] * 2
        + [("two", "", 0)] * 3,
        columns=["source", "published_split", "label"],
    )


PROBES = pd.DataFrame(
    {
        "question": ["class", "class", "class"],
        "feature": ["ring", "header", "ring"],
        "on": ["cross-validated", "cross-validated", "test"],
        "auroc": [0.9, 0.5, 0.7],
        "low": [0.8, 0.5, 0.6],
        "high": [0.95, 0.5, 0.8],
        "n": [120, 80, 40],
        "n_groups": [60, 40, 20],
        "method": "logit, by group",
        "baseline": [0.6, 0.5, 0.6],
        "limit": [0.7, np.nan, np.nan],
    }
)

RANGE_TEST = pd.DataFrame(
    {
        "lr": np.geomspace(1e-6, 1, 7),
        "loss": [0.7, 0.8, 0.6, 0.4, 0.2, 0.9, 9.0],
        "smoothed": [0.7, 0.7, 0.6, 0.4, 0.3, 0.8, 4.0],
    }
)
CURVE = pd.DataFrame(
    {
        "dose": [0.9, 1.0, 0.9],
        "figure": ["shift", "shift", "flipped"],
        "value": [-0.1, 0.0, 0.5],
        "low": [-0.2, np.nan, 0.4],
        "high": [0.1, np.nan, 0.6],
    }
)


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


def test_images_stand_in_reading_order_with_their_titles():
    images = np.stack([np.full((8, 8), 10 * i, np.uint8) for i in range(5)])
    ax = plots.show_images(images, list("abcde"), columns=3)
    shown = [(image.get_array()[0, 0], image.get_extent()) for image in ax.images]
    assert [value for value, _ in shown] == [0, 10, 20, 30, 40]
    assert all(image.get_clim() == (0, 255) for image in ax.images)
    left = [extent[0] for _, extent in shown]
    bottom = [extent[2] for _, extent in shown]
    assert left[:3] == sorted(left[:3])
    assert left[3] == left[0]
    assert bottom[0] == bottom[1] > bottom[3]
    assert [text.get_text() for text in ax.texts] == list("abcde")


def test_images_keep_their_shape():
    ax = plots.show_images(np.zeros((2, 30, 60)), columns=2)
    left, right, bottom, top = ax.images[0].get_extent()
    shape = (top - bottom) * ax.get_aspect() / (right - left)
    assert shape == pytest.approx(30 / 60)
    assert ax.images[0].get_clim() == (0, 1)


def test_files_are_shown_as_the_model_reads_them(three_sources):
    file = next(three_sources.rglob("IM-0001-0001.jpeg"))
    ax = plots.show_images([file])
    shown = np.asarray(ax.images[0].get_array())
    assert np.array_equal(shown, read_pixels(file, drawings.SHOWN_PX))


def test_counts_are_the_tables(counts_table):
    ax = plots.plot_counts(counts_table)
    places = [label.get_text() for label in ax.get_yticklabels()]
    assert places == ["one, train", "one, test", "two, no split"]
    normal, pneumonia = (
        {round(bar.get_y() + bar.get_height() / 2): bar.get_width() for bar in bars}
        for bars in ax.containers
    )
    assert normal == {0: 5, 2: 3}
    assert pneumonia == {0: 9, 1: 2}
    named = ax.get_legend().get_texts()
    assert [text.get_text() for text in named] == ["normal", "pneumonia"]


def test_history_is_two_curves_and_its_steps(history):
    ax = plots.plot_history(history)
    curves = {line.get_label(): line.get_ydata() for line in ax.lines[:2]}
    assert curves["train"].tolist() == history["train_accuracy"].tolist()
    assert curves["valid"].tolist() == history["valid_accuracy"].tolist()
    assert [line.get_xdata()[0] for line in ax.lines[2:]] == [7.5]
    assert [t.get_text() for t in ax.texts] == ["lr 0.001", "lr 0.0001"]


def test_history_can_be_of_the_loss(history):
    losses = history.assign(train_loss=0.5, valid_loss=np.linspace(0.9, 0.4, 10))
    ax = plots.plot_history(losses, "loss")
    assert ax.lines[1].get_ydata().tolist() == losses["valid_loss"].tolist()
    assert (ax.get_ylabel(), ax.get_title("left")) == ("loss", "Loss by epoch")


def test_schedules_show_the_plan_and_what_was_logged(history):
    planned = {"step": np.arange(50.0), "cosine": np.ones(50)}
    ax = plots.plot_schedules(planned, {"step": history})
    plan, logged, other = ax.lines
    assert plan.get_ydata().tolist() == planned["step"].tolist()
    # epochs of five steps begin at steps 1, 6, ..., counted from 1
    assert logged.get_xdata().tolist() == list(range(1, 50, 5))
    assert logged.get_ydata().tolist() == history["lr"].tolist()
    assert other.get_label() == "cosine"


def test_a_range_test_shows_its_curve_and_range():
    ax = plots.plot_range_test(RANGE_TEST, 1e-4, 1e-2)
    batch, smoothed = ax.lines
    assert batch.get_ydata().tolist() == RANGE_TEST["loss"].tolist()
    assert smoothed.get_ydata().tolist() == RANGE_TEST["smoothed"].tolist()
    (shaded,) = ax.patches
    assert shaded.get_x() == pytest.approx(1e-4)
    assert shaded.get_x() + shaded.get_width() == pytest.approx(1e-2)
    assert ax.get_xscale() == "log"
    low, high = ax.get_ylim()
    assert low < 0.3 < 0.7 < high < 4.0  # where the loss bursts, it leaves


def test_confusion_shows_counts_and_shares_of_the_truth():
    ax = plots.plot_confusion({"tn": 30, "fp": 10, "fn": 0, "tp": 1200})
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["30\n75.0%", "10\n25.0%", "0\n0.0%", "1,200\n100.0%"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("answer", "truth")
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


def test_effects_are_drawn_in_points_each_test_in_its_colour():
    ax = plots.plot_effects(EFFECTS)
    drawn = {dots.get_label(): dots.get_offsets() for dots in ax.collections[1::2]}
    assert drawn["on O, 95 %"].tolist() == [[9.0, 0.0]]
    assert drawn["on R, 95 %"].tolist() == [[-1.0, 1.0]]
    lines = [line.get_segments()[0][:, 0].tolist() for line in ax.collections[::2]]
    assert lines == [[6.0, 12.0], [-2.0, 0.0]]
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[0] == "block - clean, O  (n = 500, 427 groups)"


def test_similarity_counts_each_pair_and_draws_no_line():
    ax = plots.plot_similarity([0.5, 0.9, 0.97, 0.99, 1.0])
    assert sum(bar.get_height() for bar in ax.patches) == 5
    assert not ax.lines


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"got shapes \(8,\)\. Use images\[None\]"):
        plots.show_images(np.zeros((8, 8)))
    with pytest.raises(ValueError, match=r"got shapes none"):
        plots.show_images([])
    with pytest.raises(ValueError, match=r"got shapes \(4, 4\) and \(8, 8\)"):
        plots.show_images([np.zeros((8, 8)), np.zeros((4, 4))])
    with pytest.raises(ValueError, match=r"one an image, got 1 for 2"):
        plots.show_images(np.zeros((2, 8, 8)), ["a"])


# --- maps and doses ------------------------------------------------------------


class Check:
    """As much of a sanity check as a drawing needs."""

    def __init__(self, passed):
        self.passed = passed

    @property
    def verdict(self):
        return "sanity check passed" if self.passed else "sanity check FAILED"


def test_map_is_drawn_over_its_image_with_the_true_outline(image):
    found = np.linspace(-0.2, 0.1, image.size).reshape(image.shape)
    mask = np.zeros(image.shape)
    mask[5:9, 5:9] = 1
    ax = plots.show_map(image, found, mask=mask, data_name="ours")
    below, above = ax.images
    assert np.abs(below.get_array().astype(int) - image).max() <= 8
    assert np.array_equal(above.get_array(), found)
    assert above.get_clim() == (-0.2, 0.2)  # so that no change has no colour
    red, _, blue, _ = above.cmap(1.0)
    assert red > blue, "orange must speak for pneumonia"
    assert ax.get_title("left").endswith("\nOurs")
    assert len(ax.collections) == 1
    assert not ax.lines


def test_a_coarse_map_is_stretched_over_a_fine_image():
    image, found, mask = np.zeros((120, 200)), np.eye(6), np.zeros((12, 12))
    mask[3:6, 6:9] = 1
    ax = plots.show_map(image.astype(np.uint8), found, mask=mask)
    below, above = ax.images
    assert below.get_extent() == above.get_extent() == [-0.5, 199.5, 119.5, -0.5]
    outline = ax.collections[0].get_paths()[0].vertices
    middle = (outline.min(0) + outline.max(0)) / 2
    # columns 6 to 8 of 12 are 100 to 150 of 200, rows 3 to 5 are 30 to 60 of 120
    assert middle == pytest.approx([124.5, 44.5], abs=0.01)


@pytest.mark.parametrize("passed", [True, False])
def test_a_map_says_whether_it_passed_and_one_that_failed_is_crossed_out(image, passed):
    ax = plots.show_map(image, np.eye(24), check=Check(passed), data_name="ours")
    assert ax.get_title("left").split("\n")[1] == Check(passed).verdict
    assert len(ax.lines) == (0 if passed else 2)


def test_map_of_no_change_can_be_drawn(image):
    plots.show_map(image, np.zeros(image.shape)).figure.canvas.draw()


def test_a_map_has_two_dimensions_and_numbers(image):
    with pytest.raises(ValueError, match=r"found must be of shape .* got \(24,\)"):
        plots.show_map(image, np.zeros(24))
    with pytest.raises(ValueError, match=r"image must be of shape .* got \(1, 24, 24"):
        plots.show_map(image[None], np.zeros((24, 24)))
    with pytest.raises(ValueError, match=r"mask must be of shape .* got \(0, 3\)"):
        plots.show_map(image, np.zeros((24, 24)), mask=np.zeros((0, 3)))
    with pytest.raises(ValueError, match="found must be finite, found 1 values not"):
        plots.show_map(image, np.array([[0, np.nan]]))


def test_dose_curves_are_drawn_by_name_with_their_intervals():
    ax = plots.plot_dose_curve({"zoom": CURVE, "squeeze": CURVE})
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "zoom",
        "squeeze",
    ]
    drawn = ax.get_lines()[1].get_xydata()
    assert np.array_equal(drawn, CURVE[["dose", "value"]][:2].to_numpy())
    ends = ax.collections[0].get_segments()[0][:, 1]
    assert ends.tolist() == pytest.approx([-0.2, 0.1])


@pytest.mark.parametrize("n", [0, 4])
def test_dose_curves_are_few(n):
    with pytest.raises(ValueError, match=f"curves must be 1 to 3, got {n}"):
        plots.plot_dose_curve({str(i): None for i in range(n)})


def test_a_dose_curve_is_of_one_perturbation():
    with pytest.raises(ValueError, match="the shifts of one perturbation, got 4 rows"):
        plots.plot_dose_curve({"zoom": pd.concat([CURVE, CURVE])})
    with pytest.raises(ValueError, match="got 0 rows of them in zoom"):
        plots.plot_dose_curve({"zoom": CURVE[2:]})


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


def test_a_dollar_in_a_name_is_no_formula():
    ax = plots.plot_probes(
        PROBES.assign(question=r"test or not, $\x$"), data_name="$_$"
    )
    ax.figure.canvas.draw()
    assert r"$\x$" in ax.get_yticklabels()[0].get_text()
