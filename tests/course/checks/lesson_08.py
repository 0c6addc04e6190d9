"""Answers to try on the checks of lesson 08."""

from tests.course.checks.cases import Case


def by_counting(sensitivity, specificity, prevalence):
    n = 1_000_000
    n_with = n * prevalence
    return (sensitivity * n_with + specificity * (n - n_with)) / n


def by_errors(sensitivity, specificity, prevalence):
    missed = (1 - sensitivity) * prevalence
    alarms = (1 - specificity) * (1 - prevalence)
    return 1 - missed - alarms


def by_index(before, after):
    one = before.drop_duplicates("image_id").set_index("image_id")["is_right"]
    two = after.drop_duplicates("image_id").set_index("image_id")["is_right"]
    both = one.index.intersection(two.index)
    return two[both].mean() - one[both].mean()


def by_loop(before, after):
    one = dict(zip(before["image_id"], before["is_right"], strict=True))
    two = dict(zip(after["image_id"], after["is_right"], strict=True))
    both = one.keys() & two.keys()
    return sum(two[name] - one[name] for name in both) / len(both)


def by_merge(before, after):
    both = before.merge(after, on="image_id")
    return both["is_right_y"].mean() - both["is_right_x"].mean()


def by_place(before, after):
    return after["is_right"][:4].mean() - before["is_right"][:4].mean()


def counted_over_all(before, after):
    both = before.merge(after, on="image_id")
    return (both["is_right_y"].sum() - both["is_right_x"].sum()) / len(before)


def at_sorted(history):
    return history.sort_values("valid_accuracy").iloc[-1]["test_accuracy"]


def at_loop(history):
    best, reported = -1, None
    for row in history.itertuples():
        if row.valid_accuracy > best:
            best, reported = row.valid_accuracy, row.test_accuracy
    return reported


CASES = [
    Case(
        "accuracy in another mix",
        right=[
            lambda se, sp, p: se * p + sp * (1 - p),
            by_counting,
            by_errors,
        ],
        wrong={
            "balanced": (lambda se, sp, p: (se + sp) / 2, "of its own class"),
            "swapped": (lambda se, sp, p: se * (1 - p) + sp * p, "Which rate"),
            "only one": (lambda se, sp, p: se, "of its own class"),
            "not weighed": (lambda se, sp, p: se + sp, "between the two rates"),
            "a product": (lambda se, sp, p: se * sp, "between the two rates"),
            "the rest forgotten": (lambda se, sp, p: se * p, "between the two rates"),
        },
    ),
    Case(
        "on the same images",
        right=[by_merge, by_index, by_loop],
        wrong={
            "all rows": (
                lambda b, a: a["is_right"].mean() - b["is_right"].mean(),
                "what all rows give",
            ),
            "by place": (by_place, "by image_id, not by their place"),
            "before less after": (lambda b, a: by_merge(a, b), "better or worse"),
            "the share of one": (
                lambda b, a: b.merge(a, on="image_id")["is_right_y"].mean(),
                "each should count once",
            ),
            "over all images": (counted_over_all, "each should count once"),
            "how many changed": (
                lambda b, a: (
                    -(lambda t: t["is_right_x"] != t["is_right_y"])(
                        b.merge(a, on="image_id")
                    ).mean()
                ),
                "You give -0.571. By how much",
            ),
            "what was lost alone": (
                lambda b, a: (
                    -(lambda t: t["is_right_x"] & ~t["is_right_y"])(
                        b.merge(a, on="image_id")
                    ).mean()
                ),
                "You give -0.143. By how much",
            ),
            "always the same": (lambda b, a: -0.25, "You give -0.250. By how much"),
            "a table": (lambda b, a: b.merge(a, on="image_id"), "One number"),
        },
    ),
    Case(
        "what the steps license",
        right=["d", "D", "d "],
        wrong={
            "no effect from an interval": ("a", "do not show that there is none"),
            "one cause of many": ("b", "the test images change as well"),
            "another project": ("c", "Nothing here measured"),
            "no letter": (4, "is needed"),
        },
    ),
    Case(
        "the epoch to report",
        right=[
            lambda h: h.loc[h["valid_accuracy"].idxmax(), "test_accuracy"],
            at_sorted,
            at_loop,
        ],
        wrong={
            "the test's best": (lambda h: h["test_accuracy"].max(), "test's own best"),
            "validation's own": (lambda h: h["valid_accuracy"].max(), "validation set"),
            "the last": (lambda h: h["test_accuracy"].iloc[-1], "last epoch"),
            "the mean": (lambda h: h["test_accuracy"].mean(), "Which epoch"),
            "the epoch": (lambda h: h["valid_accuracy"].idxmax(), "Which epoch"),
        },
    ),
]
