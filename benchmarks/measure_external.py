"""Read images from elsewhere once with a run, and keep the result.

python benchmarks/measure_external.py RUN --name real-64px-official --data DIR \\
    --images "..."

RUN is the stored result's network, or one trained anew with its recipe: how far its
scores on validation are from the stored ones is measured and kept. The threshold is
chosen on its validation before the images are read. No test is read.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from tables import HALF, RULE

from xraylab import evaluation, results, training
from xraylab.claim import figures
from xraylab.evaluation import thresholds


def compare(stored: pd.DataFrame, anew: pd.DataFrame) -> dict:
    """Say how far scores trained anew are from stored ones, image by image."""
    both = stored.merge(anew, on="path", suffixes=("", "_anew"), validate="1:1")
    off = (both["score_anew"] - both["score"]).abs()
    return {
        "n": len(both),
        "n_stored": len(stored),
        "n_equal": int((off < 5e-7).sum()),  # older scores have six digits
        "median": float(off.median()),
        "greatest": float(off.max()),
        "n_called_otherwise": int(
            ((both["score"] >= 0.5) != (both["score_anew"] >= 0.5)).sum()
        ),
        "AUROC_stored": evaluation.measure(stored).value,
        "AUROC_anew": evaluation.measure(anew).value,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--name", required=True, help="a stored result")
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--images", required=True, help="what the images are")
    args = parser.parse_args()
    result = results.read_result(args.name)
    run = training.load_run(args.run)
    if (run.protocol, run.recipe.seed) != (result["protocol"], result["seed"]):
        parser.error(
            f"RUN must be of {result['protocol']}, seed {result['seed']}, as "
            f"{args.name} is, got one of {run.protocol}, seed {run.recipe.seed}."
        )
    valid, _ = training.score(args.run, on="valid")
    chosen = thresholds.choose_operating_point(valid, RULE).as_dict()
    threshold = chosen.pop("value")
    if run.rule == HALF:
        training.keep_operating_point(args.run, threshold, **chosen)
    found = training.external.score_external(args.run, args.data)
    caveats = figures.describe_external(found.classes, found.kinds, found.n_known)
    answers = pd.read_csv(args.run / "predictions-external.csv", dtype=str)
    kept = {
        "data": args.images,
        "caveats": caveats,
        "date": datetime.now(UTC).date().isoformat(),
        "n": len(found.predictions),
        "n_groups": found.predictions["group_id"].nunique(),
        "n_readings": found.n_readings,
        "network": run.network_id,
        "threshold": threshold,
        "rule": RULE,
        "validation_anew": compare(results.read_predictions(args.name, "valid"), valid),
    }
    file = results.write_result(args.name, result | {"external": kept})
    answers.drop(columns="network", errors="ignore").to_csv(
        file.with_name(f"{args.name}-external.csv"), index=False, lineterminator="\n"
    )
    print(kept, *evaluation.describe(evaluation.evaluate(found.predictions)), sep="\n")


if __name__ == "__main__":
    main()
