"""A run's validation, perturbed: never its test."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import data, errors, evaluation, explanation, images, phantom, training
from xraylab.explanation import run as explaining
from xraylab.files import NotWrittenError
from xraylab.training import test_log

RECIPE = training.Recipe(
    model="small", weights="none", size_px=16, epochs=1, n_steps=4, batch_size=8
)


@pytest.fixture(scope="module")
def merge_folder(three_sources, tmp_path_factory):
    folder = tmp_path_factory.mktemp("merge")
    data.merge(three_sources, progress=False).save(folder)
    return folder


@pytest.fixture(scope="module")
def run_folder(merge_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    training.train(merge_folder, "naive-merge", RECIPE, folder, progress=False)
    return folder


@pytest.fixture
def opened(monkeypatch):
    """Paths of all images that are read."""
    seen, read = [], images.read_pixels

    def note(file, size_px):
        seen.append(file)
        return read(file, size_px)

    monkeypatch.setattr(images, "read_pixels", note)
    return seen


def of_split(run_folder, split):
    table = training.load_run(run_folder).table
    return set(table.loc[table["split"] == split, "path"])


def test_validation_is_read_and_nothing_else(
    run_folder, merge_folder, three_sources, opened
):
    explanation.run.perturb_run(run_folder, progress=False)
    read = {file.relative_to(three_sources).as_posix() for file in opened}
    assert read == of_split(run_folder, "valid")
    assert len(test_log.list_readings(merge_folder)) == 0


def test_figures_are_those_of_the_runs_own_answers(run_folder):
    table, text = explanation.run.perturb_run(run_folder, progress=False)
    answers, _ = training.score(run_folder, on="valid", progress=False)
    still = table[(table["perturbation"] == "zoom") & (table["dose"] == 1)]
    still = still.set_index("figure")
    asked = evaluation.measure(answers, "AUROC")
    # read at 224 px and squeezed from there, so a little off
    assert still.loc["AUROC", "value"] == pytest.approx(asked.value, abs=0.1)
    assert still.loc["AUROC", "n"] == asked.n == len(of_split(run_folder, "valid"))
    assert still.loc["AUROC", "n_groups"] == asked.n_groups
    assert text.splitlines()[0] == (
        "validation of naive-merge, threshold 0.500, a box for the lungs"
    )
    ranked = explanation.rank_perturbations(table)
    top = ranked.iloc[0]
    line = text.splitlines()[1]
    assert line.startswith(f"{top['perturbation']}: mean logit moves by ")
    assert f"{top['swing']:.2f} standard deviations" in line
    assert f", n = {asked.n:,}, {asked.n_groups:,} groups" in text


def test_what_is_found_is_kept_in_the_run(run_folder, others):
    table, _ = explanation.run.perturb_run(run_folder, progress=False)
    kept = explanation.stored.read(run_folder, "doses")
    pd.testing.assert_frame_equal(kept.table, table)
    run = training.load_run(run_folder)
    assert kept.about == {
        "on": "validation of naive-merge",
        "network": run.network_id,
        "threshold": 0.5,
        "lungs": "a box for the lungs",
    }
    _, text = measured(run_folder, others)
    elsewhere = explanation.stored.read(run_folder, "doses elsewhere")
    assert text.startswith(elsewhere.about["on"])
    assert (elsewhere.table["n"] <= 40).all()
    assert explanation.stored.read(run_folder, "doses").about == kept.about


def test_maps_are_checked_on_validation_and_kept(
    run_folder, merge_folder, three_sources, opened
):
    table, text = explanation.run.check_run(run_folder)
    read = [file.relative_to(three_sources).as_posix() for file in opened]
    read = list(dict.fromkeys(read))  # as the network sees it, and larger
    assert set(read) <= of_split(run_folder, "valid")
    assert len(test_log.list_readings(merge_folder)) == 0
    groups = training.load_run(run_folder).table.set_index("path")["group_id"]
    assert groups[read].nunique() == len(read) <= 12
    assert table["map"].tolist() == list(explanation.MAPS)
    assert (table["n"] == len(read)).all()
    first, *lines, last = text.splitlines()
    assert first == "validation of naive-merge, 3 shuffled networks, limit 0.5"
    assert [line.split(":")[0] for line in lines] == list(explanation.MAPS)
    assert last.startswith("To pass is the least one may ask")
    kept = explanation.stored.read(run_folder, "maps")
    pd.testing.assert_frame_equal(kept.table, table)
    assert kept.about["limit"] == 0.5


def test_the_check_of_a_run_is_that_of_each_image(run_folder, three_sources):
    table, _ = explanation.run.check_run(run_folder)
    run = training.load_run(run_folder)
    valid = run.table[run.table["split"] == "valid"].sample(frac=1, random_state=0)
    few = valid.drop_duplicates("group_id").groupby("label").head(6)
    small = np.stack([images.read_pixels(three_sources / p, 16) for p in few["path"]])
    draw = explanation.MAPS["occlusion"]
    checks = [explanation.check_map(draw, run.make_model(), i, small) for i in small]
    found = table.set_index("map").loc["occlusion", "value"]
    assert found == pytest.approx(np.mean([check.similarity for check in checks]))


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((0.2, 0.1, 0.3), "sanity check passed; likeness 0.200 (0.10 to 0.30), n = 12"),
        ((0.8, 0.6, 0.9), "sanity check FAILED; likeness 0.800"),
        ((0.5, 0.5, 0.5), "sanity check FAILED"),
        ((0.4, 0.3, 0.6), "sanity check not decided: the interval holds the limit"),
        ((0.1, np.nan, np.nan), "sanity check not decided"),
    ],
)
def test_a_map_passes_only_where_its_interval_says_so(ends, verdict):
    row = evaluation.Interval(*ends, 12, 12, "t, by group")._asdict() | {"map": "m"}
    assert explaining.describe_check(row, 0.5).startswith(f"m: {verdict}")


def test_built_in_images_are_perturbed_with_their_true_lungs(tmp_path):
    root = tmp_path / "set"
    truth = phantom.write_phantom(root, n_children=24, plants=phantom.CLEAN)
    paths = truth["path"][:2]
    lungs = explaining._true_lungs(root, paths, 32)
    masks = phantom.masks_for(root, paths[1], size=(32, 32))
    assert lungs.shape == (2, 32, 32)
    assert np.array_equal(lungs[1], masks.left_lung | masks.right_lung)
    assert explaining._true_lungs(tmp_path, paths, 32) is None
    assert explaining._true_lungs(root, [*paths, "mine.jpeg"], 32) is None


# --- other images ------------------------------------------------------------------


@pytest.fixture
def others(tmp_path):
    """Twenty images of a class, of which two are copies of one."""
    for i in range(20):
        for label, name in enumerate(("healthy", "ill")):
            image = as_jpeg(blob_image(1000 + 2 * i + label, 64))
            write_file(tmp_path / "others" / name / f"case-{label}-{i}.jpg", image)
    folder = tmp_path / "others/ill"
    shutil.copy(folder / "case-1-0.jpg", folder / "copy.jpg")
    return tmp_path / "others"


def measured(run_folder, folder):
    table, text = explanation.run.perturb_run(
        run_folder, data_folder=folder, progress=False
    )
    return table[table["figure"] == "flipped"]["n"].unique().tolist(), text


def test_other_images_are_taken_once_each(run_folder, others):
    counts, text = measured(run_folder, others)
    assert counts == [40]
    assert text.startswith(f"{others}, without the run's training and test, ")


def test_the_own_source_is_its_validation(run_folder, three_sources, opened):
    with pytest.raises(ValueError, match="new images of both classes"):
        measured(run_folder, three_sources)
    read = {file.relative_to(three_sources).as_posix() for file in opened}
    assert not read & of_split(run_folder, "test")
    assert not read & of_split(run_folder, "train")


def test_test_folders_and_images_of_the_test_are_left_out(
    run_folder, three_sources, others, opened
):
    for name in ("healthy", "ill"):
        shutil.move(others / name, others / "train" / name)
    held_out = others / "train/ill/case-1-3.jpg"
    write_file(others / "test/ill/case-1-3-again.jpg", held_out.read_bytes())
    own = min(of_split(run_folder, "test"))
    named = others / "train/ill" / own.rsplit("/", 1)[1]
    shutil.copy(three_sources / own, named)
    shutil.copy(named, named.with_name("renamed.jpg"))
    counts, _ = measured(run_folder, others)
    read = {file.relative_to(others).as_posix() for file in opened}
    assert counts == [39]
    assert len(read) == 39
    # copies of what is left out are left out too, whatever they are called
    assert not any("case-1-3.jpg" in path or "test/" in path for path in read)
    assert not any(path.endswith(("renamed.jpg", named.name)) for path in read)


def test_a_name_that_tells_no_published_image_leaves_none_out(run_folder, others):
    name = next(path for path in of_split(run_folder, "train") if "(" in path)
    (others / "ill/case-1-5.jpg").rename(others / "ill" / name.rsplit("/", 1)[1])
    counts, _ = measured(run_folder, others)
    assert counts == [40]


def test_nothing_left_is_said(run_folder, others):
    for name in ("healthy", "ill"):
        shutil.move(others / name, others / "test" / name)
    with pytest.raises(ValueError, match=r"new images of both classes, found 0"):
        measured(run_folder, others)


@pytest.mark.parametrize("names", [("cats", "dogs"), ("healthy", "ill", "third")])
def test_classes_that_would_be_guessed_are_refused(run_folder, tmp_path, names):
    for i, name in enumerate(names):
        write_file(tmp_path / "x" / name / "a.jpg", as_jpeg(blob_image(800 + i, 64)))
    with pytest.raises(
        errors.InputError,
        match=rf"^data_folder must hold two classes, .*; found {', '.join(names)} in ",
    ):
        measured(run_folder, tmp_path / "x")


def test_an_image_in_both_classes_is_refused(run_folder, others):
    shutil.copy(others / "ill/case-1-3.jpg", others / "healthy/case-1-3.jpg")
    with pytest.raises(errors.InputError, match="one class, found 2 files of images"):
        measured(run_folder, others)


def test_a_merge_that_is_gone_is_named(run_folder, tmp_path):
    copy = shutil.copytree(run_folder, tmp_path / "copy")
    facts = (copy / "run.json").read_text("utf-8")
    merge = training.load_run(copy).about["merge"]
    (copy / "run.json").write_text(
        facts.replace(merge, str(tmp_path / "gone")), "utf-8"
    )
    for work in (explanation.run.perturb_run, explanation.run.check_run):
        with pytest.raises(ValueError, match=r"merge must be given: .*gone, which"):
            work(copy, progress=False)


def test_a_merge_is_none_of_other_images(run_folder, merge_folder, others):
    told = "merge must be given for the run's own images only, got it beside a folder"
    with pytest.raises(errors.InputError, match=told):
        explanation.run.perturb_run(run_folder, data_folder=others, merge=merge_folder)


@pytest.mark.parametrize("is_merged_again", [False, True])
def test_other_images_under_the_same_names_are_refused(
    run_folder, merge_folder, three_sources, tmp_path, is_merged_again
):
    root = shutil.copytree(three_sources, tmp_path / "root")
    copy = shutil.copytree(run_folder, tmp_path / "copy")
    facts = (copy / "run.json").read_text("utf-8")
    merge = training.load_run(copy).about["merge"]
    (copy / "run.json").write_text(
        facts.replace(merge, str(tmp_path / "merge")), "utf-8"
    )
    data.merge(root, progress=False).save(tmp_path / "merge")
    for path in of_split(run_folder, "valid"):
        write_file(root / path, as_jpeg(blob_image(900 + len(path), 64)))
    if is_merged_again:
        data.merge(root, progress=False).save(tmp_path / "merge")
    lost = r"must hold the images of .*, but [1-8] of 8 are not in .* other pixels"
    with pytest.raises(ValueError, match=f"merge {lost}"):
        explanation.run.perturb_run(copy, progress=False)
    with pytest.raises(ValueError, match="merge must hold the images of "):
        explanation.run.check_run(copy)


@pytest.mark.parametrize(
    ("work", "name"),
    [
        (lambda run, _: explanation.run.check_run(run), "maps.json"),
        (lambda run, _: explanation.run.perturb_run(run), "perturbations.json"),
        (measured, "perturbations-elsewhere.json"),
    ],
)
def test_a_file_that_could_not_be_kept_is_named_before_any_image_is_read(
    work, name, run_folder, others, tmp_path, opened
):
    copy = shutil.copytree(run_folder, tmp_path / "copy")
    for file in ("maps.json", "perturbations.json", "perturbations-elsewhere.json"):
        (copy / file).unlink(missing_ok=True)
    (copy / name).mkdir()
    with pytest.raises(NotWrittenError, match=rf"{name} could not be written"):
        work(copy, others)
    assert not opened


def test_a_run_that_tells_no_merge_takes_none_from_where_one_works(
    run_folder, merge_folder, tmp_path, monkeypatch
):
    copy = shutil.copytree(run_folder, tmp_path / "copy")
    facts = json.loads((copy / "run.json").read_text("utf-8"))
    (copy / "run.json").write_text(json.dumps(facts | {"about": {"merge": ""}}))
    monkeypatch.chdir(merge_folder)
    with pytest.raises(ValueError, match="on the merge in no folder, which is"):
        explanation.run.check_run(copy)
