"""Checks of lesson 02: what sorting, shape, children and a probe say of two classes."""

from __future__ import annotations

import numpy as np

from xraylab.course.checks.answers import (
    Wrong,
    call,
    is_close,
    is_right,
    number,
    numbers,
)
from xraylab.course.checks.asking import asks, one_of

_N_SHUFFLES = 3
_SORTED = (  # values and labels
    ([1, 2, 3, 4], [0, 0, 1, 1]),
    ([10, 20, 30], [1, 1, 0]),
    ([7, 7, 7, 7, 7], [0, 1, 1, 1, 0]),
    ([3.0, 1.0, 2.0, 2.0, 5.0], [0, 1, 1, 0, 1]),
    ([-4, 0, -1, 2, -3, 1, 2], [1, 0, 0, 1, 0, 0, 0]),
)


@asks(
    "AUROC with ties",
    "implement",
    (
        "How many pairs of one normal and one pneumonia are there? And how much is "
        "each pair worth?",
        "Hold each pneumonia against each normal, in two loops. Add 1 where its value "
        "is higher, 0.5 where it is equal. Divide by the number of pairs.",
        "With p in values[labels == 1] and n in values[labels == 0], add (p > n) + "
        "0.5 * (p == n) for every pair, and take the mean.",
    ),
)
def auroc_with_ties(answer):
    for values, labels in _SORTED:
        values, labels = np.array(values), np.array(labels)
        share = number(call(answer, values, labels))
        right = _pairs_won(values, labels)
        asked = f"For values {values.tolist()} with labels {labels.tolist()} you give "
        if not 0 <= share <= 1:
            raise Wrong(f"{asked}{share:g}. A share of pairs lies from 0 to 1.")
        if is_right(share, right):
            _refuse_order(answer, values, labels, share)
        elif right in (0, 1):
            way = "lower" if right == 0 else "higher"
            raise Wrong(
                f"{asked}{share:.3f}. Each pneumonia has a {way} value than each "
                "normal. How many pairs does it win?"
            )
        elif len(set(values)) == 1:
            raise Wrong(
                f"{asked}{share:.3f}. All pairs are ties: nobody wins, nobody loses."
            )
        else:
            n_pairs = (labels == 1).sum() * (labels == 0).sum()
            side = "smaller" if share > right else "larger"
            raise Wrong(
                f"{asked}{share:.3f}. There are {n_pairs} pairs of one normal and one "
                f"pneumonia, ties among them. Pneumonia wins a {side} share of them."
            )
    return (
        "Only the order counts, and the size of the classes does not. Looked at: five "
        "lists with ties, negative numbers and unequal classes, each in several orders."
    )


def _pairs_won(values: np.ndarray, labels: np.ndarray) -> float:
    ahead = np.sign(values[labels == 1][:, None] - values[labels == 0])
    return float((ahead + 1).mean() / 2)


def _refuse_order(answer, values, labels, share) -> None:
    """Refuse an answer that depends on the order in which files are listed."""
    for seed in range(_N_SHUFFLES):
        order = np.random.default_rng(seed).permutation(len(values))
        again = number(call(answer, values[order], labels[order]))
        if not is_close(again, share):
            mixed, theirs = values[order].tolist(), labels[order].tolist()
            raise Wrong(
                f"For values {mixed} with labels {theirs} you give {again:.3f}, and "
                f"{share:.3f} when the same files are listed in another order."
            )


_RIGHT = {  # by child, which of its files were called right
    "one file each": {"A": [1], "B": [0], "C": [1], "D": [1]},
    "one child with many files": {"A": [1] * 8, "B": [0], "C": [0]},
    "a child that is right in part": {"A": [1, 0, 0, 0], "B": [1, 1], "C": [1, 0, 1]},
    "a child that is right by half": {"A": [0, 1], "B": [0] * 5, "C": [1, 0]},
}


@asks(
    "each child once",
    "compute",
    (
        "A has eight files and B has one. To whom does a plain mean listen?",
        "First work out the share of right calls of each child. Then take the mean of "
        "these shares.",
        "pd.Series(right).groupby(children).mean() gives one share a child. Its mean "
        "is the answer.",
    ),
)
def each_child_once(answer):
    for what, table in _RIGHT.items():
        right = np.concatenate([np.array(own, dtype=bool) for own in table.values()])
        children = np.repeat(list(table), [len(own) for own in table.values()])
        order = np.random.default_rng(1).permutation(len(right))
        share = number(call(answer, right[order], children[order]), 0, 1)
        if not is_right(share, np.mean([np.mean(own) for own in table.values()])):
            is_plain = is_close(share, right.mean())
            files = ", ".join(
                f"{c} {sum(own)} of {len(own)}" for c, own in table.items()
            )
            raise Wrong(
                f"Tried on {what}. Files called right: {files}. You give {share:.3f}. "
                + ("A mean over the files gives that. " if is_plain else "")
                + "Each child's own share should have the same weight."
            )
    return (
        "Images of one child are alike, so a child with many files must not decide "
        "alone. Looked at: four tables in mixed order, one to eight files a child."
    )


_SIZES = (
    (1654, 1357, 224),
    (776, 1168, 224),
    (1200, 1200, 64),
    (2000, 500, 100),
    (60, 90, 128),
)


@asks(
    "a shape that stays",
    "repair",
    (
        "By what number may width be multiplied, and by what number height, if the "
        "shape is to stay?",
        "Both by one and the same, chosen so that the longer side becomes `side`.",
        "scale = side / max(width, height). Give back round(width * scale) and "
        "round(height * scale).",
    ),
)
def shape_that_stays(answer):
    for width, height, side in _SIZES:
        w, h = numbers(call(answer, width, height, side), 2, ("width", "height"))
        what = f"{width} x {height} in a square of {side} becomes {w:g} x {h:g}"
        scale = side / max(width, height)
        if not all(is_close(v, round(v)) for v in (w, h)):
            raise Wrong(f"{what}. Pixels are whole.")
        if min(w, h) <= 0:
            raise Wrong(f"{what}. Nothing is left of the image.")
        if max(w, h) > side:
            raise Wrong(f"{what}, and does not fit.")
        if (w - h) * (width - height) < 0:
            raise Wrong(f"{what}. What was wide must not become tall, nor tall wide.")
        if np.allclose((w, h), (width * scale, height * scale), rtol=0, atol=1):
            continue
        if max(w, h) == side or not np.isclose(w / h, width / height, rtol=0.05):
            look = "narrower" if w * height < h * width else "wider"
            raise Wrong(
                f"{what}. Width to height was {width / height:.2f} and is now "
                f"{w / h:.2f}: every chest would look {look} than it is."
            )
        raise Wrong(f"{what}. It would fit in a larger size, too.")
    return (
        "Squeezed to a square, an image would carry its old shape into the pixels, as "
        "narrow or wide ribs. Looked at: five sizes, wide, tall and square, one to be "
        "drawn larger."
    )


what_the_ring_shows = one_of(
    "what the ring shows",
    (
        "What was measured: an image, a probe, or the network of lesson 00?",
        "A probe finds what could be used. Did anybody look at what is used?",
        "Only the ring and a linear model took part. Which sentence speaks of nothing "
        "else?",
    ),
    right={
        "d": "A possible shortcut, then: the answer is there without the lungs. What a "
        "network does with it takes another measurement; lesson 06 makes it."
    },
    wrong={
        "a": "Perhaps, but no network was asked. That something can be used does not "
        "say that it is.",
        "b": "The lungs were hidden, not looked at. What they show is open, and may "
        "tell the class as well.",
        "c": "A cause needs a comparison. The border may differ because the files "
        "were made differently, or because children with the disease were held "
        "differently: this measurement does not tell.",
    },
)
