"""All figures of a table of answers, and the words beside them."""

import math
import shutil
from dataclasses import replace

import pytest

from tests.evaluation.tables import make_table
from xraylab import evaluation, training
from xraylab.claim import figures
from xraylab.evaluation import Interval


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((0.05, 0.01, 0.09), "higher here: 0.050 (0.01 to 0.09)"),
        ((-0.55, -0.62, -0.48), "lower here: -0.550 (-0.62 to -0.48)"),
        ((0.05, -0.01, 0.11), "no difference is shown: 0.050 (-0.01 to 0.11)"),
        ((0.05, math.nan, math.nan), "so few groups do not tell whether it differs"),
    ],
)
def test_a_difference_is_called_one_only_where_its_interval_is(ends, said):
    assert figures._verdict(Interval(*ends, 10, 5, "any")).startswith(said)


def test_figures_are_those_of_evaluation():
    table = make_table([(0, 0.2), (0, 0.7), (1, 0.4), (1, 0.9)] * 9, 12)
    found = figures.measure_answers(table, None, threshold=0.6)
    assert found.metrics.equals(evaluation.evaluate(table, threshold=0.6))
    assert found.confusion == {"tn": 9, "fp": 9, "fn": 9, "tp": 9}
    kept = found.as_dict()["metrics"]["accuracy"]
    assert kept["value"] == evaluation.measure(table, "accuracy", threshold=0.6).value
    lines = found.as_lines()
    assert lines[0].startswith("accuracy 0.500 (")
    assert lines[len(found.metrics)] == (  # below the last figure that has one
        "Baseline: what is reached without a look at the image: accuracy by always "
        "giving the larger class, the others by a coin that says pneumonia as often as "
        "the model."
    )


def test_of_images_that_moved_away_the_kind_is_known(own_run):
    run = training.load_run(own_run)
    rows = run.table[run.table["split"] == "valid"]
    _, columns = figures._with_columns(rows, figures.find_files(run, rows))
    assert columns == ["kind", "long side", "colour mode"]
    gone = [own_run / path for path in rows["path"]]
    for files in (None, gone):  # nothing is known, or no image lies there
        table, columns = figures._with_columns(rows, files)
        assert columns == ["kind"]
        assert set(table["kind"]) <= {"IM", "bacteria", "virus", ""}  # "": PNEUMONIA(7)
    shutil.rmtree(run.about["merge"])
    assert figures.find_merge(run) is figures.find_files(run, rows) is None


def test_what_was_left_out_elsewhere_is_said():
    classes = {0: ["no_finding"], 1: ["pneumonia", "opacity"]}
    first, adults, left_out = figures.describe_external(classes, {"NIH", ""}, 3)
    assert "normal from no_finding, pneumonia from pneumonia, opacity." in first
    assert "mostly adults" in adults
    assert "labels mined from the text of reports" in adults
    assert left_out.startswith("Left out: 3 files")
    assert len(figures.describe_external(classes, {""}, 0)) == 1
    _, drawn = figures.describe_external(classes, {"simulated", "IM"}, 0)
    assert drawn.startswith("CAREFUL: all or some images are simulated. No figure on")


@pytest.mark.parametrize(
    ("simulated", "said"),
    [
        ("all", ["CAREFUL: this run's images are simulated. No figure on them speak"]),
        ("some", ["CAREFUL: some of this run's images are simulated. No figure on th"]),
        ("none", []),
        ("", ["Whether this run's images are simulated is not known: the run doe"]),
    ],
)
def test_simulated_images_of_a_run_are_said_beside_its_figures(
    simulated, said, own_run
):
    run = replace(training.load_run(own_run), about={"simulated": simulated})
    _, lines = figures.describe_basis(run)
    assert [line[:65] for line in lines if "simulated" in line] == said


def test_a_point_without_a_rule_says_so():
    assert figures.describe_point(0.5, {}) == "threshold 0.500, rule: not told"
