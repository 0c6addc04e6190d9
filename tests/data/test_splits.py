import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xraylab import data, errors
from xraylab.data import splits


@st.composite
def manifests(draw):
    """Random tables: children with images, images with copies."""
    n_children = draw(st.integers(40, 80))
    rows = []
    for child in range(n_children):
        for shot in range(draw(st.integers(1, 3))):
            for copy in range(draw(st.integers(1, 3))):
                rows.append((child, f"{child}-{shot}", copy))
    table = pd.DataFrame(rows, columns=["child", "image_id", "copy"])
    first = splits.FIRST
    return splits.add_groups(
        table.assign(
            path=[f"{i}.jpeg" for i in range(len(table))],
            patient_id="p" + table["child"].astype(str),
            label=table["child"] % 2,
            kept=table["copy"] == 0,
            source=table["copy"].map({0: first, 1: "two", 2: "three"}),
            published_split=(table["child"] < 8).map({True: "test", False: "train"}),
        )
    )


@settings(max_examples=25)
@given(manifests(), st.sampled_from(list(data.PROTOCOLS)), st.integers(0, 99))
def test_every_protocol_keeps_its_promise(manifest, protocol, seed):
    table = data.split(manifest, protocol, seed=seed)
    assert not table["path"].duplicated().any()
    assert set(table["split"]) == {"train", "valid", "test"}
    unit = {"naive-merge": "path", "image-random": "image_id"}.get(protocol, "group_id")
    assert (table.groupby(unit)["split"].nunique() == 1).all()
    if protocol == "naive-merge":
        assert len(table) == len(manifest)
    elif protocol != "official":
        assert table["image_id"].nunique() == manifest["image_id"].nunique()


@settings(max_examples=10)
@given(manifests(), st.sampled_from(list(data.PROTOCOLS)))
def test_the_same_seed_gives_the_same_split(manifest, protocol):
    again = data.split(
        manifest.sample(frac=1, random_state=1).sort_values("path"), protocol, seed=3
    )
    ordered = manifest.sort_values("path")
    pd.testing.assert_frame_equal(data.split(ordered, protocol, seed=3), again)


def test_children_who_share_a_image_are_one_group():
    table = pd.DataFrame(
        {"patient_id": ["a", "b", "b", "c"], "image_id": ["1", "1", "2", "3"]}
    )
    assert splits.add_groups(table)["group_id"].tolist() == ["a", "a", "a", "c"]


def test_unknown_protocol_lists_the_four(three_sources):
    with pytest.raises(
        ValueError, match="naive-merge, image-random, grouped, official"
    ):
        data.split(pd.DataFrame(), "best")


def test_official_without_the_first_source_is_refused(three_sources):
    manifest = data.merge(three_sources / "two", progress=False).manifest
    with pytest.raises(ValueError, match="needs the test folder of chest-xray"):
        data.split(manifest, "official")


def test_too_few_children_are_counted(three_sources):
    manifest = data.merge(three_sources, progress=False).manifest
    with pytest.raises(ValueError, match=r"at least 10 groups of children.*found 9"):
        data.split(manifest, "official")


def test_too_few_images_of_a_class_are_counted(recwarn):
    manifest = pd.DataFrame(
        {
            "path": [f"{i}.jpeg" for i in range(40)],
            "image_id": range(40),
            "group_id": range(40),
            "label": [0] * 4 + [1] * 36,
            "kept": True,
        }
    )
    with pytest.raises(ValueError, match="found 40 groups and 4 images"):
        data.split(manifest, "grouped")
    assert not recwarn.list  # scikit-learn's, about its own words


LEAKY = pd.DataFrame(
    {
        "path": list("abcdefgh"),
        "image_id": ["1", "2", "3", "4", "5", "6", "7", "1"],
        "group_id": ["1", "2", "3", "4", "5", "6", "2", "1"],
        "label": [0, 1, 0, 1, 0, 1, 1, 0],
        "split": ["train", "train", "valid", "valid", "test", "test", "test", "test"],
        "published_split": ["train"] * 4 + ["test"] * 4,
    }
)


def test_a_image_in_two_splits_is_named():
    with pytest.raises(
        errors.LeakError,
        match=r"the same images stand in more than one split: 1 \(1 in all\)",
    ):
        data.check_split(LEAKY, "image-random")


def test_a_child_in_two_splits_is_named():
    apart = LEAKY.iloc[:-1]
    with pytest.raises(errors.LeakError, match=r"groups of children .*: 2 .1 in all"):
        data.check_split(apart, "grouped")


def test_a_file_in_two_places_is_named():
    twice = pd.concat([LEAKY, LEAKY.head(1)])
    with pytest.raises(errors.LeakError, match="1 files stand in two places: a"):
        data.check_split(twice, "naive-merge")


def test_a_split_of_one_class_is_refused():
    with pytest.raises(errors.LeakError, match=r"valid must hold both classes, found"):
        data.check_split(LEAKY[LEAKY["path"] != "c"], "naive-merge")


def test_official_must_be_the_published_test():
    clean = LEAKY.iloc[:6].assign(published_split="train")
    with pytest.raises(errors.LeakError, match="exactly the published test"):
        data.check_split(clean, "official")


def test_images_without_a_known_child_are_counted():
    table = splits.add_groups(
        pd.DataFrame(
            {
                "patient_id": ["IM-1", "", "", "", ""],
                "image_id": ["a", "a", "b", "c", "c"],
                "label": 0,
                "split": ["train", "train", "train", "test", "test"],
            }
        )
    )
    counts = data.describe_split(table)
    assert counts["n_unknown"].to_dict() == {"train": 1, "valid": 0, "test": 1}


def test_more_than_two_classes_are_not_split():
    manifest = pd.DataFrame({"label": [0, 1, 2]})
    with pytest.raises(ValueError, match=r"two classes, .* found labels \[0, 1, 2\]"):
        data.split(manifest, "grouped")


def test_describe_counts_copies_and_children_seen_in_train():
    counts = data.describe_split(LEAKY)
    assert counts.loc["test", "image_in_train"] == 1 / 4
    assert counts.loc["test", "group_in_train"] == 2 / 4
    assert counts.loc["valid", "n_pneumonia"] == 1


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5, True])
def test_a_seed_that_not_each_library_takes_is_refused(seed):
    message = f"seed must be a whole number from 0 to 4294967295, got {seed}"
    with pytest.raises(errors.InputError, match=message):
        data.split(pd.DataFrame(), "grouped", seed=seed)
