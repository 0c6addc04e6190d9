"""Checks of lesson 08: what a difference of two scores is made of."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xraylab.course.checks.answers import Wrong, call, is_close, is_right, number
from xraylab.course.checks.asking import asks, one_of

_RATES = ((0.9, 0.6, 0.5), (0.9, 0.6, 0.8), (0.7, 0.7, 0.3), (0.987, 0.413, 0.173))


@asks(
    "accuracy in another mix",
    "compute",
    (
        "Think of 100 children, 80 of them with pneumonia. How many are called right?",
        "Sensitivity is right for the share with pneumonia, specificity for the rest. "
        "Weigh each by its share.",
        "sensitivity * prevalence + specificity * (1 - prevalence)",
    ),
)
def accuracy_in_another_mix(answer):
    for sensitivity, specificity, prevalence in _RATES:
        share = number(call(answer, sensitivity, specificity, prevalence))
        right = sensitivity * prevalence + specificity * (1 - prevalence)
        case = (
            f"For a sensitivity of {sensitivity}, a specificity of {specificity} and a "
            f"share of {prevalence} with pneumonia you give {share:.3f}."
        )
        low, high = sorted((sensitivity, specificity))
        if is_right(share, right):
            continue
        if not low <= share <= high:
            raise Wrong(f"{case} Accuracy lies between the two rates.")
        if is_close(share, sensitivity * (1 - prevalence) + specificity * prevalence):
            raise Wrong(f"{case} Which rate is that of the children with pneumonia?")
        raise Wrong(f"{case} Each rate counts for the children of its own class.")
    return (
        "The same network, another mix, another accuracy. So accuracies from two tests "
        "compare only where their mix does. Looked at: four settings."
    )


_BEFORE = pd.DataFrame(
    {
        "image_id": ["a", "b", "c", "d", "x", "y"],
        "is_right": [True, True, True, False, True, True],
    }
)
_AFTER = pd.DataFrame(
    {
        "image_id": ["d", "c", "b", "a", "z", "z"],
        "is_right": [False, False, True, True, False, False],
    }
)
# some answers became right, one became wrong, and the change is no short number
_OLD = pd.DataFrame({"image_id": range(7), "is_right": [True, True] + [False] * 5})
_NEW = pd.DataFrame(
    {"image_id": range(7), "is_right": [False] + [True] * 4 + [False] * 2}
)


@asks(
    "on the same images",
    "implement",
    (
        "Which images did both networks answer for?",
        "Bring the two tables together by image_id, so that a row holds both answers. "
        "Then compare the two shares of right answers.",
        'both = before.merge(after, on="image_id"), then the mean of is_right_y less '
        "that of is_right_x.",
    ),
)
def on_the_same_images(answer):
    change = number(call(answer, _BEFORE, _AFTER), -1, 1)
    everything = _AFTER["is_right"].mean() - _BEFORE["is_right"].mean()
    if is_close(change, everything):
        raise Wrong(
            f"You give {change:.3f}. That is what all rows give, but x and y stand in "
            "one table only, and z in the other."
        )
    by_place = _AFTER["is_right"].to_numpy()[:4].mean() - _BEFORE["is_right"][:4].mean()
    mixed = number(
        call(answer, _BEFORE, _AFTER.iloc[[4, 5, 0, 1, 2, 3]].reset_index(drop=True))
    )
    if not is_close(change, mixed):
        raise Wrong(
            f"You give {change:.3f}, and {mixed:.3f} when the rows of one table come "
            "in another order. Match them by image_id, not by their place."
        )
    if is_close(change, -by_place):
        raise Wrong(f"You give {change:.3f}. Did the network become better or worse?")
    if not is_right(change, by_place):
        raise Wrong(
            f"You give {change:.3f}. Four images are in both tables, and each should "
            "count once."
        )
    gained = number(call(answer, _OLD, _NEW), -1, 1)
    if not is_right(gained, 2 / 7):
        raise Wrong(
            f"Of seven images two were answered rightly before, and four after: three "
            f"others, one of the two no more. You give {gained:.3f}. By how much did "
            "the share of right answers change?"
        )
    return (
        "What makes an image hard is now the same for both. Looked at: two tables that "
        "share four images, in two orders, and two of the same seven."
    )


what_the_steps_license = one_of(
    "what the steps license",
    (
        "What changes from one line to the next besides the overlap?",
        "An interval that holds zero does not say that there is no effect. What does "
        "it say?",
        "Which sentence names what was measured, and leaves the cause open?",
    ),
    right={
        "d": "Measured, with its direction, and with the cause left open. Test images, "
        "training size and mix change together."
    },
    wrong={
        "a": "Where an interval holds zero, the data fit with no effect, and with a "
        "small one too. They do not show that there is none.",
        "b": "Between these two lines the test images change as well, and so do the "
        "number of training images and the mix.",
        "c": "The networks above are ours, trained with a stand-in for the original's "
        "weights or with none. Nothing here measured the original's own network.",
    },
)


def _history(valid, test):
    epochs = np.arange(1, len(valid) + 1)
    return pd.DataFrame(
        {"epoch": epochs, "valid_accuracy": valid, "test_accuracy": test}
    )


@asks(
    "the epoch to report",
    "repair",
    (
        "What was the test asked, and how often?",
        "The epoch is chosen by the validation set. The test is read once, at that "
        "epoch, whatever it says.",
        'best = history["valid_accuracy"].idxmax(), then history.loc[best, '
        '"test_accuracy"].',
    ),
)
def epoch_to_report(answer):
    history = _history([0.7, 0.95, 0.9, 0.8], [0.6, 0.75, 0.9, 0.85])
    other = _history([0.9, 0.8, 0.7], [0.5, 0.9, 0.8])
    for table, right in ((history, 0.75), (other, 0.5)):
        share = number(call(answer, table), 0, 1)
        case = f"From {table['test_accuracy'].tolist()} on the test you report {share}."
        if is_right(share, right):
            continue
        if is_close(share, table["test_accuracy"].max()):
            raise Wrong(f"{case} That is the test's own best. Did it choose the epoch?")
        if is_close(share, table["valid_accuracy"].max()):
            raise Wrong(f"{case} That number is of the validation set.")
        if is_close(share, table["test_accuracy"].iloc[-1]):
            raise Wrong(f"{case} That is the last epoch. Nothing says it is the best.")
        raise Wrong(f"{case} Which epoch did the validation set choose?")
    return (
        "A maximum over epochs chooses luck as well. Chosen elsewhere, the test's luck "
        "may go either way. Looked at: two histories."
    )
