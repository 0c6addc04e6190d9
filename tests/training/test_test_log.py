import pytest

from xraylab.training import test_log


def test_looks_are_counted_by_protocol(tmp_path):
    assert test_log.list_looks(tmp_path).empty
    seen = [
        test_log.count_look(tmp_path, run=str(i), protocol=protocol, seed=0)
        for i, protocol in enumerate(["official", "grouped", "official"])
    ]
    assert seen == [1, 1, 2]
    assert test_log.list_looks(tmp_path)["run"].tolist() == ["0", "1", "2"]


def test_a_look_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        test_log.count_look(tmp_path / "nowhere", run="r", protocol="official", seed=0)
