"""One switch for the size of all trainings."""

import pytest
from safetensors.torch import save_file

from xraylab import errors, training
from xraylab.course import build, lesson, modes

pytestmark = pytest.mark.usefixtures("own_places")
N_LESSONS = range(10)


@pytest.fixture
def on_real(three_sources, monkeypatch):
    monkeypatch.setenv("XRAYLAB_DATA", str(three_sources))


def settings(number, mode, is_simulated=True):
    return modes.choose_settings(number, mode, is_simulated=is_simulated)


def recipe_of(number, mode):
    return training.Recipe(**settings(number, mode))


def test_the_argument_comes_before_the_environment(monkeypatch):
    assert modes.choose_mode() == "quick"
    monkeypatch.setenv("XRAYLAB_MODE", "smoke")
    assert modes.choose_mode() == "smoke"
    assert modes.choose_mode("full") == "full"


def test_an_unknown_mode_is_refused(monkeypatch):
    with pytest.raises(ValueError, match="mode must be smoke, quick, full, got 'fast'"):
        modes.choose_mode("fast")
    monkeypatch.setenv("XRAYLAB_MODE", "slow")
    with pytest.raises(ValueError, match=r"XRAYLAB_MODE must be .* got 'slow'"):
        modes.choose_mode()


@pytest.mark.parametrize("number", N_LESSONS)
def test_full_is_the_original_in_every_lesson(number):
    assert recipe_of(number, "full") == training.RECIPES["original"]


@pytest.mark.parametrize("number", N_LESSONS)
@pytest.mark.parametrize("mode", ["smoke", "quick"])
def test_the_other_modes_need_no_download_and_keep_the_rest(number, mode):
    recipe = recipe_of(number, mode)
    assert recipe.weights == "none"
    assert recipe.size_px <= 48
    for name in ("lr", "weight_decay", "dropout", "gamma", "batch_size", "flip"):
        assert getattr(recipe, name) == getattr(training.RECIPES["original"], name)


def test_quick_is_what_the_lessons_say():
    assert recipe_of(0, "quick").model == "resnet18"
    assert recipe_of(5, "quick").model == "small"
    assert (recipe_of(4, "quick").size_px, recipe_of(4, "quick").n_steps) == (32, 100)
    assert settings(5, "quick", is_simulated=False)["size_px"] == 64


@pytest.mark.parametrize("mode", modes.MODES)
@pytest.mark.parametrize("number", N_LESSONS)
@pytest.mark.parametrize("steps", [1, 7, 1450])
def test_any_number_of_steps_makes_a_recipe(number, mode, steps, monkeypatch):
    monkeypatch.setenv("XRAYLAB_STEPS", str(steps))
    recipe = recipe_of(number, mode)
    assert recipe.n_steps == steps
    assert recipe.epochs <= steps


@pytest.mark.parametrize("steps", ["many", "0", "-1", "1.5"])
def test_steps_that_are_no_number_are_refused(steps, monkeypatch):
    monkeypatch.setenv("XRAYLAB_STEPS", steps)
    with pytest.raises(ValueError, match=f"XRAYLAB_STEPS must be .* got '{steps}'"):
        settings(0, "quick")


def test_weights_are_those_of_the_file_that_is_named(tmp_path, monkeypatch):
    file = tmp_path / "w.safetensors"
    weights = training.models.make_model("resnet18").network.state_dict()
    save_file({name: w.contiguous() for name, w in weights.items()}, file)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XRAYLAB_WEIGHTS", "w.safetensors")
    assert modes.find_weights() == (str(file), f"ImageNet weights from {file}.")


def test_a_file_of_weights_that_does_not_fit_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("XRAYLAB_WEIGHTS", str(tmp_path / "none.pth"))
    with pytest.raises(errors.WeightsError, match=r"XRAYLAB_WEIGHTS: .*none\.pth"):
        modes.find_weights()


def test_without_weights_the_lesson_says_so_and_goes_on(
    on_real, one_second_a_step, monkeypatch, capsys
):
    def refuse(name, **_):
        raise errors.WeightsError("weights imagenet could not be downloaded.")

    monkeypatch.setattr(training.models, "make_model", refuse)
    here = lesson.start(5, "full")
    assert here.recipe.weights == "none"
    out = capsys.readouterr().out
    assert "Mode full: resnet18, 224 px, 20 epochs." in out
    assert "No ImageNet weights, so this is not the original" in out
    assert "downloaded. In a lesson the path goes into XRAYLAB_WEIGHTS." in out


def test_the_cost_is_steps_times_trainings(monkeypatch):
    monkeypatch.setattr(modes, "measure_step", lambda recipe: 2.0)
    recipe = training.RECIPES["original"]
    texts = [modes.estimate_cost(number, recipe, 1000) for number in (5, 8, 4)]
    # 1,000 files are 32 steps an epoch, of which there are 20; lesson 04 draws at
    # most 600 images
    assert texts == [
        "1 training of at most 640 steps, on this machine about 21 min.",
        "4 trainings of at most 640 steps, on this machine about 85 min.",
        "36 trainings of at most 380 steps, on this machine about 7.6 h.",
    ]


def test_a_step_is_measured_and_takes_time():
    recipe = recipe_of(5, "smoke")
    assert 0 < modes.measure_step(recipe) < 30


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "1 s"), (89, "89 s"), (90, "2 min"), (5400, "1.5 h")]
)
def test_a_time_has_one_unit(seconds, text):
    assert modes._as_time(seconds) == text


def test_every_lesson_that_trains_says_what_it_costs():
    texts = {source.stem: source.read_text("utf-8") for source in build.sources()}
    training_ones = {int(n[:2]) for n, text in texts.items() if "here.recipe" in text}
    assert training_ones == set(modes.TRAININGS)
