"""Draw the README's image of the result from the stored measurements.

python docs/draw_images.py
"""

from pathlib import Path

import pandas as pd

from xraylab import data, plots, results

IMAGES = Path(__file__).parent / "images"


def main() -> None:
    """Write result.png: accuracy by protocol, on the real images."""
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


if __name__ == "__main__":
    main()
