"""What each way of splitting is worth on the built-in images, over five seeds.

python benchmarks/protocols.py            about four minutes on two cores

The difference between two protocols is taken seed by seed; its interval is the
t-interval over seeds. The simulated children are the same each time.
"""

import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pandas as pd

from xraylab import data, evaluation, phantom, training

SEEDS = range(5)
METRICS = ("accuracy", "AUROC")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        merged = data.merge(phantom.builtin_data(), progress=False)
        merged.save(home / "merge")
        rows = [
            {"protocol": protocol, "seed": seed, **_measure(home, protocol, seed)}
            for protocol in data.PROTOCOLS
            for seed in SEEDS
        ]
    table = pd.DataFrame(rows)
    print(table.round(3).to_string(index=False))
    pairs = [*pairwise(data.PROTOCOLS), ("naive-merge", "official")]
    for metric in METRICS:
        values = table.pivot(index="seed", columns="protocol", values=metric)
        for name in data.PROTOCOLS:
            print(f"{metric} {name}: {evaluation.seed_interval(values[name])}")
        for a, b in pairs:
            found = evaluation.seed_interval(values[a] - values[b], bounds=(-1, 1))
            print(f"{metric} {a} minus {b}: {found}")


def _measure(home: Path, protocol: str, seed: int) -> dict[str, float]:
    recipe = replace(training.RECIPES["lesson"], model="small", seed=seed)
    out = home / f"{protocol}-{seed}"
    training.train(home / "merge", protocol, recipe, out, progress=False)
    answers, _ = training.score(out, on="test", progress=False)
    values = evaluation.evaluate(answers)["value"]
    return values[list(METRICS)].to_dict()


if __name__ == "__main__":
    main()
