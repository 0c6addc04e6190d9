import math
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from tests.conftest import write_file
from tests.training.test_loop import TINY
from tests.training.test_runs import contents, stop_after_two_epochs
from xraylab import data, errors, images, phantom, training
from xraylab.files import NotWrittenError
from xraylab.training import content, test_log


def merge_into(folder, root):
    data.merge(root, progress=False).save(folder)
    return folder


def train(merge_folder, out, protocol="naive-merge"):
    return training.train(merge_folder, protocol, TINY, out, progress=False)


def score(run_folder, **options):
    return training.score(run_folder, progress=False, **options)


def preprocess_in_place(root):
    """What many do first: crop all images, under the same names."""
    for file in root.rglob("*.jp*g"):
        image = Image.open(file)
        image.crop((8, 8, image.width - 8, image.height - 8)).save(file, quality=90)


@pytest.fixture(scope="module")
def merge_folder(three_sources, tmp_path_factory):
    return merge_into(tmp_path_factory.mktemp("merge"), three_sources)


@pytest.fixture
def own(three_sources, tmp_path):
    """A root that may be changed, and its merge."""
    root = shutil.copytree(three_sources, tmp_path / "root")
    return root, merge_into(tmp_path / "merge", root)


def test_from_a_merge_to_counted_test_scores(merge_folder, tmp_path):
    run = train(merge_folder, tmp_path / "r")
    assert set(run.table["split"]) == {"train", "valid", "test"}
    valid, n_readings = score(tmp_path / "r")
    assert n_readings == 0
    assert test_log.list_readings(merge_folder).empty
    test, n_readings = score(tmp_path / "r", on="test")
    assert n_readings == 1
    assert not set(valid["path"]) & set(test["path"])
    kept = pd.read_csv(tmp_path / "r/predictions-test.csv")
    assert kept["path"].tolist() == test["path"].tolist()


def test_a_run_notes_which_of_its_images_are_simulated(
    three_sources, tmp_path, monkeypatch
):
    truth = phantom.write_phantom(tmp_path / "set", n_children=24)
    source = Path(truth["path"].iloc[0]).parts[0]
    (tmp_path / "both").mkdir()
    (tmp_path / "both/simulated").symlink_to(tmp_path / "set" / source)
    (tmp_path / "both/real").symlink_to(three_sources / "two")
    shutil.copytree(three_sources, tmp_path / "real")
    write_file(tmp_path / "real/truth/truth.csv", b"patient,reader\n1,a\n")  # another's
    monkeypatch.setattr(
        training.runs, "train_run", lambda *_, about, **__: about["simulated"]
    )
    for number, (root, noted) in enumerate(
        (("set", "all"), (f"set/{source}", "all"), ("both", "some"), ("real", "none"))
    ):
        merge = merge_into(tmp_path / f"merge-{number}", tmp_path / root)
        assert train(merge, tmp_path / "r") == noted, root


def test_a_run_is_not_written_into_a_merge(own):
    _, merge = own
    before = contents(merge)
    with pytest.raises(errors.InputError, match=r"out must .*, but .* holds a merge\."):
        train(merge, merge)
    assert contents(merge) == before


@pytest.mark.parametrize(
    "name", ["split.csv", "history.jsonl", "best.safetensors", "predictions-valid.csv"]
)
def test_files_of_others_are_not_replaced_by_a_run(own, tmp_path, name):
    _, merge = own
    file = write_file(tmp_path / "r" / name, b"mine\n")
    before = contents(merge) | contents(tmp_path / "r")
    with pytest.raises(NotWrittenError, match=rf"{name} could not .* no run\.json"):
        train(merge, tmp_path / "r")
    assert contents(merge) | contents(tmp_path / "r") == before
    file.unlink()
    run = train(merge, tmp_path / "r")
    for kept in tmp_path.glob("r/*"):  # a kill came between split.csv and run.json
        if kept.name != "split.csv":
            kept.unlink()
    assert train(merge, run.folder).note == "trained"


def test_facts_of_others_are_not_replaced_by_a_run(own, tmp_path):
    file = write_file(tmp_path / "r/run.json", b'{"mine": 1}')
    with pytest.raises(errors.NotARunError, match=r"run\.json must be the facts of a"):
        train(own[1], tmp_path / "r")
    assert [file.read_bytes(), *file.parent.iterdir()] == [b'{"mine": 1}', file]


def test_a_run_s_images_are_found_under_one_another_s_names(own, tmp_path):
    root, merge = own
    run = train(merge, tmp_path / "r")
    expected, _ = score(run.folder)
    first, second = (root / path for path in expected["path"].iloc[:2])
    for old, new in ((first, root / "x"), (second, first), (root / "x", second)):
        old.rename(new)
    for _ in "before and after merging anew":
        pd.testing.assert_frame_equal(score(run.folder)[0], expected)
        valid = run.table[run.table["split"] == "valid"]
        own = training.origin.find_rows(run, valid, progress=False)
        for path, digest in own.rows[["now", "pixels"]].to_numpy():
            pixels = images.read_pixels(root / path, run.recipe.size_px)
            assert content.digest_rows(pixels[None], [0]) == [digest]
        merge_into(merge, root)


def test_training_scores_are_never_asked_for(tmp_path):
    with pytest.raises(ValueError, match='on must be "valid" or "test", got \'train\''):
        score(tmp_path, on="train")


@pytest.mark.parametrize("finished", [True, False])
def test_images_changed_in_place_are_never_taken_for_the_old(
    own, tmp_path, monkeypatch, finished
):
    root, merge = own
    out = tmp_path / "r"
    if finished:
        train(merge, out)
    else:
        stop_after_two_epochs(monkeypatch, lambda: train(merge, out))
    before = contents(out)
    preprocess_in_place(root)
    for _ in "before and after merging anew":
        with pytest.raises(errors.InputError, match="on other"):
            train(merge, out)
        with pytest.raises(errors.InputError, match="have other pixels"):
            score(out)
        assert contents(out) == before
        merge_into(merge, root)
    assert train(merge, tmp_path / "new").note == "trained"


def test_a_copy_changed_in_place_is_noticed_too(own, tmp_path):
    root, merge = own
    train(merge, tmp_path / "r")
    file = next((root / "two").rglob("*.jpeg"))  # a copy keeps its image_id
    Image.open(file).rotate(1).save(file)
    merge_into(merge, root)
    with pytest.raises(errors.InputError, match="other images under the same names"):
        train(merge, tmp_path / "r")


def test_the_count_of_readings_follows_the_tests_content(own, tmp_path):
    root, merge = own
    train(merge, tmp_path / "old")
    assert score(tmp_path / "old", on="test")[1] == 1
    merge_into(merge, root)
    assert score(tmp_path / "old", on="test")[1] == 2
    preprocess_in_place(root)
    merge_into(merge, root)
    train(merge, tmp_path / "new")
    assert score(tmp_path / "new", on="test")[1] == 1
    assert score(tmp_path / "new", on="test")[1] == 2


def test_an_unfinished_run_never_reads_the_test(own, tmp_path, monkeypatch):
    _, merge = own
    stop_after_two_epochs(monkeypatch, lambda: train(merge, tmp_path / "r"))
    with pytest.raises(errors.UnfinishedRunError, match="2 of 4 epochs"):
        score(tmp_path / "r", on="test")
    assert test_log.list_readings(merge).empty
    assert not (tmp_path / "r/predictions-test.csv").exists()
    assert len(score(tmp_path / "r")[0])  # validation is there to look on the way


def test_a_chosen_threshold_is_kept_until_the_test_is_read(own, tmp_path):
    _, merge = own
    run = train(merge, tmp_path / "r")
    assert (run.threshold, run.rule) == (0.5, "the original's 0.5")
    for threshold in (0.25, 0.75):
        training.keep_operating_point(run.folder, threshold, rule="youden", n=7)
    kept = training.load_run(run.folder)
    assert (kept.threshold, kept.rule) == (0.75, "youden")
    assert kept.operating_point == {"rule": "youden", "n": 7}
    assert kept.table.equals(run.table)
    assert train(merge, run.folder).threshold == 0.75  # the same run, loaded
    score(run.folder, on="test")
    before = contents(run.folder)
    copied = shutil.copytree(run.folder, tmp_path / "another name")
    (copied / "predictions-test.csv").unlink()  # the log remembers the network
    for folder in (run.folder, copied):
        with pytest.raises(
            errors.InputError, match=r"\(readings: 1\). The run keeps 0"
        ):
            training.keep_operating_point(folder, 0.5, rule="youden")
    (merge / "test-log.jsonl").unlink()  # what was written in the run is there still
    with pytest.raises(errors.InputError, match="must come before a test is read"):
        training.keep_operating_point(run.folder, 0.5, rule="youden")
    assert contents(run.folder) == before
    (run.folder / "predictions-test.csv").unlink()
    (run.folder / "predictions-test.csv").mkdir()  # whatever lies there now
    with pytest.raises(errors.InputError, match="must come before a test is read"):
        training.keep_operating_point(run.folder, 0.5, rule="youden")


def test_ends_that_could_not_be_given_come_back_as_such(own, tmp_path):
    _, merge = own
    run = train(merge, tmp_path / "r")
    ends = {"low": math.nan, "high": math.nan, "n": 9, "n_groups": 9, "method": "m"}
    promised = {"sensitivity": {"value": 0.9, **ends}}
    training.keep_operating_point(
        run.folder, 0.25, rule="youden", **ends, promised=promised
    )
    assert "NaN" not in (run.folder / "run.json").read_text("utf-8")
    point = training.load_run(run.folder).operating_point
    assert math.isnan(point["low"])
    assert math.isnan(point["promised"]["sensitivity"]["low"])
    assert point["promised"]["sensitivity"]["value"] == 0.9


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_outside_is_not_kept(own, tmp_path, threshold):
    _, merge = own
    run = train(merge, tmp_path / "r")
    before = contents(run.folder)
    with pytest.raises(errors.InputError, match=r"threshold must be in \[0, 1\]"):
        training.keep_operating_point(run.folder, threshold, rule="youden")
    assert contents(run.folder) == before


def test_an_unfinished_run_takes_no_threshold(own, tmp_path, monkeypatch):
    _, merge = own
    stop_after_two_epochs(monkeypatch, lambda: train(merge, tmp_path / "r"))
    with pytest.raises(errors.UnfinishedRunError, match="A threshold is chosen when"):
        training.keep_operating_point(tmp_path / "r", 0.5, rule="youden")


def test_damaged_weights_cost_no_reading(own, tmp_path):
    _, merge = own
    train(merge, tmp_path / "r")
    (tmp_path / "r/best.safetensors").write_bytes(b"")
    with pytest.raises(errors.NotARunError, match="it is empty"):
        score(tmp_path / "r", on="test")
    assert test_log.list_readings(merge).empty


@pytest.mark.parametrize("deeper", ["", "one more folder"])
@pytest.mark.parametrize("protocol", ["naive-merge", "image-random"])
def test_a_run_that_was_carried_elsewhere_finds_its_images(
    own, tmp_path, protocol, deeper
):
    root, merge = own
    train(merge, tmp_path / "r", protocol)
    expected, _ = score(tmp_path / "r")
    other = tmp_path / "elsewhere"
    shutil.move(root, other / deeper)
    run = shutil.move(tmp_path / "r", tmp_path / "carried")
    with pytest.raises(FileNotFoundError, match="which is not there any more"):
        score(run)
    shutil.rmtree(merge)
    with pytest.raises(errors.InputError, match="merge must be given: ") as caught:
        score(run)
    assert caught.value.argument == "merge"
    there = merge_into(tmp_path / "there", other)
    found, _ = score(run, merge=there)
    pd.testing.assert_frame_equal(found, expected)
    assert score(run, merge=there, on="test")[1] == 1
    assert len(test_log.list_readings(there)) == 1


def test_a_second_merge_begins_no_second_count(own, tmp_path):
    root, merge = own
    run = train(merge, tmp_path / "r")
    other = merge_into(tmp_path / "other", root)
    assert score(run.folder, on="test")[1] == 1
    assert score(run.folder, on="test", merge=other)[1] == 2
    assert test_log.list_readings(other).empty
    assert len(test_log.readings_of(run, other)) == 2


def test_a_reading_elsewhere_is_one_before_a_threshold_is_chosen(own, tmp_path):
    root, merge = own
    run = train(merge, tmp_path / "r")
    other = merge_into(tmp_path / "other", root)
    away = shutil.move(merge, tmp_path / "away")
    assert score(run.folder, on="test", merge=other)[1] == 1
    (run.folder / "predictions-test.csv").unlink()
    with pytest.raises(errors.InputError, match=r"\(readings: 1\)"):
        training.keep_operating_point(run.folder, 0.3, rule="youden", merge=other)
    assert test_log.list_readings(away).empty


def test_weights_that_cannot_be_had_are_told_before_images_are_read(own, tmp_path):
    _, merge = own
    before = sorted(merge.rglob("*"))
    for weights, told in (("nowhere.pth", "got nowhere"), ("imagenet", "model small")):
        recipe = replace(TINY, weights=weights)
        with pytest.raises(errors.WeightsError, match=told) as caught:
            training.train(merge, "naive-merge", recipe, tmp_path / "r")
        assert caught.value.argument == "weights"
        with pytest.raises(errors.WeightsError, match=told):
            training.find_lr(merge, "naive-merge", recipe)
    assert sorted(merge.rglob("*")) == before


def test_a_merge_of_other_images_is_refused(own, tmp_path):
    root, merge = own
    train(merge, tmp_path / "r")
    preprocess_in_place(root)
    other = merge_into(tmp_path / "other", root)
    with pytest.raises(errors.InputError, match=r"merge must hold the images of .* of"):
        score(tmp_path / "r", merge=other, on="test")
    assert test_log.list_readings(other).empty


def test_another_recipe_reads_images_of_its_own_size(merge_folder, tmp_path):
    recipe = replace(TINY, size_px=24)
    training.train(merge_folder, "image-random", recipe, tmp_path / "r", progress=False)
    assert len(score(tmp_path / "r")[0])
