"""xraylab results: what was measured, and the tables that compare it."""

import json

import pytest

from xraylab import cli, results


def test_results_and_tables_are_listed(capsys):
    assert cli.main(["results"]) == 0
    out = capsys.readouterr().out
    for name in (*results.list_results()["name"], *results.list_tables()["name"]):
        assert f"{name}: " in out
    assert max(map(len, out.splitlines())) < 120
    assert out.splitlines()[-1] == "Not for clinical use."
    for name in results.list_results()["name"]:
        kept, part = results.read_result(name), out.split(f"{name}: ")[1]
        first, *more = part.split("\n  test")[0].splitlines()
        assert first == kept["protocol"]
        for metric in {"accuracy", "AUROC"} & set(kept["metrics"]):
            figure = results.read_figure(name, metric)
            base = kept["metrics"][metric]["baseline"]
            assert f"  {metric} {figure}, baseline {base:.2f}" in more
        counts = f"n = {kept['n_test']:,}, {kept['n_groups']:,} groups"
        assert f"  {counts}, test readings: {kept['n_test_readings']}" in more
    assert cli.main(["results", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {row["data"] for row in answer["results"]} == {*results.list_results().data}


@pytest.mark.parametrize("name", results.list_tables()["name"])
def test_a_table_is_shown_below_what_it_is(name, capsys):
    assert cli.main(["results", name]) == 0
    first, head, *rows = capsys.readouterr().out.splitlines()
    table = results.read_table(name)
    assert first == f"{table.attrs['about']} Not for clinical use."
    assert "value" in head
    assert len(rows) == len(table)
    assert cli.main(["results", name, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["rows"][0]["value"] == table["value"].iloc[0]


def test_an_unknown_name_is_told_both_lists(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["results", "nothing"])
    assert ended.value.code == 2
    line = capsys.readouterr().err.splitlines()[-1]
    first = results.list_results()["name"][0]
    assert f"argument NAME: must be one of the results {first}, " in line
    assert f", or of the tables {results.list_tables()['name'][0]}, " in line
