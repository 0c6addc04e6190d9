"""Coverage of what rests on scores as probabilities, and of near differences.

Scores of each class are normal on some scale, a distance apart that gives the AUROC.
Children are drawn anew each time, with their label, so the prevalence varies too.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr, ndtri
from simulated import (
    Design,
    designs,
    draw_alike,
    draw_children,
    draw_latent,
    draw_right,
    make_rows,
    repeat,
    true_figure,
)

from xraylab import evaluation
from xraylab.evaluation import calibration, decisions, differences, thresholds
from xraylab.evaluation.rows import Rows

AUROCS = (0.90, 0.95, 0.98)
SHARES = (0.90, 0.95, 0.98, 0.997)
# AUROC, and what the logits of true scores are multiplied by: 2 is twice too sure
CALIBRATED = ((0.90, 1.0), (0.95, 2.0), (0.98, 1.0))
CUTS = (0.05, 0.2, 0.5, 0.8)  # of the decision curve
PREVALENCE = 0.1  # at any other the ends are the same odds, moved
NEARLY_EQUAL = ((0.95, 0.95), (0.98, 0.975))
NEARLY_EQUAL_NAME = "difference, nearly equal, AUROC"
_CASES = ("published test", "15 + 15 children", "40 + 40 children")
_GRID = ndtri((np.arange(100_000) + 0.5) / 100_000)


def _cases() -> Iterator[tuple[dict, Design]]:
    for design in designs():
        if design.name in _CASES:
            for correlation in design.correlations:
                yield {"design": design.name, "correlation": correlation}, design


def _logits(
    latent: np.ndarray, label: np.ndarray | int, auroc: float, prevalence: float
) -> np.ndarray:
    """Give the logit of pneumonia's true probability, by Bayes' rule."""
    apart = np.sqrt(2) * ndtri(auroc)
    return apart * (latent + apart * label) - apart**2 / 2 + logit(prevalence)


def draw_scores(
    rng: np.random.Generator,
    design: Design,
    correlation: float,
    auroc: float,
    stretch: float = 1.0,
) -> Rows:
    """Draw children and their scores, which are true where nothing is stretched."""
    drawn = draw_children(rng, design)
    latent = draw_latent(rng, drawn.groups, correlation)
    logits = _logits(latent, drawn.labels, auroc, design.labels.mean())
    return make_rows(drawn, scores=expit(stretch * logits))


def _as_table(rows: Rows) -> pd.DataFrame:
    columns = {"label": rows.labels, "score": rows.scores, "group_id": rows.groups}
    return pd.DataFrame(columns)


def true_calibration(auroc: float, stretch: float, prevalence: float) -> dict:
    """Integrate the figures of `measure_calibration` over all children."""
    weights = np.repeat([1 - prevalence, prevalence], _GRID.size) / _GRID.size
    labels = np.repeat([0, 1], _GRID.size)
    logits = stretch * _logits(np.tile(_GRID, 2), labels, auroc, prevalence)
    off = expit(logits) - labels
    brier = float(weights @ off**2)
    return {
        "score_minus_prevalence": float(weights @ off),
        "intercept": brentq(lambda a: weights @ expit(a + logits) - prevalence, -9, 9),
        "slope": 1 / stretch,
        "Brier": brier,
        "Brier_skill": 1 - brier / (prevalence * (1 - prevalence)),
    }


def cover_calibration(rng: np.random.Generator, n_runs: int) -> Iterator[dict]:
    """Simulate calibration, of true scores and of scores that are too sure."""
    for (facts, design), (auroc, stretch) in product(_cases(), CALIBRATED):

        def draw(design=design, facts=facts, auroc=auroc, stretch=stretch) -> dict:
            of = facts["correlation"], auroc, stretch
            return calibration.intervals_of(draw_scores(rng, design, *of))

        truths = true_calibration(auroc, stretch, design.labels.mean())
        for row in repeat(truths, draw, n_runs):
            yield facts | {"of": [auroc], "stretch": stretch} | row


def cover_predictive_values(rng: np.random.Generator, n_runs: int) -> Iterator[dict]:
    """Simulate PPV and NPV at another prevalence."""
    names = {f"{metric} by prevalence": metric for metric in ("PPV", "NPV")}
    for (facts, design), share in product(_cases(), SHARES):

        def draw(design=design, facts=facts, share=share) -> dict:
            drawn = draw_children(rng, design)
            right = draw_right(rng, drawn.groups, facts["correlation"], share)
            table = _as_table(make_rows(drawn, right=right))
            found = decisions.predictive_values(table, [PREVALENCE])
            return dict(zip(names, _intervals(found), strict=True))

        truths = {
            name: true_figure(metric, share, PREVALENCE)
            for name, metric in names.items()
        }
        for row in repeat(truths, draw, n_runs):
            yield facts | {"of": [share]} | row


def cover_net_benefit(rng: np.random.Generator, n_runs: int) -> Iterator[dict]:
    """Simulate the decision curve of true scores, at some of its thresholds."""
    for (facts, design), auroc in product(_cases(), AUROCS):

        def draw(design=design, facts=facts, auroc=auroc) -> dict:
            rows = draw_scores(rng, design, facts["correlation"], auroc)
            found = decisions.decision_curve(_as_table(rows), CUTS)
            return dict(zip(CUTS, _intervals(found), strict=True))

        truths = {
            cut: true_net_benefit(auroc, cut, design.labels.mean()) for cut in CUTS
        }
        for row in repeat(truths, draw, n_runs):
            cut = {"threshold": row["interval"], "interval": "net benefit"}
            yield facts | {"of": [auroc]} | row | cut


def true_net_benefit(auroc: float, cut: float, prevalence: float) -> float:
    """Give the net benefit at a threshold, over all children."""
    apart = np.sqrt(2) * ndtri(auroc)
    latent = (logit(cut) - logit(prevalence) + apart**2 / 2) / apart
    found, alarms = ndtr(apart - latent), ndtr(-latent)
    return prevalence * found - (1 - prevalence) * alarms * cut / (1 - cut)


def cover_nearly_equal(rng: np.random.Generator, n_runs: int) -> Iterator[dict]:
    """Simulate the AUROC of two networks that see nearly the same."""
    for (facts, design), alike, pair in product(_cases(), (0.9, 0.99), NEARLY_EQUAL):

        def draw(design=design, facts=facts, alike=alike, pair=pair) -> dict:
            of = design.groups, facts["correlation"], alike
            rows = [
                make_rows(design, scores=latent + np.sqrt(2) * ndtri(a) * design.labels)
                for a, latent in zip(pair, draw_alike(rng, *of), strict=True)
            ]
            return {NEARLY_EQUAL_NAME: differences.difference_of(*rows, "AUROC")}

        for row in repeat({NEARLY_EQUAL_NAME: pair[0] - pair[1]}, draw, n_runs):
            yield facts | {"alike": alike, "of": list(pair)} | row


def cover_thresholds(rng: np.random.Generator, n_runs: int) -> Iterator[dict]:
    """Simulate the range of a threshold chosen by a rule, of true scores."""
    auroc = 0.95
    apart = np.sqrt(2) * ndtri(auroc)
    latents = {"sensitivity 0.95": apart + ndtri(0.05), "youden": apart / 2}
    for (facts, design), rule in product(_cases(), latents):

        def draw(design=design, facts=facts, rule=rule) -> dict:
            table = _as_table(draw_scores(rng, design, facts["correlation"], auroc))
            chosen = thresholds.choose_operating_point(table, rule)
            return {"threshold": chosen.threshold}

        truth = expit(_logits(latents[rule], 0, auroc, design.labels.mean()))
        for row in repeat({"threshold": float(truth)}, draw, n_runs):
            yield facts | {"of": [auroc], "rule": rule} | row


def _intervals(table: pd.DataFrame) -> list[evaluation.Interval]:
    fields = list(evaluation.Interval._fields)
    return [evaluation.Interval(*row) for row in table[fields].itertuples(index=False)]
