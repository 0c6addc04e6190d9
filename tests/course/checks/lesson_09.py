"""Answers to try on the checks of lesson 09."""

from tests.course.checks.cases import Case


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
            "read before the choice": (looks_first, "before the choice"),
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
