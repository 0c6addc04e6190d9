"""Checks of lesson 09: choose, look once, and say what was found."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from xraylab.course.checks.answers import (
    Wrong,
    call,
    is_close,
    is_right,
    kind_of,
    number,
)
from xraylab.course.checks.asking import asks, one_of

_VALID = {"first": 0.90, "second": 0.95, "third": 0.85}
_TEST = {"first": 0.80, "second": 0.75, "third": 0.92}


@asks(
    "balance where you learn",
    "repair",
    (
        "Which parts does the function change now, and which may it change?",
        "Leave validation and test as they are. In training, keep every row, and "
        "repeat rows of the smaller class until both classes have as many.",
        'Take the rows with split == "train". Of the smaller class, draw with '
        "replacement as many rows as it lacks, and put them below the whole table "
        "with pd.concat.",
    ),
)
def balance_where_you_learn(answer):
    for seed, shares in ((0, (0.2, 0.8)), (1, (0.75, 0.25)), (2, (0.5, 0.5))):
        table = _draw_table(seed, shares)
        found = call(answer, table)
        if not isinstance(found, pd.DataFrame) or not {*table} <= {*found}:
            raise Wrong("A table with the columns path, label and split is needed.")
        for part in ("valid", "test"):
            _must_stay(found, table, part)
        _must_be_balanced(found, table)
    return (
        "Validation and test keep the mix in which the network will be used, so its "
        "calibration and its threshold can be judged. Looked at: three tables, with "
        "few normal images, with few pneumonia images, and with as many of each."
    )


def _draw_table(seed: int, shares: tuple[float, float]) -> pd.DataFrame:
    """Make a table of 120 images in any order: path, label, split."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat([0, 1], [round(120 * s) for s in shares]))
    parts = rng.permutation(np.repeat(["train", "valid", "test"], [72, 24, 24]))
    paths = [f"{i:03}.jpeg" for i in range(len(labels))]
    return pd.DataFrame({"path": paths, "label": labels, "split": parts})


def _must_stay(found: pd.DataFrame, table: pd.DataFrame, part: str) -> None:
    """Refuse a table in which a part is not what it was."""
    was = table[table["split"] == part]
    now = found[found["split"] == part]
    if sorted(now["path"]) == sorted(was["path"]):
        return
    raise Wrong(
        f"The part {part} had {len(was)} rows, {was['label'].mean():.0%} of them "
        f"pneumonia, and has {len(now)} rows now, {now['path'].nunique()} of them "
        f"different. This part must stay as it was: its mix is that in which the "
        "network will be used."
    )


def _must_be_balanced(found: pd.DataFrame, table: pd.DataFrame) -> None:
    """Refuse a table whose training lost rows, won strangers, or is out of balance."""
    was = table[table["split"] == "train"]
    now = found[found["split"] == "train"]
    true = dict(zip(was["path"], was["label"], strict=True))
    if any(true.get(row.path) != row.label for row in now.itertuples()):
        raise Wrong("Training holds a row that was not there, or has another label.")
    lost = set(true) - set(now["path"])
    if lost:
        raise Wrong(f"{len(lost)} of {len(true)} training images are gone. Keep all.")
    n = now["label"].value_counts()
    if n[0] != n[1]:
        raise Wrong(f"Training has {n[0]} normal and {n[1]} pneumonia rows.")
    if len(now) != 2 * was["label"].value_counts().max():
        raise Wrong(
            f"Training went from {len(was)} rows to {len(now)}. Repeat the smaller "
            "class only, and no more than it takes."
        )


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
            f"The test was read {n_readings} times for {len(_VALID)} networks. Read it "
            "once, for the one that you chose."
        )
    if "valid" not in asked:
        raise Wrong("The validation set was never asked. How was the network chosen?")
    if not isinstance(found, list | tuple) or len(found) != 2:
        raise Wrong("Give two things back: the name, and its score on the test.")
    name, score = found
    if not isinstance(name, str) or name not in _VALID:
        raise Wrong(f"{name!r} is no name of a network. The name comes first.")
    if name != max(_VALID, key=_VALID.get):
        raise Wrong(f"You choose the {name} one. Another did better on validation.")
    score = number(score)
    if is_close(score, _VALID[name]):
        raise Wrong(f"{score} is its score on validation. The test is to be reported.")
    if not is_right(score, _TEST[name]):
        raise Wrong(f"{score} is not what the test said of the {name} network.")
    if asked[-1] != "test":
        raise Wrong("The last reading is not of the test. Read it after the choice.")
    return (
        "The test was read once, after the choice. It may well say less than the best "
        "of the others would have had, and that is the price of an honest number. "
        "Looked at: three networks, with every reading counted."
    )


@asks(
    "all right, but how many",
    "compute",
    (
        "A network of true share p gets one image right with chance p. And all n?",
        "All n are right with the chance p to the power n. For which p is that 0.025?",
        "Solve p ** n = 0.025 for p: take the n-th root, 0.025 ** (1 / n).",
    ),
)
def all_right_but_how_many(answer):
    for n in (16, 1, 100, 624):
        low = number(call(answer, n))
        said = f"For {n} of {n} you give {low:.4f}"
        if not 0 <= low <= 1:
            raise Wrong(f"{said}. A share lies from 0 to 1.")
        if is_right(low, 0.025 ** (1 / n), rtol=0, atol=1e-3):
            continue
        if is_close(low, 0.05 ** (1 / n), rtol=0, atol=1e-4):
            raise Wrong(f"{said}. All are right with the chance 0.05 then, not 0.025.")
        raise Wrong(
            f"{said}. A network whose true share that is gets all {n} right with the "
            f"chance {low**n:.3g}. Asked for is the one with the chance 0.025."
        )
    return (
        "So 16 of 16 may be the luck of a network that is wrong once in five images. "
        "Looked at: four sets, of 1 to 624 images, each as if it were a child of its "
        "own."
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
            raise Wrong(f"A sentence is needed, found {kind_of(said)}.")
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
