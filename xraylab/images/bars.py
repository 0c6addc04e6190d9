"""Bars of one grey level along the sides, as letterboxing and padding leave them."""

from __future__ import annotations

import numpy as np

# A line belongs to a bar while it differs from the outermost line's level by this much
# on average: more than JPEG's ringing, less than a marker or a shoulder.
_LEVELS = 4
_WORTH = 0.02  # of a side; less is within what registration of copies takes anyhow
_LEFT = 0.3  # of a side; an image of which less would be left has no bars


def find_inner(grey: np.ndarray) -> tuple[int, int, int, int] | None:
    """Find the part of an image that its bars leave.

    Parameters
    ----------
    grey : array of uint8, shape (height, width)

    Returns
    -------
    left, top, right, bottom : int
        In pixels; None where there are no bars, or hardly anything else.

    Examples
    --------
    >>> image = np.pad(np.arange(100).reshape(10, 10), ((2, 2), (0, 0)))
    >>> find_inner(image.astype(np.uint8))
    (0, 2, 10, 12)
    """
    height, width = grey.shape
    top, bottom = _count(grey), height - _count(grey[::-1])
    if bottom - top < _LEFT * height:
        return None
    columns = grey[top:bottom].T
    left, right = _count(columns), width - _count(columns[::-1])
    if right - left < _LEFT * width:
        return None
    cut = max(1 - (bottom - top) / height, 1 - (right - left) / width)
    return (left, top, right, bottom) if cut >= _WORTH else None


def _count(lines: np.ndarray) -> int:
    """Count the lines from the first on that are of the first one's level."""
    level = np.median(lines[0])
    # few lines at a time: most images have no bar, and their first block says so
    for start in range(0, len(lines), 64):
        block = lines[start : start + 64].astype(np.int16)
        other = abs(block - level).mean(1) > _LEVELS
        if other.any():
            return start + int(other.argmax())
    return len(lines)
