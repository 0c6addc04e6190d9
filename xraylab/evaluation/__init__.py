"""Labels, scores, groups -> figures with intervals that keep their word.

A predictions table holds label (0 normal, 1 pneumonia), score (probability of
pneumonia, in [0, 1]) and group_id (images that may not be counted as
independent: those of one child, and copies). Every interval counts groups, not
files, and says so where too few stand behind a figure. How often each covers the
truth was measured: `benchmarks/coverage.py`. What belongs together stands behind a
door of its own: `thresholds`, `calibration`, `recalibration`, `decisions` and
`subgroups`.
"""

from xraylab.evaluation import (
    calibration,
    decisions,
    recalibration,
    subgroups,
    thresholds,
)
from xraylab.evaluation.differences import difference
from xraylab.evaluation.intervals import (
    Interval,
    mean_interval,
    seed_interval,
    share_interval,
)
from xraylab.evaluation.report import confusion, describe, evaluate, measure
from xraylab.evaluation.thresholds import choose_threshold

__all__ = [
    "Interval",
    "calibration",
    "choose_threshold",
    "confusion",
    "decisions",
    "describe",
    "difference",
    "evaluate",
    "mean_interval",
    "measure",
    "recalibration",
    "seed_interval",
    "share_interval",
    "subgroups",
    "thresholds",
]
