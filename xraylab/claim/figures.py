"""All figures of a run's answers, and the words that must stand beside them."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from xraylab import data, evaluation, images, training
from xraylab.evaluation import (
    Interval,
    calibration,
    decisions,
    recalibration,
    subgroups,
)

__all__ = [
    "Figures",
    "compare_promised",
    "count_merge",
    "describe_basis",
    "describe_external",
    "describe_point",
    "find_files",
    "find_merge",
    "measure_answers",
    "recalibrate_answers",
]
_BASELINE = (  # in words, what `xraylab.evaluation.evaluate` holds beside each figure
    "Baseline: what is reached without a look at the image: accuracy by always giving "
    "the larger class, the others by a coin that says pneumonia as often as the model."
)
_PROMISED = ("sensitivity", "specificity")
_TEXT_MINED = (
    "mostly adults, where the three sources have children, and labels mined from the "
    "text of reports. A difference may be one of age or of labels."
)
_SIMULATED = "images are simulated. No figure on them speaks of patients."
_DRAWN = {  # by what a run notes in `simulated`
    "all": f"CAREFUL: this run's {_SIMULATED}",
    "some": f"CAREFUL: some of this run's {_SIMULATED}",
    "": "Whether this run's images are simulated is not known: the run does not say.",
}
# what kinds of external images say, as in `xraylab.training.external.External`
_SETS = {
    "NIH": f"names are those of NIH ChestX-ray14: {_TEXT_MINED}",
    "CheXpert": f"names are those of CheXpert: {_TEXT_MINED}",
    "MIMIC": f"names are those of MIMIC-CXR: {_TEXT_MINED}",
    "simulated": f"all or some {_SIMULATED}",
}


@dataclass(frozen=True)
class Figures:
    """What is measured of one table of answers.

    Attributes
    ----------
    confusion : dict
        Counts, as from `xraylab.evaluation.confusion`.
    metrics, calibration, subgroups : DataFrame
        As from `evaluate`, `measure_calibration` and `measure_subgroups`.
    threshold : float
    benefit : dict
        As from `xraylab.evaluation.decisions.net_benefit`; empty at a threshold of 0
        or 1, which has none.
    """

    confusion: dict[str, int]
    metrics: pd.DataFrame
    calibration: pd.DataFrame
    subgroups: pd.DataFrame
    threshold: float
    benefit: dict[str, Interval]

    def as_dict(self) -> dict:
        """Plain values, fit for JSON."""
        return {
            "confusion": self.confusion,
            "metrics": json.loads(self.metrics.to_json(orient="index")),
            "calibration": json.loads(self.calibration.to_json(orient="index")),
            "subgroups": json.loads(self.subgroups.to_json(orient="records")),
            "net_benefit": {name: i._asdict() for name, i in self.benefit.items()},
        }

    def as_lines(self) -> list[str]:
        """Write one line a figure."""
        benefit, at = self.benefit, self.threshold
        return [
            *evaluation.describe(self.metrics),
            _BASELINE,
            *calibration.describe_calibration(self.calibration),
            *(decisions.describe_benefit(benefit, at) if benefit else []),
            *subgroups.describe_subgroups(self.subgroups),
        ]


def measure_answers(
    predictions: pd.DataFrame, files: Sequence[Path] | None, *, threshold: float
) -> Figures:
    """Measure all that is said of a table of answers.

    Parameters
    ----------
    predictions : DataFrame
        As for `xraylab.evaluation.evaluate`, with path.
    files : sequence of Path, or None
        Of each row its file, for size and colour mode; where there is none, or one is
        not there, there are subgroups by kind alone.
    threshold : float
        In [0, 1].

    Raises
    ------
    xraylab.errors.InputError
        If the table is not as `evaluate` asks.
    """
    metrics = evaluation.evaluate(predictions, threshold=threshold)
    table, columns = _with_columns(predictions, files)
    return Figures(
        evaluation.confusion(
            predictions["label"], predictions["score"], threshold=threshold
        ),
        metrics,
        calibration.measure_calibration(predictions),
        subgroups.measure_subgroups(table, columns, threshold=threshold),
        threshold,
        decisions.net_benefit(predictions, threshold) if 0 < threshold < 1 else {},
    )


def recalibrate_answers(
    valid: pd.DataFrame, judged: pd.DataFrame | None
) -> tuple[dict, list[str]]:
    """Fit changes of scores on validation, and say what they do elsewhere.

    Parameters
    ----------
    valid : DataFrame
        Answers on validation.
    judged : DataFrame or None
        Answers on other images; None gives the changes alone.

    Returns
    -------
    found : dict
        fitted, not_fitted and judged: plain values, fit for JSON.
    lines : list of str
        The same in words.
    """
    changes, reasons = recalibration.fit_recalibrations(valid)
    table = None
    if judged is not None:
        table = recalibration.compare_recalibrations(changes, judged)
    found = {
        "fitted": {how: change._asdict() for how, change in changes.items()},
        "not_fitted": reasons,
        "judged": [] if table is None else table.to_dict("records"),
    }
    return found, recalibration.describe_recalibrations(changes, reasons, table)


def find_files(
    run: training.runs.Run, answers: pd.DataFrame, merge: str | Path | None = None
) -> list[Path] | None:
    """Find the file of each of a run's answers, wherever its image lies now.

    Parameters
    ----------
    answers : DataFrame
        Of the run's own images.
    merge : path, optional
        As for `xraylab.training.score`.

    Returns
    -------
    list of Path, or None
        None where the images are away.
    """
    rows = run.table.set_index("path", drop=False).loc[answers["path"]]
    try:
        return training.origin.find_rows(run, rows, merge).files
    except (OSError, ValueError):
        return None


def find_merge(run: training.runs.Run) -> data.Merge | None:
    """Read the merge a run was trained on.

    None where it or its images are away, or others lie there under their names: what
    is counted of files by their paths would then be of others.
    """
    origin = training.origin
    try:
        merged = data.Merge.load(origin.find_merge(run))
    except (OSError, ValueError):
        return None
    lost = origin.find_lost(run.table, merged, by=["path", "image_id"])
    return None if len(lost) else merged


def count_merge(merge: data.Merge) -> dict:
    """Count what a merge holds; plain values, fit for JSON.

    Returns
    -------
    dict
        flow: files found, files with an image, different images and groups; ignored
        (files by reason); unreadable; sources: of each its files, and own, the share
        of them whose image is in no other source; kinds (of file names).
    """
    table, n_bad = merge.manifest, len(merge.problems)
    n_sources = table.groupby("image_id")["source"].transform("nunique")
    own = (n_sources == 1).groupby(table["source"]).mean()
    return {
        "flow": {
            "files found": len(table) + n_bad + len(merge.ignored),
            "files with an image": len(table),
            "different images": table["image_id"].nunique(),
            "groups of children": table["group_id"].nunique(),
        },
        "ignored": merge.ignored["reason"].value_counts().to_dict(),
        "unreadable": n_bad,
        "sources": {
            name: {"files": n, "own": float(own[name])}
            for name, n in table["source"].value_counts(sort=False).items()
        },
        "kinds": sorted(set(table["kind"])),
    }


def compare_promised(
    now: pd.DataFrame, valid: pd.DataFrame, *, threshold: float, rule: str
) -> tuple[dict[str, Interval], list[str]]:
    """Hold what a rule promised on validation against what is found elsewhere.

    Parameters
    ----------
    now, valid : DataFrame
        Answers elsewhere, and those that the threshold was chosen on.

    Returns
    -------
    moved : dict of str -> Interval
        The difference of sensitivity and of specificity, now less then.
    lines : list of str
        The same in words.
    """
    moved, lines = {}, [f"Does the rule {rule} carry over?"]
    for name in _PROMISED:
        promised, found = (
            evaluation.measure(table, name, threshold=threshold)
            for table in (valid, now)
        )
        moved[name] = evaluation.difference(now, valid, name, threshold=threshold)
        lines.append(
            f"  {name}: {promised} on validation, where it was chosen; {found} here; "
            f"{_verdict(moved[name])}"
        )
    return moved, lines


def describe_point(threshold: float, chosen: Mapping) -> str:
    """Write a threshold with its range, its rule, and what it was chosen on.

    Parameters
    ----------
    threshold : float
    chosen : mapping
        The operating point of a run: rule, and what was known when it was chosen.
    """
    text, rule = f"threshold {threshold:.3f}", chosen.get("rule", "")
    if "promised" not in chosen:
        return f"{text}, rule: {rule or 'not told'}"
    found = Interval(threshold, *(chosen[name] for name in Interval._fields[1:]))
    return f"threshold {found}, rule: {rule}, chosen on validation"


def describe_basis(run: training.runs.Run) -> tuple[int, list[str]]:
    """Say what a run's figures rest on: its end, its images, and known children."""
    n_unknown = int(data.describe_split(run.table)["n_unknown"].sum())
    lines = [run.unfinished] if run.unfinished else []
    lines += [_DRAWN[run.simulated]] if run.simulated in _DRAWN else []
    if n_unknown:
        lines.append(
            f"Images of which no name tells the child: {n_unknown:,}; each is a group "
            "of its own."
        )
    return n_unknown, lines


def describe_external(
    classes: Mapping[int, list[str]], kinds: Collection[str], n_known: int
) -> list[str]:
    """Say what a figure on images from elsewhere rests on, as loudly as the figure.

    Parameters
    ----------
    classes, kinds, n_known
        As in `xraylab.training.external.External`.
    """
    normal, ill = (", ".join(classes[label]) for label in (0, 1))
    lines = [
        f"CAREFUL: labels are those of the folder names, normal from {normal}, "
        f"pneumonia from {ill}. Nobody here checked them, nor who was imaged, and how."
    ]
    lines += [f"CAREFUL: {_SETS[kind]}" for kind in _SETS if kind in kinds]
    if n_known:
        lines.append(
            f"Left out: {n_known} files of images that are in the run's table."
        )
    return lines


def _with_columns(
    predictions: pd.DataFrame, files: Sequence[Path] | None
) -> tuple[pd.DataFrame, list[str]]:
    """Add what is known of each image: kind by its name, size and colour by its file.

    Where the files are no longer where they were, only the kind is known.
    """
    kinds = [data.read_name(path)[0] for path in predictions["path"]]
    table = predictions.assign(kind=kinds)
    if files is None:
        return table, ["kind"]
    try:
        headers = pd.DataFrame([images.read_header(file) for file in files])
    except (OSError, ValueError):
        return table, ["kind"]
    long_side = headers[["width", "height"]].max(axis=1)
    middle = long_side.median()
    above = (long_side > middle).map({False: "up to", True: "above"})
    size = [f"{way} {middle:,.0f} px" for way in above]
    table = table.assign(**{"long side": size, "colour mode": headers["mode"].tolist()})
    return table, ["kind", "long side", "colour mode"]


def _verdict(moved: Interval) -> str:
    if math.isnan(moved.low):
        return f"so few groups do not tell whether it differs: {moved.figure}"
    if moved.low > 0 or moved.high < 0:
        way = "higher" if moved.value > 0 else "lower"
        return f"{way} here: {moved.figure}"
    return f"no difference is shown: {moved.figure}"
