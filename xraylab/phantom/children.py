"""Who is in the set: children, their images, names and published split."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xraylab.errors import InputError, check_seed

MIN_CHILDREN = 24
# Kind: share of the children, and chances of 1, 2, 3, 4, 5 to 10 images.
KINDS = {
    "bacteria": (0.33, (0.62, 0.19, 0.09, 0.05, 0.05)),
    "virus": (0.26, (0.80, 0.13, 0.04, 0.02, 0.01)),
    "IM": (0.165, (0.88, 0.09, 0.03, 0.0, 0.0)),
    "NORMAL2": (0.245, (0.88, 0.09, 0.03, 0.0, 0.0)),
}
TEST_SHARE = 0.22
_N_VAL = 4  # children, and images, of each class in val
_POPULATION_STREAM = 29


def draw_children(n_children: int, seed: int) -> pd.DataFrame:
    """Draw the children of a set.

    The published splits are blocks of consecutive numbers, as in the real set:
    test lies near the start of each kind, val at the end of two kinds.

    Parameters
    ----------
    n_children : int
        24 or more.
    seed : int
        0 to 4294967295.

    Returns
    -------
    DataFrame
        One row a child: kind, number, patient_id, label, block (train, val,
        test), n_images, seed.

    Raises
    ------
    ValueError
        If `n_children` is below 24, or the seed is outside its range.
    """
    if n_children < MIN_CHILDREN:
        raise InputError(
            f"must be at least {MIN_CHILDREN}, got {n_children}: "
            "with fewer, a class folder would stay empty.",
            argument="n_children",
        )
    check_seed(seed)
    rng = np.random.default_rng([_POPULATION_STREAM, seed])
    counts = _count_kinds(n_children)
    tables = [_draw_kind(rng, kind, n) for kind, n in counts.items()]
    children = pd.concat(tables, ignore_index=True)
    # Seeds far apart, so that sets of neighbouring seeds share no child.
    return children.assign(seed=np.arange(n_children) + seed * 1_000_003)


def name_images(children: pd.DataFrame) -> pd.DataFrame:
    """Give each child's images their published names.

    Returns
    -------
    DataFrame
        One row an image: the child's columns, image_number (from 0) and name.
    """
    repeats = children.index.repeat(children["n_images"])
    images = children.loc[repeats].drop(columns="n_images").reset_index(drop=True)
    numbers = images.groupby("patient_id", sort=False).cumcount()
    running = images.groupby("kind", sort=False).cumcount() + 1
    images = images.assign(image_number=numbers)
    names = [
        make_name(kind, number, image, count)
        for kind, number, image, count in zip(
            images["kind"], images["number"], numbers, running, strict=True
        )
    ]
    return images.assign(name=names)


def make_name(kind: str, number: int, image: int, count: int) -> str:
    """Make a file name in the published scheme.

    Parameters
    ----------
    kind : str
        "bacteria", "virus", "IM" or "NORMAL2".
    number : int
        The child's number within its kind.
    image : int
        The child's image, from 0.
    count : int
        Running number of the image within its kind.

    Examples
    --------
    >>> make_name("bacteria", 7, 1, 22)
    'person7_bacteria_22.jpeg'
    >>> make_name("NORMAL2", 7, 0, 9), make_name("IM", 7, 1, 10)
    ('NORMAL2-IM-0007-0001.jpeg', 'IM-0007-0001-0002.jpeg')
    """
    if kind in ("bacteria", "virus"):
        return f"person{number}_{kind}_{count}.jpeg"
    front = "IM" if kind == "IM" else "NORMAL2-IM"
    more = f"-{image + 1:04d}" if image else ""
    return f"{front}-{number:04d}-0001{more}.jpeg"


def _count_kinds(n_children: int) -> dict[str, int]:
    shares = np.cumsum([share for share, _ in KINDS.values()])
    ends = np.round(shares * n_children).astype(int)
    return dict(zip(KINDS, np.diff(ends, prepend=0).tolist(), strict=True))


def _draw_kind(rng: np.random.Generator, kind: str, n: int) -> pd.DataFrame:
    blocks = np.full(n, "train", dtype=object)
    n_test = max(2, round(TEST_SHARE * n))
    first = round(0.04 * n) if kind == "bacteria" else 0
    blocks[first : first + n_test] = "test"
    if kind in ("bacteria", "NORMAL2"):
        blocks[-min(_N_VAL, max(1, n // 3)) :] = "val"
    n_images = _draw_counts(rng, KINDS[kind][1], n)
    return pd.DataFrame(
        {
            "kind": kind,
            "number": np.arange(1, n + 1),
            "patient_id": [f"{kind}-{number}" for number in range(1, n + 1)],
            "label": int(kind in ("bacteria", "virus")),
            "block": blocks,
            "n_images": np.where(blocks == "val", 1, n_images),
        }
    )


def _draw_counts(
    rng: np.random.Generator, chances: tuple[float, ...], n: int
) -> np.ndarray:
    """Images a child: as near to the chances as `n` allows, in random order."""
    places = (np.arange(n) + 0.5) / n
    counts = np.searchsorted(np.cumsum(chances)[:-1], places, side="right") + 1
    many = counts == len(chances)
    counts = np.where(many, rng.integers(5, 11, n), counts)
    return rng.permutation(counts)
