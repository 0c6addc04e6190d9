"""A card: every field said, every figure as evaluation has it, one page for all."""

import json
import os
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.claim.conftest import change_facts
from xraylab import claim, errors, evaluation, files, results, training
from xraylab.claim import checklist, evidence, fields, figures, original
from xraylab.training import test_log

KEYS = list(checklist.HEADINGS)


@pytest.fixture
def card(own_run):
    return claim.make_claim(own_run)


@pytest.fixture
def unread(own_run):
    """A run of which nothing was measured."""
    for file in own_run.glob("predictions-*.csv"):
        file.unlink()
    shutil.rmtree(own_run.parent / "merge")
    return own_run


def test_every_field_is_there_and_none_is_silent(card, unread):
    for found in (card, claim.make_claim(unread)):
        assert list(found.fields) == KEYS
        for part in found.fields.values():
            assert part["lines"] or part["tables"] or part["missing"]
            assert part["state"] in {"given", "in part", "empty"}
            assert part["original"]["verdict"] in found.verdicts
        assert sum(found.verdicts.values()) == len(KEYS)


def test_what_was_not_measured_names_what_would_measure_it(unread):
    found = claim.make_claim(unread)
    for key, command in {
        "figures": f"`xraylab evaluate {unread} --on test`, which counts the reading",
        "errors": "--on test`",
        "calibration": "--on test`",
        "subgroups": "--on test`",
        "external": f"`xraylab evaluate {unread} --on external --data DIR`",
        "robustness": f"`xraylab perturb {unread}`",
        "explanation": f"`xraylab explain {unread}`",
        "point": f"`xraylab evaluate {unread} --choose",
    }.items():
        text = " ".join(found.fields[key]["missing"])
        begins = "Not chosen: " if key == "point" else "Not measured: "
        assert text.startswith(begins), key
        assert command in text, key
    assert (
        f"`xraylab evaluate {unread}` measures" in found.fields["figures"]["missing"][1]
    )
    assert "nothing is claimed, for the test of naive-merge was not read" in (
        found.sentence
    )
    assert "Figures on the test" in found.empty
    assert found.curve == found.decision == ""


def test_figures_are_those_of_the_stored_answers(card, own_run):
    answers = evidence.of_run(own_run).answers
    tables = card.fields["figures"]["tables"]
    for title, on in (
        ("Test; test reading 1", "test"),
        ("Validation, where choices were made", "valid"),
    ):
        metrics = evaluation.evaluate(answers[on])
        rows = tables[title].set_index("figure")
        assert list(rows.index) == [n.replace("_", " ") for n in metrics.index]
        for name, row in metrics.iterrows():
            found = evaluation.Interval(*row[list(evaluation.Interval._fields)])
            said = rows.loc[name.replace("_", " ")]
            assert (said["n"], said["groups"]) == (found.n, found.n_groups)
            assert said["baseline"] == f"{row['baseline']:.3f}"
            assert said["value (95 % CI)"] == found.short
            assert said.get("no interval, since", "") == found.reason
    accuracy = evaluation.measure(answers["test"], "accuracy")
    assert f"accuracy {accuracy}, baseline" in card.sentence
    assert card.sentence.endswith("; test reading 1.")
    assert ", threshold 0.500; AUROC" in card.sentence


def test_what_a_figure_takes_for_granted_stands_beside_it(card, own_run):
    share = evidence.of_run(own_run).answers["test"]["label"].mean()
    assert f"where a share of {share:.3f} has" in card.fields["figures"]["lines"][-1]
    limits = " ".join(card.fields["limits"]["lines"])
    assert "Other illnesses, and images that nobody could judge" in limits
    assert "Labels that are wrong are in no interval" in limits
    (why,) = {card.fields["calibration"]["original"]["why"]}
    assert "Three looks: each alone is off for 5 in 100 tests" in why


def test_weights_that_are_not_at_hand_are_not_said_to_be():
    lines = claim.make_claim("real-64px-official").fields["availability"]["lines"]
    assert lines[-1].endswith("digits), not published.")


def test_every_figure_on_the_test_says_how_often_it_was_read(own_run):
    test_log.enter_reading(training.load_run(own_run), "a trial of May, 224 px")
    found = claim.make_claim(own_run)
    for key in ("figures", "errors", "calibration", "subgroups"):
        titles = list(found.fields[key]["tables"])
        assert any("test reading 2" in title for title in titles), key
    log = found.fields["readings"]["tables"]["Test log"]
    assert log["who"].tolist() == ["run", "by hand: a trial of May, 224 px"]
    assert "read 2 times, all networks" in found.fields["readings"]["lines"][0]
    assert "a trial of May" in found.as_html()


def test_readings_that_are_not_known_are_said_beside_the_figures(own_run):
    shutil.rmtree(own_run.parent / "merge")
    found = claim.make_claim(own_run)
    assert "Test; readings of it are not known" in found.fields["figures"]["tables"]
    assert found.fields["readings"]["state"] == "empty"
    assert found.fields["data"]["missing"]


def test_a_chosen_point_is_held_against_the_test(own_run):
    choose = {"rule": "youden", "low": 0.4, "high": 0.9, "n": 9, "n_groups": 8}
    chosen = choose | {"method": "bootstrap", "promised": {"sensitivity": {}}}
    change_facts(own_run, threshold=0.6, operating_point=chosen)
    part = claim.make_claim(own_run).fields["point"]
    assert part["lines"][0].startswith(
        "Threshold 0.600 (0.40 to 0.90), n = 9, 8 groups"
    )
    assert part["lines"][1] == "Does the rule youden carry over?"
    assert part["missing"] == []
    (own_run / "predictions-test.csv").unlink()
    (missing,) = claim.make_claim(own_run).fields["point"]["missing"]
    assert missing.startswith("Not measured: whether the rule carries over to the test")


def write_external(folder, with_basis=True):
    text = (folder / "predictions-test.csv").read_text()
    (folder / "predictions-external.csv").write_text(text.replace("one/", "nih/"))
    basis = {"folder": "nih", "classes": {"0": ["no_finding"], "1": ["pneumonia"]}}
    basis |= {"kinds": ["NIH"], "n_known": 4, "n_readings": 3}
    if with_basis:
        (folder / "external.json").write_text(json.dumps(basis))


def test_what_external_figures_rest_on_stands_above_them(own_run):
    write_external(own_run)
    found = claim.make_claim(own_run)
    part = found.fields["external"]
    assert "CAREFUL: labels are those of the folder names" in part["lines"][0]
    assert "mostly adults" in part["lines"][1]
    assert list(part["tables"]) == ["Elsewhere; folder nih, reading 3"]
    page = found.as_html()
    loud = re.findall('<p class="note">CAREFUL: (.+?)</p>', page)
    assert len(loud) == 2
    assert page.index(loud[1]) < page.index("Elsewhere; folder nih")
    assert "mostly adults" in part["original"]["why"]
    (own_run / "external.json").unlink()
    part = claim.make_claim(own_run).fields["external"]
    assert "was not stored" in part["lines"][0]


def test_simulated_images_are_called_so_and_test_no_real_claim(own_run):
    found = replace(evidence.of_run(own_run), simulated="all")
    for known in (found, replace(found, merge={})):
        assert "Simulated images" in fields.FIELDS["data"](known).lines[0]
    assert "simulated" in fields.FIELDS["people"](found).lines[0]
    assert "drawn into the image" in fields.FIELDS["reference"](found).lines[0]
    assert "real children" in " ".join(fields.FIELDS["limits"](found).lines)
    for key in ("figures", "calibration", "external"):
        assert original.judge(key, found)[1] == "not tested"


def test_images_of_which_some_are_simulated_are_called_neither(own_run):
    found = replace(evidence.of_run(own_run), simulated="some")
    lines = fields.FIELDS["data"](found).lines
    assert lines[0] == "Some of the images are simulated, no patient in those."
    said = " ".join(lines)
    assert "retrospective" not in said
    assert "licence" not in said
    assert "some of the images are simulated" in (
        " ".join(fields.FIELDS["limits"](found).lines)
    )
    assert ", some of the images simulated, the test of" in claim.card._sentence(found)


def test_counts_of_the_flow_follow_from_the_merge(card, own_run):
    merged = figures.find_merge(training.load_run(own_run))
    assert card.flow == {
        "files found": len(merged.manifest) + len(merged.ignored),
        "files with an image": 72,
        "different images": 24,
        "groups of children": merged.manifest["group_id"].nunique(),
    }
    table = card.fields["flow"]["tables"]["Splits"].set_index("split")
    assert table["files"].sum() == 72
    assert (table["normal"] + table["pneumonia"] == table["files"]).all()


class Page(HTMLParser):
    """Notes all that a browser would fetch, and whether tags are closed."""

    VOID = ("meta", "br", "img", "link", "use", "path", "rect", "circle", "line")

    def __init__(self):
        super().__init__()
        self.open, self.fetched = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        self.fetched += [v for k, v in attrs if k in ("src", "href", "xlink:href")]

    def handle_startendtag(self, tag, attrs):
        self.fetched += [v for k, v in attrs if k in ("src", "href", "xlink:href")]

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_page_needs_nothing_else(card):
    page, parser = card.as_html(), Page()
    parser.feed(page)
    assert parser.open == []
    assert all(link.startswith("#") for link in parser.fetched)
    assert not re.search(r"<script|@import|url\((?!#)", page)
    assert "Not for clinical use." in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    for key in KEYS:
        assert page.count(f'data-field="{key}"') == 1
    for part in card.fields.values():
        for line in part["missing"]:
            assert line.split("`")[0].split("’")[0] in page
    assert page.count("<svg") == 2


def test_names_and_texts_cannot_break_the_page(own_run):
    entered = "<script>alert(1)</script> & $name"
    test_log.enter_reading(training.load_run(own_run), entered)
    folder = own_run.rename(own_run.with_name("<b>r & $name"))
    page = claim.make_claim(folder).as_html()
    assert "<script" not in page
    assert "<b>r" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; $name" in page


def test_a_folder_with_odd_bytes_in_its_name_has_a_card(own_run):
    folder = own_run.rename(own_run.with_name(os.fsdecode(b"r\xff")))
    page, facts = claim.write_claim(claim.make_claim(folder), folder)
    assert "Claim card of r\\udcff" in page.read_text("utf-8")
    assert json.loads(facts.read_text("utf-8"))["name"] == folder.name


def test_in_a_notebook_its_style_touches_nothing_else(card):
    assert repr(card) == f"<Claim of run: {card.sentence}>"
    part = card._repr_html_()
    assert "<body" not in part
    style = part[part.index("<style>") + 7 : part.index("</style>")]
    style = re.sub(r"@media[^{]*\{", "", style)
    for selectors in re.findall(r"([^{}]+)\{", style):
        for selector in selectors.split(","):
            assert selector.strip().startswith(".claim-card"), selector


def test_both_files_are_written_or_none(card, tmp_path):
    page, facts = claim.write_claim(card, tmp_path)
    assert page.read_text("utf-8") == card.as_html()
    kept = json.loads(facts.read_text("utf-8"))
    assert kept["claim"] == card.sentence
    assert list(kept["fields"]) == KEYS
    assert kept["fields"]["figures"]["claim"] == ["28", "29", "32", "37", "38"]
    assert kept["note"].startswith("Not for clinical use")
    assert {row["item"] for row in kept["items_without_a_field"]} > {"19", "2"}
    other = tmp_path / "other"
    (other / "claim.json").mkdir(parents=True)
    with pytest.raises(files.NotWrittenError):
        claim.write_claim(card, other)
    assert [file.name for file in other.iterdir()] == ["claim.json"]


def test_a_table_for_a_lesson_has_one_row_a_field(card):
    table = card.table
    assert list(table.index) == KEYS
    assert list(table) == ["field", "here", "says", "verdict", "why"]


@pytest.mark.parametrize("name", ["work/rum", "real-224px-probes"])
def test_what_is_neither_a_run_nor_a_result_is_told_both(name):
    known = ", ".join(results.names_with_answers())
    told = f"^run must be the folder of a run, or a stored .* answers: {known}; got "
    with pytest.raises(errors.InputError, match=f"{told}{name}.$"):
        claim.make_claim(name)
    assert claim.make_claim(results.names_with_answers()[0])


def test_a_rebuilt_source_is_not_said_to_be_the_published_one():
    found = evidence.of_result("real-64px-official")
    assert len(found.rebuilt) == 2
    *_, first, second, third, _ = fields.FIELDS["data"](found).lines
    assert first.endswith("licence: CC BY 4.0")
    for line, name in zip((second, third), found.rebuilt, strict=True):
        said = "5,856 files; rebuilt from other public data, not the published files"
        assert line == f"{name}: {said}"


def test_the_claim_of_a_stored_result():
    card = claim.make_claim("real-64px-official")
    rows = card.table["verdict"]
    assert rows["calibration"] == "not supported"
    assert rows["figures"] == "not tested"  # the original's test was another
    assert "test reading 23." in card.sentence
    assert "xraylab evaluate RUN" in str(card)
