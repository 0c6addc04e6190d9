"""The fields of a card that tell how the answers were put to the test."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from xraylab import explanation
from xraylab.claim import figures
from xraylab.claim.evidence import Evidence
from xraylab.claim.parts import Field, command_of, count_said, not_measured, read_test
from xraylab.claim.tables import as_table
from xraylab.evaluation import Interval, calibration, decisions

_AT = (
    "answers flipped and changes of figures, at the dose that flips most, which was "
    "picked after looking"
)
_MOVED = ("flipped", "AUROC change", "sensitivity change", "specificity change")


def calibrated(e: Evidence) -> Field:
    """Say whether scores are chances, what changes them, what answers are worth."""
    if "test" not in e.answers:
        text = "whether scores are probabilities on the test"
        return Field(missing=[not_measured(text, read_test(e))])
    test = e.answers["test"]
    rows = calibration.measure_calibration(test)
    high = rows.loc["ECE", "calibrated_high"]
    lines = [f"By chance the ECE of calibrated scores stays below {high:.3f} in 95 %."]
    tables = {f"Test; {count_said(e)}": as_table(rows, {"calibrated": "if calibrated"})}
    if 0 < e.threshold < 1:
        lines.append(_weighed(test, e))
    if "valid" not in e.answers:
        text = "what changes fitted on validation do to the scores"
        return Field(lines, tables, [not_measured(text, command_of(e, "evaluate"))])
    found, _ = figures.recalibrate_answers(e.answers["valid"], test)
    lines += [f"{how} is not fitted: {why}" for how, why in found["not_fitted"].items()]
    counts = f"n = {len(test):,}, {test['group_id'].nunique():,} groups"
    title = f"After changes fitted on validation, {counts}; {count_said(e)}"
    return Field(lines, tables | {title: _changed(found)})


def _weighed(test: pd.DataFrame, e: Evidence) -> str:
    benefit = decisions.net_benefit(test, e.threshold)
    lines = decisions.describe_benefit(benefit, e.threshold)
    text = "; ".join(line.strip() for line in [*lines, count_said(e)])
    return f"{text[0].upper()}{text[1:]}."


def _changed(found: dict) -> pd.DataFrame:
    """Lay out what `recalibrate_answers` found: one row a change of the scores."""
    rows = []
    for name, part in pd.DataFrame(found["judged"]).groupby("scores", sort=False):
        change = found["fitted"].get(name)
        words = f" ({calibration.Recalibration(**change)})" if change else ""
        row = {"scores": f"{name}{words}"}
        for figure in part.to_dict("records"):
            row[figure["metric"]] = _interval(figure).short
        rows.append(row)
    return pd.DataFrame(rows)


def perturbed(e: Evidence) -> Field:
    """Say how known changes of the images move the answers."""
    if not e.doses:
        text = "how zoom, squeeze, blur and the like move the answers"
        return Field(missing=[not_measured(text, command_of(e, "perturb"))])
    lines, tables = [], {}
    for about, table in e.doses:
        lines += _describe_doses(about, e)
        flipped = _interval(table[table["figure"] == "flipped"].iloc[0])
        title = f"On {about['on']}, {flipped.counts}"
        tables[f"{title}: {_AT}"] = _strongest(table)
    return Field(list(dict.fromkeys(lines)), tables)


def _describe_doses(about: dict, e: Evidence) -> list[str]:
    if "said" in about:
        n = about["n_trained_on"]
        trained = f"Of {about['on']}, {n:,} were trained on."
        return [about["said"], *([trained] if n else [])]
    lines = [f"On {about['on']}: threshold {about['threshold']:.3f}, {about['lungs']}."]
    if about["threshold"] != e.threshold:
        lines.append(
            f"CAREFUL: that is not the run's threshold now, {e.threshold:.3f}. "
            f"{command_of(e, 'perturb')} writes it anew."
        )
    return lines


def _strongest(table: pd.DataFrame) -> pd.DataFrame:
    """Take each change at the dose that turns most answers, as text."""
    rows = []
    for name, _, _, _, dose in explanation.rank_perturbations(table).to_numpy():
        part = table[(table["perturbation"] == name) & (table["dose"] == dose)]
        found = {row["figure"]: _interval(row) for row in part.to_dict("records")}
        row = {"change": name, "dose": f"{dose:g}"}
        moved = {n.removesuffix(" change"): _short(found[n]) for n in _MOVED}
        rows.append(row | moved)
    return pd.DataFrame(rows)


def _interval(row: Mapping) -> Interval:
    return Interval(*(row[name] for name in Interval._fields))


def _short(found: Interval) -> str:
    given = found.low <= found.high
    return found.figure if given else f"{found.value:z.3f} (no interval)"


def explained(e: Evidence) -> Field:
    """Say whether maps of what moves the answer may be believed at all."""
    if not e.maps:
        text = "whether a saliency map of it passes a sanity check"
        return Field(missing=[not_measured(text, command_of(e, "explain"))])
    lines = []
    for about, table in e.maps:
        lines.append(
            f"On {about['on']}: likeness is that to the maps of "
            f"{about['n_shuffled']} networks with shuffled weights; its limit is "
            f"{about['limit']}."
        )
        for row in table.to_dict("records"):
            lines.append(f"{explanation.run.describe_check(row, about['limit'])}.")
    missing = "Not looked at: whether what a map shows is the disease."
    return Field([*lines, explanation.run.LEAST], missing=[missing])
