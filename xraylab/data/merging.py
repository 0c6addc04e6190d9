"""The whole merge: a folder of sources to one checked table and a report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from xraylab import duplicates
from xraylab.data import manifest, sources, splits
from xraylab.errors import InputError
from xraylab.files import write_texts


@dataclass(frozen=True)
class Merge:
    """What came out of a merge.

    Attributes
    ----------
    root : Path
        The paths in `manifest` are relative to it.
    manifest : DataFrame
        One row a readable image file, `xraylab.data.manifest.MANIFEST_COLUMNS`.
    problems : DataFrame
        Columns path, cause, source and label: files that could not be read.
    ignored : DataFrame
        Columns path and reason: files that belong to no source.
    margin : dict
        How far same and different are apart, as in
        `xraylab.duplicates.Images`.
    """

    root: Path
    manifest: pd.DataFrame
    problems: pd.DataFrame
    ignored: pd.DataFrame
    margin: dict[str, float | None]

    def report(self) -> dict:
        """Count what is there; a plain dict, fit for JSON."""
        table = self.manifest
        known = table["patient_id"] != ""
        named = table.loc[known, "image_id"]
        labels = table.groupby("image_id")["label"].nunique()
        same = check_index_rule(table, self.listed())["agrees"]
        return {
            "files": len(table),
            "images": table["image_id"].nunique(),
            "patients": table.loc[known, "patient_id"].nunique(),
            "groups": table["group_id"].nunique(),
            "label_conflicts": int((labels > 1).sum()),
            "problems": len(self.problems),
            "unnamed_images": int(
                (~table.loc[table["kept"], "image_id"].isin(named)).sum()
            ),
            "margin": self.margin,
            "by_source": table["source"].value_counts(sort=False).to_dict(),
            "matches": table["match"].value_counts().to_dict(),
            "ignored": self.ignored["reason"].value_counts().to_dict(),
            "index_rule": {"agree": int(same.sum()), "disagree": int((~same).sum())},
        }

    def listed(self) -> pd.DataFrame:
        """List readable files and problems: names count, readable or not."""
        return pd.concat([self.manifest, self.problems.assign(number="")])


def merge(root: str | Path, *, workers: int = 1, progress: bool = True) -> Merge:
    """Merge the sources under a folder: list, look, group.

    Parameters
    ----------
    root : path
        Folder that holds one or more of the three sources.
    workers : int
        Processes that read files; 1 reads in this one, as notebooks should.
    progress : bool
        Show a progress bar on stderr.

    Raises
    ------
    FileNotFoundError, xraylab.UnknownLayoutError
        If there is no such folder, or no source in it.
    ValueError
        If not one image could be read.
    """
    files, ignored = sources.list_files(root)
    rank = {name: i for i, name in enumerate(sources.SOURCES)}
    files = files.sort_values("source", key=lambda s: s.map(rank), kind="stable")
    found = duplicates.find_images(files, root, workers=workers, progress=progress)
    if found.table.empty:
        raise InputError(
            f"root must hold readable images, none of {len(found.problems)} files in "
            f"{root} could be read, first {found.problems['path'].iloc[0]}."
        )
    table = files.merge(found.table, on="path", validate="one_to_one")
    table = splits.add_groups(table)[manifest.MANIFEST_COLUMNS]
    checked = manifest.check_manifest(table)
    problems = found.problems.merge(files[["path", "source", "label"]], on="path")
    return Merge(Path(root), checked, problems, ignored, found.margin)


def save_merge(merged: Merge, folder: str | Path) -> None:
    """Write manifest, problems, ignored files and report: all, or none of them.

    Raises
    ------
    OSError
        If the folder cannot be written or the disk is full; a merge that lay
        there is still whole.
    """
    facts = {"root": str(merged.root.resolve()), **merged.report()}
    texts = {
        "problems.csv": merged.problems.to_csv(index=False, lineterminator="\n"),
        "ignored.csv": merged.ignored.to_csv(index=False, lineterminator="\n"),
        "merge.json": json.dumps(facts, indent=2) + "\n",
        "manifest.csv": manifest.as_csv(merged.manifest),
    }
    write_texts({Path(folder) / name: text for name, text in texts.items()})


def load_merge(folder: str | Path) -> Merge:
    """Read back what `save_merge` wrote.

    Raises
    ------
    FileNotFoundError
        If the folder holds no merge, or its images have moved away.
    ValueError
        If merge.json or the manifest is not what `save_merge` wrote.
    """
    folder = Path(folder)
    table = manifest.read_manifest(folder / "manifest.csv")
    try:
        facts = json.loads((folder / "merge.json").read_text("utf-8"))
        root, margin = Path(facts["root"]), facts["margin"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder / 'merge.json'} is not as `xraylab merge` writes it. Merge again."
        ) from error
    if not root.is_dir():
        raise FileNotFoundError(
            f"the images of {folder} were in {root}, which is not there any more. "
            "Merge again with `xraylab merge`."
        )
    problems = pd.read_csv(folder / "problems.csv")
    ignored = pd.read_csv(folder / "ignored.csv")
    return Merge(root, table, problems, ignored, margin)


def third_source_names(files: pd.DataFrame) -> pd.Series:
    """Say which first-source file each third-source file should be.

    The rule: pool the first source's files of a class, sort them by file name,
    count from 0; `NORMAL(i)` is item i. It is inferred, so it is evidence to
    hold against the pixels, never a decision.

    Parameters
    ----------
    files : DataFrame
        Columns path, source, label, number, as from `xraylab.data.sources.list_files`.

    Returns
    -------
    Series
        Index: path of a third-source file; value: path of a first-source file.
        Empty unless both sources are there.
    """
    by_name = files.assign(name=files["path"].str.rsplit("/", n=1).str[-1])
    pools = {
        label: pool.sort_values("name")["path"].tolist()
        for label, pool in by_name[by_name["source"] == sources.FIRST].groupby("label")
    }
    third = files[(files["source"] == sources.THIRD) & (files["number"] != "")]
    pairs = {
        path: pools[label][int(number)]
        for path, label, number in zip(
            third["path"], third["label"], third["number"], strict=True
        )
        if label in pools and int(number) < len(pools[label])
    }
    return pd.Series(pairs, dtype=object)


def check_index_rule(table: pd.DataFrame, listed: pd.DataFrame) -> pd.DataFrame:
    """Hold `third_source_names` against the pixels, where both files are read.

    Parameters
    ----------
    table : DataFrame
        Columns path, label and image_id, one row a readable file.
    listed : DataFrame
        As from `Merge.listed`: without a file that is there, all indices shift.

    Returns
    -------
    DataFrame
        Columns path, label, other (path of what it should show) and agrees.
    """
    image = table.set_index("path")["image_id"]
    other = table["path"].map(third_source_names(listed))
    held = table[["path", "label"]].assign(other=other)[other.isin(image.index)]
    shown = (image[held[column]].to_numpy() for column in ("path", "other"))
    return held.assign(agrees=np.equal(*shown).astype(bool))
