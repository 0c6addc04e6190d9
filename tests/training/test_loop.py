import numpy as np
import pytest
import torch

from tests.conftest import blob_image
from xraylab import training

TINY = training.Recipe(
    model="small", weights="none", size_px=16, epochs=4, n_steps=12, batch_size=8
)


def tiny_data(n=32):
    pixels = np.stack([blob_image(i, 16) for i in range(n)])
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


def test_the_rate_falls_after_every_step_size_epochs():
    recipe = training.Recipe(**training.as_dict(TINY) | {"step_size": 2})
    rates = [
        r["lr"] for r in training.fit(recipe, *tiny_data(), progress=False).history
    ]
    assert rates == pytest.approx([0.001, 0.001, 0.0001, 0.0001])


def test_without_n_steps_an_epoch_is_one_pass():
    recipe = training.Recipe(**training.as_dict(TINY) | {"n_steps": None, "epochs": 1})
    state = training.fit(recipe, *tiny_data(), progress=False)
    assert state.history[0]["step"] == 3  # 24 rows in eights


def test_the_same_seed_gives_the_same_bits():
    first, again = (training.fit(TINY, *tiny_data(), progress=False) for _ in "ab")
    assert torch.equal(weights_of(first), weights_of(again))


def test_eight_images_can_be_learnt_by_heart():
    recipe = training.Recipe(
        **training.as_dict(TINY)
        | {"n_steps": 60, "dropout": 0.0, "rotation_degrees": 0, "step_size": 9}
    )
    pixels, labels, _, _ = tiny_data(8)
    few = np.arange(8)
    state = training.fit(recipe, pixels, labels, few, few, progress=False)
    assert state.history[-1]["valid_accuracy"] == 1


def test_scores_do_not_depend_on_the_batch():
    pixels, _, _, _ = tiny_data()
    model = training.start(TINY).model
    rows = np.arange(20)
    together = training.score_logits(model, pixels, rows)
    apart = training.score_logits(model, pixels, rows, batch_size=3)
    torch.testing.assert_close(together, apart)
    assert training.score_logits(model, pixels, rows[:0]).shape == (0, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "big"}, "model must be one of resnet18, small, got 'big'"),
        ({"epochs": 0}, "epochs must be a whole number, at least 1, got 0"),
        ({"batch_size": 1}, "batch_size must be a whole number, at least 2, got 1"),
        ({"size_px": "48"}, "size_px must be a whole number, at least 1, got '48'"),
        ({"seed": -1}, "seed must be a whole number, at least 0, got -1"),
        ({"n_steps": 12.5}, "n_steps must be a whole number, at least 20, got 12.5"),
        ({"gamma": 0}, r"gamma must be in \(0, 1\], got 0"),
        ({"weight_decay": -1}, "weight_decay must be 0 or above, got -1"),
        ({"rotation_degrees": -5}, r"rotation_degrees must be in \[0, 180\], got -5"),
        ({"lr": float("nan")}, "lr must be above 0, got nan"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\), got 1.0"),
        ({"n_steps": 3, "epochs": 4}, "n_steps must be a whole number, at least 4"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        training.Recipe(**change)


def test_a_part_of_one_class_is_refused():
    pixels, labels, train, valid = tiny_data()
    with pytest.raises(ValueError, match="valid must hold both classes, got 4 rows"):
        training.fit(TINY, pixels, labels, train, valid[::2], progress=False)


def test_images_of_another_size_are_refused():
    recipe = training.Recipe(**training.as_dict(TINY) | {"size_px": 48})
    with pytest.raises(ValueError, match=r"squares of 48 px .* got shape \(32, 16, 16"):
        training.fit(recipe, *tiny_data(), progress=False)


def test_a_loss_that_runs_away_is_said():
    recipe = training.Recipe(**training.as_dict(TINY) | {"lr": 1e30})
    with pytest.raises(ValueError, match=r"train_loss must be a number, got .* Lower"):
        training.fit(recipe, *tiny_data(), progress=False)


def test_the_callers_random_numbers_are_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    training.fit(TINY, *tiny_data(), progress=False)
    assert torch.equal(torch.rand(2), expected)


def test_the_bar_tells_loss_and_speed(capsys, monkeypatch):
    monkeypatch.delenv("XRAYLAB_PROGRESS", raising=False)
    training.fit(TINY, *tiny_data(), progress=True)
    told = capsys.readouterr().err
    assert "loss=" in told
    assert "images_per_second=" in told
    training.fit(TINY, *tiny_data(), progress=False)
    assert capsys.readouterr().err == ""
