import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraylab.audit import leakage


def table(*rows):
    columns = ["source", "split", "label", "kind", "number", "image_id"]
    made = pd.DataFrame(rows, columns=columns)
    path = [f"{i}.png" for i in range(len(made))]
    return made.assign(path=path, name=path, patient_id=made["kind"] + made["number"])


def test_overlaps_name_the_test_last_and_count():
    found = leakage.find_overlaps(
        table(
            ("one", "test", 0, "IM", "1", "a"),
            ("one", "test", 0, "IM", "2", "b"),
            ("one", "train", 0, "IM", "1", "a"),
            ("two", "test", 0, "IM", "2", "b"),
        ),
        "image_id",
    )
    row = found.iloc[0]
    assert (len(found), row["first"], row["second"]) == (1, "one/train", "one/test")
    assert (row["n"], row["n_files"], row["share"]) == (1, 1, 0.5)
    assert row["examples"] == "0.png"


@given(
    st.lists(
        st.tuples(st.sampled_from(["train", "val", "test"]), st.sampled_from("abcdef")),
        min_size=1,
    )
)
def test_images_overlap_exactly_where_they_stand_in_two_splits(places):
    rows = table(*(("one", split, 0, "IM", p, p) for split, p in places))
    found = leakage.find_overlaps(rows, "image_id")
    order = ["train", "val", "test"]  # of one source, places are splits
    assert all(
        order.index(one) < order.index(two)
        for one, two in zip(found["first"], found["second"], strict=True)
    )
    n_splits = rows.groupby("image_id")["split"].nunique()
    assert found["n"].sum() == (n_splits * (n_splits - 1) // 2).sum()


def test_three_examples_are_shown_and_the_most_overlap_comes_first():
    numbers = "abcdef"
    rows = [("one", "train", 0, "IM", n, n) for n in numbers]
    rows += [("one", "val", 0, "IM", n, n) for n in numbers[:1]]
    rows += [("one", "test", 0, "IM", n, n) for n in numbers[1:]]
    rows += [("one", "", 0, "IM", n, n) for n in numbers]  # of no split
    found = leakage.find_overlaps(table(*rows), "image_id")
    assert found["n"].tolist() == [5, 1]
    assert found["examples"].tolist() == ["7.png, 8.png, 9.png", "6.png"]


@pytest.mark.parametrize(
    ("n_wrong", "rule"), [(1, "index of the third source"), (2, leakage.MISFIT)]
)
def test_a_rule_that_fits_fewer_than_nine_in_ten_is_none(n_wrong, rule):
    held = pd.DataFrame({"label": 0, "other": "x", "agrees": [True] * 10})
    held = held.assign(path=[f"{i}.jpg" for i in range(10)])
    held.loc[: n_wrong - 1, "agrees"] = False
    more = held.assign(label=1, agrees=True)  # each class is asked for itself
    rows = table(("", "", 0, "", "", "a")).assign(name="a")
    found = leakage.find_name_conflicts(rows, pd.concat([held, more]))
    assert found["path"].tolist() == [f"{i}.jpg" for i in range(n_wrong)]
    assert (found["rule"] == rule).all()


def test_unknown_children_overlap_with_nobody():
    rows = table(("", "train", 0, "", "", "a"), ("", "test", 0, "", "", "b"))
    assert leakage.find_overlaps(rows, "patient_id").empty


def test_one_image_under_two_labels():
    rows = table(("", "", 0, "", "", "a"), ("", "", 1, "", "", "a"))
    assert leakage.find_label_conflicts(rows)["path"].tolist() == ["0.png", "1.png"]
    assert leakage.find_label_conflicts(rows.head(1)).empty


def test_one_name_with_two_images_is_a_conflict():
    rows = table(("one", "", 0, "IM", "1", "a"), ("two", "", 0, "IM", "1", "b"))
    rows = rows.assign(name="IM-0001-0001.jpeg")
    held = pd.DataFrame(columns=["path", "label", "other", "agrees"])
    held = held.astype({"agrees": bool})
    found = leakage.find_name_conflicts(rows, held)
    assert found[["path", "other"]].to_numpy().tolist() == [["1.png", "0.png"]]


def test_number_only_joins_strangers_and_says_how_many():
    rows = table(
        ("one", "train", 1, "bacteria", "7", "a"),
        ("one", "test", 1, "virus", "7", "b"),
        ("one", "test", 1, "virus", "8", "c"),
    )
    found = leakage.count_number_only(rows)
    assert found == {"shared_numbers": 1, "test_files": 1}
    nothing = leakage.count_number_only(rows.assign(number=""))
    assert nothing == {"shared_numbers": 0, "test_files": 0}


def test_blocks_have_few_runs_and_a_shuffle_has_many():
    def split_as(splits):
        return table(
            *(("one", s, 0, "IM", str(i), str(i)) for i, s in enumerate(splits))
        )

    blocks = leakage.measure_blocks(split_as(["test"] * 10 + ["train"] * 30)).iloc[0]
    assert (blocks["n_children"], blocks["n_runs"]) == (40, 2)
    assert blocks["p"] == 1 / 1000  # this split and 999 shuffles
    assert blocks["by_chance"] == pytest.approx(1 + 2 * 10 * 30 / 40, abs=0.5)
    one = split_as(["test"] * 10 + ["train"] * 30)
    again = leakage.measure_blocks(one)
    assert again.equals(leakage.measure_blocks(one, seed=0))
    assert not again.equals(leakage.measure_blocks(one, seed=1))
    unknown = one.assign(patient_id="", kind="", number="")
    unnumbered = one.assign(patient_id=one["patient_id"] + "x", number="")
    more = pd.concat([one, unknown, unnumbered, one.assign(split="", number="1")])
    assert leakage.measure_blocks(more).equals(again)
    assert leakage.measure_blocks(split_as(["train"] * 9)).empty
    far = split_as(["test"] * 10 + ["train"] * 30)
    far["number"] = [str(i) + "0" * 25 for i in range(40)]
    assert leakage.measure_blocks(far).iloc[0].equals(blocks)
    mixed = leakage.measure_blocks(split_as(["test", "train", "train", "train"] * 10))
    assert mixed.iloc[0]["p"] > 0.5
