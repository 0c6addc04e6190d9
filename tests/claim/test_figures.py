"""All figures of a table of answers, and the words beside them."""

import math
import shutil
from pathlib import Path

import pytest

from tests.conftest import write_file
from tests.evaluation.tables import make_table
from xraylab import data, evaluation, phantom, training
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
    assert found.as_lines()[0].startswith("accuracy 0.500 (")


def test_simulated_sources_are_known_wherever_a_merge_begins(tmp_path):
    truth = phantom.write_phantom(tmp_path / "work/set", n_children=24)
    source = Path(truth["path"].iloc[0]).parts[0]
    for begin in ("", "work/set", f"work/set/{source}"):  # above, at, and in the set
        assert figures.is_simulated(data.merge(tmp_path / begin, progress=False))


def test_of_real_and_simulated_sources_together_it_is_not_known(
    three_sources, tmp_path
):
    truth = phantom.write_phantom(tmp_path / "set", n_children=24)
    source = Path(truth["path"].iloc[0]).parts[0]
    (tmp_path / "all").mkdir()
    (tmp_path / "all/simulated").symlink_to(tmp_path / "set" / source)
    (tmp_path / "all/real").symlink_to(three_sources / "two")
    merged = data.merge(tmp_path / "all", progress=False)
    assert merged.manifest["source"].nunique() == 2
    assert figures.is_simulated(merged) is None


def test_a_set_with_an_own_image_in_it_is_not_called_simulated(tmp_path):
    truth = phantom.write_phantom(tmp_path / "set", n_children=24)
    path = tmp_path / "set" / truth["path"].iloc[0]
    shutil.copy(path, path.with_name("mine.jpeg"))
    assert figures.is_simulated(data.merge(tmp_path / "set", progress=False)) is None


def test_anothers_truth_makes_no_image_simulated(three_sources, tmp_path):
    shutil.copytree(three_sources, tmp_path / "data")
    write_file(tmp_path / "truth/truth.csv", b"patient,reader\n1,a\n")
    assert figures.is_simulated(data.merge(tmp_path / "data", progress=False)) is False


def test_real_sources_are_not_simulated(three_sources):
    assert figures.is_simulated(data.merge(three_sources, progress=False)) is False


def test_of_images_that_moved_away_the_kind_is_known(own_run):
    run = training.load_run(own_run)
    rows = run.table[run.table["split"] == "valid"]
    _, columns = figures._with_columns(rows, figures.find_merge(run).root)
    assert columns == ["kind", "long side", "colour mode"]
    for root in (None, own_run):  # nothing is known, or no image lies there
        table, columns = figures._with_columns(rows, root)
        assert columns == ["kind"]
        assert set(table["kind"]) <= {"IM", "bacteria", "virus", ""}  # "": PNEUMONIA(7)
    shutil.rmtree(run.about["merge"])
    assert figures.find_merge(run) is None


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
    ("is_simulated", "said"),
    [
        (True, ["CAREFUL: this run's images are simulated. No figure on them speaks"]),
        (None, ["CAREFUL: some of this run's images are simulated. No figure on the"]),
        (False, []),
    ],
)
def test_simulated_images_of_a_run_are_said_beside_its_figures(
    is_simulated, said, own_run, monkeypatch
):
    monkeypatch.setattr(figures, "is_simulated", lambda merge: is_simulated)
    run = training.load_run(own_run)
    _, before = figures.describe_basis(run, None)
    _, lines = figures.describe_basis(run, figures.find_merge(run))
    assert [line[:66] for line in lines if line not in before] == said


def test_a_point_without_a_rule_says_so():
    assert figures.describe_point(0.5, {}) == "threshold 0.500, rule: not told"
