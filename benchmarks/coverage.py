"""How often the 95 % intervals cover the truth, by simulation.

python benchmarks/coverage.py            about four minutes on one core

The groups are those of the stored tests: how many children have one image, two
and so on. Writes benchmarks/results/coverage.json, which the docstrings quote.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from xraylab import __version__, evaluation, results
from xraylab.evaluation import differences, metrics
from xraylab.evaluation.rows import Rows

FILE = Path(__file__).parent / "results" / "coverage.json"
N_RUNS = 2000
TRUTHS = (0.90, 0.95, 0.98, 0.997)
PAIRS = ((0.95, 0.90), (0.98, 0.95), (0.997, 0.98))
SHARES = ("accuracy", "balanced_accuracy", "sensitivity", "specificity", "PPV", "NPV")
TWO_CLASS = ("AUROC", "average_precision")


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


def draw_right(
    rng: np.random.Generator, groups: np.ndarray, correlation: float, share: float
) -> np.ndarray:
    """Draw which answers are right; a group's answers are alike that often."""
    n_groups = groups.max() + 1
    alike = rng.random(n_groups) < correlation
    of_group = rng.random(n_groups) < share
    return np.where(alike[groups], of_group[groups], rng.random(groups.size) < share)


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


def true_average_precision(auroc: float, prevalence: float) -> float:
    """Integrate the precision over the pneumonia images' scores, both normal."""
    apart = np.sqrt(2) * ndtri(auroc)
    quantiles = (np.arange(200_000) + 0.5) / 200_000
    score = apart + ndtri(quantiles)
    found, alarms = 1 - quantiles, ndtr(-score)
    precision = prevalence * found / (prevalence * found + (1 - prevalence) * alarms)
    return float(precision.mean())


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
            "truth": round(self.truth, 4),
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


def cover_figures(rng: np.random.Generator, n_runs: int) -> Iterator[dict]:
    """Simulate each figure of `evaluate`, and means."""
    for design in designs():
        prevalence = design.labels.mean()
        for correlation, share in product(design.correlations, TRUTHS):
            truths = {name: true_figure(name, share, prevalence) for name in SHARES}
            truths["AUROC"] = share
            truths["average_precision"] = true_average_precision(share, prevalence)
            truths["mean"] = 0.25
            draw = _figures(rng, design, correlation, share)
            for row in repeat(truths, draw, n_runs):
                yield {"design": design.name, "correlation": correlation, **row}


def _figures(
    rng: np.random.Generator, design: Design, correlation: float, share: float
) -> Callable[[], dict]:
    apart = np.sqrt(2) * ndtri(share)

    def draw() -> dict:
        right = draw_right(rng, design.groups, correlation, share)
        latent = draw_latent(rng, design.groups, correlation)
        called = make_rows(design, right=right)
        scored = make_rows(design, scores=latent + apart * design.labels)
        found = {name: metrics.METRICS[name].measure(called) for name in SHARES}
        found |= {name: metrics.METRICS[name].measure(scored) for name in TWO_CLASS}
        intervals = {name: measured.interval for name, measured in found.items()}
        # a skewed value in 0 to 1 whose mean is known
        skewed = ndtr(latent) ** 3
        return intervals | {"mean": evaluation.mean_interval(skewed, design.groups)}

    return draw


def cover_differences(rng: np.random.Generator, n_runs: int) -> Iterator[dict]:
    """Simulate differences: of one test, partly the same answers, and of two tests."""
    for design in designs():
        if design.name == "naive merge":
            continue
        ends = design.correlations[:: max(1, len(design.correlations) - 1)]
        for correlation, alike, (a, b) in product(ends, (None, 0.5, 0.9), PAIRS):
            kind = "difference, " + ("two tests" if alike is None else "same images")
            truths = {f"{kind}, {name}": a - b for name in ("accuracy", "AUROC")}
            draw = _differences(rng, design, correlation, alike, (a, b))
            for row in repeat(truths, draw, n_runs):
                facts = {"design": design.name, "correlation": correlation}
                yield facts | {"alike": alike, "of": [a, b]} | row


def _differences(
    rng: np.random.Generator,
    design: Design,
    correlation: float,
    alike: float | None,
    pair: tuple[float, float],
) -> Callable[[], dict]:
    kind = "difference, " + ("two tests" if alike is None else "same images")
    shared = 0.0 if alike is None else alike

    def draw() -> dict:
        both = draw_latent(rng, design.groups, correlation)
        called, scored = [], []
        for share in pair:
            own = draw_latent(rng, design.groups, correlation)
            latent = np.sqrt(shared) * both + np.sqrt(1 - shared) * own
            called.append(make_rows(design, right=latent < ndtri(share)))
            apart = np.sqrt(2) * ndtri(share)
            scored.append(make_rows(design, scores=latent + apart * design.labels))
        if alike is None:
            for rows in (called, scored):
                names = rows[1].group_names + design.groups.max() + 1
                rows[1] = Rows(*_fields(rows[1])[:-1], names)
        return {
            f"{kind}, {name}": differences.difference_of(*rows, name)
            for name, rows in (("accuracy", called), ("AUROC", scored))
        }

    return draw


def _fields(rows: Rows) -> tuple:
    return rows.labels, rows.scores, rows.calls, rows.groups, rows.group_names


def cover_seeds(rng: np.random.Generator, n_runs: int) -> Iterator[dict]:
    """Simulate runs that differ in their seed, and overlapping re-splits."""
    for n_seeds, mean in product((3, 5, 10), TRUTHS):

        def values(size: int, mean: float = mean) -> np.ndarray:
            return np.minimum(1.0, rng.normal(mean, 0.01, size))

        truth = float(values(400_000).mean())

        def draw(n_seeds: int = n_seeds, values: Callable = values) -> dict:
            return {"seeds": evaluation.seed_interval(values(n_seeds))}

        for row in repeat({"seeds": truth}, draw, n_runs):
            yield {"design": f"{n_seeds} seeds"} | row
    yield from _cover_splits(rng, n_runs)


def _cover_splits(rng: np.random.Generator, n_runs: int) -> Iterator[dict]:
    """Train the nearest mean five times, on overlapping parts of 100 images."""
    n, n_test, n_features, n_splits = 100, 20, 10, 5

    def accuracy(values: np.ndarray, labels: np.ndarray) -> float:
        order = rng.permutation(n)
        test, train = order[:n_test], order[n_test:]
        means = [values[train][labels[train] == k].mean(axis=0) for k in (0, 1)]
        far = [np.square(values[test] - mean).sum(axis=1) for mean in means]
        return float(((far[1] < far[0]) == labels[test]).mean())

    def draw_set() -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(n) % 2
        values = rng.standard_normal((n, n_features)) + 0.6 * labels[:, None]
        return values, labels

    truth = float(np.mean([accuracy(*draw_set()) for _ in range(20_000)]))

    def draw() -> dict:
        drawn = draw_set()
        found = [accuracy(*drawn) for _ in range(n_splits)]
        ratio = n_test / (n - n_test)
        return {
            "re-splits": evaluation.seed_interval(found, test_over_train=ratio),
            "re-splits, taken as seeds": evaluation.seed_interval(found),
        }

    names = {"re-splits": truth, "re-splits, taken as seeds": truth}
    for row in repeat(names, draw, n_runs):
        yield {"design": f"{n_splits} re-splits of {n}"} | row


def measure_coverage(n_runs: int = N_RUNS, seed: int = 0) -> pd.DataFrame:
    """Run all simulations: one row an interval and case."""
    rows = []
    for number, part in enumerate((cover_figures, cover_differences, cover_seeds)):
        rows += part(np.random.default_rng([seed, number]), n_runs)
    return pd.DataFrame(rows)


def read_coverage() -> pd.DataFrame:
    """Read the committed table."""
    return pd.DataFrame(json.loads(FILE.read_text("utf-8"))["rows"])


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Give the lowest and the highest coverage of each interval in each design."""
    by = table.groupby(["interval", "design"], sort=False)["coverage"]
    return by.agg(["min", "max"])


def main() -> None:
    table = measure_coverage()
    made = {
        "by": "benchmarks/coverage.py",
        "date": datetime.now(UTC).date().isoformat(),
        "n_runs": N_RUNS,
        "seed": 0,
        "versions": {"xraylab": __version__, "numpy": np.__version__},
    }
    rows = [json.dumps(row.dropna().to_dict()) for _, row in table.iterrows()]
    lines = ",\n".join(rows)
    FILE.write_text(
        f'{{"made": {json.dumps(made)},\n"rows": [\n{lines}\n]}}\n', "utf-8"
    )
    print(summarise(table).to_string())


if __name__ == "__main__":
    main()
