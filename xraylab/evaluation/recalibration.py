"""Changes of scores that validation asks for, and what they do to other images."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from xraylab.errors import InputError
from xraylab.evaluation.calibration import (
    RECALIBRATIONS,
    Recalibration,
    ece_of,
    intervals_of,
    recalibrate,
)
from xraylab.evaluation.intervals import Interval
from xraylab.evaluation.rows import make_rows

__all__ = ["compare_recalibrations", "describe_recalibrations", "fit_recalibrations"]
_COMPARED = ("slope", "intercept", "Brier", "ECE")


def fit_recalibrations(
    valid: pd.DataFrame,
) -> tuple[dict[str, Recalibration], dict[str, str]]:
    """Fit each of `RECALIBRATIONS` on validation.

    Returns
    -------
    changes, reasons : dict
        By name; why not, for those that cannot be fitted.
    """
    make_rows(valid)  # a table that is none is no reason not to fit
    changes, reasons = {}, {}
    for how in RECALIBRATIONS:
        try:
            changes[how] = recalibrate(valid, how)
        except InputError as error:
            reasons[how] = str(error)
    return changes, reasons


def compare_recalibrations(
    changes: Mapping[str, Recalibration], predictions: pd.DataFrame
) -> pd.DataFrame:
    """Measure scores as given, and after each change of them.

    Parameters
    ----------
    changes : mapping of str to Recalibration
        Fitted on other rows, as by `fit_recalibrations`.
    predictions : DataFrame
        What is judged: columns label, score and group_id, as for `evaluate`.

    Returns
    -------
    DataFrame
        One row for each scores ("as given" first, then the names of the changes) and
        metric (slope, intercept, Brier and ECE), with these two columns and those of
        `Interval`.
    """
    changed = {"as given": predictions["score"]}
    changed |= {how: c.apply(predictions["score"]) for how, c in changes.items()}
    rows = []
    for name, scores in changed.items():
        checked = make_rows(predictions.assign(score=scores))
        found = intervals_of(checked) | {"ECE": ece_of(checked)}
        rows += [(name, metric, *found[metric]) for metric in _COMPARED]
    return pd.DataFrame(rows, columns=["scores", "metric", *Interval._fields])


def describe_recalibrations(
    changes: Mapping[str, Recalibration],
    reasons: Mapping[str, str],
    table: pd.DataFrame | None = None,
) -> list[str]:
    """Write the changes that validation asks for, and what they do elsewhere.

    Parameters
    ----------
    changes, reasons
        As from `fit_recalibrations`.
    table : DataFrame, optional
        As from `compare_recalibrations`.
    """
    lines = [f"{how} is not fitted: {why}" for how, why in reasons.items()]
    if table is None:
        fitted = "; ".join(f"{how} {change}" for how, change in changes.items())
        judged = "Other images judge whether that mends them."
        return [*lines, *([f"Fitted here: {fitted}. {judged}"] if changes else [])]
    lines.append("Scores as given, and after changes fitted on validation:")
    for name, rows in table.groupby("scores", sort=False):
        found = {row.metric: Interval(*row[2:]) for row in rows.itertuples(index=False)}
        title = f"{name} ({changes[name]})" if name in changes else name
        said = [f"{metric} {i.short}" for metric, i in found.items()]
        lines.append(f"  {title}: {', '.join(said)}, {found['ECE'].counts}")
    return lines
