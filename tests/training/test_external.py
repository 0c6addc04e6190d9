"""Images from elsewhere: which are read, which are known, and what is refused."""

import shutil

import pytest
from PIL import Image

from tests.conftest import as_jpeg, blob_image, write_file
from tests.training.test_experiment import merge_into, train
from tests.training.test_runs import contents, stop_after_two_epochs
from xraylab import errors, phantom
from xraylab.training import external, keep_operating_point, load_run, test_log


@pytest.fixture(scope="module")
def run(three_sources, tmp_path_factory):
    merge = merge_into(tmp_path_factory.mktemp("merge"), three_sources)
    return train(merge, tmp_path_factory.mktemp("run") / "r")


@pytest.fixture
def elsewhere(tmp_path):
    """Six new images a class, of which two are of one patient."""
    root = tmp_path / "elsewhere"
    for i in range(6):
        for name, number in (("No_Finding", 10), ("Pneumonia", 20)):
            file = f"000000{number + max(i, 1)}_00{i}.png"
            write_file(root / name / file, as_jpeg(blob_image(900 + 100 * number + i)))
    return root


def score(run, root):
    return external.score_external(run.folder, root, progress=False)


def test_each_new_image_is_scored_once_and_the_reading_counted(run, elsewhere):
    again = elsewhere / "Pneumonia/00000030_000.png"
    shutil.copy(elsewhere / "Pneumonia/00000025_005.png", again)
    before = len(test_log.list_readings(run.about["merge"]))
    found = score(run, elsewhere)
    assert len(found.predictions) == 12
    assert found.predictions["label"].sum() == 6
    assert found.predictions["group_id"].nunique() == 10
    assert found.classes == {0: ["no_finding"], 1: ["pneumonia"]}
    assert (found.kinds, found.n_known, found.n_readings) == ({"NIH"}, 0, 1)
    assert score(run, elsewhere).n_readings == 2
    readings = test_log.list_readings(run.about["merge"])
    assert readings["protocol"].tolist()[before:] == ["external", "external"]
    assert (run.folder / "predictions-external.csv").is_file()
    kept = external.read_basis(run.folder)
    assert (kept["folder"], kept["n_readings"]) == (elsewhere.name, 2)
    assert (kept["classes"], kept["kinds"]) == (found.classes, found.kinds)


def test_simulated_images_are_kept_as_such(run, tmp_path):
    phantom.write_phantom(tmp_path / "set", n_children=24)
    found = score(run, tmp_path / "set")
    assert "simulated" in found.kinds
    assert "simulated" in external.read_basis(run.folder)["kinds"]
    (tmp_path / "set/truth/truth.csv").write_bytes(b"")
    before = len(test_log.list_readings(run.about["merge"]))
    with pytest.raises(
        errors.InputError, match=r"truth.csv must be as `xraylab phantom` writes it"
    ):
        score(run, tmp_path / "set")
    assert len(test_log.list_readings(run.about["merge"])) == before


def test_an_image_that_the_run_knows_is_left_out_with_its_copies(
    run, elsewhere, three_sources
):
    known = sorted((three_sources / "one").rglob("person*.jpeg"))[:3]
    # the same file under a new name, other bytes of the same pixels, a published name
    shutil.copy(known[0], elsewhere / "Pneumonia/a.jpeg")
    longer = known[1].read_bytes() + b"a note of an export"
    write_file(elsewhere / "Pneumonia/b.jpeg", longer)
    Image.open(known[2]).rotate(90).save(elsewhere / "Pneumonia" / known[2].name)
    found = score(run, elsewhere)
    assert found.n_known == 3
    assert len(found.predictions) == 12


def test_a_folder_of_known_images_only_is_refused(run, tmp_path, three_sources):
    for name, stem in (("normal", "IM-"), ("ill", "person")):
        for file in (three_sources / "one").rglob(f"{stem}*.jpeg"):
            write_file(tmp_path / "x" / name / file.name, file.read_bytes())
    before = len(test_log.list_readings(run.about["merge"]))
    with pytest.raises(errors.InputError, match="must hold new images of both classes"):
        score(run, tmp_path / "x")
    assert len(test_log.list_readings(run.about["merge"])) == before


@pytest.mark.parametrize(
    "names", [("cats", "dogs"), ("a", "b", "normal"), ("healthy", "normal")]
)
def test_classes_that_would_be_guessed_are_refused(run, tmp_path, names):
    for i, name in enumerate(names):
        write_file(tmp_path / "x" / name / "1.png", as_jpeg(blob_image(800 + i)))
    with pytest.raises(errors.InputError, match=rf"found {', '.join(names)} in"):
        score(run, tmp_path / "x")


def test_an_image_in_both_classes_is_refused(run, elsewhere):
    shutil.copy(
        elsewhere / "No_Finding/00000011_000.png",
        elsewhere / "Pneumonia/00000011_000.png",
    )
    with pytest.raises(errors.InputError, match="one class, found 2 files of images"):
        score(run, elsewhere)


def test_without_its_merge_a_run_keeps_the_count_itself(run, elsewhere, tmp_path):
    carried = shutil.copytree(run.folder, tmp_path / "carried")
    facts = (carried / "run.json").read_text()
    (carried / "run.json").write_text(facts.replace(run.about["merge"], "/gone"))
    run = load_run(carried)
    assert [score(run, elsewhere).n_readings for _ in "ab"] == [1, 2]
    assert len(test_log.list_readings(carried)) == 2
    with pytest.raises(errors.InputError, match=r"test is read, .*\(readings: 2\)"):
        keep_operating_point(carried, 0.5, rule="youden")


def test_a_full_disk_leaves_the_old_answers_with_what_they_rest_on(
    run, elsewhere, tmp_path, monkeypatch
):
    copy = load_run(shutil.copytree(run.folder, tmp_path / "copy"))
    score(copy, elsewhere)
    before = contents(copy.folder)
    write = type(tmp_path).write_text

    def full(path, text, **options):
        if "external.json" in path.name:  # the last that is written
            raise OSError(28, "No space left on device")
        return write(path, text, **options)

    monkeypatch.setattr(type(tmp_path), "write_text", full)
    with pytest.raises(OSError, match=r"external\.json could not be .* No space left"):
        score(copy, elsewhere)
    assert contents(copy.folder) == before


def test_an_unfinished_run_reads_no_external_set(
    three_sources, elsewhere, tmp_path, monkeypatch
):
    merge = merge_into(tmp_path / "m", three_sources)
    stop_after_two_epochs(monkeypatch, lambda: train(merge, tmp_path / "r"))
    with pytest.raises(errors.UnfinishedRunError, match="An external set is read when"):
        external.score_external(tmp_path / "r", elsewhere, progress=False)
