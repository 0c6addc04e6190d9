"""Where images are found, and that nothing is passed over silently."""

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import as_jpeg, blob_image, write_file
from tests.course import roots
from tests.course.roots import write_sources
from xraylab import data, errors, phantom
from xraylab.course import lesson, places
from xraylab.data import sources

pytestmark = pytest.mark.usefixtures("own_places", "one_second_a_step")
PLACE = Path("data")
LIMIT = dict(places.AT_LEAST)
no_links = pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")


@pytest.fixture(scope="module")
def small_set(tmp_path_factory):
    """A simulated set; read only."""
    root = tmp_path_factory.mktemp("set")
    phantom.write_phantom(root, n_children=24)
    return root


@pytest.fixture
def built_in(small_set, monkeypatch):
    """Built-in images that take no time."""
    monkeypatch.setattr(phantom, "builtin_data", lambda **_: small_set)
    return small_set


def test_images_in_the_data_folder_are_found(three_sources):
    PLACE.symlink_to(three_sources)
    found = places.find_images()
    assert found.root == three_sources.resolve()
    assert found.passed_over == []


def test_the_first_place_that_fits_is_taken(three_sources, tmp_path):
    empty, colab = tmp_path / "empty", tmp_path / "colab"
    empty.mkdir()
    (colab / "drive").mkdir(parents=True)
    found, reasons = places.look_in([tmp_path / "gone", empty, colab, three_sources])
    assert found.root == three_sources
    assert list(reasons) == [tmp_path / "gone", empty, colab]
    gone, nothing, drive = reasons.values()
    assert gone == "there is no such folder."
    assert "found nothing" in nothing
    assert drive.startswith("a drive is mounted in it, so it was not searched. Set")
    assert places.look_in([empty])[0] is None


# What may lie in a usual place; the word that the reason must hold.
ALMOST = {
    "no split": (
        ["NORMAL/a.jpeg", "PNEUMONIA/b.jpeg"],
        "the folder right above them must be called train, val or test",
    ),
    "splits of another name": (
        ["x/Train Set/NORMAL/a.jpeg", "x/Test Set/PNEUMONIA/b.jpeg"],
        "Class folders lie in x/Test Set, x/Train Set: the folder right above",
    ),
    "class above split": (
        ["x/NORMAL/train/a.jpeg", "x/PNEUMONIA/train/b.jpeg"],
        "as in train/NORMAL, found x/NORMAL/train, x/PNEUMONIA/train",
    ),
    "classes of another name": (
        ["x/train/Normal cases/a.jpeg", "x/train/Pneumonia cases/b.jpeg"],
        "call the class folders NORMAL and PNEUMONIA",
    ),
    "images one folder deeper": (
        ["x/train/NORMAL/images/a.jpeg", "x/train/PNEUMONIA/images/b.jpeg"],
        "Each class must be a folder with its images right in it",
    ),
    "a table of labels": (
        ["images_001/images/0001_000.png", "Data_Entry_2017.csv"],
        "Images lie in images_001/images (1)",
    ),
    "another set of classes beside": (
        [
            *(
                f"a/{split}/{kind}/{n}.jpeg"
                for split in ("train", "test")
                for kind in ("NORMAL", "PNEUMONIA")
                for n in range(3)
            ),
            *("tb/train/NORMAL/a.png", "tb/train/PNEUMONIA/b.png"),
            "tb/train/TUBERCULOSIS/c.png",
        ],
        "It is tb that has another class: take that folder out",
    ),
    "no test folder": (
        [
            f"x/train/{kind}/{n}.jpeg"
            for kind in ("NORMAL", "PNEUMONIA")
            for n in range(3)
        ],
        "2 images of each class in the test folder of chest-xray-pneumonia, found 0 "
        "normal and 0 with pneumonia",
    ),
    "a handful": (
        [
            f"x/{split}/{kind}/a.jpeg"
            for split in ("train", "test")
            for kind in ("NORMAL", "PNEUMONIA")
        ],
        "in the train folder of chest-xray-pneumonia, found 1 normal and 1 with",
    ),
    "another kind of file": (["x/train/NORMAL/a.jfif"], "1 .jfif. Only images are"),
    "half a download": (["chest-xray.zip.crdownload"], "1 .crdownload"),
    "arrays": (["x_train.npy"], "1 .npy. Only images are read"),
    "one folder": (["a.jpeg"], "it must hold"),
    "other classes": (["x/train/cats/a.png", "x/train/dogs/b.png"], "it must hold"),
    "half a source": (
        ["x/train/NORMAL/a.jpeg", "x/train/PNEUMONIA/readme.txt"],
        "found no images of pneumonia in",
    ),
    "a class emptied": (["x/train/NORMAL/readme.txt"], "normal"),
    "not unpacked": (["archive.zip"], "1 .zip. Unpack it."),
    "DICOM": (["train/NORMAL/a.dcm"], "normal"),
    "the second source alone": (
        ["x/train/normal/IM-0001-0001.jpeg", "x/train/opacity/person1_virus_1.jpeg"],
        "but not chest-xray-pneumonia",
    ),
}


@pytest.mark.parametrize("case", ALMOST)
def test_images_that_almost_fit_are_said_before_built_in_ones_are_used(
    case, built_in, monkeypatch, capsys
):
    names, reason = ALMOST[case]
    for number, name in enumerate(names):
        write_file(PLACE / name, as_jpeg(blob_image(number)))
    here = lesson.start(2)
    lines = capsys.readouterr().out.splitlines()
    assert here.is_builtin
    assert lines[0].startswith("Passed over data: ")
    assert reason.lower() in lines[0].lower()
    assert lines[1].startswith("XRAYLAB_DATA names another folder, or built-in")
    assert lines[2].startswith("Lesson 02 on the built-in images (simulated)")
    monkeypatch.setenv("XRAYLAB_DATA", str(PLACE))  # asked for, it is an error
    with pytest.raises(errors.NoDataError) as refused:
        lesson.start(2)
    assert reason.lower() in str(refused.value).lower()


@pytest.mark.parametrize("names", [[], ["README.md"], ["sample/test.csv", "a.json"]])
def test_what_nobody_could_mean_is_passed_over_without_a_word(names, built_in, capsys):
    PLACE.mkdir()
    for name in names:
        write_file(PLACE / name, b"text")
    assert lesson.start(2).is_builtin
    assert capsys.readouterr().out.startswith("Lesson 02 on the built-in images")


@no_links
def test_a_link_that_leads_to_nothing_is_said(built_in, tmp_path, capsys):
    PLACE.mkdir()
    (PLACE / "chest_xray").symlink_to(tmp_path / "gone")
    assert lesson.start(2).is_builtin
    first = capsys.readouterr().out.splitlines()[0]
    assert "The link chest_xray leads to nothing" in first


@no_links
@pytest.mark.parametrize("places_of", ["{}", "somebody/{}", "datasets/somebody/{}"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_sources_are_found_as_kaggle_mounts_them_beside_other_sets(
    n, places_of, three_sources, tmp_path, monkeypatch, capsys
):
    place = tmp_path / "input"
    for name in ("pets/train/cats/1.jpg", "pets/train/dogs/2.jpg", "t/NORMAL/3.jpg"):
        write_file(place / name, b"x")
    for name in ("xraylab-wheels/xraylab.whl", "tables/train.csv"):
        write_file(place / name, b"x")
    chosen = list(data.SOURCES)[:n]
    for name in chosen:
        mount = place / places_of.format(name)
        mount.parent.mkdir(parents=True, exist_ok=True)
        source = write_sources(three_sources, [name], tmp_path / name)
        mount.symlink_to(source)
    monkeypatch.setattr(places, "usual_places", lambda: [PLACE, place])
    here = lesson.start(2)
    assert (here.root, here.sources) == (place.resolve(), chosen)
    assert f"on the real images, {n} of 3 sources" in capsys.readouterr().out


@pytest.mark.parametrize("beside", [True, False])
def test_another_set_in_a_sources_folders_is_not_called_real(
    beside, built_in, three_sources, tmp_path, capsys
):
    """Not even where the source itself lies beside it."""
    adults = shutil.copytree(three_sources / "one/chest_xray", PLACE / "adults")
    for number, file in enumerate(sorted(adults.rglob("*.jpeg"))):
        file.rename(file.with_name(f"scan {number}.jpeg"))
    if beside:
        shutil.copytree(three_sources / "one", PLACE / "one")
    assert lesson.start(2).is_builtin
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("Passed over data: it holds adults with the folders of")
    assert "none of its 24 images is named as in that set" in first
    assert "Take it out, or set XRAYLAB_DATA to the folder" in first


def test_kaggle_and_colab_are_among_the_usual_places():
    usual = [place.as_posix() for place in places.usual_places()]
    assert usual[-3:] == ["/kaggle/input", "/content/data", "/content"]


def test_the_limit_is_what_the_lessons_are_tried_with():
    """The matrix runs them on a real sample of that size, and on the smaller set."""
    assert {"train": roots.N_TRAIN, "test": roots.N_TEST} == LIMIT
    text = (Path(__file__).parents[2] / "data/README.md").read_text("utf-8")
    said = f"at least {LIMIT['train']} images of each class in the training folder"
    assert said in " ".join(text.split())
    assert f"{LIMIT['test']} in its test folder" in " ".join(text.split())


def test_a_folder_that_cannot_be_read_is_said(built_in, lock, capsys):
    PLACE.mkdir()
    lock(str(PLACE.resolve()))
    lock(str(PLACE))
    assert lesson.start(2).is_builtin
    out = capsys.readouterr().out
    assert out.startswith("Passed over data: ")
    assert "Permission denied" in out.splitlines()[0]


def test_a_drive_that_was_not_searched_is_said(built_in, capsys):
    (PLACE / "drive").mkdir(parents=True)
    assert lesson.start(2).is_builtin
    assert "Passed over data: a drive is mounted in it" in capsys.readouterr().out


def test_what_came_before_the_place_that_fits_is_said_too(
    three_sources, monkeypatch, tmp_path, capsys
):
    write_file(PLACE / "archive.zip", b"PK")
    monkeypatch.setattr(places, "usual_places", lambda: [PLACE, three_sources])
    assert lesson.start(2).root == three_sources.resolve()
    out = capsys.readouterr().out
    assert out.startswith("Passed over data: ")
    assert "Lesson 02 on the real images" in out


def test_a_wrong_place_is_an_error_not_a_fallback(tmp_path, monkeypatch):
    monkeypatch.setenv("XRAYLAB_DATA", str(tmp_path / "gone"))
    with pytest.raises(errors.NoDataError, match=r"found .*gone: there is no such"):
        lesson.start(0)
    monkeypatch.setenv("XRAYLAB_DATA", str(tmp_path))
    with pytest.raises(errors.NoDataError, match=r"it must .* searched: data, "):
        lesson.start(0)


def test_each_place_is_asked_once(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(places, "_read", lambda place: asked.append(place) or 1 / 0)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    with pytest.raises(ZeroDivisionError):
        places.look_in([tmp_path, link])
    assert asked == [tmp_path]
    assert places._each_once([link, tmp_path, Path("x")]) == [link, Path("x")]
    assert places._each_once([link, Path("x"), tmp_path]) == [link, Path("x")]


@pytest.mark.parametrize("inside", ["", "work/sim"])
def test_simulated_images_are_not_called_real(inside, built_in, tmp_path, monkeypatch):
    root = tmp_path / "mine"
    shutil.copytree(built_in, root / inside)
    monkeypatch.setenv("XRAYLAB_DATA", str(root))
    here = lesson.start(6)
    assert here.data_name == "built-in images (simulated)"
    path = data.list_files(here.root)[0]["path"].iloc[0]
    assert phantom.masks_for(here.root, path).lesion.max() <= 1


def test_a_part_of_a_simulated_set_is_not_called_real(built_in, tmp_path, monkeypatch):
    source = Path(data.list_files(built_in)[0]["path"].iloc[0]).parts[0]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/linked").symlink_to(built_in / source)
    for part in (built_in / source, tmp_path / "mine"):
        monkeypatch.setenv("XRAYLAB_DATA", str(part))
        with pytest.raises(errors.NoDataError, match=r"part of the simulated set .* G"):
            lesson.start(6)


@no_links
def test_a_simulated_set_is_known_through_a_link(built_in, tmp_path):
    (tmp_path / "linked").symlink_to(built_in)
    found, _ = places.look_in([tmp_path])
    assert (found.root, found.is_simulated) == (built_in.resolve(), True)


@no_links
def test_what_lies_behind_links_is_said_too(built_in, tmp_path, capsys):
    names, reason = ALMOST["a handful"]
    for name in names:
        write_file(tmp_path / "few" / name, as_jpeg(blob_image(len(name))))
    PLACE.mkdir()
    (PLACE / "circle").symlink_to(PLACE.resolve())
    (PLACE / "linked").symlink_to(tmp_path / "few")
    assert lesson.start(2).is_builtin
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("Passed over data: ")
    assert reason in first


@no_links
def test_two_simulated_sets_are_not_called_real(built_in, tmp_path):
    again = shutil.copytree(built_in, tmp_path / "again")
    root = tmp_path / "both"
    root.mkdir()
    for whole, name in ((built_in, "a"), (again, "b")):
        (root / name).symlink_to(whole)
    found, reasons = places.look_in([root])
    assert found is None
    assert reasons[root].startswith(
        f"it holds 2 simulated sets: {built_in.resolve()}, {again.resolve()}. Lessons"
    )


def test_simulated_beside_others_are_neither_real_nor_simulated(
    built_in, three_sources, tmp_path
):
    """Called real, a figure of them would be quoted as one of patients."""
    root = tmp_path / "mixed"
    shutil.copytree(built_in, root / "sim")
    write_sources(three_sources, [sources.FIRST], root / "real")
    n = len(data.list_files(root / "real")[0])
    found, reasons = places.look_in([root])
    assert found is None
    said = f"it holds simulated images, of {root / 'sim'}, beside others ({n}, first re"
    assert reasons[root].startswith(said)
    assert "neither real nor simulated as a whole. Take one kind out" in reasons[root]


def test_an_own_image_in_a_simulated_set_is_not_called_simulated(built_in, tmp_path):
    root = shutil.copytree(built_in, tmp_path / "set")
    path = Path(data.list_files(root)[0]["path"].iloc[0])
    shutil.copy(root / path, root / path.with_name("NORMAL(999).jpg"))
    found, reasons = places.look_in([root])
    assert found is None
    assert "beside others (1, first " in reasons[root]


def test_a_set_whose_truth_is_damaged_is_passed_over_with_its_reason(
    built_in, tmp_path
):
    root = shutil.copytree(built_in, tmp_path / "set")
    (root / "truth/truth.csv").write_bytes(b"")
    found, reasons = places.look_in([root])
    assert found is None
    assert "truth.csv must be as `xraylab phantom` writes it, but" in reasons[root]
