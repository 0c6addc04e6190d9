"""What a recipe may say."""

import json

import numpy as np
import pytest

from xraylab import training


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "big"}, "model must be one of resnet18, small, got 'big'"),
        ({"epochs": 0}, "epochs must be a whole number, at least 1, got 0"),
        ({"batch_size": 1}, "batch_size must be a whole number, at least 2, got 1"),
        ({"size_px": "48"}, "size_px must be a whole number, at least 1, got '48'"),
        ({"seed": -1}, "seed must be a whole number, at least 0, got -1"),
        ({"epochs": 10**8}, "epochs must be at most 10000000, got 100000000"),
        ({"n_steps": 10**20}, "n_steps must be at most 10000000, got 1000"),
        ({"seed": 2**32}, "seed must be at most 4294967295, got 4294967296"),
        ({"size_px": 100_000}, "size_px must be at most 4096, got 100000"),
        (
            {"n_steps": 12.5},
            "n_steps must be a whole number, at least 20, one an epoch,",
        ),
        ({"gamma": 0}, r"gamma must be a number in \(0, 1\], got 0"),
        ({"weight_decay": -1}, "weight_decay must be a number from 0, got -1"),
        (
            {"rotation_degrees": -5},
            r"rotation_degrees must be a number in \[0, 180\], got",
        ),
        ({"lr": float("nan")}, "lr must be a number above 0, got nan"),
        ({"lr": True}, "lr must be a number above 0, got True"),
        ({"dropout": 1.0}, r"dropout must be a number in \[0, 1\), got 1.0"),
        ({"lr": "0.1"}, "lr must be a number above 0, got '0.1'"),
        ({"epochs": True}, "epochs must be a whole number, at least 1, got True"),
        ({"flip": "no"}, "flip must be one of True, False, got 'no'"),
        ({"warm_up": 1}, r"warm_up must be a number in \[0, 1\), got 1"),
        ({"schedule": "plateau"}, "must be one of step, cosine, one-cycle, got 'plat"),
        ({"class_weights": [1, 2]}, r"must be one of none, balanced, got \[1, 2\]"),
        ({"sampler": "mix"}, "sampler must be one of shuffle, balanced, got 'mix'"),
        ({"n_steps": 3, "epochs": 4}, "n_steps must be a whole number, at least 4"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        training.Recipe(**change)


def test_numbers_from_numpy_are_kept_as_pythons_own():
    given = {"seed": np.int64(3), "n_steps": np.int32(40), "lr": np.float32(0.5)}
    recipe = training.Recipe(**given)
    assert recipe.as_dict() | {"seed": 3, "n_steps": 40, "lr": 0.5} == recipe.as_dict()
    assert [type(getattr(recipe, name)) for name in given] == [int, int, float]
    json.dumps(recipe.as_dict())
    with pytest.raises(ValueError, match="seed must be a whole number, at least 0"):
        training.Recipe(seed=np.int64(-1))
