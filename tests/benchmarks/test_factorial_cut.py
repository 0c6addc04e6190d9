"""The cut of the factorial experiment keeps its laws, and a broken one is refused."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import factorial_cut as cutting


def make_manifest(seed: int, n_groups: int = 400) -> pd.DataFrame:
    """A merge of made-up names: three sources, groups of 1 to 4 images, a block."""
    rng = np.random.default_rng(seed)
    rows = []
    for group in range(n_groups):
        kind = ("IM", "NORMAL2", "bacteria", "virus")[group % 4]
        split = "test" if group // 4 % 10 == 0 else "train"
        for number in range(rng.integers(1, 5)):
            name = f"{kind}-{group:04}-{number}"
            rows += [
                ("chest-xray-pneumonia", split, "kept", kind, group, name),
                ("pneumonia-xray-images", split, "same file", kind, group, name),
                (
                    "chest-xray-covid19-pneumonia",
                    split,
                    "re-encoded",
                    kind,
                    group,
                    name,
                ),
            ]
    columns = ["source", "published_split", "match", "kind", "group", "image_id"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(
        path=table["source"] + "/x/" + table["image_id"] + ".jpeg",
        label=table["kind"].isin(["bacteria", "virus"]).astype(int),
        group_id=table["kind"] + "-" + table["group"].astype(str),
        kept=table["match"] == "kept",
    )


MANIFEST = make_manifest(0)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([0, 1]))
def test_every_cell_differs_from_clean_by_its_swaps_only(seed, half):
    table = cutting.cut(make_manifest(seed), half)
    judged = table[table["role"].isin(["O", "R"])]
    clean = cutting.cell_rows(table, "clean")
    assert not set(clean["image_id"]) & set(judged["image_id"])
    assert not set(clean["group_id"]) & set(judged["group_id"])
    assert not clean["block"].any()
    for cell, swaps in cutting.CELLS.items():
        rows = cutting.cell_rows(table, cell)
        brought = rows[~rows["path"].isin(clean["path"])]
        assert set(brought["role"]) == set(swaps)
        assert rows["label"].value_counts().equals(clean["label"].value_counts())
        copied = set(rows["image_id"]) & set(judged["image_id"])
        assert bool(copied) == ("copies" in swaps)


def test_what_all_replaces_is_what_the_single_swaps_replace():
    table = cutting.cut(MANIFEST, 0)
    clean = set(cutting.cell_rows(table, "clean")["path"])
    gone = {c: clean - set(cutting.cell_rows(table, c)["path"]) for c in cutting.CELLS}
    singles = [gone[swap] for swap in cutting.SWAPS]
    assert gone["all"] == set.union(*singles)
    assert len(gone["all"]) == sum(map(len, singles))


def test_the_halves_take_turns_and_r_stays():
    first, second = (cutting.cut(MANIFEST, half) for half in (0, 1))
    groups = {
        (half, role): set(rows["group_id"])
        for half, table in enumerate((first, second))
        for role, rows in table.groupby("role")
    }
    assert groups[0, "O"] == groups[1, "block"]
    assert groups[1, "O"] == groups[0, "block"]
    for role in ("R", "valid", "train"):
        paths = [t.loc[t["role"] == role, "path"].tolist() for t in (first, second)]
        assert paths[0] == paths[1]
    assert set(first["path"]) != set(second["path"])  # copies of other images


def test_half_of_a_group_is_judged_and_most_of_it_copied():
    table = cutting.cut(MANIFEST, 0)
    in_test = table[table["role"].isin(["O", "R", "siblings"])]
    judged = in_test["role"] != "siblings"
    n = judged.groupby(in_test["group_id"]).agg(["sum", "size"])
    assert (n["sum"] == (n["size"] + 1) // 2).all()
    copied = cutting.exposure(table)["copied"]
    assert copied.mean() == pytest.approx(cutting.SHARE_COPIED, abs=0.03)


def test_the_same_merge_gives_the_same_cut_in_any_order():
    shuffled = MANIFEST.sample(frac=1, random_state=1)
    assert cutting.digest(cutting.cut(MANIFEST, 1)) == cutting.digest(
        cutting.cut(shuffled, 1)
    )


def spoil(table: pd.DataFrame, role: str, **values) -> pd.DataFrame:
    """Change the first row of a role."""
    table = table.copy()
    table.loc[table.index[table["role"] == role][0], list(values)] = list(
        values.values()
    )
    return table


def test_a_broken_law_is_named():
    table = cutting.cut(MANIFEST, 0)
    judged = table[table["role"] == "O"].iloc[0]
    spoiled = {
        "clean meets the test by image_id": ("train", {"image_id": judged["image_id"]}),
        "clean meets the test by group_id": ("train", {"group_id": judged["group_id"]}),
        "block meets the test by group_id": ("block", {"group_id": judged["group_id"]}),
        "clean holds nothing of the block": ("train", {"block": True}),
        "block has the class mix of clean": ("block", {"label": 1}),
        "validation shares no child with the t": (
            "valid",
            {"group_id": judged["group_id"]},
        ),
        "each file stands once": ("train", {"path": judged["path"]}),
        "siblings are of judged children": ("siblings", {"group_id": "IM-none"}),
        "copies are of judged images": ("copies", {"image_id": "none"}),
        "O lies in the block": ("O", {"block": False}),
    }
    for law, (role, values) in spoiled.items():
        with pytest.raises(ValueError, match=law):
            cutting.check_cut(spoil(table, role, **values))


def test_too_few_images_to_give_way_are_refused():
    few = MANIFEST[MANIFEST["published_split"].eq("test") | MANIFEST["group"].lt(40)]
    with pytest.raises(ValueError, match="left to give way"):
        cutting.cut(few, 0)
