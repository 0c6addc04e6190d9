import itertools
import math
from contextlib import nullcontext, suppress
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.conftest import blob_image
from xraylab import errors, training
from xraylab.training import loop, models, processes, scoring, steps

TINY = training.Recipe(
    model="small", weights="none", size_px=16, epochs=4, n_steps=12, batch_size=8
)


def tiny_data(n=32, size_px=16):
    pixels = np.stack([blob_image(i, size_px) for i in range(n)])
    labels = np.arange(n) % 2
    pixels[labels == 1, 4:8, 4:8] = 255  # something to learn
    return pixels, labels, np.arange(24), np.arange(24, n)


def weights_of(state):
    return torch.cat([p.detach().flatten() for p in state.model.parameters()])


def test_the_original_recipe_is_the_originals():
    recipe = training.RECIPES["original"]
    assert (recipe.model, recipe.weights, recipe.size_px) == (
        "resnet18",
        "imagenet",
        224,
    )
    assert (recipe.epochs, recipe.batch_size, recipe.step_size) == (20, 32, 7)
    assert (recipe.lr, recipe.weight_decay, recipe.dropout) == (0.001, 1e-4, 0.5)


def test_the_history_has_a_row_an_epoch_and_the_steps_add_up():
    state = training.fit(TINY, *tiny_data(), progress=False)
    assert [row["epoch"] for row in state.history] == [1, 2, 3, 4]
    assert [row["step"] for row in state.history] == [3, 6, 9, 12]
    assert {"valid_auroc", "train_loss", "images_per_second"} <= set(state.history[0])


def test_speed_is_images_by_seconds(monkeypatch):
    clock = itertools.count(100, 0.7)  # 0.7 s a step, three steps of 8 an epoch
    monkeypatch.setattr(loop.time, "perf_counter", lambda: next(clock))
    state = training.fit(
        replace(TINY, epochs=1, n_steps=3), *tiny_data(), progress=False
    )
    assert state.history[0]["images_per_second"] == round(3 * 8 / (3 * 0.7), 1)


def test_the_bar_begins_where_the_training_does(monkeypatch):
    asked = []
    make = loop.progress_bar
    monkeypatch.setattr(
        loop, "progress_bar", lambda **given: asked.append(given) or make(**given)
    )
    state = steps.start(TINY)

    def stop(state):
        if state.n_epochs == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.fit(TINY, *tiny_data(), state=state, after_epoch=stop, progress=False)
    training.fit(TINY, *tiny_data(), state=state, progress=False)
    assert [(given["initial"], given["total"]) for given in asked] == [(0, 12), (6, 12)]
    assert [row["epoch"] for row in state.history] == [1, 2, 3, 4]
    assert [row["step"] for row in state.history] == [3, 6, 9, 12]


def test_the_rate_falls_after_every_step_size_epochs():
    recipe = training.Recipe(**TINY.as_dict() | {"step_size": 2})
    rates = [
        r["lr"] for r in training.fit(recipe, *tiny_data(), progress=False).history
    ]
    assert rates == pytest.approx([0.001, 0.001, 0.0001, 0.0001])


def test_without_n_steps_an_epoch_is_one_pass():
    recipe = training.Recipe(**TINY.as_dict() | {"n_steps": None, "epochs": 1})
    state = training.fit(recipe, *tiny_data(), progress=False)
    assert state.history[0]["step"] == 3  # 24 rows in eights


def test_the_same_seed_gives_the_same_bits():
    first, again = (training.fit(TINY, *tiny_data(), progress=False) for _ in "ab")
    assert torch.equal(weights_of(first), weights_of(again))


def test_eight_images_can_be_learnt_by_heart():
    recipe = training.Recipe(
        **TINY.as_dict()
        | {"n_steps": 60, "dropout": 0.0, "rotation_degrees": 0, "step_size": 9}
    )
    pixels, labels, _, _ = tiny_data(8)
    few = np.arange(8)
    state = training.fit(recipe, pixels, labels, few, few, progress=False)
    assert state.history[-1]["valid_accuracy"] == 1


def test_scores_do_not_depend_on_the_batch():
    pixels, _, _, _ = tiny_data()
    model = steps.start(TINY).model
    rows = np.arange(20)
    together = scoring.score_logits(model, pixels, rows)
    apart = scoring.score_logits(model, pixels, rows, batch_size=3)
    torch.testing.assert_close(together, apart)
    assert scoring.score_logits(model, pixels, rows[:0]).shape == (0, 2)


def test_a_part_of_one_class_is_refused():
    pixels, labels, train, valid = tiny_data()
    with pytest.raises(ValueError, match="both classes, got 4 normal and 0 pn"):
        training.fit(TINY, pixels, labels, train, valid[::2], progress=False)


@pytest.mark.parametrize("label", [2, -1])
def test_a_label_that_is_neither_is_refused(label):
    pixels, labels, train, valid = tiny_data()
    labels[3] = label
    message = f"labels must be 0 or 1, found {label} among them"
    with pytest.raises(errors.InputError, match=message):
        training.fit(TINY, pixels, labels, train, valid, progress=False)


@pytest.mark.parametrize("place", [1, 2, 3])
@pytest.mark.parametrize("kind", [bool, float])
def test_masks_and_broken_numbers_are_refused(place, kind):
    given = list(tiny_data())
    given[place] = given[place].astype(kind)
    name = ("labels", "train", "valid")[place - 1]
    message = f"{name} must be whole numbers, got {np.dtype(kind)}"
    with pytest.raises(errors.InputError, match=message):
        training.fit(TINY, *given, progress=False)


@pytest.mark.parametrize("kind", [np.int32, np.uint8])
def test_whole_numbers_of_any_kind_train_alike(kind):
    pixels, labels, train, valid = tiny_data()
    given = [(labels, train, valid), [a.astype(kind) for a in (labels, train, valid)]]
    first, second = (
        training.fit(replace(TINY, sampler="balanced"), pixels, *rows, progress=False)
        for rows in given
    )
    assert torch.equal(weights_of(first), weights_of(second))
    training.rates.range_test(TINY, pixels, *given[1][:2], n_steps=20, progress=False)


def test_images_of_another_size_are_refused():
    recipe = training.Recipe(**TINY.as_dict() | {"size_px": 48})
    with pytest.raises(ValueError, match=r"squares of 48 px .* got shape \(32, 16, 16"):
        training.fit(recipe, *tiny_data(), progress=False)


def test_a_batch_larger_than_the_data_is_refused():
    recipe = replace(TINY, batch_size=25)
    with pytest.raises(
        errors.InputError, match="number of training images, 24, got 25"
    ):
        training.fit(recipe, *tiny_data(), progress=False)
    assert training.fit(replace(TINY, batch_size=24), *tiny_data(), progress=False)


def test_the_step_is_named_at_which_the_loss_is_no_number(monkeypatch):
    keep = steps.take_step

    def burst(recipe, state, seen, rows, step, weights):
        answer, y, loss = keep(recipe, state, seen, rows, step, weights)
        return answer, y, loss * (math.nan if step == 7 else 1)

    monkeypatch.setattr(steps, "take_step", burst)
    state = steps.start(TINY)
    message = "loss was nan at step 8, in epoch 3. Choose a smaller lr"
    with pytest.raises(errors.TrainingError, match=message):
        training.fit(TINY, *tiny_data(), state=state, progress=False)
    assert state.n_epochs == 2


@pytest.mark.parametrize(
    ("part", "home", "name"),
    [("train", processes, "gather"), ("valid", loop, "_score_together")],
)
def test_the_epoch_is_named_in_which_answers_are_no_numbers(
    monkeypatch, part, home, name
):
    state, right = steps.start(TINY), getattr(home, name)

    def spoil(*given):
        found = right(*given)
        if state.n_epochs < 2:
            return found
        return (found[0] * math.nan, found[1]) if part == "train" else found * math.nan

    monkeypatch.setattr(home, name, spoil)
    with pytest.raises(errors.TrainingError, match=f"{part}_loss was nan in epoch 3. "):
        training.fit(TINY, *tiny_data(), state=state, progress=False)
    assert state.n_epochs == 2


class OneOfFour:
    """Stand in for four processes of which this one is the first."""

    device, process_index, num_processes = torch.device("cpu"), 0, 4
    is_main_process = True

    def __init__(self, others=0.0):
        self.others = others  # their shares of each loss

    def reduce(self, losses, how):
        assert how == "sum"
        return losses + self.others

    def pad_across_processes(self, values, **_):
        return values

    def gather(self, values):
        return values


def shown_losses(accelerator=None):
    """Train for an epoch; what the bar said of each loss."""
    state, told = steps.start(TINY), []
    state.accelerator = accelerator or state.accelerator
    bar = SimpleNamespace(
        disable=False,
        update=lambda: None,
        set_postfix=lambda facts, refresh: told.append(facts["loss"]),
    )
    loop._train_epoch(
        TINY, state, steps.Images(*tiny_data()), range(3), np.array([3]), bar
    )
    return np.array(told)


def test_the_bar_tells_the_loss_of_a_batch_not_of_a_share():
    alone = shown_losses()
    shared = shown_losses(OneOfFour())
    assert 0.5 < shared.mean() / alone.mean() < 2


def test_a_loss_that_is_none_elsewhere_is_told_as_it_is():
    with pytest.raises(errors.TrainingError, match="the loss was nan at step 1, in ep"):
        shown_losses(OneOfFour(others=math.nan))


def test_a_loss_that_runs_away_is_said():
    with pytest.raises(errors.TrainingError, match=r"loss was .* Choose a"):
        training.fit(replace(TINY, lr=1e30), *tiny_data(), progress=False)


FULL = [
    torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you"),
    RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)."),
    RuntimeError("CUDA error: out of memory"),
    MemoryError("Unable to allocate 6 GiB for an array with shape (1, 2)"),
    MemoryError(),
]
OTHER = [
    RuntimeError("shapes do not match"),
    RuntimeError("index 7 is out of memory bounds"),
    RuntimeError(""),
    ValueError("CUDA out of memory"),
]


def fail_in_a_step(monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(steps, "take_step", fail)
    training.fit(TINY, *tiny_data(), progress=False)


@pytest.mark.parametrize("error", FULL, ids=repr)
def test_a_full_memory_names_the_fields_to_change(monkeypatch, error):
    with pytest.raises(errors.TrainingError) as caught:
        fail_in_a_step(monkeypatch, error)
    told = str(caught.value)
    assert "in epoch 1, with 8 images a step, 16 px a side and model small: " in told
    assert told.endswith("Choose less of one of the three.")
    assert str(error).rstrip(".") in told
    assert "\n" not in told


@pytest.mark.parametrize("error", OTHER, ids=repr)
def test_what_is_no_full_memory_is_not_called_one(monkeypatch, error):
    with pytest.raises(type(error)) as caught:
        fail_in_a_step(monkeypatch, error)
    assert caught.value is error


def test_real_memory_that_is_full_is_named(monkeypatch):
    monkeypatch.setattr(steps, "take_step", lambda *_: torch.empty(1 << 60))
    with pytest.raises(errors.TrainingError, match="memory was full in epoch 1"):
        training.fit(TINY, *tiny_data(), progress=False)


def losses_of(recipe, data):
    """The loss of the first step, by our loop."""
    state = steps.start(recipe)
    seen = steps.Images(*data)
    weights = steps.class_weights(recipe, data[1][data[2]])
    rows = steps.draw(recipe, seen, 0)
    return rows, steps.take_step(recipe, state, seen, rows, 0, weights)[2].item()


def test_class_weights_are_torchs_weighted_mean():
    pixels, labels, train, valid = tiny_data()
    train = np.concatenate([train[labels[train] == 0], train[labels[train] == 1][:4]])
    data = pixels, labels, train, valid
    recipe = replace(TINY, class_weights="balanced")
    rows, loss = losses_of(recipe, data)
    _, plain = losses_of(TINY, data)
    state = steps.start(TINY)
    state.model.train()
    steps._seed_dropout(TINY.seed, 0, 0)
    answer = state.model(steps.augmented(TINY, pixels, rows, 0, "cpu"))
    y = torch.from_numpy(labels[rows])
    cross_entropy = torch.nn.functional.cross_entropy
    weight = torch.tensor([16 / (2 * 12), 16 / (2 * 4)])
    assert loss == pytest.approx(cross_entropy(answer, y, weight=weight).item())
    assert plain == pytest.approx(cross_entropy(answer, y).item())


def test_the_balanced_sampler_is_the_recipes():
    pixels, labels, train, valid = tiny_data()
    train = np.concatenate([train[labels[train] == 0], train[labels[train] == 1][:2]])
    recipe = replace(TINY, sampler="balanced", batch_size=14)
    seen = steps.Images(pixels, labels, train, valid)
    assert labels[steps.draw(recipe, seen, 0)].mean() == 0.5
    assert labels[steps.draw(TINY, seen, 0)].mean() < 0.5


def test_the_callers_random_numbers_are_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    training.fit(TINY, *tiny_data(), progress=False)
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize("error", [None, RuntimeError])
def test_the_callers_random_numbers_on_apples_chips_are_left_alone(error, monkeypatch):
    kept = ["the caller's"]  # as much of the generator as is used
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: kept[0])
    monkeypatch.setattr(torch.mps, "set_rng_state", lambda s: kept.__setitem__(0, s))
    state = SimpleNamespace(accelerator=SimpleNamespace(device=torch.device("mps")))
    with suppress(RuntimeError), steps.guarded(TINY, state):
        kept[0] = "the training's"
        if error:
            raise error("no memory is full")
    assert kept == ["the caller's"]


def test_every_gpus_random_numbers_are_kept_where_one_is_in_use(monkeypatch):
    forked = []

    def fork(devices):
        forked.append(list(devices))
        return nullcontext()

    monkeypatch.setattr(torch.random, "fork_rng", fork)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for is_used in (True, False):  # torch.manual_seed seeds all of them
        monkeypatch.setattr(torch.cuda, "is_initialized", lambda used=is_used: used)
        with steps.guarded(TINY, None):
            pass
        models.make_model("small")
    assert forked == [[0, 1], [0, 1], [], []]


def test_the_bar_tells_loss_and_speed(capsys, monkeypatch):
    monkeypatch.delenv("XRAYLAB_PROGRESS", raising=False)
    training.fit(TINY, *tiny_data(), progress=True)
    told = capsys.readouterr().err
    assert "loss=" in told
    assert "images_per_second=" in told
    training.fit(TINY, *tiny_data(), progress=False)
    assert capsys.readouterr().err == ""
