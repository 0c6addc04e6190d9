"""Answers to try on the checks of lesson 00."""

import numpy as np
from sklearn.dummy import DummyClassifier

from tests.course.checks.cases import Case


def accuracy_in_a_loop(counts):
    right = total = 0
    for row in range(2):
        for column in range(2):
            total += counts[row][column]
            right += counts[row][column] if row == column else 0
    return right / total


def accuracy_by_wrong_ones(counts):
    return 1 - (counts[0, 1] + counts[1, 0]) / counts.sum()


def baseline_by_counting(labels):
    _, counts = np.unique(labels, return_counts=True)
    return counts.max() / len(labels)


def baseline_by_library(labels):
    images = np.zeros((len(labels), 1))
    model = DummyClassifier(strategy="most_frequent").fit(images, labels)
    return model.score(images, labels)


CASES = [
    Case(
        "accuracy from counts",
        right=[
            lambda counts: np.trace(counts) / counts.sum(),
            accuracy_in_a_loop,
            accuracy_by_wrong_ones,
        ],
        wrong={
            "sensitivity": (
                lambda c: c[1, 1] / max(1, c[1].sum()),
                "not so many are right",
            ),
            "the other diagonal": (
                lambda c: (c[0, 1] + c[1, 0]) / c.sum(),
                "a larger share",
            ),
            "not divided": (lambda c: np.trace(c), "from 0 to 1"),
            "in percent": (lambda c: 100 * np.trace(c) / c.sum(), "from 0 to 1"),
            "whole division": (lambda c: np.trace(c) // c.sum(), "a larger share"),
            "no return": (lambda c: None if c.sum() else 1, "`return`"),
            "a word": (lambda c: "0.85", "One number"),
        },
    ),
    Case(
        "a fair baseline",
        right=[
            lambda labels: max(labels.mean(), 1 - labels.mean()),
            baseline_by_counting,
            baseline_by_library,
        ],
        wrong={
            "as it was": (lambda labels: labels.mean(), "can be right more often"),
            "always normal": (lambda labels: 1 - labels.mean(), "more often"),
            "a coin": (lambda labels: 0.5, "more often"),
            "always right": (lambda labels: 1.0, "No constant answer"),
            "a count": (lambda labels: labels.sum(), "from 0 to 1"),
        },
    ),
    Case(
        "what the copies show",
        right=["b", " B", "b "],
        wrong={
            "a cause from a count": ("a", "nothing was compared"),
            "a verdict on new images": ("c", "never asked"),
            "the labels blamed": ("d", "break is the test"),
            "no letter": (2, "is needed"),
        },
    ),
]
