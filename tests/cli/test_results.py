"""xraylab results: what was measured, and the tables that compare it."""

import json

import pytest

from xraylab import cli, results


def test_results_and_tables_are_listed(capsys):
    assert cli.main(["results"]) == 0
    out = capsys.readouterr().out
    for name in (*results.list_results()["name"], *results.list_tables()["name"]):
        assert name in out


@pytest.mark.parametrize("name", results.list_tables()["name"])
def test_a_table_is_shown_below_what_it_is(name, capsys):
    assert cli.main(["results", name]) == 0
    first, head, *rows = capsys.readouterr().out.splitlines()
    table = results.read_table(name)
    assert first == table.attrs["about"]
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
    assert "argument NAME: must be one of the results real-224px-probes, " in line
    assert f", or of the tables {results.list_tables()['name'][0]}, " in line
