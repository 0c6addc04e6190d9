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


def plain(n, *, n_positive, n_published=0):
    """Children of one image each, the last ones pneumonia, every so many published."""
    label = [0] * (n - n_positive) + [1] * n_positive
    table = pd.DataFrame({"label": label, "kept": True, "source": splits.FIRST})
    names = [f"{i:04}" for i in range(n)]
    published = [n_published and i % (n // n_published) == 0 for i in range(n)]
    return table.assign(
        path=names,
        image_id=names,
        group_id=names,
        published_split=["test" if is_test else "train" for is_test in published],
    )


@pytest.mark.parametrize("protocol", ["naive-merge", "image-random", "grouped"])
def test_a_fifth_is_test_and_a_tenth_is_validation(protocol):
    table = data.split(plain(1000, n_positive=730), protocol)
    sizes = table["split"].value_counts()
    assert sizes[["train", "valid", "test"]].tolist() == [700, 100, 200]
    shares = table.groupby("split")["label"].mean()
    assert shares.tolist() == pytest.approx([0.73] * 3, abs=0.01)


def test_a_tenth_of_the_rest_of_the_official_is_validation():
    table = data.split(plain(1000, n_positive=730, n_published=100), "official")
    sizes = table["split"].value_counts()
    assert sizes[["train", "valid", "test"]].tolist() == [810, 90, 100]


@pytest.mark.parametrize("protocol", data.PROTOCOLS)
def test_the_seed_is_0_unless_given_and_matters(protocol):
    manifest = plain(400, n_positive=300, n_published=100)
    found = data.split(manifest, protocol)
    pd.testing.assert_frame_equal(found, data.split(manifest, protocol, seed=0))
    assert not found.equals(data.split(manifest, protocol, seed=1))


def test_as_many_groups_as_parts_are_enough():
    rest, part = splits._cut_groups(plain(20, n_positive=10), 10, 0)
    assert (len(rest), len(part)) == (18, 2)
    few = plain(20, n_positive=10)
    with pytest.raises(ValueError, match="found 9 groups and 10 images"):
        splits._cut_groups(
            few.assign(
                group_id=few["group_id"].replace({f"{i:04}": "0000" for i in range(12)})
            ),
            10,
            0,
        )


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
    (source,) = manifest["source"].unique()
    found = f"needs the test folder of chest-xray.*, found sources {source}. Add it"
    with pytest.raises(ValueError, match=found):
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


@pytest.mark.parametrize("protocol", ["naive-merge", "image-random"])
@pytest.mark.parametrize(("n", "n_positive"), [(8, 4), (2, 1), (20, 19), (9, 2)])
def test_too_few_images_for_three_parts_are_counted(protocol, n, n_positive):
    found = f"found {n - n_positive} normal and {n_positive} pneumonia. Add images."
    with pytest.raises(ValueError, match=found):
        data.split(plain(n, n_positive=n_positive), protocol)


COUNTS = {  # of train and of valid below
    **{"n_files": 2, "n_images": 2, "n_groups": 2, "n_unknown": 0},
    **{"n_normal": 1, "n_pneumonia": 1},
}
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
        match=r"the same images stand in more than one split: 1 \(1 in all\)\. Split "
        r"again with .* shares them with the rest, choose grouped\.",
    ):
        data.check_split(LEAKY, "image-random")


def test_three_are_named_and_the_others_counted():
    twice = pd.concat([LEAKY.head(6).assign(split=s) for s in ("train", "test")])
    twice = pd.concat([twice, LEAKY.iloc[2:4]])
    twice = twice.assign(path=[f"{i:02}" for i in range(len(twice))])
    with pytest.raises(errors.LeakError, match=r"split: 1, 2, 3 \(6 in all\)"):
        data.check_split(twice, "image-random")


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
    assert counts.T.to_dict() == {
        "train": {**COUNTS, "image_in_train": 1, "group_in_train": 1},
        "valid": {**COUNTS, "image_in_train": 0, "group_in_train": 0},
        "test": {
            **{"n_files": 4, "n_images": 4, "n_groups": 4, "n_unknown": 0},
            **{"n_normal": 2, "n_pneumonia": 2},
            **{"image_in_train": 1 / 4, "group_in_train": 2 / 4},
        },
    }


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5, True])
def test_a_seed_that_not_each_library_takes_is_refused(seed):
    message = f"seed must be a whole number from 0 to 4294967295, got {seed}"
    with pytest.raises(errors.InputError, match=message):
        data.split(pd.DataFrame(), "grouped", seed=seed)
