"""Checks of lesson 09: choose, look once, and say what was found."""

from __future__ import annotations

import re

from xraylab.course.checks.answers import Wrong, call
from xraylab.course.checks.asking import asks, one_of

_VALID = {"first": 0.90, "second": 0.95, "third": 0.85}
_TEST = {"first": 0.80, "second": 0.75, "third": 0.92}


@asks(
    "choose, then look once",
    "repair",
    (
        "Which of the two readers may help to choose?",
        "Choose by read_valid. When the choice is made, ask read_test for that one.",
        "best = max(names, key=read_valid), and then return best, read_test(best).",
    ),
)
def choose_then_look_once(answer):
    asked = []

    def read_valid(name):
        asked.append("valid")
        return _VALID[name]

    def read_test(name):
        asked.append("test")
        return _TEST[name]

    found = call(answer, list(_VALID), read_valid, read_test)
    n_readings = asked.count("test")
    if n_readings > 1:
        raise Wrong(
            f"The test was read {n_readings} times for {len(_VALID)} networks. So "
            "it has helped to choose."
        )
    if "valid" not in asked:
        raise Wrong("The validation set was never asked. How was the network chosen?")
    if not isinstance(found, list | tuple) or len(found) != 2:
        raise Wrong("Give two things back: the name, and its score on the test.")
    name, score = found
    if name not in _VALID:
        raise Wrong(f"{name!r} is no name of a network. The name comes first.")
    if name != max(_VALID, key=_VALID.get):
        raise Wrong(f"You choose the {name} one. Another did better on validation.")
    if score == _VALID[name]:
        raise Wrong(f"{score} is its score on validation. The test is to be reported.")
    if score != _TEST[name]:
        raise Wrong(f"{score} is not what the test said of the {name} network.")
    if asked[-1] != "test":
        raise Wrong("The test was read before the choice was made.")
    return (
        "The test was read once, after the choice. It may well say less than the best "
        "of the others would have had, and that is the price of an honest number. "
        "Looked at: three networks, with every reading counted."
    )


four_networks_one_luck = one_of(
    "four networks, one luck",
    (
        "Why was the highest one the highest, if all are equally good?",
        "Its luck was good on validation. Does luck stay with it on fresh children?",
        "On fresh children its luck is as often good as bad, so take away what was "
        "luck.",
    ),
    right={
        "b": "It was chosen for a score that held good luck, and fresh luck is good as "
        "often as bad. So the best of several promises too much, as a rule."
    },
    wrong={
        "a": "All four are equally good, yet this one came out highest. What put it "
        "there, and will that come along?",
        "c": "Then its luck on fresh children would have to be better still. Nobody "
        "chose them for it.",
        "d": "Good luck is not paid back by bad luck. Fresh luck knows nothing of the "
        "old.",
    },
)


_CLAIMS = (
    ("AUROC", 0.9312, 0.9023, 0.9528, 250, 213, 0.5),
    ("accuracy", 0.8149, 0.7615, 0.8587, 624, 431, 0.625),
)


@asks(
    "a sentence that can be checked",
    "implement",
    (
        "What would you ask somebody who says only: 93 %?",
        "Six numbers belong in it: value, both ends, images, groups, baseline. An "
        "f-string takes each as {value:.3f} or {n}.",
        'f"{name} {value:.3f} ({low:.3f} to {high:.3f}), n = {n}, ..." and go on with '
        "the groups and the baseline.",
    ),
)
def sentence_that_can_be_checked(answer):
    for name, value, low, high, n, n_groups, baseline in _CLAIMS:
        said = call(answer, name, value, low, high, n, n_groups, baseline)
        if not isinstance(said, str):
            raise Wrong(f"A sentence is needed, found a {type(said).__name__}.")
        if name.casefold() not in said.casefold():
            raise Wrong(f'"{said}" does not say which score it is.')
        numbers = [float(text) for text in re.findall(r"\d+(?:\.\d+)?", said)]
        shares = {"value": value, "low end": low, "high end": high}
        for what, share in (shares | {"baseline": baseline}).items():
            if not any(_says(number, share) for number in numbers):
                raise Wrong(f'"{said}" does not say the {what}, or not exactly enough.')
        for what, count in {"images": n, "groups": n_groups}.items():
            if count not in numbers:
                raise Wrong(f'"{said}" does not say how many {what} there were.')
    return (
        "A stranger finds the score, how far it may be off, on how much it rests, and "
        "what it must beat. Looked at: two scores; the wording is yours."
    )


def _says(number: float, share: float) -> bool:
    """Whether a number is the share, or its percentage, to two digits at least."""
    return abs(number - share) <= 0.00501 or abs(number / 100 - share) <= 0.00501
