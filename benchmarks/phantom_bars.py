"""The bar for the simulated images, and the table beside it."""

from __future__ import annotations

import pandas as pd

# Row -> (must low, must high, good low, good high).
BARS = {
    "CPU ms per image, 224 px, one thread": (0, 20, 0, 12),
    "mean share inside the real 5-95 % range": (0.75, 1, 0.85, 1),
    **{
        f"share inside: {name}": (0.60, 1, 0.80, 1)
        for name in ("sd", "q5", "q25", "q50", "q75", "q95", "lung_contrast")
    },
    "share inside: slope": (0.50, 1, 0.75, 1),
    "thumbnail AUROC, linear, no shortcuts": (0.72, 0.90, 0.78, 0.86),
    "simple features AUROC": (0, 0.80, 0, 0.72),
    "zone model with true lung mask, gain over thumbnails": (0.03, 1, 0.06, 1),
    "unrelated pairs, thumbnail correlation, median": (0.60, 0.80, 0.68, 0.76),
    "unrelated pairs, thumbnail correlation, 99 %": (0, 0.94, 0, 0.92),
    "same child minus unrelated, median": (0.02, 0.20, 0.03, 0.10),
    "real v simulated, linear thumbnails": (0, 0.995, 0, 0.98),
    "same seed, same pixels": (1, 1, 1, 1),
}


def judge(figures: dict) -> pd.DataFrame:
    rows = []
    for name, value in figures.items():
        bar = BARS.get(name)
        verdict = "" if bar is None else _verdict(float(value), bar)
        must = "" if bar is None else f"{bar[0]:g} to {bar[1]:g}"
        good = "" if bar is None else f"{bar[2]:g} to {bar[3]:g}"
        rows.append((name, round(float(value), 3), must, good, verdict))
    return pd.DataFrame(rows, columns=["check", "value", "must", "good", "verdict"])


def _verdict(value: float, bar: tuple[float, ...]) -> str:
    if bar[2] <= value <= bar[3]:
        return "good"
    return "met" if bar[0] <= value <= bar[1] else "MISSED"


def as_markdown(table: pd.DataFrame) -> str:
    lines = [list(table.columns), ["---"] * table.shape[1], *table.values.tolist()]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
