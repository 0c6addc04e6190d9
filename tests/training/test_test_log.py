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


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "Expecting property"),
        ("", "Expecting value"),
        ("[]", r"it is \[\], not an object"),
        ('{"run": "r"}', "no 'when'"),
        ("3", "it is 3, not an object"),
        ("\xff", "can't decode"),
        ("[" * 100_000, "it is nested too deep"),
        ('{"when": 5, "test": "a"}', "when is 5, not text"),
        ('{"when": "May", "test": ["a"]}', r'test is \["a"\], not text'),
        ('{"when": "May", "test": "a", "run": [1]}', r"run is \[1\], not text"),
        ('{"when": "May", "test": "a", "seed": NaN}', "NaN is no finite number"),
        ('{"when": "May", "test": "a", "recipe": "r"}', "recipe is .*not an object"),
    ],
)
def test_a_damaged_log_stops_the_count(tmp_path, line, told):
    read(tmp_path, "a")
    log = tmp_path / "test-log.jsonl"
    log.write_bytes(log.read_bytes() + line.encode("latin-1") + b"\n")
    before = log.read_bytes()
    with pytest.raises(errors.InputError, match=f"but line 2 is none: .*{told}.* Mend"):
        read(tmp_path, "a")
    assert log.read_bytes() == before


@pytest.mark.parametrize("kind", ["folder", "dead link"])
def test_a_log_that_is_no_file_is_not_one_without_readings(tmp_path, kind):
    log = tmp_path / "test-log.jsonl"
    if kind == "folder":
        log.mkdir()
    else:
        try:
            log.symlink_to(tmp_path / "gone")
        except OSError:  # links need rights on Windows
            pytest.skip("no links here")
    told = (
        r"test-log\.jsonl must be a file with one reading a line, but could not be re"
    )
    for work in (test_log.list_readings, lambda folder: read(folder, "a")):
        with pytest.raises(errors.InputError, match=told):
            work(tmp_path)
    assert not (tmp_path / "gone").exists()
