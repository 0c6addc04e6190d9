"""What a run was made from, told by content: names can be given to other things."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from xraylab.training.batches import take_rows


def digest_rows(pixels: np.ndarray, rows: np.ndarray) -> list[str]:
    """Name each image by what a network sees of it.

    Parameters
    ----------
    pixels : array of uint8, shape (n, size_px, size_px)
    rows : array of int, shape (k,)

    Returns
    -------
    list of str
        16 hexadecimal digits a row; equal for equal pixels.
    """
    return [
        hashlib.blake2b(take_rows(pixels, rows[k : k + 1]), digest_size=8).hexdigest()
        for k in range(len(rows))
    ]


def digest_test(table: pd.DataFrame) -> str:
    """Name a test set by its images and labels, in any order; rows of other splits go.

    Examples
    --------
    >>> table = pd.DataFrame({"image_id": ["a", "b"], "label": [0, 1], "split": "test"})
    >>> digest_test(table) == digest_test(table.iloc[::-1])
    True
    """
    test = table[table["split"] == "test"]
    pairs = sorted(zip(test["image_id"].astype(str), test["label"], strict=True))
    text = "\n".join(f"{image_id} {label}" for image_id, label in pairs)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest_text(text: str) -> str:
    """SHA-256 of a text's lines, however they end, in hexadecimal digits."""
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()


def digest_file(file: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
