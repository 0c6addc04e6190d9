"""Folders of images for the lessons: one, two or three sources, simulated or real."""

import shutil

from xraylab import data
from xraylab.course import places
from xraylab.data import sources

N_TRAIN, N_TEST = places.AT_LEAST.values()  # real files of each class


def write_sources(root, names, out):
    """Copy a root with only some of its sources, and the truth of a simulated one."""
    files, _ = data.list_files(root)
    _copy(root, files.loc[files["source"].isin(names), "path"], out)
    if (root / "truth").is_dir():
        shutil.copytree(root / "truth", out / "truth", dirs_exist_ok=True)
    return out


def write_sample(root, out):
    """Copy a few images of the first source, and their twins in the others.

    The third source numbers the first one's files in the order of their names; so
    does the sample.
    """
    files, _ = data.list_files(root)
    first = files[files["source"] == sources.FIRST]
    few = {"train": N_TRAIN, "val": N_TEST, "test": N_TEST}
    chosen = [
        part.sample(min(few[split], len(part)), random_state=0)
        for (split, _), part in first.groupby(["published_split", "label"])
    ]
    paths = {path for part in chosen for path in part["path"]}
    third = sources.names_by_index(files)
    second = files[~files["source"].isin([sources.FIRST, sources.THIRD])]
    names = {path.rpartition("/")[2] for path in paths}
    same = second["path"].str.rpartition("/")[2].isin(names)
    _copy(root, [*paths, *second.loc[same, "path"]], out)
    shown = third[third.isin(paths)].sort_values(
        key=lambda others: others.str.rpartition("/")[2]
    )
    counts = {"NORMAL": 0, "PNEUMONIA": 0}
    for path in shown.index:
        folder, _, name = path.rpartition("/")
        label = name.partition("(")[0]
        target = out / folder / f"{label}({counts[label]}).jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / path, target)
        counts[label] += 1
    return out


def _copy(root, paths, out):
    for path in paths:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / path, out / path)
