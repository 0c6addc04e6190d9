"""How often the two intervals of a paired difference hold the truth.

python benchmarks/factorial_coverage.py      writes results/factorial_coverage.json

A difference has an error that all trainings share, since they judge the same images,
and one of each training. Drawing groups is taken to work perfectly, so what is measured
is the part of the trainings, at 95 % and at the stricter levels that verdicts use.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import factorial_estimate as estimating
import numpy as np
import pandas as pd

from xraylab.files import write_text

FILE = Path(__file__).with_name("results") / "factorial_coverage.json"
N_EXPERIMENTS, N_BOOT, N_GROUPS = 4000, 1000, 400
# trainings of each set of images, and the level of the plan's verdicts
DESIGNS = {
    "2 + 2 trainings, as on O": ((2, 2), 1 - 0.05 / 8),
    "4 trainings, as on R": ((4,), 1 - 0.05 / 8),
    "3 trainings, as for the imbalance": ((3,), 1 - 0.05 / 5),
    "2 trainings, as on R after one pair of seeds": ((2,), 1 - 0.05 / 8),
}
# standard deviation between trainings, in that of the images' error of one set
RATIOS = (0, 0.5, 1, 2, 4)


def main() -> None:
    rows = []
    for number, (design, (n_seeds, strict)) in enumerate(DESIGNS.items()):
        for ratio in RATIOS:
            rng = np.random.default_rng((estimating.SEED, number, RATIOS.index(ratio)))
            rows.append({"design": design, "ratio": ratio, "strict": strict})
            rows[-1] |= measure_coverage(n_seeds, strict, ratio, rng)
    made = {"date": datetime.now(UTC).date().isoformat(), "experiments": N_EXPERIMENTS}
    write_text(FILE, json.dumps(made | {"rows": rows}, indent=1) + "\n")
    print(pd.DataFrame(rows).round(3).to_string(index=False))


def measure_coverage(
    n_seeds: tuple[int, ...],
    strict: float,
    ratio: float,
    rng: np.random.Generator,
    n_experiments: int = N_EXPERIMENTS,
) -> dict[str, float]:
    """Count how often each interval holds a true difference of 0."""
    held = []
    for _ in range(n_experiments):
        found = draw_estimate(n_seeds, ratio, rng)
        intervals = {
            "plan's, 95 %": found.interval(),
            "plan's, strict": found.interval(strict),
            "for few, 95 %": found.few_interval(),
            "for few, strict": found.few_interval(strict),
        }
        held.append({name: low <= 0 <= high for name, (low, high) in intervals.items()})
    return pd.DataFrame(held).mean().to_dict()


def draw_estimate(
    n_seeds: tuple[int, ...], ratio: float, rng: np.random.Generator
) -> estimating.Estimate:
    """Simulate one experiment whose true difference is 0."""
    values, drawn = [], []
    for n in n_seeds:
        values.append(rng.normal() + ratio * rng.normal(size=n))
        drawn.append(values[-1][:, None] + rng.normal(size=N_BOOT))
    return estimating.Estimate(
        value=float(np.mean([each.mean() for each in values])),
        draws=estimating.draw_trainings(drawn, rng),
        seeds=tuple(range(sum(n_seeds))),
        n_images=N_GROUPS,
        n_groups=N_GROUPS,
        n_differ=N_GROUPS,
        per_image_seeds=min(n_seeds),
        parts=estimating.list_parts(values, drawn, N_GROUPS),
    )


if __name__ == "__main__":
    main()
