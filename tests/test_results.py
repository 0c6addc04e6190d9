"""Measured results: whole or refused, and quoted as evaluation writes them."""

import json

import pandas as pd
import pytest

from xraylab import results
from xraylab.evaluation import confusion, describe, evaluate
from xraylab.evaluation.calibration import measure_calibration


@pytest.fixture
def result():
    behind = {"n": 3514, "n_groups": 2071, "method": "by group"}
    accuracy = {"value": 0.9552, "low": 0.948, "high": 0.9612, "baseline": 0.73}
    auroc = {"value": 0.98, "low": 0.965, "high": 0.991, "baseline": 0.5}
    return {
        "name": "naive-64px",
        "date": "2026-11-24",
        "data": "three sources",
        "rebuilt": ["chest-xray-covid19-pneumonia"],
        "protocol": "naive-merge",
        "recipe": {"model": "resnet18"},
        "versions": {"torch": "2.13.0"},
        "n_test": 3514,
        "n_groups": 2071,
        "metrics": {"accuracy": accuracy | behind, "AUROC": auroc | behind},
        "seed": 0,
        "n_test_readings": 1,
    }


def test_written_and_read_are_the_same(result, tmp_path):
    file = results.write_result("naive-64px", result, folder=tmp_path)
    assert file == tmp_path / "naive-64px.json"
    assert results.read_result("naive-64px", folder=tmp_path) == result
    table = results.list_results(folder=tmp_path)
    row = table.iloc[0]
    assert (row["name"], row["n_test"], row["accuracy"]) == ("naive-64px", 3514, 0.9552)


def test_probes_keep_no_answers_and_say_so():
    with pytest.raises(
        ValueError, match=r"keeps answers on test, got real-224px-probes"
    ):
        results.read_predictions("real-224px-probes")


def test_those_with_answers_are_named():
    named = results.names_with_answers()
    assert set(results.list_results()["name"]) - set(named) == {"real-224px-probes"}
    assert all(len(results.read_predictions(name)) for name in named)


def test_committed_results_are_whole():
    for name in results.list_results()["name"]:
        result = results.read_result(name)
        assert result["name"] == name
        assert set(result["rebuilt"]) <= set(result.get("merge", {}).get("sources", ()))


RUNS = results.names_with_answers()


@pytest.mark.parametrize("name", RUNS)
def test_committed_figures_follow_from_the_committed_answers(name):
    result, answers = results.read_result(name), results.read_predictions(name)
    again = evaluate(answers, threshold=result["threshold"])
    for metric, row in result["metrics"].items():
        found = again.loc[metric, list(row)].to_dict()
        assert found.pop("method") == row["method"]
        numbers = {key: value for key, value in row.items() if key != "method"}
        assert found == pytest.approx(numbers, abs=1e-9), metric
    assert result["confusion"] == confusion(
        answers["label"], answers["score"], result["threshold"]
    )
    valid = results.read_predictions(name, on="valid")
    assert not set(valid["path"]) & set(answers["path"])


def test_answers_are_of_test_or_valid():
    with pytest.raises(ValueError, match=r'"test" or "external", got .train.'):
        results.read_predictions("real-64px-official", on="train")
    with pytest.raises(ValueError, match="name must be one of"):
        results.read_predictions("nothing")


def test_no_results_make_an_empty_table(tmp_path):
    table = results.list_results(folder=tmp_path)
    assert table.empty
    assert "AUROC" in table


def test_figures_are_written_as_evaluation_does(result, tmp_path):
    results.write_result("naive-64px", result, folder=tmp_path)
    found = results.read_figure("naive-64px", "accuracy", folder=tmp_path)
    assert str(found) == "0.955 (0.948 to 0.961), n = 3,514, 2,071 groups"
    lines = describe(pd.DataFrame.from_dict(result["metrics"], orient="index"))
    for metric, line in zip(result["metrics"], lines, strict=True):
        said = results.read_figure("naive-64px", metric, folder=tmp_path)
        assert line.startswith(f"{metric} {said}, baseline ")


def test_an_interval_that_is_not_given_is_kept_so(result, tmp_path):
    reason = "not given: fewer than 5 groups"
    row = result["metrics"]["accuracy"] | {"low": None, "high": None, "method": reason}
    result["metrics"] = {"accuracy": row}
    results.write_result("naive-64px", result, folder=tmp_path)
    said = results.read_figure("naive-64px", "accuracy", folder=tmp_path)
    assert str(said).startswith(f"0.955 (interval {reason}), n = 3,514")
    row["method"] = "by group"
    with pytest.raises(ValueError, match=r"accuracy must have .* as low, got None"):
        results.check_result(result)
    del row["method"]
    with pytest.raises(ValueError, match=r"accuracy must have as method .* got None"):
        results.check_result(result)


def test_unknown_names_list_those_there_are(result, tmp_path):
    results.write_result("naive-64px", result, folder=tmp_path)
    with pytest.raises(ValueError, match=r"results naive-64px, or of the .* got 'off"):
        results.read_result("official", folder=tmp_path)
    with pytest.raises(ValueError, match=r"one of accuracy, AUROC in result naive"):
        results.read_figure("naive-64px", "PPV", folder=tmp_path)
    with pytest.raises(
        ValueError, match=r"results \(none\), or of the tables \(none\), got"
    ):
        results.read_result("official", folder=tmp_path / "empty")


@pytest.mark.parametrize("key", results.RESULT_KEYS)
def test_each_key_is_needed(result, key):
    del result[key]
    with pytest.raises(ValueError, match=f"found no {key}"):
        results.check_result(result)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("name", "Naive 64", r"small letters.*got 'Naive 64'"),
        ("date", "24.11.2026", r"YYYY-MM-DD, got '24.11.2026'"),
        ("rebuilt", "third", r"rebuilt must be a list of names .*, got 'third'. It is"),
        ("rebuilt", [3], r"rebuilt must be a list of names of sources, got \[3\]"),
        ("n_test", 0, r"n_test must be a whole number from 1, got 0"),
        (
            "n_test_readings",
            1.5,
            r"n_test_readings must be a whole number from 0, got 1.5",
        ),
        ("metrics", {}, r"metrics must map names to figures, got \{\}"),
        ("metrics", {"PPV": {"method": "m"}}, r"PPV must have .* value, got None"),
    ],
)
def test_bad_values_are_refused(result, tmp_path, key, value, message):
    with pytest.raises(ValueError, match=message):
        results.write_result("naive-64px", result | {key: value}, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_figures_must_be_numbers_in_order(result):
    row = result["metrics"]["accuracy"]
    row["high"] = float("nan")
    with pytest.raises(ValueError, match=r"accuracy must have a finite .* high, got n"):
        results.check_result(result)
    row["high"] = 0.5
    with pytest.raises(ValueError, match=r"low at or below high, got 0.948 and 0.5"):
        results.check_result(result)


def test_a_file_must_bear_its_own_name(result, tmp_path):
    (tmp_path / "other.json").write_text(json.dumps(result))
    with pytest.raises(ValueError, match=r"got 'naive-64px' for 'other'"):
        results.read_result("other", folder=tmp_path)


def test_tables_are_read_back_as_they_were_written(tmp_path):
    rows = [{"result": "a", "value": 1 / 3, "low": None}, {"result": "b", "value": 2.0}]
    tables = {"t-one": {"about": "What “it” is.", "rows": rows}}
    file = results.write_tables("t", tables, date="2026-11-26", folder=tmp_path)
    assert json.loads(file.read_text("utf-8"))["date"] == "2026-11-26"
    table = results.read_table("t-one", folder=tmp_path)
    assert table["value"].tolist() == pytest.approx([1 / 3, 2], abs=1e-9)
    assert table["low"].isna().all()
    assert table.attrs["about"] == "What “it” is."
    listed = results.list_tables(folder=tmp_path)
    assert listed[["name", "n_rows"]].to_numpy().tolist() == [["t-one", 2]]
    assert results.list_results(folder=tmp_path).empty  # a table is no measurement


def test_unknown_tables_list_those_there_are(tmp_path):
    known = r"one of the tables .*real-64px-points.*, got 'nothing'"
    with pytest.raises(ValueError, match=known):
        results.read_table("nothing")
    with pytest.raises(ValueError, match=r"tables \(none\), got 'nothing'"):
        results.read_table("nothing", folder=tmp_path)
    assert results.list_tables(folder=tmp_path).empty


@pytest.mark.parametrize("name", RUNS)
def test_counts_of_splits_are_those_of_the_answers(name):
    result = results.read_result(name)
    for on in ("valid", "test"):
        answers, counts = results.read_predictions(name, on), result["splits"][on]
        assert counts["n_files"] == len(answers)
        assert counts["n_pneumonia"] == answers["label"].sum()
        assert counts["n_groups"] == answers["group_id"].nunique()
        assert counts["n_images"] == answers["image_id"].nunique()
    flow, sources = result["merge"]["flow"], result["merge"]["sources"].values()
    assert sum(source["files"] for source in sources) == flow["files with an image"]


EXTERNAL = [n for n in RUNS if "external" in results.read_result(n)]


@pytest.mark.parametrize("name", EXTERNAL)
def test_images_from_elsewhere_are_said_to_be_so(name):
    kept = results.read_result(name)["external"]
    answers = results.read_predictions(name, "external")
    assert (kept["n"], kept["n_groups"]) == (
        len(answers),
        answers["group_id"].nunique(),
    )
    assert "ADULTS" in kept["data"]
    assert "text-mined" in kept["data"]
    assert "mostly adults" in " ".join(kept["caveats"])
    anew = kept["validation_anew"]
    assert anew["n"] == anew["n_stored"] == len(results.read_predictions(name, "valid"))
    assert not set(answers["path"]) & set(results.read_predictions(name)["path"])


@pytest.mark.parametrize("name", EXTERNAL)
def test_a_run_trained_anew_gave_the_stored_scores_to_the_digit(name):
    anew = results.read_result(name)["external"]["validation_anew"]
    assert (anew["n_equal"], anew["greatest"]) == (anew["n"], 0)


def test_what_lesson_05_says_of_calibration_is_in_the_stored_answers():
    name = "real-64px-official"
    on = {part: results.read_predictions(name, on=part) for part in ("valid", "test")}
    valid, test = (measure_calibration(on[part]) for part in ("valid", "test"))
    assert valid.loc["intercept", "low"] < 0 < valid.loc["intercept", "high"]
    assert valid.loc["ECE", "value"] < valid.loc["ECE", "calibrated_high"]
    assert valid.loc["slope", "high"] < 1
    assert test.loc["intercept", "high"] < 0
    assert test.loc["ECE", "value"] > test.loc["ECE", "calibrated_high"]


def test_what_lesson_07_says_of_the_surest_is_in_the_stored_answers():
    answers = results.read_predictions("real-64px-official")
    is_sure = (answers["score"] - 0.5).abs() >= 0.49
    surest, every = (evaluate(rows) for rows in (answers[is_sure], answers))
    for column in ("value", "baseline"):  # more of them show pneumonia
        assert surest.loc["accuracy", column] > every.loc["accuracy", column]
    assert surest.loc["specificity", "value"] <= every.loc["specificity", "value"]


def test_what_lesson_08_says_of_one_thing_at_a_time_is_in_the_stored_table():
    table = results.read_table("factorial")
    long = table[table["result"].str.endswith(", 5800 steps")]
    effects = long[long["verdict"] != ""]
    assert (effects[["verdict", "verdict_few"]] == "settled").all(axis=None)
    value = long.set_index(["test", "what"])["value"]
    assert round(100 * value["R", "copies - clean"]) == 2
    assert value["O", "copies"] > 0.96 > 0.8 > value["O", "clean"]
    for weights in ("imagenet-approx (stand-in)", "none"):
        name = f"factorial, weights {weights}, 1450 steps"
        rows = table[table["result"] == name].set_index(["test", "what"])
        assert (rows["seeds_per_image"] >= 2).all()
        assert rows.loc[("R", "clean"), "value"] > 0.96
        effects = rows[rows["verdict"] != ""]["verdict"].unstack("test")
        assert not (effects["R"] == "settled").any()
        assert (
            effects.loc[["block - clean", "siblings - clean"], "R"] != "not settled"
        ).all()
        not_settled = effects.index[effects["O"] == "not settled"]
        assert not_settled.tolist() == ["siblings - clean"]
        counts = rows.loc["O"][["n", "n_groups"]].drop_duplicates().to_numpy().tolist()
        assert counts == [
            [500, 427]
        ]  # each child of the published test, half its images
