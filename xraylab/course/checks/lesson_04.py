"""Checks of lesson 04: a schedule, a change at random, weights, the luck of seeds."""

from __future__ import annotations

import numpy as np

from xraylab.course.checks.answers import (
    Wrong,
    array,
    call,
    is_right,
    number,
    numbers,
    texts,
)
from xraylab.course.checks.asking import asks, one_of

# epochs, rate, gamma, step size; the last is shorter than a step
_PLANS = ((20, 0.001, 0.1, 7), (6, 0.5, 0.5, 2), (4, 0.02, 0.5, 1), (3, 0.1, 0.1, 5))


@asks(
    "the rate of each epoch",
    "repair",
    (
        "How many epochs should have the first rate? How many have it here?",
        "An epoch is trained with the rate as it is. Only after the last epoch of a "
        "step is it lowered.",
        "Put used.append(lr) above the if, so that an epoch is written down before "
        "the rate falls.",
    ),
)
def rate_of_each_epoch(answer):
    for n_epochs, lr, gamma, step_size in _PLANS:
        given = call(answer, n_epochs, lr, gamma, step_size)
        plan = f"With {n_epochs} epochs and steps of {step_size} "
        used = numbers(given, n_epochs)
        if is_right(used, lr * gamma ** (np.arange(n_epochs) // step_size)):
            continue
        n_first = int(np.isclose(used, lr).cumprod().sum())
        if n_first != min(step_size, n_epochs):
            raise Wrong(
                f"{plan}the first rate, {lr}, holds for the first {n_first} of them. "
                "A whole step should be trained with it, and no more."
            )
        raise Wrong(
            f"{plan}the first step is right, and a later one is not. By how much is "
            "the rate multiplied, and how often?"
        )
    return (
        "First train, then lower. In PyTorch: first optimiser.step(), then the "
        "scheduler's. Looked at: four schedules, one that never falls."
    )


class Generator(np.random.Generator):
    """A generator that goes on from one answer to the next.

    An error of the learner's may name its class, so it has the name of numpy's.
    """

    def __deepcopy__(self, memo: dict) -> Generator:
        return self


@asks(
    "who is mirrored",
    "repair",
    (
        "Which images are there to learn from, and which to measure by?",
        "Only training images may be changed at random. A validation image must look "
        "the same each time.",
        'Ask for both: if part == "train" and rng.random() < 0.5.',
    ),
)
def who_is_mirrored(answer):
    valid, train = (_ask_often(answer, part, seed=0) for part in ("valid", "train"))
    if sum(valid):
        raise Wrong(
            f"A validation image was asked for 200 times, and came back mirrored "
            f"{sum(valid)} times. It should come back as it is, each time."
        )
    if sum(train) not in range(60, 141):
        raise Wrong(
            f"A training image was asked for 200 times, and came back mirrored "
            f"{sum(train)} times. It should be about half of them."
        )
    is_repeated = _ask_often(answer, "train", seed=0) == train
    if not is_repeated or _ask_often(answer, "train", seed=1) == train:
        raise Wrong(
            "About half of the training images come back mirrored, but `rng` does not "
            "say which: it was begun anew with the same seed, and with another. Draw "
            "from the `rng` that is given, or a training cannot be repeated."
        )
    return (
        "What is measured must stay the same from one reading to the next. Looked at: "
        "an image of each part, 200 times, and again with the same seed and another."
    )


def _ask_often(answer: object, part: str, seed: int) -> list[bool]:
    """Say which of 200 images of a part come back mirrored."""
    image = np.array([[10, 20, 30, 40], [50, 60, 70, 80], [90, 100, 110, 120]])
    rng, seen = Generator(np.random.PCG64(seed)), []
    for _ in range(200):
        found = array(call(answer, image, part, rng), image.shape)
        seen.append(np.array_equal(found, image[:, ::-1]))
        if not seen[-1] and not np.array_equal(found, image):
            raise Wrong(
                f"An image of {part} came back neither as it was nor with left "
                "and right changed."
            )
    return seen


_BEFORE = {
    "first": np.array([[0.5, -0.2], [0.1, 0.4]]),
    "bias": np.array([0.0, 0.0]),
    "second": np.array([0.3, 0.3, 0.3]),
    "last": np.array([1.0, -1.0]),
}
_STEPS = (  # how far each moves; the rest stands still
    {"last": [0.001, -0.001]},
    {"first": [[0.0, 0.0], [0.0, 0.002]], "bias": [0.01, 0.01], "second": [0.1, 0, 0]},
    {"second": [0.01, -0.02, 0.01], "last": [-0.05, -0.05]},
    {name: np.full(weights.shape, 0.01) for name, weights in _BEFORE.items()},
)


@asks(
    "steps of an epoch",
    "repair",
    (
        "What does one step take from the images, one of them or a batch?",
        "Divide the images by the size of a batch. What becomes of those left over?",
        "Whole batches are n_images // batch_size. One more step is needed where "
        "n_images % batch_size is not 0.",
    ),
)
def steps_of_an_epoch(answer):
    for n_images, size in ((100, 10), (101, 10), (7, 32), (5216, 32), (33, 1)):
        steps = number(call(answer, n_images, size))
        said = f"For {n_images} images in batches of {size} you give {steps:g}"
        if steps != int(steps):
            raise Wrong(f"{said}. A step is taken or not: the number must be whole.")
        if steps * size < n_images:
            unseen = n_images - max(steps, 0) * size
            raise Wrong(f"{said}. That leaves {unseen:g} unseen.")
        if steps == n_images and size > 1:
            raise Wrong(
                f"{said}, one an image. But a step takes up to {size} images, and an "
                "epoch is over when all were seen."
            )
        if (steps - 1) * size >= n_images:
            raise Wrong(f"{said}. The last step has no image left.")
    return (
        "A schedule for steps counted in images has hardly begun when the training "
        "ends. Looked at: "
        "five pairs, with batches that come out even, that do not, one larger than "
        "the data, and batches of one."
    )


@asks(
    "who stood still",
    "implement",
    (
        "When has a layer moved: when all of its weights did, or when one did?",
        "Go through the names. Compare the array before with the one after, number by "
        "number, and keep the names for which all are equal.",
        "np.array_equal(before[name], after[name]) is True for a layer that stood "
        "still. Collect these names in a list.",
    ),
)
def who_stood_still(answer):
    for step in _STEPS:
        after = {name: w + np.asarray(step.get(name, 0)) for name, w in _BEFORE.items()}
        named = texts(call(answer, _BEFORE, after), "names")
        if unknown := sorted(set(named) - set(_BEFORE)):
            raise Wrong(f"There is no layer of the name {', '.join(unknown)}.")
        if len(set(named)) < len(named):
            raise Wrong(f"You name a layer twice: {', '.join(named)}.")
        for name in _BEFORE:
            if name in named and name in step:
                raise Wrong(
                    f"You name {name}, which moved from {_BEFORE[name].tolist()} to "
                    f"{after[name].round(3).tolist()}."
                )
            if name not in named and name not in step:
                raise Wrong(f"{name} did not move, and you do not name it.")
    return (
        "A falling loss does not show that all layers learn. Looked at: four steps, "
        "one that moves a single weight of a layer, and one that moves them all."
    )


best_of_five = one_of(
    "the best of five",
    (
        "Why was this number chosen, and not one of the other four?",
        "Part of each number is luck. Which part of the highest one is likely to be "
        "larger than in the others?",
        "A number that was chosen because it is high holds more luck than the mean. "
        "What will it be where that luck is drawn again?",
    ),
    right={
        "b": "The highest of several holds the most luck, on the seeds and on the "
        "images it was chosen on. Report the mean, and how far the seeds lie apart."
    },
    wrong={
        "a": "The network exists. But a figure is a promise about images that are not "
        "here yet.",
        "c": "Others could repeat it to the last digit. Would they find it on other "
        "images, too?",
        "d": "The more one draws, the higher the highest gets. Does the recipe get "
        "better by that?",
    },
)
