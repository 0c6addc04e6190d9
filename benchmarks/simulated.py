"""Tests that are simulated: their children, and how often intervals cover the truth.

The groups are those of the stored tests: how many children have one image, two
and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from xraylab import evaluation, results
from xraylab.evaluation.rows import Rows


class Design(NamedTuple):
    """A test: label and group of each row, and correlations within a group."""

    name: str
    labels: np.ndarray
    groups: np.ndarray
    correlations: tuple[float, ...]


def designs() -> list[Design]:
    """List the tests that are simulated."""
    made = [
        _of_stored("published test", "real-64px-official", (0.3, 0.5, 0.85)),
        _of_stored("naive merge", "real-64px-naive-merge", (0.93,)),
    ]
    for n_each in (5, 15, 40):
        labels = np.repeat([0, 1], n_each)
        name = f"{n_each} + {n_each} children"
        made.append(Design(name, labels, np.arange(2 * n_each), (0.0,)))
    return made


def _of_stored(name: str, result: str, correlations: tuple[float, ...]) -> Design:
    table = results.read_predictions(result)
    groups, _ = pd.factorize(table["group_id"])
    return Design(name, table["label"].to_numpy(), groups, correlations)


def draw_latent(
    rng: np.random.Generator, groups: np.ndarray, correlation: float
) -> np.ndarray:
    """Draw standard normal values, correlated within a group."""
    shared = rng.standard_normal(groups.max() + 1)[groups]
    own = rng.standard_normal(groups.size)
    return np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own


def draw_alike(
    rng: np.random.Generator, groups: np.ndarray, correlation: float, alike: float
) -> Iterator[np.ndarray]:
    """Draw what two networks see; `alike` is the correlation on one image."""
    both = draw_latent(rng, groups, correlation)
    for _ in range(2):
        own = draw_latent(rng, groups, correlation)
        yield np.sqrt(alike) * both + np.sqrt(1 - alike) * own


def draw_right(
    rng: np.random.Generator, groups: np.ndarray, correlation: float, share: float
) -> np.ndarray:
    """Draw which answers are right; a group's answers are alike that often."""
    n_groups = groups.max() + 1
    alike = rng.random(n_groups) < correlation
    of_group = rng.random(n_groups) < share
    return np.where(alike[groups], of_group[groups], rng.random(groups.size) < share)


def draw_children(rng: np.random.Generator, design: Design) -> Design:
    """Draw as many children anew, each with its label and its number of images."""
    sizes = np.bincount(design.groups)
    labels = np.zeros(sizes.size, int)
    labels[design.groups] = design.labels  # a child has one
    drawn = rng.integers(sizes.size, size=sizes.size)
    groups = np.repeat(np.arange(sizes.size), sizes[drawn])
    return design._replace(labels=labels[drawn][groups], groups=groups)


def make_rows(
    design: Design, *, right: np.ndarray | None = None, scores: np.ndarray | None = None
) -> Rows:
    """Make rows of which answers are right, or of scores on any scale."""
    if right is None:
        calls = scores > 0
    else:
        calls = np.where(right, design.labels == 1, design.labels == 0)
        scores = calls.astype(float)
    names = pd.RangeIndex(design.groups.max() + 1)
    return Rows(design.labels, scores, calls, design.groups, names)


def true_figure(metric: str, share: float, prevalence: float) -> float:
    """Give what a metric is in truth, where sensitivity = specificity = share."""
    if metric in {"PPV", "NPV"}:
        of = prevalence if metric == "PPV" else 1 - prevalence
        return share * of / (share * of + (1 - share) * (1 - of))
    return share


class Tally:
    """Counts how often intervals of one kind cover."""

    def __init__(self, truth: float) -> None:
        self.truth, self.n_runs, self.widths, self.n_covered = truth, 0, [], 0

    def add(self, found: evaluation.Interval) -> None:
        self.n_runs += 1
        if not np.isnan(found.low):
            self.widths.append(found.high - found.low)
            # an end that is the truth but for rounding covers it
            self.n_covered += found.low - 1e-9 <= self.truth <= found.high + 1e-9

    def as_row(self) -> dict:
        return {
            "truth": round(self.truth, 4) + 0.0,  # no -0.0
            "coverage": round(self.n_covered / max(1, len(self.widths)), 4),
            "mean_width": round(float(np.mean(self.widths)), 4),
            "given": round(len(self.widths) / self.n_runs, 4),
        }


def repeat(
    names: dict[str, float], draw: Callable[[], dict[str, evaluation.Interval]], n: int
) -> Iterator[dict]:
    """Draw n times and tally each name against its truth."""
    tallies = {name: Tally(truth) for name, truth in names.items()}
    for _ in range(n):
        for name, found in draw().items():
            tallies[name].add(found)
    for name, tally in tallies.items():
        yield {"interval": name, **tally.as_row()}
