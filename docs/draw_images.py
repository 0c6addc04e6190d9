"""Draw the README's images of results from the stored measurements.

python docs/draw_images.py
"""

from pathlib import Path

import pandas as pd
from matplotlib import pyplot as plt

from xraylab import data, plots, results

IMAGES = Path(__file__).parent / "images"
WEIGHTS = {
    "ImageNet weights (stand-in)": "imagenet-approx (stand-in)",
    "from scratch": "none",
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
    figure, axes = plt.subplots(2, figsize=(7, 8.4), sharex=True)
    for ax, (words, weights) in zip(axes, WEIGHTS.items(), strict=True):
        rows = table[table["result"] == f"factorial, weights {weights}, 1450 steps"]
        (seeds,) = {len(seeds.split()) for seeds in rows["seeds"]}
        name = f"real images, {words}, 64 px, {seeds} seeds"
        plots.plot_effects(rows, ax=ax, data_name=name)
    figure.subplots_adjust(hspace=0.55)
    figure.savefig(IMAGES / "effects.png", dpi=150, bbox_inches="tight")


if __name__ == "__main__":
    main()
