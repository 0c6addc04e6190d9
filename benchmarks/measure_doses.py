"""Change the images of the real runs dose by dose, and keep how the answers move.

python benchmarks/measure_doses.py real-64px-official=RUN ... --originals DIR

Each RUN must be the network of its stored result. Two sets of images: its validation,
224 px squares; and the full-size originals of DIR that are in its training or
validation, read at 1,024 px, most of which it was trained on. No test is read. The
doses were named beforehand: those of `PERTURBATIONS`.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from xraylab import evaluation, explanation, images, results, training
from xraylab.explanation.scorers import shrink

NAMES = ("zoom", "squeeze", "re-save", "brightness", "lungs hidden", "outside hidden")
SIDES = {"validation": 224, "originals": 1024}  # px, where the changes are made
ABOUT = (
    "How the answers move when images are changed by a dose; each change is paired, of "
    "the same images. Validation is that of the run, 224 px squares that were saved as "
    "JPEG before. Originals are full-size files as published, read at 1,024 px; it "
    "was TRAINED ON most of them (n_trained_on), so their AUROC is no estimate for new "
    "children. No lungs are marked on real images: lungs hidden paints a box, the "
    "middle two thirds of each side, in the image's mean grey, heart and spine with "
    "it; outside hidden paints all but that box. The threshold is that of the rule "
    "sensitivity 0.95, chosen on validation. One network each, one seed."
)


def open_run(name: str, folder: str) -> training.runs.Run:
    """Load a run that is the network of a stored result."""
    run = training.load_run(folder)
    network = results.read_result(name)["external"]["network"]
    if run.network_id != network:
        raise SystemExit(f"{folder} is network {run.network_id}, not {network}")
    return run


def find_validation(run: training.runs.Run) -> tuple[pd.DataFrame, list[Path]]:
    """Give the rows of a run's validation, and their files."""
    rows = run.table[run.table["split"] == "valid"].reset_index(drop=True)
    return rows, training.origin.find_rows(run, rows).files


def find_originals(
    run: training.runs.Run, folder: Path
) -> tuple[pd.DataFrame, list[Path]]:
    """Give the rows of a run whose originals are there, by their published names."""
    there = {file.name: file for file in sorted(folder.rglob("*.jpeg"))}
    table = run.table[run.table["split"] != "test"]
    names = table["path"].map(lambda path: PurePosixPath(path).name)
    rows = table[names.isin(there)].drop_duplicates("image_id").reset_index(drop=True)
    of_test = run.table.loc[run.table["split"] == "test", "image_id"]
    assert not rows["image_id"].isin(of_test).any()
    return rows, [there[PurePosixPath(path).name] for path in rows["path"]]


def measure(name: str, run: training.runs.Run, folder: Path):
    """Perturb both sets of images, one row a figure."""
    logit = explanation.make_scorer(run.make_model(), run.recipe.size_px, logit=True)
    sets = {
        "validation": find_validation(run),
        "originals": find_originals(run, folder),
    }
    for on, (rows, files) in sets.items():
        squares = np.stack([images.read_pixels(file, SIDES[on]) for file in files])
        found = explanation.perturb(
            logit, squares, rows, names=NAMES, threshold=run.threshold
        )
        trained_on = int((rows["split"] == "train").sum())
        about = {"result": name, "on": on, "n_trained_on": trained_on}
        yield from (about | row for row in found.to_dict("records"))
        print(name, on, len(rows), agreement(name, logit, squares, rows), flush=True)


def agreement(name: str, logit, squares: np.ndarray, rows: pd.DataFrame) -> str:
    """Say how far answers by way of larger squares are from the stored ones."""
    table = rows.assign(score=1 / (1 + np.exp(-logit(shrink(squares, 64)))))
    stored = results.read_predictions(name, "valid").set_index("path")["score"]
    off = (table.set_index("path")["score"] - stored).abs().dropna()
    return f"AUROC {evaluation.measure(table)}; off {off.median():.4f}, {len(off)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN")
    parser.add_argument("--originals", required=True, type=Path)
    args = parser.parse_args()
    rows = []
    for name, folder in (text.split("=") for text in args.runs):
        rows += measure(name, open_run(name, folder), args.originals)
    date = datetime.now(UTC).date().isoformat()
    tables = {"real-64px-doses": {"about": ABOUT, "rows": rows}}
    print(results.write_tables("real-64px-doses", tables, date=date))


if __name__ == "__main__":
    main()
