"""How often the 95 % intervals cover the truth, by simulation.

python benchmarks/coverage.py                        about a quarter of an hour
python benchmarks/coverage.py --part thresholds      the rows of others are kept

Writes benchmarks/results/coverage.json, which the docstrings quote.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import coverage_scores
import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri
from simulated import (
    Design,
    designs,
    draw_alike,
    draw_latent,
    draw_right,
    make_rows,
    repeat,
    true_figure,
)

from xraylab import __version__, evaluation
from xraylab.evaluation import differences, metrics
from xraylab.evaluation.rows import Rows

FILE = Path(__file__).parent / "results" / "coverage.json"
N_RUNS = 2000
TRUTHS = (0.90, 0.95, 0.98, 0.997)
PAIRS = ((0.95, 0.90), (0.98, 0.95), (0.997, 0.98))
SHARES = ("accuracy", "balanced_accuracy", "sensitivity", "specificity", "PPV", "NPV")
TWO_CLASS = ("AUROC", "average_precision")


def true_average_precision(auroc: float, prevalence: float) -> float:
    """Integrate the precision over the pneumonia images' scores, both normal."""
    apart = np.sqrt(2) * ndtri(auroc)
    quantiles = (np.arange(200_000) + 0.5) / 200_000
    score = apart + ndtri(quantiles)
    found, alarms = 1 - quantiles, ndtr(-score)
    precision = prevalence * found / (prevalence * found + (1 - prevalence) * alarms)
    return float(precision.mean())


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
        latents = draw_alike(rng, design.groups, correlation, shared)
        called, scored = [], []
        for share, latent in zip(pair, latents, strict=True):
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


PARTS = {
    "figures": (cover_figures, N_RUNS),
    "differences": (cover_differences, N_RUNS),
    "seeds": (cover_seeds, N_RUNS),
    "calibration": (coverage_scores.cover_calibration, N_RUNS),
    "predictive values": (coverage_scores.cover_predictive_values, N_RUNS),
    "net benefit": (coverage_scores.cover_net_benefit, 1000),
    "nearly equal": (coverage_scores.cover_nearly_equal, N_RUNS),
    "thresholds": (coverage_scores.cover_thresholds, 500),
}


def measure_coverage(parts: Collection[str] = PARTS, seed: int = 0) -> pd.DataFrame:
    """Simulate parts: one row an interval and case."""
    rows = []
    for number, (name, (cover, n_runs)) in enumerate(PARTS.items()):
        if name in parts:
            found = cover(np.random.default_rng([seed, number]), n_runs)
            rows += [{"part": name, **row} for row in found]
    return pd.DataFrame(rows)


def read_coverage() -> pd.DataFrame:
    """Read the committed table."""
    return pd.DataFrame(json.loads(FILE.read_text("utf-8"))["rows"])


def join(kept: dict, table: pd.DataFrame) -> dict:
    """Put new rows in place of those of the same parts, in the order of the parts."""
    today, parts = datetime.now(UTC).date().isoformat(), set(table["part"])
    old = [row for row in kept["rows"] if row["part"] not in parts]
    new = [row.dropna().to_dict() for _, row in table.iterrows()]
    dates = kept["made"]["dates"] | dict.fromkeys(parts, today)
    made = {
        "by": "benchmarks/coverage.py",
        "dates": {name: dates[name] for name in PARTS if name in dates},
        "n_runs": {name: n_runs for name, (_, n_runs) in PARTS.items()},
        "seed": 0,
        "versions": {"xraylab": __version__, "numpy": np.__version__},
    }
    order = list(PARTS).index
    rows = sorted(old + new, key=lambda row: order(row["part"]))
    return {"made": made, "rows": rows}


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Give the lowest and the highest coverage of each interval in each design."""
    by = table.groupby(["interval", "design"], sort=False)["coverage"]
    return by.agg(["min", "max"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", action="append", choices=PARTS)
    table = measure_coverage(parser.parse_args().part or PARTS)
    joined = join(json.loads(FILE.read_text("utf-8")), table)
    lines = ",\n".join(json.dumps(row) for row in joined["rows"])
    FILE.write_text(
        f'{{"made": {json.dumps(joined["made"])},\n"rows": [\n{lines}\n]}}\n', "utf-8"
    )
    print(summarise(table).to_string())


if __name__ == "__main__":
    main()
