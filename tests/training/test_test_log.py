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


def test_a_reading_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(OSError, match=r"nowhere.*could not be written"):
        read(tmp_path / "nowhere", "a")


@pytest.mark.parametrize("line", ["{", "[]", '{"run": "r"}', "3", "\xff"])
def test_a_damaged_log_stops_the_count(tmp_path, line):
    read(tmp_path, "a")
    log = tmp_path / "test-log.jsonl"
    log.write_bytes(log.read_bytes() + line.encode("latin-1") + b"\n")
    before = log.read_bytes()
    with pytest.raises(errors.InputError, match="but line 2 is none"):
        read(tmp_path, "a")
    assert log.read_bytes() == before
