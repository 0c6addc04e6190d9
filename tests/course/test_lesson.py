"""Lessons: the data they find, the sizes they choose, the guesses they seal."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from xraylab import errors
from xraylab.course import lesson
from xraylab.course.guesses import BrokenSealError
from xraylab.evaluation import Interval


@pytest.fixture(autouse=True)
def _own_places(tmp_path, monkeypatch):
    """Nothing of the machine's is read, nothing is left behind."""
    for name in ("DATA", "MODE", "STEPS"):
        monkeypatch.delenv(f"XRAYLAB_{name}", raising=False)
    monkeypatch.setenv("XRAYLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XRAYLAB_GUESSES", str(tmp_path / "home" / "guesses.jsonl"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def on_real(three_sources, monkeypatch):
    monkeypatch.setenv("XRAYLAB_DATA", str(three_sources))
    return three_sources.resolve()


# --- data and sizes -----------------------------------------------------------


def test_a_lesson_starts_on_the_data_it_is_given(on_real, capsys):
    here = lesson.start(3)
    assert capsys.readouterr().out == (
        "Lesson 03 on the real images.\n"
        "Mode quick: 64 px, 300 steps.\n"
        "Not for clinical use.\n"
    )
    assert (here.root, here.is_builtin, here.data_name) == (
        on_real,
        False,
        "real images",
    )
    assert here.settings == {"size_px": 64, "n_steps": 300, "weights": "none"}


def test_images_in_the_data_folder_are_found(three_sources):
    Path("data").symlink_to(three_sources)
    assert lesson.start(0).root == three_sources.resolve()


def test_without_images_the_built_in_ones_are_used(monkeypatch, capsys):
    monkeypatch.delenv("XRAYLAB_CACHE")  # they are written once on a machine
    monkeypatch.setenv("XRAYLAB_DATA", "built-in")
    here = lesson.start(0)
    assert here.is_builtin
    assert here.settings["size_px"] == 48
    assert here.root.is_dir()
    assert lesson.find_sources(here.root)
    assert "built-in images (simulated)" in capsys.readouterr().out


def test_full_mode_is_the_originals_size(on_real, monkeypatch, capsys):
    monkeypatch.setenv("XRAYLAB_MODE", "full")
    assert lesson.start(0).settings == {"size_px": 224, "epochs": 20}
    assert "Mode full: 224 px, 20 epochs." in capsys.readouterr().out
    monkeypatch.setenv("XRAYLAB_STEPS", "1450")
    assert lesson.start(0).settings["n_steps"] == 1450
    assert "1,450 steps" in capsys.readouterr().out


def test_the_recipe_has_the_lessons_sizes(on_real, monkeypatch):
    monkeypatch.setenv("XRAYLAB_STEPS", "40")
    recipe = lesson.start(0).recipe
    assert (recipe.size_px, recipe.n_steps, recipe.weights) == (64, 40, "none")
    monkeypatch.delenv("XRAYLAB_STEPS")
    monkeypatch.setenv("XRAYLAB_MODE", "full")
    recipe = lesson.start(0).recipe
    assert (recipe.size_px, recipe.epochs, recipe.weights) == (224, 20, "imagenet")


def test_two_roots_or_two_sizes_never_share_their_runs(on_real, tmp_path, monkeypatch):
    first = lesson.start(0)
    assert first.folder.is_relative_to(tmp_path / "cache")
    assert lesson.start(5).folder == first.folder
    monkeypatch.setenv("XRAYLAB_STEPS", "20")
    shorter = lesson.start(0)
    assert shorter.folder != first.folder
    assert shorter.merge_folder == first.merge_folder
    twin = tmp_path / "elsewhere" / on_real.name
    twin.parent.mkdir()
    twin.symlink_to(on_real)  # another way to the same folder is the same root
    monkeypatch.setenv("XRAYLAB_DATA", str(twin))
    assert lesson.start(0).folder == shorter.folder
    assert lesson._root_name(Path("a/data")) != lesson._root_name(Path("b/data"))


def test_what_was_tried_is_listed(three_sources, tmp_path):
    empty, colab = tmp_path / "empty", tmp_path / "colab"
    empty.mkdir()
    (colab / "drive").mkdir(parents=True)
    found = lesson.found_data([tmp_path / "gone", empty, colab, three_sources])
    assert found.root == three_sources
    assert [line.split(": ")[1] for line in found.tried] == [
        "no such folder",
        "none of the three sources in it",
        "a drive is mounted in it, so not searched",
    ]
    assert lesson.found_data([empty]).root is None


def test_a_wrong_place_is_an_error_not_a_fallback(tmp_path, monkeypatch):
    monkeypatch.setenv("XRAYLAB_DATA", str(tmp_path / "gone"))
    with pytest.raises(errors.NoDataError, match=r"found .*gone: no such folder"):
        lesson.start(0)
    monkeypatch.setenv("XRAYLAB_DATA", str(tmp_path))
    with pytest.raises(errors.NoDataError, match=r"none of the three .* data, "):
        lesson.start(0)


def test_bad_settings_are_refused(on_real, monkeypatch):
    with pytest.raises(ValueError, match=r"number must be 0 to 9, got 10"):
        lesson.start(10)
    monkeypatch.setenv("XRAYLAB_STEPS", "many")
    with pytest.raises(ValueError, match=r"XRAYLAB_STEPS must be .* got 'many'"):
        lesson.start(0)
    monkeypatch.setenv("XRAYLAB_MODE", "fast")
    with pytest.raises(ValueError, match=r"XRAYLAB_MODE must be .* got \'fast\'"):
        lesson.start(0)


def test_torch_is_loaded_only_where_it_is_needed():
    modules = "xraylab.course, xraylab.plots, xraylab.evaluation, xraylab.results"
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_the_audit_lesson_never_loads_torch():
    from xraylab.course import notebooks

    text = next(s for s in notebooks.sources() if s.stem == "02_audit").read_text(
        "utf-8"
    )
    tree = ast.parse(text)
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    imports = "\n".join(map(ast.unparse, nodes))
    code = f"{imports}\nimport sys; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


# --- sealed guesses -------------------------------------------------------------


def said(capsys):
    return capsys.readouterr().out.strip()


def guesses_path(tmp_path):
    return tmp_path / "home" / "guesses.jsonl"


def test_without_a_guess_everything_runs_on(tmp_path, capsys):
    lesson.guess("naive accuracy", None, sure=None)
    assert said(capsys) == "Not guessed yet: naive accuracy."
    lesson.reveal("naive accuracy", 0.9552)
    assert said(capsys) == "naive accuracy: 0.955\n    no guess was made"
    assert not guesses_path(tmp_path).exists()
    assert lesson.read_guesses().empty


def test_truths_wait_for_the_envelope(tmp_path, capsys):
    assert lesson.read_truths() == {}
    lesson.keep_truth("ring", 0.5)
    lesson.keep_truth("ring", Interval(0.81, 0.76, 0.87, 220), "simulated images")
    lesson.keep_truth("block", "the input")
    assert said(capsys) == ""
    assert lesson.read_truths() == {
        "ring": "0.810 (0.76 to 0.87), n = 220, simulated images",
        "block": "the input",
    }
    (tmp_path / "home/guesses.truths.json").write_text("[1]")
    assert lesson.read_truths() == {}


def test_a_truth_that_cannot_be_kept_stops_no_lesson(tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("XRAYLAB_GUESSES", str(tmp_path / "a file" / "g.jsonl"))
    lesson.keep_truth("ring", 0.5)
    assert lesson.read_truths() == {}


def test_a_guess_is_sealed_and_revealed(capsys):
    lesson.guess("naive accuracy", 0.96, sure=0.8)
    assert said(capsys) == "Sealed: naive accuracy, 0.960 (80% sure)."
    lesson.reveal("naive accuracy", Interval(0.955, 0.94, 0.97, 624))
    assert said(capsys) == (
        "naive accuracy: 0.955 (0.94 to 0.97), n = 624\n    you said 0.960 (80% sure)"
    )
    row = lesson.read_guesses().iloc[0]
    assert (row["name"], row["value"], row["sure"]) == ("naive accuracy", 0.96, 0.8)


def test_the_first_guess_counts(capsys):
    lesson.guess("copies", 5856)
    lesson.guess("copies", 17000, sure=1)
    assert said(capsys).splitlines()[-1] == (
        "Not changed: copies, 5,856. The first guess counts."
    )
    lesson.guess("copies", 5856)  # the notebook is run again
    lesson.guess("copies")
    assert said(capsys) == "\n".join(["Sealed before: copies, 5,856."] * 2)
    assert len(lesson.read_guesses()) == 1


def test_a_guess_that_cannot_be_kept_stops_no_lesson(tmp_path, monkeypatch, capsys):
    (tmp_path / "a file").write_text("")
    file = tmp_path / "a file" / "guesses.jsonl"
    monkeypatch.setenv("XRAYLAB_GUESSES", str(file))
    lesson.guess("naive accuracy", 0.9)
    said = capsys.readouterr().out
    assert said.startswith(f"Not sealed: naive accuracy. {file} could not be written")
    assert "Set XRAYLAB_GUESSES" in said


def test_words_and_numpy_numbers_can_be_guesses(capsys):
    lesson.guess("fault", "a marker in the côrner")
    lesson.guess("share", np.float32(0.5))
    lesson.reveal("fault", "a zoom")
    assert said(capsys).endswith("fault: a zoom\n    you said a marker in the côrner")
    assert lesson.read_guesses()["value"].tolist() == ["a marker in the côrner", 0.5]


@pytest.mark.parametrize("key", ["name", "value", "sure", "time"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_changed_line_breaks_the_seal(tmp_path, key, number):
    for i in range(3):
        lesson.guess(f"guess {i}", 0.1 * i, sure=0.5)
    lines = guesses_path(tmp_path).read_text(encoding="utf-8").splitlines()
    changed = json.loads(lines[number]) | {key: "2020"}
    lines[number] = json.dumps(changed)
    guesses_path(tmp_path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(BrokenSealError, match=f"found line {number + 1} changed"):
        lesson.reveal("guess 1", 0.3)


def test_a_line_taken_out_or_torn_breaks_the_seal(tmp_path):
    for i in range(3):
        lesson.guess(f"guess {i}", i)
    lines = guesses_path(tmp_path).read_text(encoding="utf-8").splitlines()
    for broken in ([lines[0], lines[2]], lines[1:], [lines[0], lines[1][:20]]):
        guesses_path(tmp_path).write_text("\n".join(broken), encoding="utf-8")
        with pytest.raises(BrokenSealError, match="guess anew"):
            lesson.guess("guess 9", 1)


def test_odd_guesses_are_refused():
    with pytest.raises(TypeError, match=r"number or a short text, got list"):
        lesson.guess("a", [0.9])
    with pytest.raises(ValueError, match=r"must be a finite number, got nan"):
        lesson.guess("a", float("nan"))
    with pytest.raises(ValueError, match=r"1 to 200 letters, got 201"):
        lesson.guess("a", "x" * 201)
    with pytest.raises(ValueError, match=r"sure must be in \[0, 1\], got 80"):
        lesson.guess("a", 0.9, sure=80)
