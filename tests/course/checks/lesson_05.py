"""Answers to try on the checks of lesson 05."""

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, recall_score, roc_curve

from tests.course.checks.cases import Case
from xraylab import evaluation


def specificity_in_a_loop(labels, scores, threshold):
    n = spared = 0
    for label, score in zip(labels, scores, strict=True):
        if label == 0:
            n += 1
            if not score >= threshold:
                spared += 1
    return spared / n


def specificity_by_counts(labels, scores, threshold):
    (tn, fp), _ = confusion_matrix(labels, scores >= threshold)
    return tn / (tn + fp)


def specificity_by_pandas(labels, scores, threshold):
    table = pd.DataFrame({"label": labels, "called": scores >= threshold})
    return 1 - table.groupby("label")["called"].mean()[0]


def specificity_by_the_package(labels, scores, threshold):
    counts = evaluation.confusion(labels, scores, threshold)
    return counts["tn"] / (counts["tn"] + counts["fp"])


def accuracy_at(table, threshold):
    return ((table["score"] >= threshold) == table["label"]).mean()


def report_in_a_loop(valid, test):
    best, most = None, -1
    for at in sorted(valid["score"]):
        if accuracy_at(valid, at) > most:
            best, most = at, accuracy_at(valid, at)
    return accuracy_at(test, best)


def report_on_a_grid(valid, test):
    grid = np.linspace(0, 1, 101)
    calls = valid["score"].to_numpy()[:, None] >= grid
    right = calls == valid["label"].to_numpy()[:, None].astype(bool)
    best = grid[right.mean(axis=0).argmax()]
    return float(np.mean((test["score"] >= best).astype(int) == test["label"]))


def report_by_library(valid, test):
    alarms, found, at = roc_curve(valid["label"], valid["score"])
    share = valid["label"].mean()
    best = at[np.argmax(share * found + (1 - share) * (1 - alarms))]
    return accuracy_at(test, best)


def report_between_scores(valid, test):
    scores = np.sort(valid["score"])
    middles = (scores[1:] + scores[:-1]) / 2
    return accuracy_at(test, max(middles, key=lambda at: accuracy_at(valid, at)))


def best_on(table, among):
    return max(among["score"], key=lambda at: accuracy_at(table, at))


def ppv_by_counting(sensitivity, specificity, prevalence):
    asked = 100_000
    positive = asked * prevalence
    alarms = positive * sensitivity + (asked - positive) * (1 - specificity)
    return positive * sensitivity / alarms


def ppv_by_odds(sensitivity, specificity, prevalence):
    odds = prevalence / (1 - prevalence) * sensitivity / (1 - specificity)
    return odds / (1 + odds)


def npv(sensitivity, specificity, prevalence):
    right = specificity * (1 - prevalence)
    return right / (right + (1 - sensitivity) * prevalence)


CASES = [
    Case(
        "specificity by hand",
        right=[
            lambda y, s, t: (s[y == 0] < t).mean(),
            specificity_in_a_loop,
            specificity_by_counts,
            specificity_by_pandas,
            specificity_by_the_package,
            lambda y, s, t: recall_score(y, s >= t, pos_label=0),
            lambda y, s, t: np.array([np.sum((y == 0) & (s < t)) / np.sum(1 - y)]),
        ],
        wrong={
            "sensitivity": (lambda y, s, t: (s[y == 1] >= t).mean(), "Only the scores"),
            "accuracy": (lambda y, s, t: ((s >= t) == y).mean(), "asks the normal"),
            "NPV": (lambda y, s, t: (y[s < t] == 0).mean(), "Only the scores"),
            "of all images": (
                lambda y, s, t: ((y == 0) & (s < t)).mean(),
                "Count how many",
            ),
            "false alarms": (lambda y, s, t: (s[y == 0] >= t).mean(), "false alarms"),
            "a tie called normal": (
                lambda y, s, t: (s[y == 0] <= t).mean(),
                "equals the threshold",
            ),
            "always at 0.5": (
                lambda y, s, t: (s[y == 0] < 0.5).mean(),
                "at this threshold",
            ),
            "in percent": (lambda y, s, t: 100 * (s[y == 0] < t).mean(), "from 0 to 1"),
            "a count": (lambda y, s, t: int((s[y == 0] < t).sum()), "from 0 to 1"),
            "all of them": (lambda y, s, t: s[y == 0] < t, "One number"),
        },
    ),
    Case(
        "the network that never looks",
        right=[
            lambda labels: [np.mean(labels), 1.0, 0.0],
            lambda labels: (sum(labels) / len(labels), 1, 0),
            lambda labels: np.array([(labels == 1).mean(), 1, 0]),
            lambda labels: {
                "sensitivity": 1,
                "specificity": 0,
                "accuracy": labels.mean(),
            },
        ],
        wrong={
            "chance": (lambda labels: (0.5, 1, 0), "the accuracy is 0.500"),
            "larger class": (
                lambda labels: (max(labels.mean(), 1 - labels.mean()), 1, 0),
                "the accuracy is 0.800",
            ),
            "specificity and sensitivity swapped": (
                lambda labels: (labels.mean(), 0, 1),
                "which normal image does it get right",
            ),
            "nothing found": (lambda labels: (labels.mean(), 0, 0), "does it miss"),
            "percent": (lambda labels: (100 * labels.mean(), 100, 0), "from 0 to 1"),
            "below 0": (lambda labels: (labels.mean(), 1, -1), "from 0 to 1"),
            "accuracy alone": (lambda labels: [labels.mean()], "3 numbers are needed"),
        },
    ),
    Case(
        "an honest threshold",
        right=[
            lambda v, t: accuracy_at(t, best_on(v, v)),
            report_in_a_loop,
            report_on_a_grid,
            report_by_library,
            report_between_scores,
        ],
        wrong={
            "as it was": (
                lambda v, t: accuracy_at(t, best_on(t, t)),
                "give 0.700 before and 0.500 after",
            ),
            "among valid scores, judged on the test": (
                lambda v, t: accuracy_at(t, best_on(t, v)),
                "have a say",
            ),
            "on both together": (
                lambda v, t: accuracy_at(t, best_on(pd.concat([v, t]), v)),
                "have a say",
            ),
            "that of validation": (
                lambda v, t: accuracy_at(v, best_on(v, v)),
                "judged on the test",
            ),
            "rounded": (
                lambda v, t: round(accuracy_at(t, best_on(v, v)), 2),
                "right, but rounded to 2 digits",
            ),
            "always at 0.5": (lambda v, t: accuracy_at(t, 0.5), "What chooses then"),
            "their mean score": (
                lambda v, t: accuracy_at(t, v["score"].mean()),
                "answers on the test are right",
            ),
            "the worst": (
                lambda v, t: accuracy_at(
                    t, min(v["score"], key=lambda at: accuracy_at(v, at))
                ),
                "What chooses then",
            ),
            "wrong ones counted": (
                lambda v, t: 1 - accuracy_at(t, best_on(v, v)),
                "answers on the test are right",
            ),
            "the threshold": (
                lambda v, t: best_on(v, v),
                "judged on the test",
            ),
        },
    ),
    Case(
        "what temperature cannot mend",
        right=["c", " C ", "c\n"],
        wrong={
            "the order": ("a", "Look at the AUROC"),
            "too few": ("b", "the same children"),
            "anywhere": ("d", "one place"),
            "no letter": ("platt", "is needed"),
        },
    ),
    Case(
        "PPV by hand",
        right=[
            lambda se, sp, p: se * p / (se * p + (1 - sp) * (1 - p)),
            ppv_by_counting,
            ppv_by_odds,
            lambda se, sp, p: 1 / (1 + (1 - sp) * (1 - p) / (se * p)),
            lambda se, sp, p: np.float32(
                np.divide(se * p, np.dot([se, 1 - sp], [p, 1 - p]))
            ),
        ],
        wrong={
            "NPV": (npv, "sensitivity of 0.001"),
            "sensitivity": (lambda se, sp, p: se, "only 0.600 of the alarms"),
            "specificity for false alarms": (
                lambda se, sp, p: se * p / (se * p + sp * (1 - p)),
                "specificity of 0.9999",
            ),
            "prevalence forgotten": (
                lambda se, sp, p: se / (se + 1 - sp),
                "knows nothing",
            ),
            "false alarms of all": (
                lambda se, sp, p: se * p / (se * p + (1 - sp)),
                "knows nothing",
            ),
            "in percent": (
                lambda se, sp, p: 100 * se * p / (se * p + (1 - sp) * (1 - p)),
                "from 0 to 1",
            ),
            "of all children": (lambda se, sp, p: se * p, "specificity of 0.9999"),
            "the prevalence": (lambda se, sp, p: p, "sensitivity of 0.001"),
            "rounded": (lambda *shares: round(ppv_by_odds(*shares), 2), "to 2 digits"),
            "rounded up": (
                lambda *shares: np.ceil(100 * ppv_by_odds(*shares) - 1e-9) / 100,
                "too high",
            ),
        },
    ),
]
