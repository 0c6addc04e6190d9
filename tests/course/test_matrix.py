"""Every lesson runs on one, two and three sources, in every mode, wherever installed.

Quick and full are cut to a single training step here; their sizes stay. Images are
few: the simulated set of mode smoke, and a sample of the real ones.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import save_file

from tests.course import roots
from tests.real.conftest import unpacked
from tests.test_windows import misfits
from xraylab import data, phantom, training
from xraylab.course import build, modes, places

REPOSITORY = Path(__file__).parents[2]
RUNNER = Path(__file__).with_name("run_code.py")
FIRST, SECOND, THIRD = data.SOURCES
SOURCES = {
    "one": [FIRST],
    "first and second": [FIRST, SECOND],
    "first and third": [FIRST, THIRD],
    "three": [FIRST, SECOND, THIRD],
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Give a root with three sources by kind, simulated or real; made once."""
    made = {}

    def make(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            if kind == "real":
                roots.write_sample(unpacked() / "kaggle", folder)
            else:
                phantom.write_phantom(folder, n_children=places.SMALL_SET)
            made[kind] = folder
        return made[kind]

    return make


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file that fits a ResNet18, in place of ImageNet's."""
    file = tmp_path_factory.mktemp("weights") / "resnet18.safetensors"
    drawn = training.models.make_model("resnet18").network.state_dict()
    save_file({name: weight.contiguous() for name, weight in drawn.items()}, file)
    return file


def run_lessons(root, mode, place, folder, weights, numbers=()):
    """Run lessons in a fresh process and folder; returns their answers by name."""
    env = os.environ | {
        "PYTHONPATH": str(place),
        "XRAYLAB_CACHE": str(folder / "cache"),
        "XRAYLAB_GUESSES": str(folder / "guesses.jsonl"),
        "XRAYLAB_DATA": str(root),
        "XRAYLAB_MODE": mode,
        "XRAYLAB_STEPS": "" if mode == "smoke" else "1",
        "XRAYLAB_WEIGHTS": str(weights),
        "XRAYLAB_PROGRESS": "0",
    }
    here = folder / "here"
    here.mkdir(parents=True)
    command = [sys.executable, str(RUNNER), *numbers]
    done = subprocess.run(
        command, cwd=here, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if report := os.environ.get("XRAYLAB_MATRIX"):  # a file for the table of outcomes
        with Path(report).open("a") as out:
            for answer in answers:
                facts = {"root": f"{root.parent.name}/{root.name}", "mode": mode}
                kept = {key: answer[key] for key in ("lesson", "error", "seconds")}
                out.write(json.dumps(facts | {"place": str(place)} | kept) + "\n")
    return {answer["lesson"]: answer for answer in answers}


def check(answers, kind, names, mode, place):
    """Hold what the lessons said against what there was to say."""
    errors = {name: answer["error"] for name, answer in answers.items()}
    assert errors == dict.fromkeys((s.stem for s in build.sources()), "")
    missing = [name for name in data.SOURCES if name not in names]
    label = "real images" if kind == "real" else "built-in images (simulated)"
    for answer in answers.values():
        assert Path(answer["package"]).is_relative_to(place)
        assert f"on the {label}, {len(names)} of 3 sources." in answer["printed"]
        assert f"Mode {mode}: " in answer["printed"]
    for lesson in ("00_the_claim", "01_merging"):
        for name in missing:
            assert f"{name} is not here" in answers[lesson]["printed"]
    if mode == "smoke":  # elsewhere the measured steps of the cost count too
        assert answers["04_training"]["trainings"] == modes.TRAININGS[4]
    if mode == "full":
        assert "ImageNet weights from " in answers["05_evaluation"]["printed"]


def test_every_lesson_runs_on_the_first_source_alone(whole, tmp_path):
    root = roots.write_sources(whole("simulated"), [FIRST], tmp_path / "root")
    answers = run_lessons(root, "smoke", REPOSITORY, tmp_path, "")
    check(answers, "simulated", [FIRST], "smoke", REPOSITORY)
    cache = tmp_path / "cache"
    written = [path.relative_to(cache).as_posix() for path in cache.rglob("*")]
    assert len(written) > 20
    assert list(misfits(written)) == []


def test_every_lesson_runs_on_real_images(whole, tmp_path):
    answers = run_lessons(whole("real"), "smoke", REPOSITORY, tmp_path, "")
    check(answers, "real", list(data.SOURCES), "smoke", REPOSITORY)


@pytest.mark.long
@pytest.mark.parametrize("mode", modes.MODES)
@pytest.mark.parametrize("sources", SOURCES)
@pytest.mark.parametrize("kind", ["simulated", "real"])
@pytest.mark.parametrize("place", ["checkout", "wheel"])
def test_every_lesson_runs(
    place, kind, sources, mode, whole, weights, request, tmp_path
):
    place = REPOSITORY if place == "checkout" else request.getfixturevalue("installed")
    names = SOURCES[sources]
    root = roots.write_sources(whole(kind), names, tmp_path / kind / str(len(names)))
    answers = run_lessons(root, mode, place, tmp_path, weights)
    check(answers, kind, names, mode, place)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["simulated", "real"])
def test_a_second_source_that_comes_later_stops_no_lesson(kind, whole, tmp_path):
    root = tmp_path / "root"
    for number, name in enumerate(data.SOURCES):
        roots.write_sources(whole(kind), [name], root)
        place = tmp_path / str(number)
        place.mkdir()
        (place / "cache").symlink_to(tmp_path)  # one cache for all
        answers = run_lessons(root, "smoke", REPOSITORY, place, "", ["00", "05"])
        assert [answer["error"] for answer in answers.values()] == ["", ""]
        assert f"{number + 1} of 3 sources" in answers["00_the_claim"]["printed"]


@pytest.mark.long
def test_a_copy_from_a_wheel_runs_in_an_empty_folder(installed, tmp_path):
    """As somebody does who only has the package: copy, then run a notebook."""
    env = os.environ | {
        "PYTHONPATH": str(installed),
        "XRAYLAB_CACHE": str(tmp_path / "cache"),
        "XRAYLAB_GUESSES": str(tmp_path / "guesses.jsonl"),
        "XRAYLAB_DATA": "built-in",
        "XRAYLAB_MODE": "smoke",
    }
    copy = [sys.executable, "-m", "xraylab", "lessons", "--copy", "mine"]
    done = subprocess.run(
        copy, cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    n_lessons = len(build.sources())
    assert done.stdout.startswith(f"{n_lessons} lessons copied to mine.")
    run = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook"]
    run += ["--execute", "--inplace", "mine/01_merging.ipynb"]
    done = subprocess.run(
        run, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Mode smoke" in (tmp_path / "mine/01_merging.ipynb").read_text("utf-8")
