"""Draw the README's images of results from the stored measurements.

python docs/draw_images.py
"""

from pathlib import Path

import pandas as pd

from xraylab import data, plots, results

IMAGES = Path(__file__).parent / "images"


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
    effects = results.read_table("factorial")
    effects = effects[effects["what"].str.endswith(" - clean")]
    (seeds,) = {len(seeds.split()) for seeds in effects["seeds"]}
    name = f"real images, ImageNet weights (stand-in), 64 px, {seeds} seeds"
    ax = plots.plot_effects(effects, data_name=name)
    ax.figure.savefig(IMAGES / "effects.png", dpi=150, bbox_inches="tight")


if __name__ == "__main__":
    main()
