"""One table that is like a real one."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def predictions():
    """624 rows of 300 children, AUROC about 0.9."""
    rng = np.random.default_rng(7)
    child = np.arange(624) % 300
    label = (child % 8 > 2).astype(int)
    hard = rng.normal(0, 0.8, 300)[child]
    logit = 2.4 * label - 1.2 + hard + rng.normal(0, 0.8, 624)
    return pd.DataFrame(
        {
            "path": [f"{i}.png" for i in range(624)],
            "group_id": [f"child-{k}" for k in child],
            "label": label,
            "score": 1 / (1 + np.exp(-logit)),
        }
    )
