"""All processors at work, on arrays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import threadpool_limits


def count_cores() -> int:
    """Count the processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def share_out(function: Callable, parts: Sequence) -> Iterator:
    """Give function(part) for each part, in order, worked out in threads.

    NumPy lets other threads run while it computes. Its own threads for products of
    matrices are kept out meanwhile: beside other work they wait for each other, and
    all takes three times as long.
    """
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(count_cores()) as pool:
        yield from pool.map(function, parts)
