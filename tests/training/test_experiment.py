import pandas as pd
import pytest

from tests.training.test_loop import TINY
from xraylab import data, training
from xraylab.training import test_log


@pytest.fixture(scope="module")
def merge_folder(three_sources, tmp_path_factory):
    folder = tmp_path_factory.mktemp("merge")
    data.merge(three_sources, progress=False).save(folder)
    return folder


def test_from_a_merge_to_counted_test_scores(merge_folder, tmp_path):
    run = training.train(
        merge_folder, "naive-merge", TINY, tmp_path / "r", progress=False
    )
    assert set(run.table["split"]) == {"train", "valid", "test"}
    valid, n_looks = training.score(tmp_path / "r", progress=False)
    assert n_looks == 0
    assert test_log.list_looks(merge_folder).empty
    test, n_looks = training.score(tmp_path / "r", on="test", progress=False)
    assert n_looks == 1
    assert not set(valid["path"]) & set(test["path"])
    kept = pd.read_csv(tmp_path / "r/predictions-test.csv")
    assert kept["path"].tolist() == test["path"].tolist()


def test_training_scores_are_never_asked_for(tmp_path):
    with pytest.raises(ValueError, match='on must be "valid" or "test", got \'train\''):
        training.score(tmp_path, on="train")
