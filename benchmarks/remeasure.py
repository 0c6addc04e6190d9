"""Work out the figures of the stored results anew, from their stored answers.

python benchmarks/remeasure.py

For when an interval is made in another way: values stay, intervals may change.
"""

from measure_run import as_entries

from xraylab import evaluation, results


def main() -> None:
    for name in results.list_results()["name"]:
        result = results.read_result(name)
        if "threshold" not in result:
            continue  # a table of figures without answers
        metrics = evaluation.evaluate(
            results.read_predictions(name), threshold=result["threshold"]
        )
        results.write_result(name, result | {"metrics": as_entries(metrics)})
        print(name, *evaluation.describe(metrics), sep="\n  ")


if __name__ == "__main__":
    main()
