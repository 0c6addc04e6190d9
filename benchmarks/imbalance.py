"""Ways to handle the class imbalance, on one grouped split (imbalance_plan.md).

python benchmarks/imbalance.py run MERGE --home HOME --cell sampler --seed 0 \\
    --weights FILE                       one unit; goes on, or skips
python benchmarks/imbalance.py analyse RESULTS       writes effects.json beside them

and of the stored units a table that `xraylab results` shows.
"""

import argparse
import importlib.metadata
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import factorial_estimate as estimating
import pandas as pd
import torch
from scipy.special import expit, logit

from xraylab import data, images, results, training
from xraylab.files import write_text
from xraylab.training import runs

RECIPE = replace(training.RECIPES["original"], size_px=64, n_steps=1450)
CELLS = {
    "none": {},
    "weights": {"class_weights": "balanced"},
    "sampler": {"sampler": "balanced"},
}
DIFFERENCES = (
    ("weights", "none"),
    ("sampler", "none"),
    ("threshold", "none"),
    ("weights", "threshold"),
    ("sampler", "threshold"),
)
METRICS = ("balanced_accuracy", *estimating.METRICS)
STRICT = 1 - 0.05 / len(DIFFERENCES)
SMALL = 0.02
STORED = Path(results.__file__).parent / "imbalance"
ABOUT = (
    "Ways to handle the class imbalance, judged on the same images: real ones, 64 px, "
    "ImageNet weights (stand-in), protocol grouped, three trainings each. The way "
    "called threshold is nothing done, with pneumonia called from the share of it in "
    "training on. Differences are paired; balanced accuracy was named beforehand."
)


def run_unit(cell: str, seed: int, weights: str, merge: Path, home: Path) -> Path:
    """Train one cell on the split of seed 0 and keep its answers on the test."""
    out = home / "results" / f"imbalance-{cell}-seed{seed}.json"
    if out.is_file():
        return out
    merged = data.Merge.load(merge)
    table = data.split(merged.manifest, "grouped", seed=0)
    cache = images.build_cache(
        table["path"], merged.root, RECIPE.size_px, home / "cache"
    )
    table = table.assign(row=cache.rows(table["path"]))
    recipe = replace(RECIPE, weights=weights, seed=seed, **CELLS[cell])
    folder = home / "runs" / out.stem
    run = runs.train_run(folder, recipe, cache.pixels, table, protocol="grouped")
    test = table[table["split"] == "test"]
    pixels = cache.pixels[test["row"]]
    answers = test.assign(
        score=training.score_images(run.make_model("last"), pixels),
        path=test["path"].str.split("/", n=2).str[2],
    )[["path", "group_id", "label", "score"]]
    out.parent.mkdir(parents=True, exist_ok=True)
    answers.to_csv(out.with_suffix(".csv"), index=False, lineterminator="\n")
    facts = {"name": out.stem, "cell": cell} | _facts(recipe, table, answers)
    write_text(out, json.dumps(facts, indent=1) + "\n")
    return out


def _facts(recipe: training.Recipe, table: pd.DataFrame, answers: pd.DataFrame) -> dict:
    train = table.loc[table["split"] == "train", "label"]
    is_named = recipe.weights in {"none", "imagenet"}
    name = recipe.weights if is_named else "imagenet-approx (stand-in)"
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "seed": recipe.seed,
        "protocol": "grouped, split by seed 0",
        "recipe": recipe.as_dict() | {"weights": name},
        "weights_of": "the last epoch",
        "n_train": len(train),
        "train_prevalence": float(train.mean()),
        "n_test": len(answers),
        "n_groups": answers["group_id"].nunique(),
        "threads": torch.get_num_threads(),
        "versions": {
            package: importlib.metadata.version(package)
            for package in ("xraylab", "torch", "torchvision", "numpy")
        },
    }


def read_units(folder: Path) -> Iterator[estimating.Unit]:
    """Read the finished units; each `none` also answers as `threshold`."""
    for file in sorted(folder.glob("imbalance-*.json")):
        facts = json.loads(file.read_text("utf-8"))
        table = pd.read_csv(file.with_suffix(".csv"), converters={"score": float})
        table = table.sort_values("path", ignore_index=True)
        weights, n_steps = (facts["recipe"][key] for key in ("weights", "n_steps"))
        unit = estimating.Unit(
            facts["cell"], weights, n_steps, facts["seed"], 0, 1.0, {"R": table}
        )
        yield unit
        if unit.cell == "none":
            moved = move_threshold(table, facts["train_prevalence"])
            yield replace(unit, cell="threshold", answers={"R": moved})


def move_threshold(answers: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Shift the scores so that 0.5 stands where the threshold stood."""
    moved = expit(logit(answers["score"]) - logit(threshold))
    return answers.assign(score=moved)


def list_effects(
    units: list[estimating.Unit], n_boot: int = estimating.N_BOOT
) -> list[dict]:
    """Every cell's figures, and the differences of the plan."""
    experiment = estimating.Experiment(units, n_boot)
    (design,) = {(unit.n_steps, unit.weights) for unit in units}
    levels = [(cell,) for cell in (*CELLS, "threshold")]
    rows = []
    for cells in (*levels, *DIFFERENCES):
        for metric in METRICS:
            terms = [(cell, *design) for cell in cells]
            factors = dict(zip(terms, (1, -1), strict=False))
            found = experiment.estimate("R", metric, factors)
            if found:
                rows.append(_row(" - ".join(cells), metric, found))
    return rows


def _row(what: str, metric: str, found: estimating.Estimate) -> dict:
    is_level = " - " not in what
    low, high = found.level_interval(metric) if is_level else found.few_interval()
    row = {
        "what": what,
        "metric": metric,
        "value": round(found.value, 5),
        "low": round(low, 5),
        "high": round(high, 5),
        "n": found.n_images,
        "n_groups": found.n_groups,
        "n_groups_differ": found.n_differ,
        "seeds": list(found.seeds),
    }
    if metric == "balanced_accuracy" and not is_level:
        row["verdict"] = estimating.judge(found, found.few_interval(STRICT), SMALL)
    return row


def find_baselines(unit: estimating.Unit) -> dict[str, float]:
    """Give what always naming one class has; an AUROC has 0.5 by chance."""
    share = unit.answers["R"]["label"].mean()
    accuracy = float(max(share, 1 - share))
    return {"balanced_accuracy": 0.5, "accuracy": accuracy, "AUROC": 0.5}


def as_table(rows: list[dict], baselines: dict[str, float]) -> list[dict]:
    """Give the figures as the stored results show them."""
    return [
        {
            "result": "imbalance",
            **{key: row[key] for key in ("what", "metric", "value", "low", "high")},
            "baseline": None if " - " in row["what"] else baselines.get(row["metric"]),
            **{key: row[key] for key in ("n", "n_groups")},
            "seeds": " ".join(map(str, row["seeds"])),
            "verdict": row.get("verdict", ""),
        }
        for row in rows
    ]


def analyse(folder: Path) -> None:
    """Write what the finished units in a folder show."""
    units = list(read_units(folder))
    if not units:
        raise SystemExit(f"RESULTS must hold finished units, {folder} has none.")
    rows = list_effects(units)
    date = datetime.now(UTC).date().isoformat()
    facts = {"date": date, "plan": "benchmarks/imbalance_plan.md", "figures": rows}
    text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    write_text(folder / "effects.json", text)
    if folder.resolve() == STORED:
        table = {"about": ABOUT, "rows": as_table(rows, find_baselines(units[0]))}
        results.write_tables("imbalance", {"imbalance": table}, date=date)
    print(pd.DataFrame(rows).to_string(index=False))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run")
    run.add_argument("merge", type=Path)
    run.add_argument("--home", type=Path, required=True)
    run.add_argument("--cell", choices=CELLS, required=True)
    run.add_argument("--seed", type=int, required=True)
    run.add_argument("--weights", required=True, help="none, imagenet or a file")
    verbs.add_parser("analyse").add_argument("results", type=Path)
    args = parser.parse_args()
    if args.verb == "analyse":
        analyse(args.results)
    else:
        print(run_unit(args.cell, args.seed, args.weights, args.merge, args.home))


if __name__ == "__main__":
    main()
