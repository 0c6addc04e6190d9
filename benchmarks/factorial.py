"""The factorial experiment: what training on copies, siblings and the block is worth.

python benchmarks/factorial.py cut MERGE --out HOME       both halves, every law checked
python benchmarks/factorial.py units                      the order of the units
python benchmarks/factorial.py run MERGE --home HOME --cell copies --seed 0 \\
    --weights none                                        one unit; goes on, or skips

What is measured and why is fixed in factorial_plan.md.
"""

import argparse
import importlib.metadata
import json
import platform
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import factorial_cut as cutting
import numpy as np
import pandas as pd
import torch

from xraylab import data, images, training
from xraylab.files import write_text
from xraylab.training import runs

RECIPE = replace(training.RECIPES["original"], size_px=64, n_steps=1450)
WEIGHTS = {"none": "none", "imagenet-approx": "imagenet-approx (stand-in)"}
LONG = 4  # times the steps
DATA = (
    "Kermany et al. 2018 (doi 10.17632/rscbjbr9sj) at 224 px; copies are the third "
    "source's files, a stand-in: names by the index rule, our re-encoding"
)
PREDICTIONS = ["test", "path", "group_id", "label", "copied", "has_sibling", "score"]


@dataclass(frozen=True)
class Unit:
    """One training of the experiment."""

    cell: str
    weights: str  # a key of WEIGHTS
    seed: int
    times: int = 1  # how many times the 1,450 steps

    @property
    def half(self) -> int:
        """Which half of the block is judged: the halves take turns with the seed."""
        return self.seed % 2

    @property
    def name(self) -> str:
        """Such as copies-imagenet-approx-1450-seed0."""
        n_steps = RECIPE.n_steps * self.times
        return f"{self.cell}-{self.weights}-{n_steps}-seed{self.seed}"


def list_units() -> list[Unit]:
    """All units, in the order in which they are run."""
    rounds = [
        *(("imagenet-approx", seed, 1) for seed in (0, 1)),
        *(("none", seed, 1) for seed in (0, 1)),
        *(("imagenet-approx", seed, LONG) for seed in (0, 1)),
        *(("imagenet-approx", seed, 1) for seed in (2, 3)),
        *(("none", seed, 1) for seed in (2, 3)),
        *(("imagenet-approx", seed, LONG) for seed in (2, 3)),
    ]
    return [
        Unit(cell, *of_round)
        for of_round in rounds
        for cell in cutting.CELLS
        if of_round[2] == 1 or cell in {"clean", "copies", "all"}
    ]


def write_cuts(merge: Path, home: Path) -> dict:
    """Write the cut of each half and what stands in it."""
    manifest = data.Merge.load(merge).manifest
    facts = {"seed": cutting.SEED}
    for half in (0, 1):
        table = cutting.cut(manifest, half)
        write_text(home / f"cut-{half}.csv", cutting.as_csv(table))
        facts[f"half {half}"] = {
            "sha256": cutting.digest(table),
            "counts": cutting.describe_cut(table),
        }
    write_text(home / "cut.json", json.dumps(facts, indent=1) + "\n")
    return facts


def run_unit(unit: Unit, weights: str, merge: Path, home: Path) -> Path:
    """Train a unit, judge O and R once, and keep answers and facts.

    A unit that was stopped goes on after its last whole epoch; one that has its
    result is left alone. The last epoch's weights answer.
    """
    out = home / "results" / f"{unit.name}.json"
    if out.is_file():
        return out
    merged = data.Merge.load(merge)
    table = cutting.cut(merged.manifest, unit.half)
    cache = _read_all(merged, home)
    table = table.assign(row=cache.rows(table["path"]))
    recipe = replace(
        RECIPE, weights=weights, n_steps=RECIPE.n_steps * unit.times, seed=unit.seed
    )
    started = time.process_time(), time.perf_counter()
    folder = home / "runs" / unit.name
    resumed = folder.is_dir()
    run = _train(folder, recipe, cache.pixels, table, unit)
    answers = _judge(run, cache.pixels, table)
    out.parent.mkdir(parents=True, exist_ok=True)
    answers.to_csv(out.with_suffix(".csv"), index=False, lineterminator="\n")
    facts = _facts(unit, recipe, table, run, answers) | {
        "cpu_seconds": round(time.process_time() - started[0], 1),
        "wall_seconds": round(time.perf_counter() - started[1], 1),
        "resumed": resumed,  # then the seconds are those since the last start
    }
    write_text(out, json.dumps(facts, indent=1) + "\n")
    (folder / "best.safetensors").unlink()
    return out


def _read_all(merged: data.Merge, home: Path) -> images.Cache:
    """Read what any cell may need: each image once, and every re-encoded file."""
    table = merged.manifest
    paths = table.loc[table["kept"] | table["match"].eq("re-encoded"), "path"]
    return images.build_cache(paths, merged.root, RECIPE.size_px, home / "cache")


def _train(
    folder: Path,
    recipe: training.Recipe,
    values: np.ndarray,
    table: pd.DataFrame,
    unit: Unit,
) -> training.runs.Run:
    rows = pd.concat(
        [
            cutting.cell_rows(table, unit.cell).assign(split="train"),
            table[table["role"] == "valid"].assign(split="valid"),
        ]
    )
    return runs.train_run(
        folder, recipe, values, rows, protocol=f"factorial, {unit.cell}"
    )


def _judge(
    run: training.runs.Run, values: np.ndarray, table: pd.DataFrame
) -> pd.DataFrame:
    judged = table[table["role"].isin(cutting.TESTS)].join(cutting.exposure(table))
    model = run.make_model("last")
    judged = judged.assign(
        score=training.score_images(model, values[judged["row"]]),
        test=judged["role"],
        path=judged["path"].str.split("/", n=2).str[2],  # within the first source
        copied=judged["copied"].astype(int),
        has_sibling=judged["has_sibling"].astype(int),
    )
    return judged.sort_values(["test", "path"])[PREDICTIONS]


def _facts(
    unit: Unit,
    recipe: training.Recipe,
    table: pd.DataFrame,
    run: training.runs.Run,
    answers: pd.DataFrame,
) -> dict:
    packages = ("xraylab", "torch", "torchvision", "numpy", "pillow", "scikit-learn")
    rows = cutting.cell_rows(table, unit.cell)
    tests = answers.groupby("test")
    last = run.history.iloc[-1]
    return {
        "name": unit.name,
        "date": datetime.now(UTC).date().isoformat(),
        "data": DATA,
        "cell": unit.cell,
        "seed": unit.seed,
        "half": unit.half,
        "recipe": recipe.as_dict() | {"weights": WEIGHTS[unit.weights]},
        "weights_of": "the last epoch",
        "cut_sha256": cutting.digest(table.drop(columns="row")),
        "n_train": len(rows),
        "n_train_normal": int((rows["label"] == 0).sum()),
        "n_judged": tests.size().to_dict(),
        "n_groups": tests["group_id"].nunique().to_dict(),
        "last_epoch": {
            name: float(last[name])
            for name in ("train_accuracy", "valid_accuracy", "valid_auroc")
        },
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in packages},
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    cut = verbs.add_parser("cut")
    cut.add_argument("merge", type=Path)
    cut.add_argument("--out", type=Path, required=True)
    verbs.add_parser("units")
    run = verbs.add_parser("run")
    run.add_argument("merge", type=Path)
    run.add_argument("--home", type=Path, required=True)
    run.add_argument("--cell", choices=cutting.CELLS, required=True)
    run.add_argument("--seed", type=int, required=True)
    run.add_argument("--weights", required=True, help="none, or a file")
    run.add_argument("--times", type=int, default=1, help="times 1,450 steps")
    args = parser.parse_args()
    if args.verb == "cut":
        print(json.dumps(write_cuts(args.merge, args.out), indent=1))
    elif args.verb == "units":
        for unit in list_units():
            print(unit.cell, unit.weights, unit.seed, unit.times)
    else:
        weights = "none" if args.weights == "none" else "imagenet-approx"
        unit = Unit(args.cell, weights, args.seed, args.times)
        print(run_unit(unit, args.weights, args.merge, args.home))


if __name__ == "__main__":
    main()
