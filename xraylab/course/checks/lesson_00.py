"""Checks of lesson 00: a score, what it is held against, and what it leaves open."""

from __future__ import annotations

import numpy as np

from xraylab.course.checks.answers import Wrong, call, is_right, number
from xraylab.course.checks.asking import asks, one_of

_TABLES = ([[8, 2], [1, 9]], [[30, 0], [5, 5]], [[3, 1], [0, 0]], [[0, 7], [2, 40]])


@asks(
    "accuracy from counts",
    "compute",
    (
        "Which of the four counts are right answers?",
        "Right answers stand where row and column name the same class. Divide them by "
        "the number of all answers.",
        "Add counts[0, 0] and counts[1, 1], and divide by counts.sum().",
    ),
)
def accuracy_from_counts(answer):
    for table in _TABLES:
        counts = np.array(table)
        share = number(call(answer, counts), 0, 1)
        right = np.trace(counts) / counts.sum()
        if is_right(share, right):
            continue
        if share < right:
            raise Wrong(
                f"For the counts {table} you give {share:.3f}, but a larger share of "
                "its answers is right."
            )
        raise Wrong(
            f"For the counts {table} you give {share:.3f}. There are {counts.sum()} "
            "answers in that table, and not so many are right."
        )
    return (
        "The right answers stand on the diagonal. Looked at: four tables of counts, "
        "one with an empty class."
    )


@asks(
    "a fair baseline",
    "repair",
    (
        "Think of 10 images, 8 of them normal. Which constant answer is right most "
        "often, and how often?",
        "There are two constant answers. Work out the accuracy of each, and take the "
        "better one.",
        "labels.mean() is the share of pneumonia, 1 - labels.mean() that of normal. "
        "The baseline is the larger one.",
    ),
)
def fair_baseline(answer):
    for labels in ([1, 1, 1, 0], [0, 0, 0, 0, 1], [0, 1], [1, 1, 1]):
        share = number(call(answer, np.array(labels)), 0, 1)
        best = max(np.mean(labels), 1 - np.mean(labels))
        if is_right(share, best):
            continue
        said = f"For the labels {labels} your baseline is {share:.2f}."
        if share < best:
            raise Wrong(f"{said} A constant answer can be right more often than that.")
        raise Wrong(f"{said} No constant answer is right so often.")
    return (
        "A score must beat the better of the two constant answers. Looked at: four "
        "lists of labels, with either class the larger one."
    )


what_copies_show = one_of(
    "what the copies show",
    (
        "What was counted, and what was not?",
        "Files were counted. Was a network ever tested on images without copies?",
        "A cause needs a comparison: the same test with and without the copies. Which "
        "sentence claims no cause?",
    ),
    right={
        "b": "It is what was counted, and no more. What the copies do to the score "
        "takes a comparison, and lesson 08 makes one."
    },
    wrong={
        "a": "That may be so, but nothing was compared yet. Counting copies does not "
        "say what the score would be without them.",
        "c": "Nothing here says so: the network was never asked about images that are "
        "not copies, so how it does on them is open.",
        "d": "The copies themselves have right answers. What they break is the test: "
        "it asks about images that were in training.",
    },
)
