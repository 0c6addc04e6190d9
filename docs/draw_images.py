"""Draw the README's images of results from the stored measurements.

python docs/draw_images.py
"""

from pathlib import Path

import pandas as pd
from matplotlib import pyplot as plt

from xraylab import data, plots, results

IMAGES = Path(__file__).parent / "images"
DESIGNS = {
    "ImageNet weights (stand-in), 1,450 steps": "imagenet-approx (stand-in), 1450",
    "from scratch, 1,450 steps": "none, 1450",
    "ImageNet weights (stand-in), 5,800 steps": "imagenet-approx (stand-in), 5800",
}


def main() -> None:
    """Write result.png, accuracy by protocol, and effects.png, of the factorial."""
    rows = [
        {
            "protocol": protocol,
            **results.read_result(f"real-64px-{protocol}")["metrics"]["accuracy"],
        }
        for protocol in data.PROTOCOLS
    ]
    ax = plots.plot_protocols(
        pd.DataFrame(rows), data_name="real images, from scratch, 64 px, one seed"
    )
    ax.figure.savefig(IMAGES / "result.png", dpi=150, bbox_inches="tight")
    table = results.read_table("factorial")
    table = table[table["what"].str.endswith(" - clean")]
    tables = {
        words: table[table["result"] == f"factorial, weights {design} steps"]
        for words, design in DESIGNS.items()
    }
    sizes = [len(rows) + 3 for rows in tables.values()]  # lines of text: title, legend
    figure, axes = plt.subplots(
        len(tables), figsize=(7, 0.4 * sum(sizes)), sharex=True, height_ratios=sizes
    )
    for ax, (words, rows) in zip(axes, tables.items(), strict=True):
        (seeds,) = {len(seeds.split()) for seeds in rows["seeds"]}
        name = f"real images, 64 px, {words}, {seeds} seeds"
        plots.plot_effects(rows, ax=ax, data_name=name)
    figure.subplots_adjust(hspace=0.65)
    figure.savefig(IMAGES / "effects.png", dpi=150, bbox_inches="tight")


if __name__ == "__main__":
    main()
