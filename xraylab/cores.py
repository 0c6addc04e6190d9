"""All processors at work, on arrays; and the memory that a process takes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits


def count_cores() -> int:
    """Count the processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def one_blas_thread() -> AbstractContextManager:
    """Keep products of matrices to one thread meanwhile.

    Their own threads wait for each other beside other work, and then all takes three
    times as long; on small matrices they win nothing.
    """
    return threadpool_limits(1, "blas")


def cut(n: int, size: int) -> list[slice]:
    """Cut n rows into blocks of `size`, so that memory stays small."""
    return [slice(start, start + size) for start in range(0, n, size)]


def share_out(function: Callable, parts: Sequence) -> Iterator:
    """Give function(part) for each part, in order, worked out in threads.

    NumPy lets other threads run while it computes.
    """
    with one_blas_thread(), ThreadPoolExecutor(count_cores()) as pool:
        yield from pool.map(function, parts)


def peak_mb() -> float | None:
    """Peak memory of this process in MB; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)
