"""Groups of children, and four ways to split without leakage.

Each split is checked for what it promises, every time it is made.
"""

from __future__ import annotations

import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from xraylab.data.sources import FIRST
from xraylab.errors import InputError, LeakError, check_seed

TEST_FOLDS = 5  # a fifth of the images is test ...
VALID_FOLDS = 8  # ... and an eighth of the rest, a tenth of all, is validation
PROTOCOLS = {
    "naive-merge": "every file a sample, split at random, as in the original",
    "image-random": "each image once, split at random by image",
    "grouped": "each image once, children kept whole where names tell them",
    "official": "the published test of the first source, children kept whole where "
    "names tell them",
}
_NO_CHILD = "image-"  # begins the group of an image of which no name tells the child


def add_groups(manifest: pd.DataFrame) -> pd.DataFrame:
    """Join children that share an image into groups.

    A file whose name tells no child belongs to the group of its image; when
    no other file shows it, it is a group of its own.

    Parameters
    ----------
    manifest : DataFrame
        Columns patient_id ("" when unknown) and image_id.

    Returns
    -------
    DataFrame
        With `group_id`: the first child of the group in alphabetical order, or
        the image where no child is known.

    Examples
    --------
    >>> table = pd.DataFrame({"patient_id": ["IM-1", "IM-1", "", ""],
    ...                       "image_id": ["a", "b", "b", "c"]})
    >>> add_groups(table)["group_id"].tolist()
    ['IM-1', 'IM-1', 'IM-1', 'image-c']
    """
    image, images = pd.factorize(manifest["image_id"])
    patient, patients = pd.factorize(manifest["patient_id"].replace("", None))
    known = patient >= 0  # factorize gives -1 to what is missing
    n = len(images) + len(patients)
    ends = (image[known], len(images) + patient[known])
    links = coo_array((known[known], ends), shape=(n, n))
    number = connected_components(links, directed=False)[1]
    by_patient = pd.Series(patients, dtype=object)
    first = by_patient.groupby(number[len(images) :]).min()
    group = pd.Series(number[image], index=manifest.index).map(first)
    alone = _NO_CHILD + manifest["image_id"]
    return manifest.assign(group_id=group.where(group.notna(), alone).astype(str))


def split(manifest: pd.DataFrame, protocol: str, *, seed: int = 0) -> pd.DataFrame:
    """Choose the samples of a protocol and put each in train, valid or test.

    Parameters
    ----------
    manifest : DataFrame
        As from `xraylab.data.merge`, with group_id.
    protocol : str
        A key of `PROTOCOLS`.
    seed : int
        Seed of the random part, from 0 to 4294967295; `official` draws its validation
        with it.

    Returns
    -------
    DataFrame
        The protocol's rows with the column `split`, sorted by path.

    Raises
    ------
    ValueError
        If the protocol is unknown, needs a source that is not there, or finds too
        few children; if there are not two classes; or if the seed is none.
    LeakError
        If the split does not keep its promise.
    """
    if protocol not in PROTOCOLS:
        raise InputError(
            f"must be one of {', '.join(PROTOCOLS)}, got {protocol!r}.",
            argument="protocol",
        )
    check_seed(seed)
    if set(manifest["label"]) != {0, 1}:
        raise InputError(
            "must hold two classes, labels 0 and 1, found labels "
            f"{sorted(set(manifest['label']))}. An audit takes more classes.",
            argument="manifest",
        )
    if protocol == "official":
        table = _split_official(manifest, seed)
    elif protocol == "grouped":
        table = _split_groups(manifest[manifest["kept"]], seed)
    else:
        naive = protocol == "naive-merge"
        table = _split_rows(manifest if naive else manifest[manifest["kept"]], seed)
    table = table.sort_values("path", ignore_index=True)
    return check_split(table, protocol)


def check_split(table: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """Return the split, or raise when it does not keep its protocol's promise.

    Every protocol: each file once, both classes in every split. All but
    `naive-merge`: no image in two splits. `grouped` and `official`: no known child
    in two splits; `describe_split` counts the images without one. `official`: the
    test is the published one.

    Raises
    ------
    LeakError
        Naming the first three.
    """
    twice = table["path"][table["path"].duplicated()].tolist()
    if twice:
        raise LeakError(f"{len(twice)} files stand in two places: {_first(twice)}.")
    for name in ("train", "valid", "test"):
        classes = set(table.loc[table["split"] == name, "label"])
        if classes != {0, 1}:
            raise LeakError(
                f"{name} must hold both classes, found labels {sorted(classes)}. "
                "The data may be too small for this protocol."
            )
    if protocol != "naive-merge":
        _refuse_leakage(table, "image_id", "images")
    if protocol in {"grouped", "official"}:
        _refuse_leakage(table, "group_id", "groups of children")
    if protocol == "official":
        published = table["published_split"].eq("test")
        if not published.eq(table["split"] == "test").all():
            raise LeakError("test must be exactly the published test of source 1.")
    return table


def describe_split(table: pd.DataFrame) -> pd.DataFrame:
    """Count what each split holds, and how much of it train has seen.

    Returns
    -------
    DataFrame
        One row a split: n_files, n_images, n_groups, n_unknown (images of which no
        name tells the child: each is a group of its own, so their children may be
        in several splits), n_normal, n_pneumonia, image_in_train and group_in_train
        (shares in [0, 1] of its files whose image, or known child, is in train too).
    """
    train = table[table["split"] == "train"]
    rows = {}
    for name in ("train", "valid", "test"):
        part = table[table["split"] == name]
        rows[name] = {
            "n_files": len(part),
            "n_images": part["image_id"].nunique(),
            "n_groups": part["group_id"].nunique(),
            "n_unknown": count_unknown(part),
            "n_normal": int((part["label"] == 0).sum()),
            "n_pneumonia": int((part["label"] == 1).sum()),
            "image_in_train": part["image_id"].isin(train["image_id"]).mean(),
            "group_in_train": part["group_id"].isin(train["group_id"]).mean(),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("split")


def count_unknown(table: pd.DataFrame) -> int:
    """Count the images of which no file's name tells the child."""
    unknown = table["group_id"].astype(str).str.startswith(_NO_CHILD)
    return table.loc[unknown, "image_id"].nunique()


def _split_rows(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    from sklearn.model_selection import train_test_split  # a merge needs no sklearn

    try:
        rest, test = train_test_split(
            table, test_size=1 / TEST_FOLDS, stratify=table["label"], random_state=seed
        )
        train, valid = train_test_split(
            rest, test_size=1 / VALID_FOLDS, stratify=rest["label"], random_state=seed
        )
    except ValueError as error:  # scikit-learn's, whose parts would lack a class
        n_normal, n_pneumonia = table["label"].value_counts().reindex([0, 1])
        raise InputError(
            "must hold enough images of each class for train, valid and test, found "
            f"{n_normal} normal and {n_pneumonia} pneumonia. Add images.",
            argument="manifest",
        ) from error
    return _put_together(train, valid, test)


def _split_groups(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    rest, test = _cut_groups(table, TEST_FOLDS, seed)
    return _put_together(*_cut_groups(rest, VALID_FOLDS, seed), test)


def _split_official(manifest: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Test as published, with its repeats; train and validation each once."""
    first = manifest[manifest["source"] == FIRST]
    if not first["published_split"].eq("test").any():
        raise InputError(
            f"official needs the test folder of {FIRST}, found sources "
            f"{', '.join(manifest['source'].unique()) or 'none'}. Add it, or choose "
            "grouped.",
            argument="protocol",
        )
    test = first[first["published_split"] == "test"]
    rest = first[(first["published_split"] != "test") & first["kept"]]
    return _put_together(*_cut_groups(rest, TEST_FOLDS * 2, seed), test)


def _cut_groups(
    table: pd.DataFrame, folds: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cut one part in `folds` off, groups kept whole: (rest, part)."""
    n_groups = table["group_id"].nunique()
    fewest = table["label"].value_counts().min()
    if n_groups < folds or fewest < folds:
        raise InputError(
            f"must hold at least {folds} groups of children, and as many images of "
            f"each class, to cut a part off, found {n_groups} groups and {fewest} "
            "images. Add images.",
            argument="manifest",
        )
    from sklearn.model_selection import StratifiedGroupKFold

    cutter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    rest, part = next(cutter.split(table, table["label"], table["group_id"]))
    return table.iloc[rest], table.iloc[part]


def _put_together(
    train: pd.DataFrame, valid: pd.DataFrame, test: pd.DataFrame
) -> pd.DataFrame:
    parts = {"train": train, "valid": valid, "test": test}
    return pd.concat([part.assign(split=name) for name, part in parts.items()])


def _refuse_leakage(table: pd.DataFrame, column: str, what: str) -> None:
    n_splits = table.groupby(column)["split"].nunique()
    shared = n_splits.index[n_splits > 1].tolist()
    if shared:
        raise LeakError(
            f"the same {what} stand in more than one split: {_first(shared)} "
            f"({len(shared)} in all). Split again with xraylab.data.split; where the "
            "published test shares them with the rest, choose grouped."
        )


def _first(names: list[str]) -> str:
    return ", ".join(map(str, names[:3]))
