"""Checks of lesson 05: figures by hand, a choice that is honest, and scores."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xraylab.course.checks.answers import (
    Wrong,
    call,
    is_close,
    is_right,
    number,
    numbers,
)
from xraylab.course.checks.asking import asks, one_of

_LABELS = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
_SCORES = np.array([0.1, 0.2, 0.35, 0.5, 0.6, 0.9, 0.95, 0.97, 0.3, 0.7, 0.8])


@asks(
    "specificity by hand",
    "compute",
    (
        "Which rows of the confusion matrix does specificity look at?",
        "Take the scores of the normal images only. Which of them lead to the answer "
        "normal?",
        "scores[labels == 0] are those of the normal images. Normal is called what "
        "lies below the threshold; the mean of that is a share.",
    ),
)
def specificity_by_hand(answer):
    def given(labels, scores, threshold):
        return number(call(answer, labels, scores, threshold), 0, 1)

    once = given(_LABELS, _SCORES, 0.5)
    again = given(_LABELS, np.where(_LABELS == 1, 1 - _SCORES, _SCORES), 0.5)
    if not is_close(once, again):
        raise Wrong(
            "Only the scores of the pneumonia images were changed, and your figure "
            f"went from {once:.3f} to {again:.3f}. Specificity asks the normal images."
        )
    normal = _SCORES[_LABELS == 0]
    if is_close(once, (normal >= 0.5).mean()):
        raise Wrong(
            f"You give {once:.3f}. That is the share of normal images that are called "
            "pneumonia, the false alarms."
        )
    for threshold in (0.5, 0.15, 0.6, 1.0):
        share = given(_LABELS, _SCORES, threshold)
        if is_right(share, (normal < threshold).mean()):
            continue
        is_tied = is_close(share, (normal <= threshold).mean())
        raise Wrong(
            f"With normal images scored {normal} and the threshold {threshold} you "
            f"give {share:.3f}. "
            + (
                "A score that equals the threshold is called pneumonia."
                if is_tied
                else "Count how many of these are called normal at this threshold."
            )
        )
    return (
        "Specificity looks at the normal images alone, so no number of pneumonias can "
        "hide it. Looked at: four thresholds, two of them equal to a score, and what "
        "happens when only pneumonia images are scored anew."
    )


_SHARES = ("accuracy", "sensitivity", "specificity")


def _table(labels: list[int], scores: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"label": labels, "score": scores})


# On each validation table one threshold is best: any number above the first and up to
# the second one beside it. The tests have scores at both of these and none between, so
# it does not matter which of the best thresholds is taken.
_LOW = _table([0, 0, 0, 1, 1, 1], [0.05, 0.1, 0.2, 0.4, 0.6, 0.95]), (0.2, 0.4)
_HIGH = (
    _table([0, 1, 0, 0, 0, 1, 1, 1], [0.05, 0.1, 0.3, 0.4, 0.6, 0.8, 0.9, 0.95]),
    (0.6, 0.8),
)
_TESTS = (
    _table(
        [0, 1, 0, 1, 1, 0, 1, 0, 1, 1],
        [0.1, 0.15, 0.2, 0.4, 0.5, 0.55, 0.6, 0.8, 0.9, 0.98],
    ),
    # right as often at both thresholds, and as often wrong
    _table([0, 1, 1, 0], [0.1, 0.15, 0.9, 0.95]),
    # so many that they would outvote the validation rows
    _table([0, 0, 1, 0, 1, 0, 0] * 6, [0.02, 0.5, 0.1, 0.52, 0.97, 0.99, 0.58] * 6),
)


@asks(
    "the network that never looks",
    "compute",
    (
        "Which images does it call right, and which share of all are they?",
        "Of the pneumonia images it finds every one. How many normal ones does it call "
        "normal?",
        "The accuracy is the share of ones in labels. The other two do not depend on "
        "labels: one is 1, the other 0.",
    ),
)
def network_that_never_looks(answer):
    for n_normal, n_positive in ((234, 390), (80, 20), (1, 1), (3, 97)):
        labels = np.repeat([0, 1], [n_normal, n_positive])[::-1]
        accuracy, sensitivity, specificity = numbers(call(answer, labels), 3, _SHARES)
        what = f"{n_normal} normal and {n_positive} pneumonia images"
        shares = (accuracy, sensitivity, specificity)
        if min(shares) < 0 or max(shares) > 1:
            raise Wrong(
                f"With {what} you give {accuracy:g}, {sensitivity:g} and "
                f"{specificity:g}. Shares lie from 0 to 1."
            )
        if not is_close(specificity, 0):
            raise Wrong(
                f"With {what} the third is {specificity:.3f}. It never says normal, so "
                "which normal image does it get right?"
            )
        if not is_close(sensitivity, 1):
            raise Wrong(
                f"With {what} the second is {sensitivity:.3f}. Which pneumonia image "
                "does it miss?"
            )
        if not is_right(accuracy, n_positive / len(labels)):
            raise Wrong(
                f"With {what} the accuracy is {accuracy:.3f}. It is right for the "
                "pneumonia images only. What share of all are these?"
            )
    return (
        "Put this row into every table: an accuracy means little until one sees what "
        "is reached without looking. Looked at: four mixes of the classes, with more "
        "normal and with more pneumonia images."
    )


@asks(
    "an honest threshold",
    "repair",
    (
        "Whose labels choose the threshold, and whose are judged?",
        "Find the best threshold with the labels and scores of `valid`. Then measure "
        "at it once, on `test`.",
        'best = max(valid["score"], key=lambda score: accuracy(valid, score)); the '
        "report is accuracy(test, best).",
    ),
)
def honest_threshold(answer):
    def given(valid, test):
        return number(call(answer, valid, test), 0, 1)

    swapped = [test.assign(label=1 - test["label"]) for test in _TESTS]
    there, after, other = (
        [given(valid[0], test) for test in tests]
        for valid, tests in ((_LOW, _TESTS), (_LOW, swapped), (_HIGH, _TESTS))
    )
    missed = [
        (share, right)
        for reports, (_, (_, best)) in ((there, _LOW), (other, _HIGH))
        for share, right in zip(reports, _shares_right(best), strict=True)
        if not is_right(share, right)
    ]
    _refuse_unmoved(there, after)
    if all(map(is_close, there, other)):
        raise Wrong(
            "Another validation table, for which another threshold is best, was given, "
            f"and your report stays {there[0]:.3f}. What chooses then?"
        )
    for share, right in missed:
        raise Wrong(
            f"Your report is {share:.6g}. At the threshold that is best on validation, "
            f"{'more' if right > share else 'fewer'} answers on the test are right."
        )
    return (
        "The children who choose do not judge. Now the figure may be lower, and it can "
        "be believed. Looked at: three tests with two validation tables each, and the "
        "same with all labels of the test swapped."
    )


def _refuse_unmoved(there: list[float], after: list[float]) -> None:
    """Refuse reports that do not follow when all labels of the tests are swapped."""
    if all(map(is_close, there, after)):
        raise Wrong(
            f"All labels of the test were swapped, and your report stays {there[0]:.3f}"
            ". Right answers have become wrong ones. Is it judged on the test?"
        )
    for one, two in zip(there, after, strict=True):
        if not is_close(one + two, 1):
            raise Wrong(
                "When all labels of the test are swapped, right answers become wrong "
                f"ones, and both reports add up to 1. You give {one:.3f} before and "
                f"{two:.3f} after. Do the test's labels have a say in the threshold?"
            )


def _shares_right(threshold: float) -> list[float]:
    """Give the share of right answers at a threshold, for each of the tests."""
    return [
        ((test["score"] >= threshold) == (test["label"] == 1)).mean() for test in _TESTS
    ]


what_temperature_cannot_mend = one_of(
    "what temperature cannot mend",
    (
        "Which figures moved from block to block, and which did not?",
        "A logit of 0 is a score of 0.5. What happens to it when it is multiplied, "
        "and what when something is added?",
        "Before mending, too many normal images have a score above 0.5. Can a "
        "multiplied logit change its sign?",
    ),
    right={
        "c": "Multiplying a logit never changes its sign, so a score stays on its side "
        "of 0.5, and the mean could only be pulled towards it. Adding a number moves "
        "all of them. Neither changes the order."
    },
    wrong={
        "a": "Look at the AUROC of the three blocks. It says how well images are put "
        "in order.",
        "b": "Both were fitted on the same children, and one of them helped far more "
        "than the other.",
        "d": "It was fitted and judged on children of one place. Nothing here says how "
        "it does in another.",
    },
)

_ASKED = ((0.9, 0.8, 0.1), (0.6, 0.95, 0.5), (0.99, 0.5, 0.01), (0.75, 0.9, 0.8))


@asks(
    "PPV by hand",
    "implement",
    (
        "Of a thousand children, how many have pneumonia? How many of these raise an "
        "alarm?",
        "Alarms come from children with pneumonia that are found, and from the others "
        "that are not spared. PPV is the first part of both together.",
        "Right alarms: sensitivity * prevalence. False alarms: (1 - specificity) * "
        "(1 - prevalence). Divide the right ones by all.",
    ),
)
def ppv_by_hand(answer):
    def given(*shares):
        return number(call(answer, *shares), 0, 1)

    given(0.9, 0.9, 0.5)  # a share at all?
    missed = given(0.001, 0.5, 0.3)
    if missed > 0.01:
        raise Wrong(
            "With a sensitivity of 0.001 hardly any alarm comes from a child with "
            f"pneumonia. Your PPV says that {missed:.3f} of the alarms do."
        )
    spared = given(0.6, 0.9999, 0.3)
    if spared < 0.99:
        raise Wrong(
            "With a specificity of 0.9999 there are hardly any false alarms. Your PPV "
            f"says that only {spared:.3f} of the alarms are right."
        )
    blind = given(0.7, 0.3, 0.2)
    if not is_right(blind, 0.2):
        raise Wrong(
            "A test that calls 70 % of both classes pneumonia knows nothing. Its "
            "alarms are right as often as pneumonia is among all who are asked, here "
            f"20 %. You give {blind:.3f}."
        )
    for found, spared, share in _ASKED:
        value = given(found, spared, share)
        right, false = found * share, (1 - spared) * (1 - share)
        if not is_right(value, right / (right + false)):
            raise Wrong(
                f"For a sensitivity of {found}, a specificity of {spared} and a "
                f"prevalence of {share} you give {value:.3f}, which is too "
                f"{'high' if value > right / (right + false) else 'low'}. Count the "
                "alarms among a thousand children, of both classes."
            )
    return (
        "Where few have pneumonia, even a small share of false alarms outnumbers the "
        "right ones. Looked at: seven sets of three shares, one of a test that knows "
        "nothing."
    )
