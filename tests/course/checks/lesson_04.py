"""Answers to try on the checks of lesson 04."""

import itertools

import numpy as np
import torch

from tests.course.checks.cases import Case


def rates_as_given(n_epochs, lr, gamma, step_size):
    used = []
    for epoch in range(1, n_epochs + 1):
        if epoch % step_size == 0:
            lr = lr * gamma
        used.append(lr)
    return used


def rates_mended(n_epochs, lr, gamma, step_size):
    used = []
    for epoch in range(1, n_epochs + 1):
        used.append(lr)
        if epoch % step_size == 0:
            lr = lr * gamma
    return used


def rates_from_zero(n_epochs, lr, gamma, step_size):
    used = []
    for epoch in range(n_epochs):
        if epoch and epoch % step_size == 0:
            lr *= gamma
        used.append(lr)
    return tuple(used)


def rates_by_torch(n_epochs, lr, gamma, step_size):
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    steps = torch.optim.lr_scheduler.StepLR(optimiser, step_size, gamma)
    used = []
    for _ in range(n_epochs):
        used.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        steps.step()
    return used


def prepare_by_choice(image, part, rng):
    if part == "valid":
        return image
    return rng.choice([image, np.fliplr(image)])


def prepare_by_slices(image, part, rng):
    way = rng.integers(2) * 2 - 1 if part == "train" else 1
    return image[:, ::way].copy()


def by_turns():
    n_asked = itertools.count()
    return lambda part, rng: part == "train" and next(n_asked) % 2


def own_luck(part, rng):
    return part == "train" and np.random.default_rng().random() < 0.5


def flip_when(asked, axis=1):
    def prepare(image, part, rng):
        return np.flip(image, axis) if asked(part, rng) else image

    return prepare


def paint_over(image, part, rng):
    image[:] = image[:, ::-1].copy()
    return image


def still_in_a_loop(before, after):
    names = set()
    for name, weights in before.items():
        if not (weights != after[name]).any():
            names.add(name)
    return names


def still_by_sums(sums):
    return lambda b, a: [k for k in b if np.isclose(sums(b[k]), sums(a[k]))]


CASES = [
    Case(
        "the rate of each epoch",
        right=[
            rates_mended,
            rates_from_zero,
            rates_by_torch,
            lambda n, lr, g, k: lr * g ** (np.arange(n) // k),
            lambda n, lr, g, k: [lr * g ** (epoch // k) for epoch in range(n)],
        ],
        wrong={
            "as it was": (rates_as_given, "the first 6 of them"),
            "turned round": (
                lambda n, lr, g, k: [lr * g ** (e // k) for e in range(n)][::-1],
                "the first 0 of them",
            ),
            "never lowered": (lambda n, lr, g, k: [lr] * n, "the first 20 of them"),
            "each epoch": (
                lambda n, lr, g, k: lr * g ** np.arange(n),
                "the first 1 of them",
            ),
            "one too many": (
                lambda n, lr, g, k: lr * g ** (np.maximum(np.arange(n) - 1, 0) // k),
                "the first 8 of them",
            ),
            "lowered once": (
                lambda n, lr, g, k: np.where(np.arange(n) < k, lr, lr * g),
                "a later one is not",
            ),
            "less, not times": (
                lambda n, lr, g, k: [lr - g * lr * (e // k) for e in range(n)],
                "a later one is not",
            ),
            "one rate": (lambda n, lr, g, k: lr * g ** (n // k), "numbers are needed"),
            "by epoch": (
                lambda n, lr, g, k: {e: lr * g ** (e // k) for e in range(n)},
                "in a row, as a list, found a dict",
            ),
            "one epoch more": (
                lambda n, lr, g, k: [lr * g ** (e // k) for e in range(n + 1)],
                "found 21",
            ),
        },
    ),
    Case(
        "who is mirrored",
        right=[
            flip_when(lambda part, rng: part == "train" and rng.random() < 0.5),
            prepare_by_choice,
            prepare_by_slices,
        ],
        wrong={
            "as it was": (
                flip_when(lambda part, rng: rng.random() < 0.5),
                "came back mirrored",
            ),
            "validation only": (
                flip_when(lambda part, rng: part == "valid" and rng.random() < 0.5),
                "as it is, each time",
            ),
            "nobody": (flip_when(lambda part, rng: False), "mirrored 0 times"),
            "each training image": (
                flip_when(lambda part, rng: part == "train"),
                "mirrored 200 times",
            ),
            "the same luck each time": (
                flip_when(
                    lambda part, rng: (
                        part == "train" and np.random.default_rng(0).random() < 0.5
                    )
                ),
                "about half",
            ),
            "luck of its own": (flip_when(own_luck), "`rng` does not say which"),
            "every other one": (flip_when(by_turns()), "`rng` does not say which"),
            "upside down": (
                flip_when(lambda part, rng: part == "train" and rng.random() < 0.5, 0),
                "left and right",
            ),
            "the generator is no number": (
                flip_when(lambda part, rng: part == "train" and rng < 0.5),
                "'Generator' and 'float'",
            ),
            "painted over": (paint_over, "changes what it is given"),
        },
    ),
    Case(
        "steps of an epoch",
        right=[
            lambda n, size: -(-n // size),
            lambda n, size: n // size + (n % size > 0),
            lambda n, size: len(range(0, n, size)),
            lambda n, size: np.ceil(n / size),
        ],
        wrong={
            "counted in images": (lambda n, size: n, "one an image"),
            "the last batch left out": (lambda n, size: n // size, "leaves 1 unseen"),
            "always one more": (lambda n, size: n // size + 1, "no image left"),
            "not whole": (lambda n, size: n / size, "must be whole"),
            "rounded": (lambda n, size: round(n / size), "leaves 1 unseen"),
            "below 0": (lambda n, size: -1, "leaves 100 unseen"),
            "doubled": (lambda n, size: 2 * -(-n // size), "no image left"),
            "the size of a batch": (lambda n, size: size, "leaves 1 unseen"),
        },
    ),
    Case(
        "who stood still",
        right=[
            lambda b, a: [name for name in b if np.array_equal(b[name], a[name])],
            still_in_a_loop,
            lambda b, a: [name for name in b if np.allclose(b[name], a[name])],
            lambda b, a: list(
                filter(lambda k: torch.equal(*map(torch.tensor, (b[k], a[k]))), b)
            ),
            lambda b, a: np.array([k for k in b if abs(b[k] - a[k]).max() == 0]),
        ],
        wrong={
            "who moved": (
                lambda b, a: [k for k in b if not np.array_equal(b[k], a[k])],
                "first did not move",
            ),
            "one weight stood": (
                lambda b, a: [k for k in b if (b[k] == a[k]).any()],
                "You name first, which moved",
            ),
            "by sums": (still_by_sums(np.sum), "You name last, which moved"),
            "by means": (still_by_sums(np.mean), "You name last, which moved"),
            "the first weight": (
                lambda b, a: [k for k in b if b[k].flat[0] == a[k].flat[0]],
                "You name first, which moved",
            ),
            "is it the same array": (
                lambda b, a: [k for k in b if b[k] is a[k]],
                "first did not move",
            ),
            "how many": (lambda b, a: sum(map(np.array_equal, b, a)), "A list of"),
            "tables compared": (
                lambda b, a: [k for k in b if b[k] == a[k]],
                "ValueError",
            ),
            "none": (lambda b, a: [], "did not move"),
            "numbers, not names": (
                lambda b, a: [i for i, k in enumerate(b) if (b[k] == a[k]).all()],
                "found 0 (int) among them",
            ),
            "names of others": (lambda b, a: ["bias2", "a"], "of the name a, bias2"),
            "names in one text": (lambda b, a: "first, bias", "A list of names"),
            "by name, yes or no": (
                lambda b, a: {k: np.array_equal(b[k], a[k]) for k in b},
                "found a dict",
            ),
            "stopped on the way": (
                lambda b, a: filter(lambda k: b[k] == a[k], b),
                "ValueError",
            ),
            "none grew": (
                lambda b, a: [k for k in b if (a[k] - b[k]).max() <= 0],
                "You name last, which moved",
            ),
            "none fell": (
                lambda b, a: [k for k in b if (a[k] - b[k]).min() >= 0],
                "You name first, which moved",
            ),
            "all pairs": (
                lambda b, a: [k for k, _ in itertools.product(b, a)],
                "a layer twice",
            ),
        },
    ),
    Case(
        "the best of five",
        right=["b", "B ", "\tb"],
        wrong={
            "it exists": ("a", "a promise"),
            "it can be repeated": ("c", "on other images"),
            "more seeds": ("d", "the higher the highest"),
            "no letter": (0.85, "is needed"),
        },
    ),
]
