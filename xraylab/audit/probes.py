"""Probes: small models that guess the class, or the split, from what is no lung.

Each stands beside its baseline: what the same probe reaches on clean built-in
images, where nothing but the disease tells the classes apart. The baselines were
measured by benchmarks/calibrate_audit.py and lie in baselines.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from xraylab import cores, evaluation
from xraylab.audit import shortcuts
from xraylab.audit.features import FEATURES

ALARM_RATE = 0.05  # of one audit of clean images, over all its probes together
MIN_GROUPS = 12  # on either side; with fewer, chance alone reaches anything
MIN_TEST_GROUPS = 4  # to score the test
NO_TEST = "no image is in a test"
COLUMNS = [
    *("question", "asks", "feature", "on"),
    *("auroc", "low", "high", "n", "n_groups", "method"),
    *("baseline", "limit", "found"),
]


@dataclass(frozen=True)
class Question:
    """One thing that every probe is asked, of two sides.

    Attributes
    ----------
    text : str
        "class"; with more than two classes one of them against the others, such as
        "covid19 or another class"; or "test or not, normal".
    asks : str
        "class" or "shift": whose baselines it has.
    is_side : array of bool, shape (n,)
        Which images are on the side asked for.
    asked : array of bool, shape (n,)
        Which images are asked under cross-validation.
    scored : array of bool, shape (n,)
        Which are scored by a probe that was fitted on those asked: the test.
    """

    text: str
    asks: str
    is_side: np.ndarray
    asked: np.ndarray
    scored: np.ndarray


def run_probes(
    features: Mapping[str, np.ndarray], table: pd.DataFrame, *, seed: int = 0
) -> pd.DataFrame:
    """Ask every probe for the class, and for the split within each class.

    The class is asked of all images outside the test, under cross-validation
    by group; where there is a test, a probe fitted on the rest scores it too.
    Of more than two classes each is asked against the others together.
    The split is asked of the images of one class: is this one in the test?

    Parameters
    ----------
    features : mapping of str to array, shape (n, d)
        As from `xraylab.audit.features.make_features`.
    table : DataFrame
        n rows: label (0, 1, ...), class_name, group_id and split ("test", or
        anything else).
    seed : int
        Seed of the folds.

    Returns
    -------
    DataFrame
        One row a figure: question and asks as in `Question`, feature,
        on ("cross-validated", "test"), auroc with low, high, n, n_groups and
        method as in `xraylab.evaluation.Interval`, baseline, limit and found. The
        limit is where a finding begins: over all probes together, an audit of clean
        images passes one at a rate of `ALARM_RATE`. A figure on the test has
        no limit (NaN): it shows whether a finding holds there. Questions that
        cannot be asked are left out; `find_gaps` names them.
    """
    with cores.one_blas_thread():
        return _set_limits(ask_probes(features, table, seed=seed))


def find_gaps(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Name the probes that cannot be asked of a table as for `run_probes`, and why."""
    gaps = []
    for question in _questions(table):
        name = f"probes: {question.text}"
        if why := _why_not(question, table):
            gaps.append((name, why))
        elif why := _why_not_on_test(question, table):
            gaps.append((f"{name}, on the test", why))
    if not table["split"].eq("test").any():
        gaps = [gap for gap in gaps if gap[1] != NO_TEST]
        gaps.append(("probes: test or not, and all others on the test", NO_TEST))
    kinds = [("class", FEATURES), ("shift", _of_test())]
    asked = [(kind, name) for kind, names in kinds for name in names]
    return gaps + [
        (f"probes: {kind}, by {name}", "no baseline of it is measured")
        for kind, name in asked
        if f"{kind} {name}" not in read_baselines()["probes"]
    ]


def ask_probes(
    features: Mapping[str, np.ndarray], table: pd.DataFrame, *, seed: int = 0
) -> list[dict]:
    """Measure what `run_probes` reports, before it is held against the baselines.

    Returns
    -------
    list of dict
        question, asks, feature, on, auroc, low, high, n, n_groups, method and
        n_asked (groups outside the test). Where cross-validated also n_each (groups
        of either side) and varies (False when all rows are the same, so that there
        is nothing to find).
    """
    groups = table["group_id"].to_numpy()
    rows = []
    for question in _questions(table):
        if _why_not(question, table):
            continue
        asked = FEATURES if question.asks == "class" else _of_test()
        values = {name: features[name] for name in asked if name in features}
        rows += _cross_validate(question, values, groups, seed)
        if question.scored.any() and not _why_not_on_test(question, table):
            rows += _score_test(question, values, groups)
    return rows


@cache
def read_baselines() -> dict:
    """Read what probes reach on clean built-in images, and how it was measured.

    Returns
    -------
    dict
        made: how; probes: one entry a question and feature, with n_groups (sizes
        measured), auroc (mean at each), n_sets (behind each mean) and dispersion
        (standard deviation of the figures over their sampling error), all under
        cross-validation; of class probes also on_test: n_groups they were fitted
        on, auroc on the test and n_sets.
    """
    return json.loads(Path(__file__).with_name("baselines.json").read_text("utf-8"))


def _of_test() -> list[str]:
    return [name for name, feature in FEATURES.items() if feature.asks_test]


def _questions(table: pd.DataFrame) -> Iterator[Question]:
    """Ask for each class against the others, and for the test within each class."""
    in_test = table["split"].eq("test").to_numpy()
    labels = table["label"].to_numpy()
    names = table.drop_duplicates("label").set_index("label")["class_name"].sort_index()
    # of two classes the second says it all
    for label, name in names.tail(len(names) if len(names) > 2 else 1).items():
        text = f"{name} or another class" if len(names) > 2 else "class"
        yield Question(text, "class", labels == label, ~in_test, in_test)
    for label, name in names.items():
        of, none = labels == label, np.zeros(len(table), bool)
        yield Question(f"test or not, {name}", "shift", in_test, of, none)


def _count_sides(
    question: Question, groups: np.ndarray, among: np.ndarray
) -> list[int]:
    """Count the groups on the other side, and on the side asked for."""
    sides = (among & ~question.is_side, among & question.is_side)
    return [np.unique(groups[side]).size for side in sides]


def _why_not(question: Question, table: pd.DataFrame) -> str:
    """Say why a question cannot be asked; "" where it can."""
    if question.asks == "shift" and not question.is_side.any():
        return NO_TEST
    if question.asks == "class" and table["label"].nunique() < 2:
        return f"all readable images are {table['class_name'].iloc[0]}"
    counts = _count_sides(question, table["group_id"].to_numpy(), question.asked)
    if min(counts) >= MIN_GROUPS:
        return ""
    where = " outside the test" if question.scored.any() else ""
    return (
        f"{MIN_GROUPS} groups are needed on either side{where}, found "
        f"{counts[1]} and {counts[0]}"
    )


def _why_not_on_test(question: Question, table: pd.DataFrame) -> str:
    """Say why the test cannot be scored; "" where it can, or nobody asks."""
    scored = question.scored
    if question.asks == "shift":
        return ""
    if not scored.any():
        return NO_TEST
    if question.is_side[scored].all() or not question.is_side[scored].any():
        return "all images of the test are on one side"
    n = table["group_id"][scored].nunique()
    if n < MIN_TEST_GROUPS:
        return f"{MIN_TEST_GROUPS} groups are needed in the test, found {n}"
    return ""


def _cross_validate(
    question: Question,
    features: Mapping[str, np.ndarray],
    groups: np.ndarray,
    seed: int,
) -> list[dict]:
    asked = question.asked
    sides, groups_asked = question.is_side[asked].astype(int), groups[asked]
    folds = shortcuts.make_folds(sides, groups_asked, seed=seed)
    rows = []
    for name, values in features.items():
        values = values[asked]
        scores = shortcuts.score_folds(values, sides, folds)
        figure = _measure(sides, scores, groups_asked)
        row = {"question": question.text, "asks": question.asks, "feature": name}
        row |= {"on": "cross-validated", **figure, "n_asked": figure["n_groups"]}
        row |= {"n_each": _count_sides(question, groups, asked)}
        rows.append(row | {"varies": bool(np.ptp(values, axis=0).any())})
    return rows


def _score_test(
    question: Question, features: Mapping[str, np.ndarray], groups: np.ndarray
) -> list[dict]:
    """Score the test by probes that were fitted on all images asked."""
    asked, scored = question.asked, question.scored
    n_asked = np.unique(groups[asked]).size
    rows = []
    for name, values in features.items():
        scores = shortcuts.fit_and_score(values, question.is_side.astype(int), asked)
        figure = _measure(question.is_side[scored].astype(int), scores, groups[scored])
        row = {"question": question.text, "asks": question.asks, "feature": name}
        rows.append(row | {"on": "test", **figure, "n_asked": n_asked})
    return rows


def _measure(sides: np.ndarray, scores: np.ndarray, groups: np.ndarray) -> dict:
    answers = pd.DataFrame({"label": sides, "score": scores, "group_id": groups})
    found = evaluation.measure(answers, "AUROC")._asdict()
    return {"auroc": found.pop("value"), **found}


def _set_limits(figures: list[dict]) -> pd.DataFrame:
    """Hold each figure against its baseline; all that vary share the alarm rate."""
    entries = [
        read_baselines()["probes"].get(f"{figure['asks']} {figure['feature']}")
        for figure in figures
    ]
    pairs = list(zip(figures, entries, strict=True))
    n_asked = sum(f.get("varies", False) for f, entry in pairs if entry)
    rows = []
    for figure, entry in pairs:
        baseline, limit = 0.5, float("nan")
        if entry:  # below a half is chance, and no baseline to stand on
            sizes = entry["on_test"] if figure["on"] == "test" else entry
            baseline = max(0.5, _at_size(sizes, "auroc", figure["n_asked"]))
        if entry and figure.get("varies"):
            limit = _find_limit(figure, entry, baseline, ALARM_RATE / n_asked)
        found = bool(figure["auroc"] > limit)  # False against NaN
        rows.append(figure | {"baseline": baseline, "limit": limit, "found": found})
    return pd.DataFrame(rows, columns=COLUMNS)


def _find_limit(figure: dict, entry: Mapping, baseline: float, rate: float) -> float:
    """Give the AUROC that a clean set of this size passes at this rate."""
    error = measure_error(baseline, *figure["n_each"]) * entry["dispersion"]
    error *= np.sqrt(1 + 1 / _at_size(entry, "n_sets", figure["n_asked"]))
    degrees = sum(entry["n_sets"]) - len(entry["n_sets"])
    limit = baseline + error * stats.t.isf(rate, degrees)
    return min(limit, 0.999)  # a perfect guess must stay able to pass


def measure_error(auroc: float, n_other: int, n_side: int) -> float:
    """Give the sampling error of an AUROC, by Hanley and McNeil 1982.

    Parameters
    ----------
    auroc : float
        In [0, 1].
    n_other, n_side : int
        Independent cases, here groups, of either side; at least 1.

    Examples
    --------
    >>> round(measure_error(0.95, 234, 390), 4)
    0.0083
    """
    one, two = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    spare = auroc * (1 - auroc)
    spare += (n_side - 1) * (one - auroc**2) + (n_other - 1) * (two - auroc**2)
    return float(np.sqrt(spare / (n_other * n_side)))


def _at_size(entry: Mapping, key: str, n_groups: float) -> float:
    """Read between the sizes measured; beyond them, the nearest."""
    return float(np.interp(np.log(n_groups), np.log(entry["n_groups"]), entry[key]))
