"""Change many images by one dose after another, and measure the answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy.special import expit

from xraylab import evaluation
from xraylab.errors import InputError
from xraylab.evaluation import Interval
from xraylab.explanation.perturbations import PERTURBATIONS
from xraylab.explanation.scorers import Score, ask
from xraylab.labels import CLASSES

METRICS = ("sensitivity", "specificity", "AUROC")
FIGURES = {
    *("shift", *(f"score shift, {name}" for name in CLASSES), "flipped"),
    *(METRICS + tuple(f"{metric} change" for metric in METRICS)),
}
COLUMNS = ["perturbation", "dose", "figure", *Interval._fields]


def perturb(
    logit: Score,
    images: np.ndarray,
    table: pd.DataFrame,
    *,
    names: Sequence[str] = tuple(PERTURBATIONS),
    lungs: np.ndarray | None = None,
    threshold: float = 0.5,
) -> pd.DataFrame:
    """Change images by every dose, and compare the answers with those before.

    The images are the same, so all changes are paired; intervals count groups.

    Parameters
    ----------
    logit : callable
        Images (n, height, width), uint8 -> logits (n,), as from
        `make_scorer(..., logit=True)`.
    images : array of uint8, shape (n, height, width)
        Best larger than the network's own squares: saving again or a marker would
        be too coarse there.
    table : DataFrame
        One row an image: label (0 normal, 1 pneumonia) and group_id.
    names : sequence of str
        Keys of `PERTURBATIONS`; all by default.
    lungs : array of bool, shape (n, height, width), optional
        Where the lungs are; a box by default.
    threshold : float
        On the score, the logit as a probability.

    Returns
    -------
    DataFrame
        One row a perturbation, dose and figure: perturbation, dose, figure, and
        value, low, high (95 % interval), n, n_groups, method as in
        `xraylab.evaluation.Interval`. Figures:

        - shift: mean change of the logit, in standard deviations of the unchanged
          logits;
        - score shift, normal and score shift, pneumonia: mean change of the score;
        - flipped: share of images whose answer crossed the threshold;
        - sensitivity, specificity, AUROC; and each with " change": after less
          before.

    Raises
    ------
    ValueError
        If a name is unknown, rows and images do not match, the table is not as
        `xraylab.evaluation.evaluate` asks, or an answer is no finite number.
    """
    unknown = [name for name in names if name not in PERTURBATIONS]
    if unknown:
        known = ", ".join(PERTURBATIONS)
        text = f"must be among {known}, got {', '.join(map(str, unknown))}."
        raise InputError(text, argument="names")
    if len(images) != len(table):
        text = f"must have one row an image, got {len(table)} for {len(images)}."
        raise InputError(text, argument="table")
    # before the work: two classes, groups, a threshold that can be
    evaluation.measure(table.assign(score=0.5), "accuracy", threshold=threshold)
    before = ask(logit, images, "logit")
    rows = []
    for name in names:
        change = PERTURBATIONS[name]
        for dose in change.doses:
            after = ask(logit, change(images, dose, lungs), "logit")
            for figure, interval in _compare(before, after, table, threshold):
                rows.append((name, float(dose), figure, *interval))
    return pd.DataFrame(rows, columns=COLUMNS)


def _compare(
    before: np.ndarray, after: np.ndarray, table: pd.DataFrame, threshold: float
) -> Iterator[tuple[str, Interval]]:
    """Give each figure of one dose."""
    groups, labels = table["group_id"].to_numpy(), table["label"].to_numpy()
    deviation = max(float(before.std()), 1e-9)
    yield "shift", evaluation.mean_interval((after - before) / deviation, groups)
    old, new = (
        table[["label", "group_id"]].assign(score=expit(x)) for x in (before, after)
    )
    moved = (new["score"] - old["score"]).to_numpy()
    for label, name in enumerate(CLASSES):
        of = labels == label
        yield f"score shift, {name}", evaluation.mean_interval(moved[of], groups[of])
    flipped = (new["score"] >= threshold) != (old["score"] >= threshold)
    yield "flipped", evaluation.share_interval(flipped, groups)
    for metric in METRICS:
        yield metric, evaluation.measure(new, metric, threshold=threshold)
        paired = evaluation.difference(new, old, metric, threshold=threshold)
        yield f"{metric} change", paired


def rank_perturbations(table: pd.DataFrame) -> pd.DataFrame:
    """Order the perturbations by how far they move the answers.

    Parameters
    ----------
    table : DataFrame
        As from `perturb`.

    Returns
    -------
    DataFrame
        One row a perturbation, the strongest first: perturbation, family, swing
        (highest less lowest mean shift over the doses, in standard deviations of
        the unchanged logits), most_flipped (the highest share of flipped answers)
        and at_dose, where that is.
    """
    rows = []
    for name, part in table.groupby("perturbation", sort=False):
        shifts = part.loc[part["figure"] == "shift", "value"]
        flips = part[part["figure"] == "flipped"]
        most = flips.loc[flips["value"].idxmax()]
        family = PERTURBATIONS[name].family
        swing = float(np.ptp(shifts))
        rows.append((name, family, swing, float(most["value"]), float(most["dose"])))
    columns = ["perturbation", "family", "swing", "most_flipped", "at_dose"]
    found = pd.DataFrame(rows, columns=columns)
    return found.sort_values("swing", ascending=False, ignore_index=True)
