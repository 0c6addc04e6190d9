"""Measure the probes on the real images and keep the table in xraylab/results.

python benchmarks/measure_probes.py FIRST_SOURCE --originals originals.csv

FIRST_SOURCE is its folder at 224 px. These files were encoded again, so file and
header are measured on the list of full-size files: name, label, split, width,
height, mode, bytes, luma_table_sum, progressive, dpi.
"""

import argparse
import platform
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import PIL
import sklearn
from scipy.stats import rankdata

from xraylab import __version__, audit, data, evaluation, results
from xraylab.audit import features, probes, shortcuts

NUMBERS = ["table_sum", "bits_per_pixel", "bytes", "height", "width", "aspect"]
READINGS = (
    "readings of the published test before this one: about 20 along the way of a first "
    "trial at 64 px, and studies of nearest neighbours and of probes; the run "
    "real-64px-official; and one trial of the original at 224 px"
)
FROM_FILES = ("file", "header", "aspect")
PIXELS = ("intensity", "spectrum", "ring", "corners", "thumbnail")


def read_originals(file: Path) -> pd.DataFrame:
    """Read the facts of full-size training files, with label and child."""
    table = pd.read_csv(file).rename(columns={"luma_table_sum": "table_sum"})
    table = table[table["split"] == "train"].reset_index(drop=True)
    keys = table["name"].map(data.read_name)
    table = table.assign(
        label=(table["label"] == "PNEUMONIA").astype(int),
        class_name=table["label"].str.lower(),
        group_id=["-".join(key) for key in keys],
        format="JPEG",
        dpi=table["dpi"].astype(str).str.extract(r"(\d+)")[0].astype(float).fillna(0),
    )
    return shortcuts.with_ratios(table)


def measure_number(table: pd.DataFrame, name: str) -> dict:
    """AUROC of one number in its better direction."""
    score = (rankdata(table[name]) - 0.5) / len(table)
    answers = table.assign(score=score)[["label", "score", "group_id"]]
    found = evaluation.measure(answers)
    if found.value < 0.5:
        found = evaluation.measure(answers.assign(score=1 - score))
    return found._asdict() | {"baseline": 0.5}


def as_metrics(figures: pd.DataFrame, suffix: str) -> dict:
    """Name each figure by question, feature and where it was measured."""
    metrics = {}
    for row in figures.itertuples():
        name = f"{row.question}, {row.feature}, {row.on}{suffix}"
        metrics[name] = {
            "value": row.auroc,
            "low": row.low,
            "high": row.high,
            "n": row.n,
            "n_groups": row.n_groups,
            "method": row.method,
            "baseline": row.baseline,
        }
        if np.isfinite(row.limit):
            metrics[name] |= {"limit": row.limit, "found": bool(row.found)}
    return metrics


def rounded(metrics: dict) -> dict:
    return {
        name: {k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}
        for name, row in metrics.items()
    }


def measure(found: audit.Audit, originals: pd.DataFrame) -> dict:
    """Measure by pixels, by facts of full-size files, and by single numbers."""
    by_pixels = found.probes[found.probes["feature"].isin(PIXELS)]
    facts = {
        name: features.FEATURES[name].measure(originals, None) for name in FROM_FILES
    }
    by_file = probes.run_probes(facts, originals)
    numbers = {
        f"class, {name} alone, full-size files": measure_number(originals, name)
        for name in NUMBERS
    }
    return rounded(
        as_metrics(by_pixels, "") | as_metrics(by_file, ", full-size files") | numbers
    )


def describe(found: audit.Audit, metrics: dict) -> dict:
    """Say what was measured, on what and with what, as a stored result has it."""
    in_test = (found.table["split"] == "test") & found.table["kept"]
    return {
        "name": "real-224px-probes",
        "date": datetime.now(UTC).date().isoformat(),
        "data": "Kermany et al. 2018 (doi 10.17632/rscbjbr9sj): first source, 224 px, "
        "encoded again by a third party; file facts of its full-size files by a list",
        "rebuilt": [],
        "protocol": "probes: outside the test by cross-validation, and on the test",
        "recipe": {
            "model": "scaling and logistic regression, balanced, C 0.01",
            "folds": 5,
            "features": {name: made.about for name, made in features.FEATURES.items()},
        },
        "seed": 0,
        "n_test_readings": 25,
        "readings_note": READINGS,
        "versions": {
            "python": platform.python_version(),
            "xraylab": __version__,
            "numpy": np.__version__,
            "pillow": PIL.__version__,
            "scikit-learn": sklearn.__version__,
        },
        "n_test": int(in_test.sum()),
        "n_groups": int(found.table.loc[in_test, "group_id"].nunique()),
        "metrics": metrics,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first_source", type=Path)
    parser.add_argument("--originals", type=Path, required=True)
    args = parser.parse_args()
    found = audit.run_audit(args.first_source)
    result = describe(found, measure(found, read_originals(args.originals)))
    results.write_result(result["name"], result)
    for name in result["metrics"]:
        print(name, results.read_figure(result["name"], name))


if __name__ == "__main__":
    main()
