"""Answers to try on the checks of lesson 02."""

from fractions import Fraction

import numpy as np
import pandas as pd
from PIL import Image, ImageOps
from scipy.stats import mannwhitneyu, rankdata
from sklearn.metrics import roc_auc_score

from tests.course.checks.cases import Case


def auroc_in_loops(values, labels):
    won = pairs = 0
    for value, label in zip(values, labels, strict=True):
        for other, its in zip(values, labels, strict=True):
            if label == 1 and its == 0:
                pairs += 1
                won += 1 if value > other else 0.5 if value == other else 0
    return won / pairs


def auroc_by_ranks(values, labels):
    ranks, n_positive = rankdata(values), labels.sum()
    below = ranks[labels == 1].sum() - n_positive * (n_positive + 1) / 2
    return below / (n_positive * (len(labels) - n_positive))


def auroc_by_test(values, labels):
    u = mannwhitneyu(values[labels == 1], values[labels == 0]).statistic
    return u / (labels == 1).sum() / (labels == 0).sum()


def auroc_by_walking(values, labels):
    table = pd.DataFrame({"value": values, "label": labels})
    passed = won = 0
    for _, equal in table.groupby("value"):
        n_normal, n_positive = (equal["label"] == 0).sum(), (equal["label"] == 1).sum()
        won += n_positive * (passed + n_normal / 2)
        passed += n_normal
    return won / passed / (labels == 1).sum()


def walked_in_the_order_given(values, labels):
    passed = won = 0
    for label in labels:
        won += passed if label else 0
        passed += not label
    return won / passed / labels.sum()


def pairs_that_win(values, labels, tie=0.0):
    ahead = values[labels == 1][:, None] - values[labels == 0]
    return np.where(ahead == 0, tie, ahead > 0).mean()


def as_many_of_each(values, labels):
    n = min(labels.sum(), (1 - labels).sum())
    kept = np.concatenate([np.flatnonzero(labels == y)[:n] for y in (0, 1)])
    return roc_auc_score(labels[kept], values[kept])


def by_best_threshold(values, labels):
    return max(((values >= t) == labels).mean() for t in values)


def by_child_in_a_loop(right, children):
    n_right, n = {}, {}
    for one, child in zip(right, children, strict=True):
        n_right[child] = n_right.get(child, 0) + one
        n[child] = n.get(child, 0) + 1
    return sum(n_right[child] / n[child] for child in n) / len(n)


def by_child_with_weights(right, children):
    _, place, n = np.unique(children, return_inverse=True, return_counts=True)
    return np.average(right, weights=1 / n[place])


def by_child_with_bins(right, children):
    place = pd.factorize(children)[0]
    return (np.bincount(place, right) / np.bincount(place)).mean()


def size_by_library(width, height, side):
    return ImageOps.contain(Image.new("L", (width, height)), (side, side)).size


def size_by_thumbnail(width, height, side):
    if width >= height:
        return side, max(1, height * side // width)
    return max(1, width * side // height), side


def size_by_fractions(width, height, side):
    scale = Fraction(side, max(width, height))
    return [int(width * scale + Fraction(1, 2)), int(height * scale + Fraction(1, 2))]


def size_cut_down(width, height, side):
    scale = side / max(width, height)
    return np.floor(np.array([width, height]) * scale + 1e-9)


CASES = [
    Case(
        "AUROC with ties",
        right=[
            lambda values, labels: roc_auc_score(labels, values),
            auroc_in_loops,
            auroc_by_ranks,
            auroc_by_test,
            auroc_by_walking,
            lambda values, labels: pairs_that_win(values, labels, tie=0.5),
        ],
        wrong={
            "ties lost": (pairs_that_win, "All pairs are ties"),
            "ties won": (lambda v, y: pairs_that_win(v, y, 1.0), "All pairs are ties"),
            "the other way round": (
                lambda v, y: 1 - roc_auc_score(y, v),
                "has a higher value than each",
            ),
            "the better way round": (
                lambda v, y: max(roc_auc_score(y, v), 1 - roc_auc_score(y, v)),
                "has a lower value than each",
            ),
            "all pairs of files": (
                lambda v, y: np.mean([a > b for a in v for b in v]),
                "has a higher value than each",
            ),
            "order as given": (walked_in_the_order_given, "in another order"),
            "as many of each class": (as_many_of_each, "There are 6 pairs"),
            "accuracy": (by_best_threshold, "How many pairs"),
            "a count": (lambda v, y: auroc_by_test(v, y) * 4, "from 0 to 1"),
            "arguments swapped": (
                lambda v, y: mannwhitneyu(v[y == 0], v[y == 1]).statistic / len(v),
                "How many pairs",
            ),
        },
    ),
    Case(
        "each child once",
        right=[
            lambda right, children: pd.Series(right).groupby(children).mean().mean(),
            by_child_in_a_loop,
            by_child_with_weights,
            by_child_with_bins,
            lambda right, children: np.mean(
                [np.mean(right[children == c]) for c in np.unique(children)]
            ),
        ],
        wrong={
            "each file once": (
                lambda r, c: r.mean(),
                "A 8 of 8, B 0 of 1, C 0 of 1. You give 0.800. A mean over the files",
            ),
            "first file of each": (
                lambda r, c: r[np.unique(c, return_index=True)[1]].mean(),
                "same weight",
            ),
            "the majority of each": (
                lambda r, c: (pd.Series(r).groupby(c).mean() > 0.5).mean(),
                "same weight",
            ),
            "all or nothing": (
                lambda r, c: pd.Series(r).groupby(c).all().mean(),
                "same weight",
            ),
            "any right file": (
                lambda r, c: pd.Series(r).groupby(c).max().mean(),
                "same weight",
            ),
            "right files by children": (
                lambda r, c: r.sum() / len(set(c)),
                "from 0 to 1 is needed",
            ),
            "a share for each": (
                lambda r, c: pd.Series(r).groupby(c).mean(),
                "One number is needed",
            ),
        },
    ),
    Case(
        "a shape that stays",
        right=[
            size_by_library,
            size_by_thumbnail,
            size_by_fractions,
            size_cut_down,
            lambda w, h, side: (
                (side, round(h / w * side)) if w > h else (round(w / h * side), side)
            ),
        ],
        wrong={
            "squeezed": (
                lambda w, h, side: (side, side),
                "was 1.22 and is now 1.00: every chest would look narrower than it is",
            ),
            "squeezed when tall": (
                lambda w, h, side: (side, round(side * h / w) if w > h else side),
                "wider than it is",
            ),
            "swapped": (
                lambda w, h, side: size_by_library(w, h, side)[::-1],
                "must not become tall",
            ),
            "the shorter side fills": (
                lambda w, h, side: (
                    round(w * side / min(w, h)),
                    round(h * side / min(w, h)),
                ),
                "does not fit",
            ),
            "never larger": (
                lambda w, h, side: (
                    size_by_library(w, h, side) if max(w, h) > side else (w, h)
                ),
                "a larger size",
            ),
            "width always fills": (
                lambda w, h, side: (side, round(h * side / w)),
                "does not fit",
            ),
            "parts of pixels": (
                lambda w, h, side: (w * side / max(w, h), h * side / max(w, h)),
                "Pixels are whole",
            ),
            "half as large": (
                lambda w, h, side: size_by_library(w, h, side // 2),
                "a larger size",
            ),
            "whole division": (
                lambda w, h, side: (side // max(w, h) * w, side // max(w, h) * h),
                "Nothing is left",
            ),
            "a little too wide or tall": (
                lambda w, h, side: [
                    v + 6 * (v < side) for v in size_by_library(w, h, side)
                ],
                "was 1.22 and is now 1.18: every chest would look narrower",
            ),
            "a line": (lambda w, h, side: (side, 0), "Nothing is left"),
            "one number": (lambda w, h, side: side, "2 numbers are needed"),
            "left as it is": (lambda w, h, side: (w, h), "does not fit"),
            "side by side": (lambda w, h, side: (side, h), "does not fit"),
        },
    ),
    Case(
        "what the ring shows",
        right=["d", "D", " d "],
        wrong={
            "a probe taken for the network": ("a", "no network was asked"),
            "the lungs judged unseen": ("b", "not looked at"),
            "a cause from a probe": ("c", "needs a comparison"),
            "no letter": ("none", "is needed"),
        },
    ),
]
