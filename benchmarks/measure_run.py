"""Read a run's test once and keep what was measured in xraylab/results.

python benchmarks/measure_run.py RUN --name real-64px-official --data "..." \\
    --rebuilt pneumonia-xray-images
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from xraylab import data, evaluation, results, training
from xraylab.claim import figures


def as_entries(metrics: pd.DataFrame) -> dict:
    """Give the figures as a result keeps them; one that is not defined is left out."""
    return json.loads(metrics.dropna(subset="value").to_json(orient="index"))


def describe_data(merge: data.Merge, table: pd.DataFrame) -> dict:
    """Count files and splits, as a result keeps them."""
    splits = data.describe_split(table)
    return {
        "merge": figures.count_merge(merge),
        "splits": json.loads(splits.to_json(orient="index")),
    }


def measure_unseen(
    table: pd.DataFrame, predictions: pd.DataFrame, threshold: float
) -> dict:
    """Measure the answers for children of whom training holds no image.

    Empty where these are all children, or none.
    """
    trained = set(table.loc[table["split"] == "train", "group_id"])
    unseen = predictions[~predictions["group_id"].isin(trained)]
    if len(unseen) in {0, len(predictions)}:
        return {}
    metrics = evaluation.evaluate(unseen, threshold=threshold)
    return {"metrics_unseen": as_entries(metrics)}


def measure(run: training.runs.Run) -> dict:
    """Read a run's validation and test, and give what a result keeps of it."""
    training.score(run.folder, on="valid")
    predictions, n_readings = training.score(run.folder, on="test")
    metrics = evaluation.evaluate(predictions, threshold=run.threshold)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "protocol": run.protocol,
        "recipe": run.recipe.as_dict(),
        "seed": run.recipe.seed,
        "threshold": run.threshold,
        "rule": run.rule,
        "n_test_readings": n_readings,
        "versions": run.versions,
        "n_test": len(predictions),
        "n_groups": predictions["group_id"].nunique(),
        "confusion": evaluation.confusion(
            predictions["label"], predictions["score"], threshold=run.threshold
        ),
        "metrics": as_entries(metrics),
        **measure_unseen(run.table, predictions, run.threshold),
        **describe_data(data.Merge.load(run.about["merge"]), run.table),
        "images_per_second": float(run.history["images_per_second"].median()),
        "history": json.loads(run.history.to_json(orient="records")),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--name", required=True, help="lower-case, with hyphens")
    parser.add_argument("--data", required=True, help="what the images are")
    parser.add_argument(
        "--rebuilt",
        nargs="*",
        required=True,
        choices=list(data.SOURCES),
        help="sources that were made from other public data; none where all are "
        "the published files",
    )
    args = parser.parse_args()
    about = {"name": args.name, "data": args.data, "rebuilt": args.rebuilt}
    result = about | measure(training.load_run(args.run))
    file = results.write_result(args.name, result)
    # The answers themselves, so that others can check every figure.
    for on in ("valid", "test"):
        answers = pd.read_csv(args.run / f"predictions-{on}.csv", dtype=str)
        answers.drop(columns="network", errors="ignore").to_csv(
            file.with_name(f"{args.name}-{on}.csv"), index=False, lineterminator="\n"
        )
    print(*evaluation.describe(pd.DataFrame(result["metrics"]).T), sep="\n")


if __name__ == "__main__":
    main()
