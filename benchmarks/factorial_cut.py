"""Cut the real images once for the factorial experiment (factorial_plan.md).

One row a file: which test judges it, or in which cells it trains. Every law of the
cut is checked each time it is made.
"""

import hashlib

import numpy as np
import pandas as pd

TESTS = ("O", "R")
CELLS = {
    "clean": (),
    "block": ("block",),
    "siblings": ("siblings",),
    "copies": ("copies",),
    "all": ("block", "siblings", "copies"),
}
SWAPS = CELLS["all"]
COLUMNS = ["path", "image_id", "group_id", "kind", "label", "block", "role"]
SHARE_R, SHARE_VALID = 0.15, 0.05  # of the groups outside the block
SHARE_COPIED = 0.91  # naive-merge, seeds 0 to 2: 0.909, 0.908, 0.921 of its test files
SEED = 19


def cut(manifest: pd.DataFrame, half: int) -> pd.DataFrame:
    """Give each image its role when this half of the block, 0 or 1, is judged.

    Parameters
    ----------
    manifest : DataFrame
        As from a merge: path, source, published_split, label, kind, image_id,
        match, kept, group_id.
    half : int
        0 or 1. Test R, its siblings and the validation are the same for both.

    Returns
    -------
    DataFrame
        `COLUMNS` and gives_way, one row a file. role is O or R (judged), a swap's
        name (trains in the cells that hold it), train or valid. gives_way names
        the swap a training image makes room for, or is "".
    """
    images = _list_images(manifest)
    block = images[images["block"]]
    rest = images[~images["block"]]
    first = _choose_groups(block, 0.5, step=0)
    in_o = block["group_id"].isin(first) == (half == 0)
    in_r = rest["group_id"].isin(_choose_groups(rest, SHARE_R, step=1))
    others = rest[~in_r]
    in_valid = others["group_id"].isin(_choose_groups(others, SHARE_VALID, step=2))
    judged = pd.concat([_judge(block[in_o], "O", 3), _judge(rest[in_r], "R", 4)])
    roles = [
        judged,
        block[~in_o].assign(role="block"),
        _copies(manifest, judged[judged["role"].isin(TESTS)]),
        others[~in_valid].assign(role="train"),
        others[in_valid].assign(role="valid"),
    ]
    table = pd.concat(roles, ignore_index=True)[COLUMNS]
    return check_cut(_make_room(table))


def cell_rows(table: pd.DataFrame, cell: str) -> pd.DataFrame:
    """Give the training rows of a cell: what its swaps bring, and what stays."""
    swaps = CELLS[cell]
    stays = (table["role"] == "train") & ~table["gives_way"].isin(swaps)
    return table[stays | table["role"].isin(swaps)]


def check_cut(table: pd.DataFrame) -> pd.DataFrame:
    """Return the cut, or raise ValueError naming the law it breaks."""
    judged = table[table["role"].isin(TESTS)]
    valid = table[table["role"] == "valid"]
    cells = {cell: cell_rows(table, cell) for cell in CELLS}
    clean = cells["clean"]
    mix = clean["label"].value_counts().to_dict()
    laws = {
        "each file stands once": table["path"].is_unique,
        "each test image is judged once": judged["image_id"].is_unique,
        "both classes are judged in O and in R": all(
            set(judged.loc[judged["role"] == test, "label"]) == {0, 1} for test in TESTS
        ),
        "O lies in the block, R outside": (
            judged["block"] == (judged["role"] == "O")
        ).all(),
        "clean holds nothing of the block": not clean["block"].any(),
        "siblings are of judged children": _rows(table, "siblings")["group_id"]
        .isin(judged["group_id"])
        .all(),
        "copies are of judged images": _rows(table, "copies")["image_id"]
        .isin(judged["image_id"])
        .all(),
        "every swap brings something": set(SWAPS) <= set(table["role"]),
    }
    for cell, rows in cells.items():
        laws |= _laws_of_cell(cell, rows, judged, valid)
        same_mix = rows["label"].value_counts().to_dict() == mix
        laws[f"{cell} has the class mix of clean"] = same_mix
    laws["the validation shares no child with the tests"] = (
        not valid["group_id"].isin(judged["group_id"]).any()
    )
    broken = [law for law, holds in laws.items() if not holds]
    if broken:
        raise ValueError(f"the cut must keep its laws, broken: {'; '.join(broken)}.")
    return table


def _laws_of_cell(
    cell: str, rows: pd.DataFrame, judged: pd.DataFrame, valid: pd.DataFrame
) -> dict[str, bool]:
    """Say of each law of a cell's training rows whether it holds."""
    held = set(CELLS[cell])
    met = {"image_id": held & {"copies"}, "group_id": held & {"copies", "siblings"}}
    in_valid = rows["group_id"].isin(valid["group_id"])
    laws = {
        f"{cell} trains on each image once": rows["image_id"].is_unique,
        f"{cell} shares no child with the validation": not in_valid.any(),
    }
    for column, allowed in met.items():
        others = rows.loc[~rows["role"].isin(allowed), column]
        law = f"{cell} meets the test by {column} only as it says"
        laws[law] = not others.isin(judged[column]).any()
    return laws


def describe_cut(table: pd.DataFrame) -> dict:
    """Count files, groups and classes of each role and cell, fit for JSON."""
    parts = {f"role {role}": rows for role, rows in table.groupby("role")}
    parts |= {f"cell {cell}": cell_rows(table, cell) for cell in CELLS}
    judged = table[table["role"].isin(TESTS)]
    flags = judged.join(exposure(table))
    counts = {
        name: {
            "files": len(rows),
            "groups": rows["group_id"].nunique(),
            "normal": int((rows["label"] == 0).sum()),
            "pneumonia": int((rows["label"] == 1).sum()),
            "kinds": rows["kind"].value_counts().sort_index().to_dict(),
        }
        for name, rows in parts.items()
    }
    for test, rows in flags.groupby("role"):
        for flag in ("copied", "has_sibling"):
            of = rows.loc[rows[flag], "label"]
            counts[f"role {test}"][flag] = {
                "normal": int((of == 0).sum()),
                "pneumonia": int((of == 1).sum()),
            }
    return counts


def exposure(table: pd.DataFrame) -> pd.DataFrame:
    """Say of each judged row whether a copy or a sibling of it may train."""
    judged = table[table["role"].isin(TESTS)]
    return pd.DataFrame(
        {
            "copied": judged["image_id"].isin(_rows(table, "copies")["image_id"]),
            "has_sibling": judged["group_id"].isin(
                _rows(table, "siblings")["group_id"]
            ),
        }
    )


def as_csv(table: pd.DataFrame) -> str:
    """Give the cut as text; its digest names it."""
    return table.to_csv(index=False, lineterminator="\n")


def digest(table: pd.DataFrame) -> str:
    """SHA-256 of the cut as text."""
    return hashlib.sha256(as_csv(table).encode()).hexdigest()


def _rows(table: pd.DataFrame, role: str) -> pd.DataFrame:
    return table[table["role"] == role]


def _list_images(manifest: pd.DataFrame) -> pd.DataFrame:
    """List each image once, in a fixed order, and mark the published test."""
    published = manifest["published_split"].eq("test") & manifest[
        "path"
    ].str.startswith("chest-xray-pneumonia/")
    block = set(manifest.loc[published, "image_id"])
    images = manifest[manifest["kept"]].sort_values("path", ignore_index=True)
    return images.assign(block=images["image_id"].isin(block))


def _choose_groups(images: pd.DataFrame, share: float, *, step: int) -> set[str]:
    """Draw a share of the groups, spread evenly over kinds and group sizes."""
    rng = np.random.default_rng((SEED, step))
    groups = images.groupby("group_id").agg(kind=("kind", "first"), n=("path", "size"))
    chosen = set()
    for _, stratum in groups.groupby("kind"):
        shuffled = stratum.iloc[rng.permutation(len(stratum))]
        names = shuffled.sort_values("n", kind="stable").index
        ends = np.floor(rng.random() + share * np.arange(len(names) + 1))
        chosen |= set(names[np.diff(ends) > 0])
    return chosen


def _judge(images: pd.DataFrame, test: str, step: int) -> pd.DataFrame:
    """Judge half of each group's images, rounded up; the others are siblings."""
    rng = np.random.default_rng((SEED, step))
    shuffled = images.iloc[rng.permutation(len(images))]
    group = shuffled.groupby("group_id")["path"]
    judged = 2 * group.cumcount() < group.transform("size")
    roles = shuffled.assign(role=np.where(judged, test, "siblings"))
    return roles.sort_values("path")


def _copies(manifest: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """Give a re-encoded file for a share of the judged images of each class."""
    rng = np.random.default_rng((SEED, 5))
    files = manifest[manifest["match"] == "re-encoded"].sort_values("path")
    file = files.drop_duplicates("image_id").set_index("image_id")["path"]
    there = judged[judged["image_id"].isin(file.index)]
    parts = []
    for _, rows in there.groupby(["role", "label"]):
        n = round(SHARE_COPIED * len(rows))
        parts.append(rows.iloc[np.sort(rng.permutation(len(rows))[:n])])
    copies = pd.concat(parts)
    return copies.assign(path=copies["image_id"].map(file), role="copies")


def _make_room(table: pd.DataFrame) -> pd.DataFrame:
    """Draw the training images that give way to each swap, class by class."""
    rng = np.random.default_rng((SEED, 6))
    gives_way = pd.Series("", index=table.index)
    for label in (0, 1):
        free = np.flatnonzero((table["role"] == "train") & (table["label"] == label))
        free = rng.permutation(free)
        for swap in SWAPS:
            n = int(((table["role"] == swap) & (table["label"] == label)).sum())
            if n > len(free):
                raise ValueError(
                    f"{swap} brings {n} images of label {label}, but only {len(free)} "
                    "are left to give way. Use more images."
                )
            gives_way.iloc[free[:n]] = swap
            free = free[n:]
    return table.assign(gives_way=gives_way)
