"""Answers to try on the checks of lesson 01."""

import hashlib
from itertools import product
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, GroupShuffleSplit, train_test_split

from tests.course.checks.cases import Case


def folder_of(path):
    return PurePosixPath(path).parent.name


def labels_by_table(paths):
    found = pd.Series(paths).str.split("/").str[-2].str.upper()
    return found.map({"NORMAL": 0, "PNEUMONIA": 1, "OPACITY": 1})


def labels_by_order(paths):
    names = ["normal", "opacity", "pneumonia"]
    return np.array([min(1, names.index(folder_of(path).lower())) for path in paths])


def labels_of_split(paths):
    names = sorted({path.split("/")[0] for path in paths})
    return [names.index(path.split("/")[0]) for path in paths]


def labels_in_order_found(paths):
    names = sorted({folder_of(path) for path in paths})
    return [names.index(folder_of(path)) for path in paths]


def chance_by_all_cases(n_files, train_share):
    chance = 0
    for others in product((True, False), repeat=n_files - 1):
        of_this = np.prod([train_share if o else 1 - train_share for o in others])
        chance += of_this * any(others)
    return chance


def chance_by_one_more(n_files, train_share):
    if n_files == 1:
        return 0
    fewer = chance_by_one_more(n_files - 1, train_share)
    return fewer + (1 - fewer) * train_share


def chance_by_trial(n_files, train_share):
    dealt = np.random.default_rng(0).random((200_000, n_files - 1)) < train_share
    return dealt.any(axis=1).mean()


def children_by_library(files):
    cut = GroupShuffleSplit(n_splits=1, test_size=0.2, random_state=0)
    train, test = next(cut.split(files, groups=files["patient_id"]))
    return files.iloc[train], files.iloc[test]


def children_by_fold(files):
    folds = GroupKFold(5).split(files, groups=files["patient_id"])
    train, test = next(iter(folds))
    return [files.iloc[train], files.iloc[test]]


def children_by_digest(files):
    def digest(child):
        return int(hashlib.sha256(child.encode()).hexdigest(), 16) % 5 == 0

    is_test = files["patient_id"].map(digest)
    return files[~is_test].reset_index(drop=True), files[is_test].reset_index(drop=True)


def children_in_a_loop(files):
    names = list(files["patient_id"].unique())
    np.random.default_rng(1).shuffle(names)
    train, test = [], []
    for name, own in files.groupby("patient_id"):
        (test if name in names[:12] else train).append(own)
    return pd.concat(train), pd.concat(test)


def children_by_merge(files):
    ids = np.sort(files["patient_id"].unique())[::5]
    return (
        files.query("patient_id not in @ids"),
        files.merge(pd.DataFrame({"patient_id": ids})),
    )


def files_drawn(files):
    return train_test_split(files, test_size=0.2, random_state=0)


def copied_not_moved(files):
    return files, children_by_library(files)[1]


def one_file_a_child(files):
    train, test = children_by_library(files)
    return train, test.drop_duplicates("patient_id")


CASES = [
    Case(
        "labels from folders",
        right=[
            lambda paths: [int(folder_of(p).lower() != "normal") for p in paths],
            labels_by_table,
            labels_by_order,
            lambda paths: [0 if "normal" in path.lower() else 1 for path in paths],
            lambda paths: tuple("ormal" not in p and "ORMAL" not in p for p in paths),
            lambda paths: 1.0 - pd.Series(paths).str.contains("/normal/", case=False),
        ],
        wrong={
            "a folder too high": (labels_of_split, "two classes"),
            "order of what is there": (labels_in_order_found, "whatever else is in"),
            "classes swapped": (
                lambda paths: [int("normal" in p.lower()) for p in paths],
                "Normal is 0",
            ),
            "only one spelling": (
                lambda paths: [int(folder_of(p) != "NORMAL") for p in paths],
                "two classes",
            ),
            "opacity as normal": (
                lambda paths: [int(folder_of(p) == "PNEUMONIA") for p in paths],
                "two classes",
            ),
            "opacity as a third class": (
                lambda paths: [
                    ["normal", "pneumonia", "opacity"].index(folder_of(p).lower())
                    for p in paths
                ],
                "whatever a source calls it",
            ),
            "always one": (lambda paths: [1] * len(paths), "two classes"),
            "one number for all": (lambda paths: len(paths), "numbers are needed"),
            "each class once": (lambda paths: [0, 1], "numbers are needed, found 2"),
            "words": (lambda paths: list(map(folder_of, paths)), "found 'NORMAL'"),
            "a word not known": (
                lambda paths: [
                    ["NORMAL", "PNEUMONIA"].index(folder_of(p)) for p in paths
                ],
                "ValueError",
            ),
        },
    ),
    Case(
        "what fingerprints show",
        right=["c", "C ", " c"],
        wrong={
            "new data": ("a", "cannot tell"),
            "other children": ("b", "only bytes"),
            "the tool blamed": ("d", "another question"),
            "no letter": ("e", "is needed"),
        },
    ),
    Case(
        "a line in the gap",
        right=[0.97, np.float32(0.985), pd.Series([0.99]), 0.951],
        wrong={
            "among the strangers": (0.93, "A wider gap is elsewhere"),
            "among the copies": (0.9994, "a little more or less would change no pair"),
            "all the same": (0.8, "All 6 pairs"),
            "none the same": (1, "0 of 6 pairs are at or above 1."),
            "percent": (98, "from -1 to 1"),
            "all the pairs": (np.array([0.9, 0.99]), "One number is needed"),
        },
        given=lambda: (pd.Series([0.999, 0.91, 0.95, 0.9998, 0.9, 0.94]),),
    ),
    Case(
        "a copy in training",
        right=[
            lambda n_files, train_share: 1 - (1 - train_share) ** (n_files - 1),
            chance_by_all_cases,
            chance_by_one_more,
            chance_by_trial,
            lambda n, s: np.array([1 - np.power(1 - s, n - 1)]),
            lambda n, s: sum(s * (1 - s) ** before for before in range(n - 1)),
        ],
        wrong={
            "the file itself counted": (
                lambda n, s: 1 - (1 - s) ** n,
                "training cannot have it",
            ),
            "chances added": (lambda n, s: (n - 1) * s, "lies from 0 to 1"),
            "chances added and cut": (lambda n, s: min(1, (n - 1) * s), "less often"),
            "all copies there": (
                lambda n, s: s ** (n - 1) if n > 1 else 0,
                "more often",
            ),
            "one copy only": (lambda n, s: s if n > 1 else 0, "more often"),
            "none there": (
                lambda n, s: (1 - s) ** (n - 1),
                "training cannot have it",
            ),
            "test taken for training": (
                lambda n, s: 1 - s ** (n - 1),
                "a single other file",
            ),
            "in percent": (
                lambda n, s: 100 * (1 - (1 - s) ** (n - 1)),
                "from 0 to 1",
            ),
            "arguments swapped": (lambda s, n: 1 - (1 - s) ** (n - 1), "0 to 1"),
        },
    ),
    Case(
        "whole children",
        right=[
            children_by_library,
            children_by_fold,
            children_by_digest,
            children_in_a_loop,
            children_by_merge,
        ],
        wrong={
            "files drawn": (files_drawn, "children stand in both parts"),
            "first files": (
                lambda files: (files[len(files) // 5 :], files[: len(files) // 5]),
                "children stand in both parts",
            ),
            "copied, not moved": (copied_not_moved, "must leave training"),
            "one file of each": (one_file_a_child, "in neither part"),
            "parts swapped": (
                lambda files: children_by_library(files)[::-1],
                "About a fifth",
            ),
            "all to training": (lambda files: (files, files[:0]), "About a fifth"),
            "only the test": (
                lambda files: children_by_library(files)[1],
                "give back training, test",
            ),
            "three parts": (
                lambda files: [*children_by_library(files), files[:0]],
                "give back training, test",
            ),
            "paths alone": (
                lambda files: [part[["path"]] for part in children_by_library(files)],
                "Two tables with the columns path and patient_id",
            ),
            "names of children": (
                lambda files: (["IM-0001"], ["IM-0002"]),
                "Two tables with the columns",
            ),
            "a row twice": (
                lambda files: (pd.concat([files, files]), files[:0]),
                "each row once",
            ),
            "a column added to the given table": (
                lambda files: files.insert(0, "test", 1) or (files, files),
                "Work on a copy",
            ),
        },
    ),
]
