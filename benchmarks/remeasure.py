"""Work out the figures of the stored results anew, from their stored answers.

python benchmarks/remeasure.py [--merge MERGE]

For when an interval is made in another way: values stay, intervals may change. With the
merge that the runs were trained on, the counts of its files and splits are kept too,
and the figures on children of whom training holds no image.
"""

import argparse
from pathlib import Path

from measure_run import as_entries, describe_data, measure_unseen

from xraylab import data, evaluation, results


def count(name: str, result: dict, merge: data.Merge) -> dict:
    """Count files and splits, once the split is shown to be the one of the answers."""
    table = data.split(merge.manifest, result["protocol"], seed=result["seed"])
    for on in ("valid", "test"):
        paths = table.loc[table["split"] == on, "path"]
        if set(paths) != set(results.read_predictions(name, on)["path"]):
            raise SystemExit(f"{name}: the answers on {on} are not of this merge")
    answers = results.read_predictions(name)
    unseen = measure_unseen(table, answers, result["threshold"])
    return describe_data(merge, table) | unseen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--merge", type=Path)
    args = parser.parse_args()
    merge = data.Merge.load(args.merge) if args.merge else None
    for name in results.list_results()["name"]:
        result = results.read_result(name)
        if "threshold" not in result:
            continue  # a table of figures without answers
        metrics = evaluation.evaluate(
            results.read_predictions(name), threshold=result["threshold"]
        )
        counts = {} if merge is None else count(name, result, merge)
        results.write_result(name, result | counts | {"metrics": as_entries(metrics)})
        print(name, *evaluation.describe(metrics), sep="\n  ")


if __name__ == "__main__":
    main()
