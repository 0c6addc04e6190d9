"""The fields that tell how answers were put to the test: from what is stored alone."""

import re

import pandas as pd
import pytest

from tests.claim.conftest import change_facts
from xraylab import claim, errors, explanation, results, training
from xraylab.claim import evidence, figures
from xraylab.evaluation import Interval, decisions
from xraylab.explanation import doses, stored

VALUES = dict.fromkeys(doses.FIGURES, 0.1) | {
    "shift": 0.4,
    "flipped": 0.25,
    "AUROC change": -0.1,
    "sensitivity change": -0.2,
    "specificity change": 0.05,
}


def doses_table(names=("zoom", "mirror")):
    rows = [
        (name, dose, figure, *Interval(value * dose, -0.5, 0.5, 30, 20, "by group"))
        for name in names
        for dose in (0.0, 1.0)
        for figure, value in VALUES.items()
    ]
    columns = ["perturbation", "dose", "figure", *Interval._fields]
    return pd.DataFrame(rows, columns=columns)


def keep_doses(folder, kind="doses", **changes):
    about = {"on": "validation of naive-merge", "threshold": 0.5}
    about |= {"network": training.load_run(folder).network_id, "lungs": "a box"}
    stored.keep(folder, kind, about | changes, doses_table())


def keep_maps(folder, **changes):
    about = {"on": "validation of naive-merge", "n_shuffled": 3, "limit": 0.5}
    about |= {"network": training.load_run(folder).network_id}
    interval = Interval(0.2, 0.1, 0.3, 12, 12, "t, by group")
    rows = [("occlusion", *interval), ("Grad-CAM", *interval._replace(high=0.7))]
    table = pd.DataFrame(rows, columns=["map", *Interval._fields])
    stored.keep(folder, "maps", about | changes, table)


def test_doses_that_are_kept_fill_the_field(own_run):
    keep_doses(own_run)
    part = claim.make_claim(own_run).fields["robustness"]
    assert part["state"] == "given"
    assert part["lines"] == ["On validation of naive-merge: threshold 0.500, a box."]
    (title,) = part["tables"]
    assert title == (
        "On validation of naive-merge, n = 30, 20 groups: answers flipped and changes "
        "of figures, at the dose that flips most, which was picked after looking"
    )
    rows = part["tables"][title].set_index("change")
    assert set(rows.index) == {"zoom", "mirror"}
    assert rows.loc["zoom", "dose"] == "1"
    assert rows.loc["zoom", "flipped"] == "0.250 (-0.50 to 0.50)"
    assert rows.loc["zoom", "AUROC"] == "-0.100 (-0.50 to 0.50)"


def test_doses_of_other_images_stand_beside_them(own_run):
    keep_doses(own_run)
    keep_doses(own_run, "doses elsewhere", on="DIR, without the run's own")
    part = claim.make_claim(own_run).fields["robustness"]
    assert len(part["tables"]) == len(part["lines"]) == 2
    assert "On DIR, without the run&#x27;s own, n = 30, 20 groups: answers flipped" in (
        claim.make_claim(own_run).as_html()
    )


def test_doses_at_another_threshold_are_said_to_be_so(own_run):
    keep_doses(own_run)
    change_facts(own_run, threshold=0.7)
    _, careful = claim.make_claim(own_run).fields["robustness"]["lines"]
    assert careful.startswith("CAREFUL: that is not the run's threshold now, 0.700. ")
    assert f"`xraylab perturb {own_run}` writes it anew" in careful


def test_checks_that_are_kept_fill_the_field(own_run):
    keep_maps(own_run)
    part = claim.make_claim(own_run).fields["explanation"]
    _, passed, open_, least = part["lines"]
    assert passed == (
        "occlusion: sanity check passed; likeness 0.200 (0.10 to 0.30), n = 12, "
        "12 groups."
    )
    assert open_.startswith("Grad-CAM: sanity check not decided")
    assert "not that it shows a reason" in least
    assert part["state"] == "in part"
    assert part["missing"] == [
        "Not looked at: whether what a map shows is the disease."
    ]


@pytest.mark.parametrize("keep", [keep_doses, keep_maps])
def test_what_was_found_of_another_network_is_refused(own_run, keep):
    keep(own_run, network="0123456789abcdef")
    with pytest.raises(errors.InputError, match=r"of its own network, .*0123456789abc"):
        claim.make_claim(own_run)


@pytest.mark.parametrize("name", ["perturbations", "perturbations-elsewhere", "maps"])
def test_a_damaged_file_is_refused(own_run, name):
    (own_run / f"{name}.json").write_text("{")
    with pytest.raises(errors.NotARunError, match=f"{name}.json must hold"):
        claim.make_claim(own_run)


def test_what_perturb_and_explain_keep_is_what_the_card_reads(own_run):
    table, _ = explanation.run.perturb_run(own_run, progress=False)
    checks, _ = explanation.run.check_run(own_run)
    found = evidence.of_run(own_run)
    pd.testing.assert_frame_equal(found.doses[0][1], table)
    pd.testing.assert_frame_equal(found.maps[0][1], checks)
    card = claim.make_claim(own_run)
    assert "Robustness" not in card.empty
    assert "Explanation" not in card.empty
    (rows,) = card.fields["robustness"]["tables"].values()
    assert rows["change"].tolist() == (
        explanation.rank_perturbations(table)["perturbation"].tolist()
    )


def test_calibration_says_what_changes_do_and_what_answers_are_worth():
    card = claim.make_claim("real-64px-official")
    part = card.fields["calibration"]
    found = evidence.of_result("real-64px-official")
    valid, test = found.answers["valid"], found.answers["test"]
    benefit = decisions.net_benefit(test, found.threshold)
    said = decisions.describe_benefit(benefit, found.threshold)
    _, weighed = part["lines"]
    assert weighed.lower() == "; ".join(map(str.strip, said)) + "; test reading 23."
    judged = pd.DataFrame(figures.recalibrate_answers(valid, test)[0]["judged"])
    title = "After changes fitted on validation, n = 624, 427 groups; test reading 23"
    rows = part["tables"][title]
    assert [name.split(" (")[0] for name in rows["scores"]] == [
        "as given",
        "temperature",
        "platt",
    ]
    judged = judged.groupby("scores", sort=False)
    for row, (_, expected) in zip(rows.to_dict("records"), judged, strict=True):
        assert (expected["n"] == 624).all()
        for metric, value in expected.set_index("metric")["value"].items():
            assert row[metric].startswith(f"{value:.3f}")
    page = card.as_html()
    assert page.count("<svg") == 2
    assert "Decision curve: net benefit at each threshold" in page


def test_scores_without_a_fault_are_not_changed_and_it_is_said(own_run):
    file = own_run / "predictions-valid.csv"
    table = pd.read_csv(file, dtype={"network": str})
    table.assign(score=table["label"] * 0.8 + 0.1).to_csv(file, index=False)
    lines = claim.make_claim(own_run).fields["calibration"]["lines"]
    assert sum(" is not fitted: scores must overlap" in line for line in lines) == 2


def test_without_validation_nothing_is_changed_and_it_is_said(own_run):
    (own_run / "predictions-valid.csv").unlink()
    part = claim.make_claim(own_run).fields["calibration"]
    assert not any("After changes" in title for title in part["tables"])
    assert part["missing"] == [
        f"Not measured: what changes fitted on validation do to the scores. `xraylab "
        f"evaluate {own_run}` measures it."
    ]


DOSED = results.read_table(evidence.DOSES)["result"].unique().tolist()


@pytest.mark.parametrize("name", DOSED)
def test_the_card_of_a_stored_result_has_its_doses(name):
    part = claim.make_claim(name).fields["robustness"]
    assert len(part["tables"]) == 2
    assert "No lungs are marked on real images" in part["lines"][0]
    assert any(line.startswith("Of originals, ") for line in part["lines"])


@pytest.mark.parametrize("name", DOSED)
def test_the_card_of_a_stored_result_has_each_map(name):
    part = claim.make_claim(name).fields["explanation"]
    first, *lines, last = part["lines"]
    assert re.match(
        r"On validation of \w+: likeness is that to the maps of 3 networks", first
    )
    assert [line.split(": sanity check ")[0] for line in lines] == list(
        explanation.MAPS
    )
    assert last == explanation.run.LEAST


def test_a_change_that_makes_scores_worse_is_not_said_to_mend_them():
    """Fitted on validation, Platt's line moves this test's scores further away."""
    card = claim.make_claim("real-224px-official")
    ((_, rows),) = [
        (title, table)
        for title, table in card.fields["calibration"]["tables"].items()
        if title.startswith("After changes fitted on validation")
    ]
    given, _, platt = rows["Brier"].str.split().str[0].astype(float)
    assert platt > given
    assert "mended" not in card.as_html().lower()


def test_a_dose_that_was_picked_after_looking_is_said_to_be():
    tables = claim.make_claim("real-64px-official").fields["robustness"]["tables"]
    assert all("picked after looking" in title for title in tables)
