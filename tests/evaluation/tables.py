"""Predictions tables that the tests of evaluation share."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

# Few distinct scores, so that ties are common.
SCORES = st.integers(0, 8).map(lambda k: k / 8)
ROWS = st.lists(st.tuples(st.integers(0, 1), SCORES), min_size=2, max_size=40).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


def make_table(rows, n_groups=None):
    labels, scores = zip(*rows, strict=True)
    number = np.arange(len(rows)) % (n_groups or len(rows))
    return pd.DataFrame(
        {
            "path": [f"{i}.png" for i in range(len(rows))],
            "group_id": [f"child-{k}" for k in number],
            "label": labels,
            "score": scores,
        }
    )


def perfect_table(n_each):
    """A classifier without a fault, of so many children a class."""
    return make_table([(0, 0.1)] * n_each + [(1, 0.9)] * n_each)
