"""The half-width to be expected of the factorial, from stored answers of single runs.

python benchmarks/factorial_expect.py

Two stored runs answered for the same images. The standard error of their paired
difference, clustered by group and apart by class, is scaled to the sizes of O and R.
The noise between trainings is not in it.
"""

import numpy as np
import pandas as pd

from xraylab import results

SIZES = {  # normal, pneumonia: judged images by the cut
    "O, one half": (113, 136),
    "O, both halves": (227, 273),
    "R": (191, 443),
}
IN_BLOCK = [("official", other) for other in ("image-random", "grouped", "naive-merge")]
OUTSIDE = [
    ("image-random", "grouped"),
    ("image-random", "naive-merge"),
    ("grouped", "naive-merge"),
]


def main() -> None:
    answers = {
        name: results.read_predictions(f"real-64px-{name}").drop_duplicates("image_id")
        for name in ("official", "image-random", "grouped", "naive-merge")
    }
    block = set(answers["official"]["image_id"])
    rows = []
    for test, sizes in SIZES.items():
        for one, other in OUTSIDE if test == "R" else IN_BLOCK:
            both = answers[one].merge(answers[other], on=["image_id", "label"])
            both = both[both["image_id"].isin(block) == (test != "R")]
            rows.append({"test": test, "runs": f"{one}, {other}", "n": len(both)})
            rows[-1] |= half_widths(both, sizes)
    print("half-width of the 95 % interval, percentage points")
    print(pd.DataFrame(rows).round(1).to_string(index=False))


def half_widths(both: pd.DataFrame, sizes: tuple[int, int]) -> dict[str, float]:
    """Scale the clustered error of each class to a test of these sizes."""
    right = [(both[f"score_{side}"] >= 0.5) == both["label"] for side in "xy"]
    gain = right[0].astype(int) - right[1].astype(int)
    variances = []
    for label, size in enumerate(sizes):
        rows = both["label"] == label
        sums = (gain - gain[rows].mean())[rows].groupby(both["group_id_x"]).sum()
        variances.append(len(sums) * sums.var(ddof=1) / (rows.sum() * size))
    shares = np.array(sizes) / sum(sizes)
    named = {
        "accuracy": (shares**2 * variances).sum(),
        "specificity": variances[0],
        "sensitivity": variances[1],
    }
    return {name: 196 * np.sqrt(variance) for name, variance in named.items()}


if __name__ == "__main__":
    main()
