import pandas as pd
import pytest

from tests.test_training import TINY
from xraylab import experiments, looks, merging


@pytest.fixture(scope="module")
def merge_folder(three_sources, tmp_path_factory):
    folder = tmp_path_factory.mktemp("merge")
    merging.save_merge(merging.merge(three_sources, progress=False), folder)
    return folder


def test_from_a_merge_to_counted_test_scores(merge_folder, tmp_path):
    run = experiments.train(
        merge_folder, "naive-merge", TINY, tmp_path / "r", progress=False
    )
    assert set(run.table["split"]) == {"train", "valid", "test"}
    valid, n_looks = experiments.score(tmp_path / "r", progress=False)
    assert n_looks == 0
    assert looks.list_looks(merge_folder).empty
    test, n_looks = experiments.score(tmp_path / "r", on="test", progress=False)
    assert n_looks == 1
    assert not set(valid["path"]) & set(test["path"])
    kept = pd.read_csv(tmp_path / "r/predictions-test.csv")
    assert kept["path"].tolist() == test["path"].tolist()


def test_training_scores_are_never_asked_for(tmp_path):
    with pytest.raises(ValueError, match='on must be "valid" or "test", got \'train\''):
        experiments.score(tmp_path, on="train")
