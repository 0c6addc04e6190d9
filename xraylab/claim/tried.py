"""The fields of a card that tell how the answers were put to the test."""

from __future__ import annotations

import pandas as pd

from xraylab import explanation
from xraylab.claim import figures
from xraylab.claim.evidence import Evidence
from xraylab.claim.parts import Field, command_of, count_said, not_measured, read_test
from xraylab.claim.tables import as_table
from xraylab.evaluation import Interval, calibration, decisions

_MOVED = ("flipped", "AUROC change", "sensitivity change", "specificity change")


def calibrated(e: Evidence) -> Field:
    """Say whether scores are chances, what mends them, what answers are worth."""
    if "test" not in e.answers:
        text = "whether scores are probabilities on the test"
        return Field(missing=[not_measured(text, read_test(e))])
    test = e.answers["test"]
    rows, lines, missing = calibration.measure_calibration(test), [], []
    high = rows.loc["ECE", "calibrated_high"]
    text = f"By chance the ECE of calibrated scores stays below {high:.3f} in 95 %."
    if 0 < e.threshold < 1:
        lines = decisions.describe_benefit(
            decisions.net_benefit(test, e.threshold), e.threshold
        )
    if "valid" in e.answers:
        lines += figures.recalibrate_answers(e.answers["valid"], test)[1]
    else:
        command = command_of(e, "evaluate")
        missing = [not_measured("what mends the scores, by validation", command)]
    table = as_table(rows, {"calibrated": "if calibrated"})
    said = [text, *(f"{line.strip()}; {count_said(e)}." for line in lines)]
    return Field(said, {f"Test; {count_said(e)}": table}, missing)


def perturbed(e: Evidence) -> Field:
    """Say how known changes of the images move the answers."""
    if not e.doses:
        text = "how zoom, squeeze, blur and the like move the answers"
        return Field(missing=[not_measured(text, command_of(e, "perturb"))])
    lines, tables = [], {}
    for about, table in e.doses:
        lines += _describe_doses(about, e)
        tables[f"On {about['on']}: at the dose that turns most answers"] = _strongest(
            table
        )
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
    for name, _, swing, _, dose in explanation.rank_perturbations(table).itertuples(
        index=False
    ):
        part = table[(table["perturbation"] == name) & (table["dose"] == dose)]
        found = {r["figure"]: _interval(r) for r in part.to_dict("records")}
        row = {
            "change": name,
            "dose": f"{dose:g}",
            "logit swings by": f"{swing:.2f}",
        }
        row |= {figure: _short(found[figure]) for figure in _MOVED}
        counts = found["flipped"]
        rows.append(row | {"n": counts.n, "groups": counts.n_groups})
    return pd.DataFrame(rows)


def _interval(row: dict) -> Interval:
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
