import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from xraylab import errors
from xraylab.training import test_log


def read(folder, test, **facts):
    facts = {"run": "r", "protocol": "official", "seed": 0, "network": "n"} | facts
    return test_log.count_reading(folder, test=test, **facts)


def test_readings_are_counted_by_the_tests_content(tmp_path):
    assert test_log.list_readings(tmp_path).empty
    seen = [
        read(tmp_path, test, run=str(i), protocol=protocol)
        for i, (test, protocol) in enumerate(
            [("a", "official"), ("b", "official"), ("a", "official"), ("a", "grouped")]
        )
    ]
    assert seen == [1, 1, 2, 3]
    assert test_log.list_readings(tmp_path)["run"].tolist() == ["0", "1", "2", "3"]


def test_readings_at_the_same_moment_are_counted_one_by_one(tmp_path, monkeypatch):
    listed = test_log.list_readings

    def list_slowly(folder):
        found = listed(folder)
        time.sleep(0.005)
        return found

    monkeypatch.setattr(test_log, "list_readings", list_slowly)
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: read(tmp_path, "a"), range(8)))
    assert sorted(numbers) == list(range(1, 9))


def test_what_is_not_known_of_a_reading_is_empty(tmp_path):
    test_log.count_reading(tmp_path, test="a", source="a paper")
    read(tmp_path, "a")
    (row, other) = test_log.list_readings(tmp_path).to_dict("records")
    assert (row["source"], row["run"], row["seed"]) == ("a paper", "", "")
    assert (other["source"], other["seed"], other["network"]) == ("", 0, "n")
    with pytest.raises(TypeError, match="a reading has no rum"):
        test_log.count_reading(tmp_path, test="a", rum="r")
    assert len(test_log.list_readings(tmp_path)) == 2


def test_a_reading_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(OSError, match=r"nowhere.*could not be written"):
        read(tmp_path / "nowhere", "a")


def test_a_log_whose_last_line_lost_its_end_counts_on(tmp_path):
    read(tmp_path, "a")
    log = tmp_path / "test-log.jsonl"
    log.write_bytes(log.read_bytes().rstrip(b"\n"))  # as some editors leave it
    assert [read(tmp_path, "a") for _ in "ab"] == [2, 3]
    assert len(test_log.list_readings(tmp_path)) == 3


@pytest.mark.parametrize("line", ["{", "[]", '{"run": "r"}', "3", "\xff"])
def test_a_damaged_log_stops_the_count(tmp_path, line):
    read(tmp_path, "a")
    log = tmp_path / "test-log.jsonl"
    log.write_bytes(log.read_bytes() + line.encode("latin-1") + b"\n")
    before = log.read_bytes()
    with pytest.raises(errors.InputError, match="but line 2 is none"):
        read(tmp_path, "a")
    assert log.read_bytes() == before
