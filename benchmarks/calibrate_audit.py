"""Measure the baselines of the audit's probes, and keep them in baselines.json.

python benchmarks/calibrate_audit.py SET ...

Each SET is a folder of clean built-in images, as from `xraylab phantom --clean`.
Their children are pooled, and cut into sets of several sizes.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from xraylab import __version__, data
from xraylab.audit import features, probes
from xraylab.files import write_text

SIZES = (100, 200, 400, 800, 1600)  # children a set
MOST = 36  # sets a size; smaller sets are cheap but many


def read_set(root: Path) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Read one set of the first source: its table, file facts and squares."""
    merged = data.merge(root, progress=False)
    table = merged.manifest[merged.manifest["kept"]].reset_index(drop=True)
    table = table.assign(
        split=table["published_split"],
        group_id=root.name + table["group_id"],
    )
    seen = merged.thumbnails
    files = seen.files.set_index("path").loc[table["path"]].reset_index()
    columns = ["label", "class_name", "split", "group_id"]
    return table[columns], files, seen.squares[files["square"]]


def cut_sets(groups: np.ndarray, size: int, seed: int) -> list[np.ndarray]:
    """Cut the children into sets of `size`, at random: a mask of rows each."""
    rng = np.random.default_rng([seed, size])
    names = rng.permutation(np.unique(groups))
    n_sets = min(MOST, len(names) // size)
    return [np.isin(groups, names[i * size : (i + 1) * size]) for i in range(n_sets)]


def measure(values: dict, table: pd.DataFrame) -> pd.DataFrame:
    """Run all probes on all sets of all sizes: one row a figure."""
    rows = []
    for size in SIZES:
        for number, of in enumerate(cut_sets(table["group_id"].to_numpy(), size, 0)):
            part = {name: value[of] for name, value in values.items()}
            found = probes.ask_probes(
                part, table[of].reset_index(drop=True), seed=number
            )
            rows += [figure | {"size": size} for figure in found]
        print(size, "children done", flush=True)
    return pd.DataFrame(rows)


def summarise(found: pd.DataFrame) -> dict:
    """Mean by size, and how much wider than its sampling error a figure falls."""
    entries = {}
    for name, rows in found.groupby(found["asks"] + " " + found["feature"], sort=False):
        asked = rows[rows["on"] == "cross-validated"]
        mean = asked.groupby("size")["auroc"].transform("mean")
        errors = [
            probes.measure_error(max(baseline, 0.5), *n_each)
            for baseline, n_each in zip(mean, asked["n_each"], strict=True)
        ]
        entry = average(asked)
        degrees = sum(entry["n_sets"]) - len(entry["n_sets"])
        z = (asked["auroc"] - mean) / errors
        # a header that never varies must not make the limit nothing
        entry["dispersion"] = max(1.0, round(float(np.sqrt((z**2).sum() / degrees)), 3))
        on_test = rows[rows["on"] == "test"]
        entries[name] = entry | ({"on_test": average(on_test)} if len(on_test) else {})
    return entries


def average(rows: pd.DataFrame) -> dict:
    """Mean figure by size: groups outside the test, AUROC, and sets behind it."""
    by_size = rows.groupby("size")
    return {
        "n_groups": by_size["n_asked"].mean().round(1).tolist(),
        "auroc": by_size["auroc"].mean().round(4).tolist(),
        "n_sets": by_size.size().tolist(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path, nargs="+")
    roots = parser.parse_args().sets
    tables, files, squares = zip(*map(read_set, roots), strict=True)
    table = pd.concat(tables, ignore_index=True)
    values = features.make_features(
        pd.concat(files, ignore_index=True), np.concatenate(squares)
    )
    made = {
        "by": "benchmarks/calibrate_audit.py",
        "date": datetime.now(UTC).date().isoformat(),
        "xraylab": __version__,
        "data": "clean built-in images (simulated), first source, each image once",
        "sets": [root.name for root in roots],
        "n_images": len(table),
        "n_groups": int(table["group_id"].nunique()),
    }
    entries = summarise(measure(values, table))
    print(pd.DataFrame(entries).T.to_string())
    file = Path(probes.__file__).with_name("baselines.json")
    write_text(file, json.dumps({"made": made, "probes": entries}, indent=1))


if __name__ == "__main__":
    main()
