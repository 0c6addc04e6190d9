"""Answers to try on the checks of lesson 07."""

import math

import numpy as np
from scipy.special import expit, softmax

from tests.course.checks.cases import Case


def gallery_by_rows(table):
    seen, fair = set(), []
    for row in table.itertuples():
        if row.split == "train":
            seen.add(row.group_id)
    for row in table.itertuples():
        if row.group_id not in seen:
            fair.append(row.path)
    return fair


def gallery_by_groups(table):
    fair = table.groupby("group_id").filter(
        lambda rows: (rows["split"] != "train").all()
    )
    return fair


def unseen_images(table):
    train = table[table["split"] == "train"]
    rest = table[table["split"] != "train"]
    return rest.loc[~rest["image_id"].isin(train["image_id"]), "path"]


def in_a_loop(pixels):
    return [[value / 255 for value in row] for row in pixels.tolist()]


CASES = [
    Case(
        "what a pickle may do",
        right=["b", "B", "b\n"],
        wrong={
            "only numbers": ("a", "can hold more"),
            "not until it is used": ("c", "while it is"),
            "a fingerprint": ("d", "What the sender put in"),
            "no letter": (True, "is needed"),
        },
    ),
    Case(
        "a fair gallery",
        right=[gallery_by_rows, gallery_by_groups, lambda t: set(gallery_by_rows(t))],
        wrong={
            "all": (lambda t: t["path"], "by heart"),
            "by part alone": (lambda t: t[t["split"] != "train"], "e1 stands in test"),
            "by image alone": (unseen_images, "another image of the same child"),
            "validation alone": (
                lambda t: [p for p in gallery_by_rows(t) if p.startswith("c")],
                "would be fair to show",
            ),
            "twice": (lambda t: gallery_by_rows(t) * 2, "comes twice"),
            "groups": (lambda t: ["c", "d"], "is no path"),
            "one path": (lambda t: "c1", "A list of paths is needed, found 'c1' (str)"),
            "yes or no": (lambda t: t["split"] != "train", "found False (bool) among"),
            "whole rows": (lambda t: t.values.tolist(), "(list) among them"),
            "stopped on the way": (
                lambda t: (p for p in t["path"] if t["child"][p]),
                "KeyError: 'child'",
            ),
            "nothing": (lambda t: [], "would be fair to show"),
        },
    ),
    Case(
        "two numbers to one",
        right=[
            lambda logits: np.exp(logits[1]) / np.exp(logits).sum(),
            lambda logits: softmax(logits)[1],
            lambda logits: expit(logits[1] - logits[0]),
            lambda logits: 1 / (1 + math.exp(logits[0] - logits[1])),
        ],
        wrong={
            "the other class": (lambda z: softmax(z)[0], "the share of normal"),
            "one number alone": (lambda z: expit(z[1]), "add up to 1"),
            "no exponential": (lambda z: z[1] / (abs(z).sum() + 1e-9), "Only their"),
            "the larger share": (lambda z: softmax(z).max(), "add up to 1"),
            "not divided": (lambda z: np.exp(z[1]), "which is no share"),
            "another base": (
                lambda z: 2 ** z[1] / (2**z).sum(),
                "another share",
            ),
            "squares": (
                lambda z: (z[1] + 9) ** 2 / ((z + 9) ** 2).sum(),
                "Only their distance",
            ),
            "both shares": (lambda z: softmax(z), "One number is needed"),
        },
    ),
    Case(
        "the same as in training",
        right=[
            lambda pixels: pixels / 255,
            lambda pixels: pixels.astype("float32") * (1 / 255),
            in_a_loop,
        ],
        wrong={
            "by its own largest": (lambda p: p / max(p.max(), 1), "become equal"),
            "as it was": (lambda p: p / p.max(), "twice as bright become equal"),
            "nan from black": (
                lambda p: p / 255 if p.max() == 80 else p / p.max(),
                "From the black image",
            ),
            "not at all": (lambda p: p, "trained on 0 to 1"),
            "nan in one place": (
                lambda p: np.where(p == 80, np.nan, p / 255),
                "From the dark image",
            ),
            "twice": (lambda p: p / 255 / 255, "became another one"),
            "by 256": (lambda p: p / 256, "A value of 80 becomes 0.3125"),
            "negative": (lambda p: 1 - p / 255, "Black does not stay 0"),
            "to -1 and 1": (lambda p: p / 127.5 - 1, "trained on 0 to 1"),
            "flattened": (lambda p: p.ravel() / 255, "found one of the shape"),
        },
    ),
    Case(
        "sure of snow",
        right=["c", "C ", " c"],
        wrong={
            "a sign of doubt": ("a", "no word for odd"),
            "a share of right answers": ("b", "never measured"),
            "a cause": ("d", "looked at what the network looks at"),
            "no letter": ("snow", "is needed"),
        },
    ),
]
