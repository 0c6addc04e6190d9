"""Checks of lesson 01: classes from folders, copies, and splits of whole children."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xraylab.course.checks.answers import (
    Wrong,
    call,
    is_right,
    kind_of,
    number,
    numbers,
)
from xraylab.course.checks.asking import asks, one_of

_NORMAL = ("normal", "NORMAL")  # as the sources spell them; the others: pneumonia
_FOLDERS = (
    ("train/NORMAL", "train/PNEUMONIA", "test/PNEUMONIA", "test/NORMAL"),
    ("val/opacity", "train/normal", "val/normal", "test/opacity", "train/normal"),
    ("train/NORMAL", "test/NORMAL"),
    ("test/PNEUMONIA", "train/PNEUMONIA", "val/PNEUMONIA"),
    ("val/opacity",),
    ("train/opacity", "train/PNEUMONIA", "train/normal"),
)
_NEAR = {"rtol": 0, "atol": 0.01}  # chances may be worked out or tried out


@asks(
    "labels from folders",
    "repair",
    (
        "Which part of the path names the class, and which part is numbered now?",
        "Take the folder the file lies in. Then say yourself which word is 0, so that "
        "the number does not depend on what else is in the list.",
        'The class is path.split("/")[1]. Give 0 where it is "normal" in lower case, '
        "and 1 where it is not.",
    ),
)
def labels_from_folders(answer):
    for folders in _FOLDERS:
        paths = [f"{folder}/image-{i}.jpeg" for i, folder in enumerate(folders)]
        found = numbers(call(answer, paths), len(paths))
        is_normal = np.array([path.split("/")[1] in _NORMAL for path in paths])
        for path, normal, label in zip(paths, is_normal, found, strict=True):
            alike = [
                other
                for other, its, got in zip(paths, is_normal, found, strict=True)
                if its != normal and got == label
            ]
            if alike:
                raise Wrong(
                    f"{path} and {alike[0]} get the same number, {label:g}. They are "
                    "of two classes. What is it that you number?"
                )
        for path, normal, label in zip(paths, is_normal, found, strict=True):
            if label != 1 - normal:
                raise Wrong(
                    f"In a list of {len(paths)} with {', '.join(sorted(set(folders)))} "
                    f"you give {path} the label {label:g}. Normal is 0 and pneumonia "
                    "1, whatever else is in the list and whatever a source calls it."
                )
    return (
        "A class order that is guessed from what happens to be there, or typed in "
        "another order elsewhere, swaps the rates of the two classes in silence. "
        "Looked at: six lists, from two sources, some with one class only."
    )


what_no_fingerprint_shows = one_of(
    "what fingerprints show",
    (
        "What was compared, image with image or byte with byte?",
        "Save an image once more with a little less quality. What becomes of its "
        "fingerprint, and what of the image?",
        "A fingerprint can only speak of bytes. Which sentence speaks of nothing else?",
    ),
    right={
        "c": "Only that. An image that is saved anew has other bytes, so a copy would "
        "pass this test, and new data would pass it too."
    },
    wrong={
        "a": "It could be new. But an old image that was saved anew has another "
        "fingerprint too, so this comparison cannot tell.",
        "b": "No name and no image was read so far, only bytes. Two files with other "
        "bytes may well be of one child, or even show one image.",
        "d": "They work: the first two sources share many. They answer another "
        "question than yours.",
    },
)


@asks(
    "a line in the gap",
    "interpret",
    (
        "Where in the figure are no pairs at all?",
        "Left of the gap are images that look alike, right of it images that are the "
        "same. A line is safest where it is far from both.",
        "Read the correlations at which the gap begins and ends off the figure, and "
        "choose a number between them.",
    ),
)
def line_in_the_gap(answer, correlations):
    limit = number(answer, -1, 1)
    values = np.append(np.sort(correlations), 1)
    place = np.searchsorted(values[:-1], limit)  # of the first pair let through
    n_same = len(values) - 1 - place
    if place == 0:
        raise Wrong(f"All {n_same} pairs would be the same image, strangers too.")
    below, above = values[place - 1], values[place]
    said = (
        f"{n_same} of {len(values) - 1} pairs are at or above {limit:g}. The next one "
        f"below is at {below:.4f}"
    )
    if n_same:
        said = f"{said}, the next one above at {above:.4f}"
    if above - below < np.diff(values).max():
        raise Wrong(
            f"{said}. A wider gap is elsewhere, and there a little more or less would "
            "change no pair."
        )
    return (
        f"{said}. Any line between them gives the same answer here. Other files may "
        f"come nearer, so leave room on both sides. Looked at: {len(values) - 1} pairs."
    )


@asks(
    "a copy in training",
    "compute",
    (
        "How likely is it that one certain other file is not in training? And that "
        "none of the others is?",
        "The file you hold is in the test, so n_files - 1 others remain. Multiply the "
        "chance of each to miss training, and take that from 1.",
        "One other file misses with 1 - train_share. All others miss with that to the "
        "power n_files - 1. The answer is 1 minus that.",
    ),
)
def copy_in_training(answer):
    for n_files, share in ((1, 0.8), (2, 0.7), (3, 0.8), (3, 0.5), (5, 0.25)):
        chance = number(call(answer, n_files, share))
        right = 1 - (1 - share) ** (n_files - 1)
        asked = f"With n_files = {n_files} and train_share = {share} you give "
        if not 0 <= chance <= 1:
            raise Wrong(f"{asked}{chance:g}. A chance lies from 0 to 1.")
        if is_right(chance, right, **_NEAR):
            continue
        if n_files == 1:
            raise Wrong(
                f"{asked}{chance:g}. Where an image stands in one file only, and that "
                "is in the test, training cannot have it."
            )
        if n_files == 2:
            raise Wrong(
                f"{asked}{chance:g}. There is a single other file. How likely is it to "
                "be in training?"
            )
        side = "less" if chance > right else "more"
        raise Wrong(
            f"{asked}{chance:.3f}. A copy is in training {side} often than that. Deal "
            "the files many times and count: one copy there is enough."
        )
    return (
        "Dealing alone puts most images of such a test into training, whatever a "
        "network then makes of it. Looked at: one to five files an image, with "
        "training shares from 0.25 to 0.8."
    )


@asks(
    "whole children",
    "implement",
    (
        "What is to be drawn, files or children?",
        "Draw a fifth of the different patient_ids. Then every file goes where its "
        "child is.",
        'children = files["patient_id"].drop_duplicates(); drawn = '
        "children.sample(frac=0.2); is_test = "
        'files["patient_id"].isin(drawn). Give back files[~is_test], files[is_test].',
    ),
)
def whole_children(answer):
    for seed, most in ((0, 4), (1, 1), (2, 7)):
        files = _draw_files(seed, most)
        train, test = _two_parts(call(answer, files), files)
        both = set(train["path"]) & set(test["path"])
        if both:
            raise Wrong(
                f"{len(both)} of {len(files)} files stand in both parts, such as "
                f"{sorted(both)[0]}. What goes to the test must leave training."
            )
        lost = len(files) - len(train) - len(test)
        if lost:
            raise Wrong(f"{lost} of {len(files)} files are in neither part.")
        shared = set(train["patient_id"]) & set(test["patient_id"])
        if shared:
            raise Wrong(
                f"{len(shared)} children stand in both parts, such as "
                f"{sorted(shared)[0]}. "
                "The network may recognise a child."
            )
        n, n_test = files["patient_id"].nunique(), test["patient_id"].nunique()
        if not 0.1 <= n_test / n <= 0.35:
            raise Wrong(
                f"Of {n} children {n_test} are in the second part, the test. About a "
                "fifth was asked for."
            )
    return (
        "No file and no child is in two parts now. Looked at: three tables of 60 "
        "children, one with a single file each, one with up to seven."
    )


def _draw_files(seed: int, most: int) -> pd.DataFrame:
    """Make a table of 60 children with up to so many files each, in any order."""
    rng = np.random.default_rng(seed)
    kinds = ("bacteria", "virus", "IM")
    children = [f"{kinds[i % 3]}-{i // 3:04}" for i in range(60)]
    ids = np.repeat(children, rng.integers(1, most, 60, endpoint=True))
    paths = [f"{child}/{i:03}.jpeg" for i, child in enumerate(ids)]
    table = pd.DataFrame({"path": paths, "patient_id": ids})
    return table.sample(frac=1, random_state=seed)


def _two_parts(found: object, files: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    """Give training and test of an answer, if they are tables of these files."""
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise Wrong("Two tables are needed: give back training, test.")
    for part in found:
        if not isinstance(part, pd.DataFrame) or not {*files} <= {*part}:
            raise Wrong(
                f"Two tables with the columns {' and '.join(files)} are needed, found "
                f"{kind_of(part)}."
            )
        if (
            part["path"].duplicated().any()
            or not part["path"].isin(files["path"]).all()
        ):
            raise Wrong("Each part must hold rows of the table, and each row once.")
    return tuple(found)
