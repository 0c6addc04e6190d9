"""Answers to try on the checks of lesson 09."""

import numpy as np
import pandas as pd
from scipy import stats

from tests.course.checks.cases import Case


def balanced_by_loop(table):
    rows = [table]
    train = table.query("split == 'train'")
    n = train["label"].value_counts()
    for label in n.index:
        missing = n.max() - n[label]
        rows.append(train[train["label"] == label].sample(missing, replace=True))
    return pd.concat(rows, ignore_index=True).sample(frac=1)


def balanced_in_turn(table):
    train = table[table["split"] == "train"]
    places = [np.flatnonzero(train["label"] == label) for label in (0, 1)]
    n = max(map(len, places))
    taken = np.concatenate([np.resize(place, n) for place in places])
    return pd.concat([table[table["split"] != "train"], train.iloc[taken]])


def balanced_as_drawn(table):
    table, done = table.reset_index(drop=True), []
    is_train = (table["split"] == "train").to_numpy()
    for label in (0, 1):
        own = table.index[is_train & (table["label"] == label)]
        other = table.index[is_train & (table["label"] != label)]
        extra = np.random.default_rng(0).choice(own, max(0, len(other) - len(own)))
        done += [*own, *extra]
    return table.loc[[*table.index[~is_train], *done]]


def balanced_everywhere(table):
    n_each = table["label"].value_counts().max()
    return table.groupby("label").sample(n_each, replace=True, random_state=0)


def balanced_in_each_part(table):
    done = []
    for _, part in table.groupby("split"):
        n = part["label"].value_counts()
        rarer = part[part["label"] == n.idxmin()]
        done += [part, rarer.sample(n.max() - n.min(), replace=True, random_state=0)]
    return pd.concat(done)


def balanced_by_leaving_out(table):
    train = table[table["split"] == "train"]
    n = train["label"].value_counts().min()
    return pd.concat(
        [
            table[table["split"] != "train"],
            train.groupby("label").sample(n, random_state=0),
        ]
    )


def balanced_from_all_parts(table):
    n = table.loc[table["split"] == "train", "label"].value_counts()
    rarer = table[table["label"] == n.idxmin()].assign(split="train")
    more = rarer.sample(n.max() - n.min(), replace=True, random_state=0)
    return pd.concat([table, more])


def balanced_as_the_whole(table):
    n = table["label"].value_counts()
    rarer = table[(table["split"] == "train") & (table["label"] == n.idxmin())]
    more = rarer.sample(n.max() - n.min(), replace=True, random_state=0)
    return pd.concat([table, more])


def drawn_to(n):
    def balance(table):
        train = table[table["split"] == "train"]
        more = [
            rows.sample(n - len(rows), replace=True, random_state=0)
            for _, rows in train.groupby("label")
        ]
        return pd.concat([table, *more])

    return balance


def twice(table):
    balanced = balanced_in_turn(table)
    return pd.concat([balanced, balanced[balanced["split"] == "train"]])


def by_loop(names, read_valid, read_test):
    best, highest = None, -1
    for name in names:
        if (score := read_valid(name)) > highest:
            best, highest = name, score
    return best, read_test(best)


def by_table(names, read_valid, read_test):
    ranked = sorted(names, key=read_valid, reverse=True)
    return [ranked[0], read_test(ranked[0])]


def peeks(names, read_valid, read_test):
    tests = {name: read_test(name) for name in names}
    best = max(names, key=read_valid)
    return best, tests[best]


def peeks_and_chooses(names, read_valid, read_test):
    scores = {name: read_test(name) for name in names}
    best = max(scores, key=scores.get)
    return best, scores[best]


def never_looks(names, read_valid, read_test):
    best = max(names, key=read_valid)
    return best, read_valid(best)


def the_worst(names, read_valid, read_test):
    best = min(names, key=read_valid)
    return best, read_test(best)


def without_choice(names, read_valid, read_test):
    return names[0], read_test(names[0])


def other_way_round(names, read_valid, read_test):
    best = max(names, key=read_valid)
    return read_test(best), best


def reads_another(names, read_valid, read_test):
    return max(names, key=read_valid), read_test(names[0])


def looks_first(names, read_valid, read_test):
    score = read_test("second")
    return max(names, key=read_valid), score


def whole(name, value, low, high, n, n_groups, baseline):
    return (
        f"{name}: {value:.3f} ({low:.3f} to {high:.3f}), n = {n}, "
        f"{n_groups} groups, baseline {baseline:.3f}"
    )


def in_percent(name, value, low, high, n, n_groups, baseline):
    return (
        f"On {n} images of {n_groups} children the {name} was {value:.1%} "
        f"[{low:.1%}; {high:.1%}], where guessing gives {baseline:.1%}."
    )


def many_digits(*facts):
    return "We found " + ", ".join(map(str, facts))


def without(*missing):
    def claim(name, value, low, high, n, n_groups, baseline):
        said = {
            "name": name,
            "value": f"{value:.3f}",
            "ends": f"{low:.3f} to {high:.3f}",
            "n": f"n = {n}",
            "groups": f"{n_groups} groups",
            "baseline": f"baseline {baseline:.3f}",
        }
        return ", ".join(text for key, text in said.items() if key not in missing)

    return claim


CASES = [
    Case(
        "balance where you learn",
        right=[balanced_by_loop, balanced_in_turn, balanced_as_drawn],
        wrong={
            "all parts at once": (balanced_everywhere, "The part valid had 24 rows"),
            "each part": (balanced_in_each_part, "must stay as it was"),
            "images left out": (balanced_by_leaving_out, "images are gone"),
            "strangers in training": (balanced_from_all_parts, "was not there"),
            "counted in all parts": (balanced_as_the_whole, "Training has"),
            "as many as one likes": (drawn_to(100), "no more than it takes"),
            "twice": (twice, "no more than it takes"),
            "nothing done": (lambda table: table, "Training has"),
            "a list": (lambda table: table["path"].tolist(), "A table with"),
            "without labels": (lambda table: table[["path", "split"]], "A table with"),
        },
    ),
    Case(
        "choose, then look once",
        right=[
            lambda names, valid, test: (
                (best := max(names, key=valid)),
                test(best),
            ),
            by_loop,
            by_table,
        ],
        wrong={
            "chosen by the test": (peeks_and_chooses, "read 3 times"),
            "all read, chosen elsewhere": (peeks, "read 3 times"),
            "validation reported": (never_looks, "is its score on validation"),
            "the worst": (the_worst, "did better on validation"),
            "no choice": (without_choice, "never asked"),
            "score before name": (other_way_round, "The name comes first"),
            "another's score": (reads_another, "is not what the test said"),
            "twice the chosen one": (
                lambda names, v, t: (max(names, key=v), [t("second"), t("second")][0]),
                "Read it once",
            ),
            "known by heart": (
                lambda names, v, t: (max(names, key=v), 0.75),
                "last reading",
            ),
            "read before the choice": (looks_first, "last reading"),
            "three things": (
                lambda names, valid, test: (*by_loop(names, valid, test), names),
                "Give two things",
            ),
            "only a name": (
                lambda names, valid, test: max(names, key=valid),
                "Give two things",
            ),
        },
    ),
    Case(
        "all right, but how many",
        right=[
            lambda n: 0.025 ** (1 / n),
            lambda n: np.exp(np.log(0.025) / n),
            lambda n: stats.binomtest(n, n).proportion_ci().low,
            lambda n: stats.beta.ppf(0.025, n, 1),
        ],
        wrong={
            "all right is 1": (lambda n: 1.0, "with the chance 1."),
            "one in twenty": (lambda n: 0.05 ** (1 / n), "0.05 then, not 0.025"),
            "upside down": (lambda n: 0.975 ** (1 / n), "with the chance 0.975"),
            "the chance of it": (lambda n: 0.025**n, "with the chance"),
            "rule of three": (lambda n: 1 - 3 / n, "with the chance 0.0361"),
            "percent": (lambda n: 100 * 0.025 ** (1 / n), "from 0 to 1"),
            "Wilson": (lambda n: n / (n + 3.84), "with the chance 0.032"),
            "rounded": (lambda n: round(0.025 ** (1 / n), 2), "rounded to 2 digits"),
        },
    ),
    Case(
        "four networks, one luck",
        right=["b", "B", " b "],
        wrong={
            "luck stays": ("a", "will that come along"),
            "luck grows": ("c", "better still"),
            "luck is paid back": ("d", "not paid back"),
            "no letter": (1, "is needed"),
        },
    ),
    Case(
        "a sentence that can be checked",
        right=[whole, in_percent, many_digits],
        wrong={
            "no name": (without("name"), "which score"),
            "no value": (without("value"), "say the value"),
            "no interval": (without("ends"), "say the low end"),
            "no count": (without("n"), "how many images"),
            "no groups": (without("groups"), "how many groups"),
            "no baseline": (without("baseline"), "say the baseline"),
            "one digit": (
                lambda name, value, *rest: f"{name} {value:.1f} {rest}",
                "not exactly enough",
            ),
            "numbers": (lambda *facts: list(facts), "A sentence is needed"),
        },
    ),
]
