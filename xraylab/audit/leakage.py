"""Leakage: images and children in several splits, or under two labels.

Each table has a column path, source, split, label, name (of the file), kind,
number, patient_id, image_id, kept and group_id, one row a readable file.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

N_SHUFFLES = 999
SHOWN = 3  # examples named beside a count
MAX_MISFITS = 0.1  # share of a class; with more, not the names but the rule is wrong
MISFIT = "index of the third source, where it does not fit"


def find_overlaps(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Count what stands in two places whose split has another name.

    A place is a split of a source. The same split of two sources is no overlap.

    Parameters
    ----------
    table : DataFrame
        As above.
    column : str
        "image_id", or "patient_id" (rows without a known child are left out).

    Returns
    -------
    DataFrame
        One row a pair of places that overlap, the most first: first and second,
        such as "train" or "two/test"; n (images or children), n_files of the
        second place that are in both, share of it, and examples (up to three paths).
        The second place is the test where one is.
    """
    known = table[(table[column] != "") & (table["split"] != "")]
    many = known["source"].nunique() > 1
    place = known["source"] + "/" + known["split"] if many else known["split"]
    known = known.assign(place=place.str.strip("/"))
    parts = {name: known[known["place"] == name] for name in known["place"].unique()}
    rows = []
    for one, two in combinations(sorted(parts, key=_rank), 2):
        first, second = parts[one], parts[two]
        if first["split"].iloc[0] == second["split"].iloc[0]:
            continue
        shared = second[second[column].isin(set(first[column]))]
        if len(shared):
            shown = ", ".join(shared["path"].head(SHOWN))
            n, share = shared[column].nunique(), len(shared) / len(second)
            rows.append((one, two, n, len(shared), share, shown))
    columns = ["first", "second", "n", "n_files", "share", "examples"]
    found = pd.DataFrame(rows, columns=columns)
    return found.sort_values("n", ascending=False, kind="stable", ignore_index=True)


def _rank(place: str) -> tuple[int, str]:
    order = ["train", "val", "test"]
    split = place.rsplit("/", 1)[-1]
    return order.index(split) if split in order else len(order), place


def find_label_conflicts(table: pd.DataFrame) -> pd.DataFrame:
    """List the files of images that stand under two labels."""
    n_labels = table.groupby("image_id")["label"].transform("nunique")
    columns = ["image_id", "path", "label"]
    found = table.loc[n_labels > 1, columns]
    return found.sort_values(["image_id", "path"], ignore_index=True)


def find_name_conflicts(table: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """List the names that disagree with the pixels.

    A published name (one that tells a child) must show one image of that child
    wherever it stands; an index of the third source must show the image that the
    rule says.

    Parameters
    ----------
    table : DataFrame
        As above.
    held : DataFrame
        As from `xraylab.data.Merge.index_rule`: path, label, other and agrees.

    Returns
    -------
    DataFrame
        Columns path, other (path of what it should show) and rule; `MISFIT` where
        more than `MAX_MISFITS` of a class disagree, as after a file was removed.
    """
    named = table[table["patient_id"] != ""]
    same_name = named.groupby(["patient_id", "name"])  # some sets name by folder too
    first = same_name[["image_id", "path"]].transform("first")
    apart = named.assign(other=first["path"], rule="one name, one image")
    apart = apart[named["image_id"] != first["image_id"]]
    share = 1 - held.groupby("label")["agrees"].transform("mean")
    rule = np.where(share > MAX_MISFITS, MISFIT, "index of the third source")
    held = held.assign(rule=rule)[~held["agrees"]]
    found = pd.concat([apart, held], ignore_index=True)
    return found[["path", "other", "rule"]]


def count_number_only(table: pd.DataFrame) -> dict[str, int]:
    """Count what would leak if person7 were one child, bacteria or virus.

    The published numbers are counted apart, so this reading joins strangers. It
    is a sensitivity analysis, never used elsewhere.

    Returns
    -------
    dict
        shared_numbers (used by both kinds), and test_files: files of a test
        whose number, so read, is outside a test of the same source too. Both
        count only pairs of which one is bacteria and the other virus.
    """
    person = table[table["kind"].isin(["bacteria", "virus"]) & (table["number"] != "")]
    kinds = person.groupby("number")["kind"].nunique()
    rest = person[person["split"] != "test"]
    other = set(zip(rest["source"], rest["number"], rest["kind"], strict=True))
    other_kind = {"bacteria": "virus", "virus": "bacteria"}
    test = person[person["split"] == "test"]
    n_shared = sum(
        (source, number, other_kind[kind]) in other
        for source, number, kind in zip(
            test["source"], test["number"], test["kind"], strict=True
        )
    )
    return {"shared_numbers": int((kinds > 1).sum()), "test_files": n_shared}


def measure_blocks(table: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Ask whether the splits are blocks of consecutive children.

    Children of a kind are sorted by number and the changes from one split to the
    next counted as runs. A random split has many, a cut into blocks has few.

    Parameters
    ----------
    table : DataFrame
        As above.
    seed : int
        Seed of the shuffles.

    Returns
    -------
    DataFrame
        One row a source and kind with at least two splits: source, kind,
        n_children, n_runs, by_chance (mean over shuffled splits) and p, the
        share of shuffles, this split counted as one, with as few runs.
    """
    rng = np.random.default_rng(seed)
    has = table[["patient_id", "split", "number"]] != ""
    known = table[has.all(axis=1)]
    rows = []
    for (source, kind), part in known.groupby(["source", "kind"]):
        children = part.drop_duplicates("patient_id")
        order = children["number"].map(int).argsort(kind="stable")  # of any length
        splits = pd.factorize(children["split"].iloc[order])[0]
        if len(np.unique(splits)) < 2:
            continue
        n_runs = _count_runs(splits)
        shuffled = np.array(
            [_count_runs(rng.permutation(splits)) for _ in range(N_SHUFFLES)]
        )
        p = (1 + (shuffled <= n_runs).sum()) / (1 + N_SHUFFLES)
        rows.append((source, kind, len(splits), n_runs, shuffled.mean(), p))
    columns = ["source", "kind", "n_children", "n_runs", "by_chance", "p"]
    return pd.DataFrame(rows, columns=columns)


def _count_runs(values: np.ndarray) -> int:
    return 1 + int((np.diff(values) != 0).sum())
