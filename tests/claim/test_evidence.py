"""What a claim rests on: only what is stored, and only where it is a run's own."""

import json
import math
import shlex
import shutil

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.claim import conftest
from xraylab import claim, cli, errors, training
from xraylab.claim import evidence, fields, figures
from xraylab.training import test_log


def test_all_that_is_stored_is_gathered(own_run):
    found = evidence.of_run(own_run)
    run = training.load_run(own_run)
    assert list(found.answers) == ["valid", "test"]
    for on, table in found.answers.items():
        assert len(table) == (run.table["split"] == on).sum()
        assert table["score"].between(0, 1).all()
    assert (found.n_readings, len(found.log), found.notes) == (1, 1, [])
    assert found.network == run.network_id
    ends = zip(found.files, found.answers["test"]["path"], strict=True)
    assert all(file.as_posix().endswith(f"/{path}") for file, path in ends)
    assert found.merge["flow"]["different images"] == 24
    assert found.simulated == "none"
    assert found.external == []


def test_nothing_is_scored_and_no_reading_is_spent(own_run, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a network was asked")

    monkeypatch.setattr(training.runs.Run, "make_model", refuse)
    monkeypatch.setattr(training.experiment, "score", refuse)
    log = own_run.parent / "merge/test-log.jsonl"
    before = log.read_bytes()
    evidence.of_run(own_run)
    assert log.read_bytes() == before


def test_a_folder_that_is_no_run_and_a_name_that_is_no_result(tmp_path):
    with pytest.raises(errors.NotARunError, match="must be the folder of a run"):
        evidence.of_run(tmp_path)
    with pytest.raises(errors.InputError, match="name must be one of the results"):
        evidence.of_result("nothing")
    with pytest.raises(
        errors.InputError, match="that keeps answers on valid, got real-224"
    ):
        evidence.of_result("real-224px-probes")


def test_a_network_that_may_change_makes_no_claim(own_run):
    (own_run / "last.safetensors").rename(own_run / "unfinished.safetensors")
    with pytest.raises(errors.UnfinishedRunError, match="A claim is made when train"):
        evidence.of_run(own_run)


def rewrite(folder, on, change):
    file = folder / f"predictions-{on}.csv"
    change(pd.read_csv(file, dtype={"network": str})).to_csv(file, index=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="score"), "no column score"),
        (lambda t: t.drop(columns=["path", "label"]), "no column path, label"),
        (lambda t: t.assign(score=t["score"] + 2), r"probabilities in \[0, 1\], got"),
        (lambda t: t.assign(score="high"), "could not convert string"),
        (lambda t: t.assign(score=float("nan")), "probabilities in"),
        (lambda t: t.assign(label=1), "must hold both classes"),
        (lambda t: pd.concat([t, t.head(1)]), "must hold each path once"),
        (lambda t: t.assign(group_id=""), "group_id must be filled"),
        (lambda t: t.iloc[1:], "1 of them are missing and 0 rows are others"),
        (
            lambda t: t.assign(label=1 - t["label"]),
            "images of .* missing and .* others",
        ),
        (lambda t: t.assign(path="x/" + t["path"]), "rows are others"),
        (lambda t: t.head(0), "labels must hold at least one row"),
        (lambda t: t.assign(network="0123456789abcdef"), "some of 0123456789abcdef"),
        (
            lambda t: t.assign(network=["0", *t["network"].iloc[1:]]),
            "run's own network, [0-9a-f]{16}, but holds some of 0",
        ),
    ],
)
@pytest.mark.parametrize("on", ["valid", "test"])
def test_answers_that_are_not_the_runs_own_are_refused(own_run, on, change, message):
    rewrite(own_run, on, change)
    with pytest.raises(errors.InputError, match=message) as told:
        evidence.of_run(own_run)
    assert f"predictions-{on}.csv must hold" in str(told.value)
    assert f"Have it written anew: xraylab evaluate {own_run} --on {on}." in str(
        told.value
    )


def test_answers_before_the_last_epoch_are_not_those_of_the_network(own_run):
    """The weights that a run keeps may change while it trains on."""
    weights = own_run / "best.safetensors"
    weights.write_bytes((own_run / "last.safetensors").read_bytes() + b" ")
    with pytest.raises(errors.InputError, match="must hold answers of the run's own"):
        evidence.of_run(own_run)


@pytest.mark.parametrize("on", ["valid", "test"])
def test_answers_that_name_no_network_are_read_and_it_is_said(own_run, on):
    def said():
        return " ".join(claim.make_claim(own_run).fields["availability"]["lines"])

    assert "do not tell which network" not in said()
    rewrite(own_run, on, lambda t: t.drop(columns="network"))
    assert f"The files of answers on {on} do not tell which network" in said()


def test_bytes_that_are_no_table_are_refused(own_run):
    (own_run / "predictions-test.csv").write_bytes(b"\xff\xfe\x00 no table")
    with pytest.raises(errors.InputError, match=r"predictions-test.csv must hold"):
        evidence.of_run(own_run)


def test_a_merge_that_went_away_takes_only_its_own_facts(own_run):
    shutil.rmtree(own_run.parent / "merge")
    found = evidence.of_run(own_run)
    assert found.files is found.n_readings is None
    assert found.simulated == "none"  # the run itself says it
    assert found.merge == {}
    assert "which is not there" in found.notes[0]
    assert found.splits.loc["test", "n_files"] == len(found.answers["test"])


def test_the_command_that_is_told_brings_images_back_that_moved(
    own_run, three_sources, tmp_path
):
    shutil.copytree(three_sources, tmp_path / "now here")
    file = own_run.parent / "merge/merge.json"
    facts = json.loads(file.read_text("utf-8")) | {"root": str(tmp_path / "gone")}
    file.write_text(json.dumps(facts), encoding="utf-8")
    (told,) = claim.make_claim(own_run).fields["data"]["missing"]
    _, command, end = told.split("`")
    assert end == " makes it of the same folders, now in ROOT."
    command = command.replace("ROOT", shlex.quote(str(tmp_path / "now here")))
    assert cli.main(shlex.split(command)[1:]) == 0
    file, *_ = evidence.of_run(own_run).files
    assert tmp_path / "now here" in file.parents


@pytest.mark.parametrize("about", [{}, {"merge": ""}])
def test_a_run_that_tells_no_merge_takes_none_from_where_one_works(
    about, own_run, monkeypatch
):
    conftest.change_facts(own_run, about=about)
    monkeypatch.chdir(own_run.parent / "merge")
    found = evidence.of_run(own_run)
    assert found.files is found.n_readings is None
    assert found.merge == {}
    assert "the merge in no folder, which is not there any more." in found.notes[0]


def test_a_merge_of_other_images_is_not_taken_for_the_runs(own_run):
    file = own_run.parent / "merge/manifest.csv"
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    table["image_id"] = table["image_id"].str[::-1]
    table.to_csv(file, index=False)
    assert evidence.of_run(own_run).merge == {}


def test_a_damaged_log_is_an_error(own_run):
    (own_run.parent / "merge/test-log.jsonl").write_text("nobody\n")
    with pytest.raises(errors.InputError, match="line 1 is none"):
        evidence.of_run(own_run)


def test_answers_without_a_reading_are_said(own_run):
    log = own_run.parent / "merge/test-log.jsonl"
    log.unlink()
    found = evidence.of_run(own_run)
    assert found.n_readings == 0
    assert "No reading by this network is in the log" in found.notes[0]
    test_log.enter_reading(training.load_run(own_run), "a trial of May")
    assert evidence.of_run(own_run).n_readings == 1


def test_what_external_answers_rest_on_is_kept_or_an_error(own_run):
    basis = {"folder": "nih", "classes": {"0": ["a"], "1": ["b"]}, "kinds": ["NIH"]}
    file = own_run / "external.json"
    file.write_text(json.dumps(basis | {"n_known": 0, "n_readings": 2}))
    labels, adults, said = evidence.of_run(own_run).external
    assert "normal from a, pneumonia from b" in labels
    assert "mostly adults" in adults
    assert said == "folder nih, reading 2"
    assert not evidence.of_run(own_run).has_simulated_external
    basis |= {"n_known": 0, "n_readings": 2}
    file.write_text(json.dumps(basis | {"kinds": ["IM", "simulated"]}))
    assert evidence.of_run(own_run).has_simulated_external
    for text in (
        *("[]", "{", "[" * 100_000),
        *(json.dumps({k: v for k, v in basis.items() if k != name}) for name in basis),
        json.dumps(basis | {"classes": {"0": ["a"]}}),
        json.dumps(basis | {"classes": {"0": "ab", "1": [3]}}),
        json.dumps(basis | {"n_readings": math.inf}),
    ):
        file.write_text(text)
        with pytest.raises(errors.NotARunError, match="must say what the external"):
            evidence.of_run(own_run)


def test_a_stored_result_gives_its_answers_and_count():
    found = evidence.of_result("real-64px-official")
    assert (len(found.answers["test"]), found.n_readings) == (624, 23)
    assert found.files is None
    assert found.command == ""


ODD = st.sampled_from(
    [None, True, -1, 0, 7, 0.5, 2**62, "", "7", "a\n", [], [1], {}, {"a": 1}]
)
POINT = {"rule": "youden", "value": 0.4, "low": 0.2, "high": None, "n": 8}
POINT |= {"n_groups": 4, "method": "not given: few", "promised": {"sensitivity": {}}}
KEPT = {
    **{"folder": "nih", "classes": {"0": ["a"], "1": ["b"]}, "kinds": ["NIH"]},
    **{"n_known": 0, "n_readings": 2},
}
FILES = {
    "run/run.json": json.dumps({"operating_point": POINT}),
    "run/history.jsonl": "{}",
    "run/external.json": json.dumps(KEPT),
    "merge/test-log.jsonl": "{}",
}
CHEAP = ("use", "flow", "protocol", "recipe", "readings", "availability")


def places(value, way=()):
    """Each place in a value of JSON."""
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    return [way, *(place for key, part in inner for place in places(part, (*way, key)))]


def replaced(value, way, new):
    if way:
        value[way[0]] = replaced(value[way[0]], way[1:], new)
    return value if way else new


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draw=st.data())
def test_whatever_one_value_of_json_becomes_it_is_read_or_refused(own_run, name, draw):
    file = own_run.parent / name
    before = file.read_text() if file.is_file() else "{}"
    line, *others = before.splitlines() if name.endswith("l") else [before]
    facts = json.loads(line) | json.loads(FILES[name])
    way = draw.draw(st.sampled_from(places(facts)))
    text = json.dumps(replaced(facts, way, draw.draw(ODD)))
    file.write_text("\n".join([text, *others, ""]))
    try:
        found = evidence.of_run(own_run)
    except errors.InputError:
        return  # in one line, as other tests hold
    finally:
        file.write_text(before)
    figures.describe_point(found.threshold, found.point)
    assert all(fields.FIELDS[key](found).state for key in CHEAP)
