"""Probes: small models that guess the class, or the split, from what is no lung.

Each stands beside its baseline: what the same probe reaches on clean built-in
images, where nothing but the disease tells the classes apart. The baselines were
measured by benchmarks/calibrate_audit.py and lie in baselines.json.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from xraylab import cores, evaluation
from xraylab.audit import shortcuts

ALARM_RATE = 0.05  # of one audit of clean images, over all its probes together
MIN_GROUPS = 12  # a class; with fewer, chance alone reaches anything
SHIFT_FEATURES = ("file", "header", "intensity", "thumbnail")
COLUMNS = [
    *("question", "feature", "on", "auroc", "low", "high", "n", "n_groups", "method"),
    *("baseline", "limit", "found"),
]


def run_probes(
    features: Mapping[str, np.ndarray], table: pd.DataFrame, *, seed: int = 0
) -> pd.DataFrame:
    """Ask every probe for the class, and for the split within each class.

    The class is asked of all images outside the test, under cross-validation
    by group; where there is a test, a probe fitted on the rest scores it too.
    The split is asked of the images of one class: is this one in the test?

    Parameters
    ----------
    features : mapping of str to array, shape (n, d)
        As from `xraylab.features.make_features`.
    table : DataFrame
        n rows: label (0 or 1), group_id and split ("test", or anything else).
    seed : int
        Seed of the folds.

    Returns
    -------
    DataFrame
        One row a figure: question ("class", or "test or not, label 0"), feature,
        on ("cross-validated", "test"), auroc with low, high, n, n_groups and
        method as in `xraylab.evaluation.Interval`, baseline, limit and found. The limit
        is where a finding begins: over all probes together, an audit of clean
        images passes one at a rate of `ALARM_RATE`. A figure on the test has
        no limit (NaN): it shows whether a finding holds there. Questions with
        fewer than `MIN_GROUPS` groups a class are left out.
    """
    with cores.one_blas_thread():
        return _set_limits(ask_probes(features, table, seed=seed))


def ask_probes(
    features: Mapping[str, np.ndarray], table: pd.DataFrame, *, seed: int = 0
) -> list[dict]:
    """Measure what `run_probes` reports, before it is held against the baselines.

    Returns
    -------
    list of dict
        question, feature, on, auroc, low, high, n, n_groups, method; where
        cross-validated also n_each (groups of either class) and varies (False when
        all rows are the same, so that there is nothing to find).
    """
    in_test = table["split"].eq("test").to_numpy()
    labels, groups = table["label"].to_numpy(int), table["group_id"].to_numpy()
    rows = []
    if _is_enough(labels[~in_test], groups[~in_test]):
        rows += _ask_class(features, labels, groups, in_test, seed)
    for label in (0, 1):
        of = labels == label
        if not _is_enough(in_test[of].astype(int), groups[of]):
            continue
        question = f"test or not, label {label}"
        asked = {
            name: features[name][of] for name in SHIFT_FEATURES if name in features
        }
        rows += _cross_validate(
            question, asked, in_test[of].astype(int), groups[of], seed
        )
    return rows


def read_baselines() -> dict:
    """Read what probes reach on clean built-in images, and how it was measured.

    Returns
    -------
    dict
        made: how; probes: one entry a question and feature, with n_groups (sizes
        measured), auroc (mean at each), n_sets (behind each mean) and spread
        (how much more the figures vary than their sampling error).
    """
    return _baselines()


@cache
def _baselines() -> dict:
    return json.loads(Path(__file__).with_name("baselines.json").read_text("utf-8"))


def _is_enough(labels: np.ndarray, groups: np.ndarray) -> bool:
    return all(
        np.unique(groups[labels == value]).size >= MIN_GROUPS for value in (0, 1)
    )


def _ask_class(
    features: Mapping[str, np.ndarray],
    labels: np.ndarray,
    groups: np.ndarray,
    in_test: np.ndarray,
    seed: int,
) -> list[dict]:
    rest = ~in_test
    known = {name: values[rest] for name, values in features.items()}
    rows = _cross_validate("class", known, labels[rest], groups[rest], seed)
    if np.unique(labels[in_test]).size < 2 or np.unique(groups[in_test]).size < 4:
        return rows
    for name, values in features.items():
        scores = shortcuts.fit_and_score(values, labels, rest)
        figure = _measure(labels[in_test], scores, groups[in_test])
        rows.append({"question": "class", "feature": name, "on": "test", **figure})
    return rows


def _cross_validate(
    question: str,
    features: Mapping[str, np.ndarray],
    labels: np.ndarray,
    groups: np.ndarray,
    seed: int,
) -> list[dict]:
    folds = shortcuts.make_folds(labels, groups, seed=seed)
    rows = []
    for name, values in features.items():
        scores = shortcuts.score_folds(values, labels, folds)
        figure = _measure(labels, scores, groups)
        n_each = [np.unique(groups[labels == value]).size for value in (0, 1)]
        figure |= {"n_each": n_each, "varies": bool(np.ptp(values, axis=0).any())}
        row = {"question": question, "feature": name, "on": "cross-validated"}
        rows.append(row | figure)
    return rows


def _measure(labels: np.ndarray, scores: np.ndarray, groups: np.ndarray) -> dict:
    answers = pd.DataFrame({"label": labels, "score": scores, "group_id": groups})
    found = evaluation.measure(answers, "AUROC")._asdict()
    return {"auroc": found.pop("value"), **found}


def _set_limits(figures: list[dict]) -> pd.DataFrame:
    """Hold each figure against its baseline; all that vary share the alarm rate."""
    n_asked = sum(figure.get("varies", False) for figure in figures)
    rows = []
    for figure in figures:
        kind = "class" if figure["question"] == "class" else "shift"
        entry = read_baselines()["probes"][f"{kind} {figure['feature']}"]
        limit = float("nan")
        # below a half is chance, and no baseline to stand on
        baseline = max(0.5, _at_size(entry, "auroc", figure["n_groups"]))
        if figure.get("varies"):
            error = measure_error(baseline, *figure["n_each"]) * entry["spread"]
            error *= np.sqrt(1 + 1 / _at_size(entry, "n_sets", figure["n_groups"]))
            degrees = sum(entry["n_sets"]) - len(entry["n_sets"])
            limit = baseline + error * stats.t.isf(ALARM_RATE / n_asked, degrees)
            # a perfect guess must stay able to pass
            limit = min(limit, 0.999)
        found = bool(figure["auroc"] > limit)  # False against NaN
        rows.append(figure | {"baseline": baseline, "limit": limit, "found": found})
    return pd.DataFrame(rows, columns=COLUMNS)


def measure_error(auroc: float, n_well: int, n_sick: int) -> float:
    """Give the sampling error of an AUROC, by Hanley and McNeil 1982.

    Parameters
    ----------
    auroc : float
        In [0, 1].
    n_well, n_sick : int
        Independent cases, here groups, of each class; at least 1.

    Examples
    --------
    >>> round(measure_error(0.95, 234, 390), 4)
    0.0083
    """
    one, two = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    spare = auroc * (1 - auroc)
    spare += (n_sick - 1) * (one - auroc**2) + (n_well - 1) * (two - auroc**2)
    return float(np.sqrt(spare / (n_well * n_sick)))


def _at_size(entry: Mapping, key: str, n_groups: int) -> float:
    """Read between the sizes measured; beyond them, the nearest."""
    return float(np.interp(np.log(n_groups), np.log(entry["n_groups"]), entry[key]))
