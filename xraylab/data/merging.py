"""The whole merge: a folder of any layout to one checked table and a report."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pandas as pd

from xraylab import duplicates
from xraylab.data import listing, manifest, sources, splits
from xraylab.errors import InputError
from xraylab.files import refuse_foreign, refuse_unlike, write_texts
from xraylab.plain_json import read_json

_FACTS, _TABLE = "merge.json", "manifest.csv"
_LISTS = {
    "problems": ["path", "cause", "source", "label"],
    "ignored": ["path", "reason"],
    "notes": ["path", "note"],
}
_FORM = {"root": str, "margin": dict, "files": int}  # of merge.json


@dataclass(frozen=True)
class Merge:
    """What came out of a merge.

    Attributes
    ----------
    root : Path
        The paths in `manifest` are relative to it.
    manifest : DataFrame
        One row a readable image file, `xraylab.data.manifest.COLUMNS`.
    problems : DataFrame
        Columns path, cause, source and label: files that could not be read.
    ignored : DataFrame
        Columns path and reason: files that belong to no class.
    notes : DataFrame
        Columns path and note: files that are read, with something to know.
    margin : dict
        How far same and different are apart, as in
        `xraylab.duplicates.Images`.
    thumbnails : Thumbnails, optional
        As from `xraylab.images.read_thumbnails`, for the next step; None after
        `load`.
    """

    root: Path
    manifest: pd.DataFrame
    problems: pd.DataFrame
    ignored: pd.DataFrame
    notes: pd.DataFrame
    margin: dict[str, float | None]
    thumbnails: Any = field(default=None, repr=False)

    def report(self) -> dict:
        """Count what is there; a plain dict, fit for JSON."""
        table = self.manifest
        known = table["patient_id"] != ""
        labels = table.groupby("image_id")["label"].nunique()
        same = self.index_rule["agrees"]
        return {
            "files": len(table),
            "images": table["image_id"].nunique(),
            "patients": table.loc[known, "patient_id"].nunique(),
            "groups": table["group_id"].nunique(),
            "label_conflicts": int((labels > 1).sum()),
            "problems": len(self.problems),
            "unnamed_images": splits.count_unknown(table),
            "margin": self.margin,
            "by_source": table["source"].value_counts(sort=False).to_dict(),
            "matches": table["match"].value_counts().to_dict(),
            "ignored": self.ignored["reason"].value_counts().to_dict(),
            "notes": self.notes["note"].value_counts().to_dict(),
            "left_out": self.left_out.to_dict(),
            "unnamed_sources": {
                folder: n for (_, folder), n in self.unnamed_sources.items()
            },
            "index_rule": {"agree": int(same.sum()), "disagree": int((~same).sum())},
        }

    @cached_property
    def index_rule(self) -> pd.DataFrame:
        """The third source's numbers held against the pixels, where both are read.

        Columns path, label, other (path of what it should show) and agrees. The
        rule counts all files, readable or not: without one, all indices shift.
        """
        table = self.manifest
        listed = pd.concat([table, self.problems.assign(number="")])
        other = table["path"].map(sources.names_by_index(listed))
        image = table.set_index("path")["image_id"]
        held = table[["path", "label"]].assign(other=other)[other.isin(image.index)]
        shown, expected = (image[held[name]].to_numpy() for name in ("path", "other"))
        return held.assign(agrees=(shown == expected).astype(bool))

    @property
    def left_out(self) -> pd.Series:
        """Number of images by folder that looks like one of a class and is not read."""
        return listing.left_out(self.ignored)

    @property
    def unnamed_sources(self) -> pd.Series:
        """Number of images by source and folder that has no name of that set."""
        return listing.find_unnamed(self.manifest)

    def save(self, folder: str | Path) -> None:
        """Write manifest, lists of files and report: all, or none of them.

        Raises
        ------
        InputError
            If the folder lies among the images.
        OSError
            If the folder cannot be written, another command is just writing it, it has
            files of these names that are of no merge, or the disk is full; what lay
            there is still whole.
        """
        self.refuse_among_images(folder)
        refuse_others(folder)
        facts = {"root": str(self.root.resolve()), **self.report()}
        texts = {_FACTS: json.dumps(facts, indent=2) + "\n"}
        texts |= {
            f"{name}.csv": getattr(self, name).to_csv(index=False, lineterminator="\n")
            for name in _LISTS
        }
        texts |= {_TABLE: manifest.as_csv(self.manifest)}
        write_texts({Path(folder) / name: text for name, text in texts.items()})

    def refuse_among_images(self, folder: str | Path) -> None:
        """Raise InputError where a folder for results lies among the images."""
        refuse_among_images(folder, self.root, self.manifest)

    @staticmethod
    def is_saved_at(path: str | Path) -> bool:
        """Tell whether a path is one for `load`, and no folder of images."""
        return Path(path).is_file() or (Path(path) / _FACTS).is_file()

    @classmethod
    def load(cls, path: str | Path) -> Merge:
        """Read back what `save` wrote; or another manifest.

        Parameters
        ----------
        path : path
            Folder of a merge, or the manifest.csv in it; or another csv file with
            the same columns, its paths relative to its folder, or to the images of
            the merge that it lies beside.

        Raises
        ------
        FileNotFoundError
            If there is no merge, or its images have moved away.
        ValueError
            If merge.json or the manifest is not what `save` wrote.
        """
        path = Path(path)
        home = path.parent if path.is_file() else path
        table = manifest.read_manifest(path if path.is_file() else home / _TABLE)
        is_saved = not path.is_file() or (home / _FACTS).is_file()
        facts = _read_facts(home) if is_saved else {"root": home, "margin": {}}
        is_own = is_saved and path in (home, home / _TABLE)
        if is_own and len(table) != facts["files"]:  # cut at the end of a line
            raise InputError(
                f"{home / _TABLE} must have {facts['files']} rows, as many as files in "
                f"{_FACTS}, but has {len(table)}. Merge again."
            )
        lists = {
            name: _read_list(home / f"{name}.csv", columns, is_own)
            for name, columns in _LISTS.items()
        }
        root, margin = facts["root"], facts["margin"]
        return cls(root=root, manifest=table, margin=margin, **lists)


def merge(
    root: str | Path,
    *,
    layout: str = "sources",
    workers: int = 1,
    progress: bool = True,
) -> Merge:
    """Merge the images under a folder: list, look, group.

    Parameters
    ----------
    root : path
        Folder that holds one or more of the three sources.
    layout : str
        "sources"; or "any", which also takes other class folders, as
        `xraylab.data.list_files` does.
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
    files, ignored = listing.list_files(root, layout)
    if files.empty:
        path, reason = ignored[["path", "reason"]].iloc[0]
        raise InputError(
            f"must hold readable images, but all {len(ignored)} files in {root} were "
            f"left out, first {path}: {reason}.",
            argument="root",
        )
    rank = {name: i for i, name in enumerate(sources.SOURCES)}
    files = files.sort_values(
        "source", key=lambda s: s.map(rank).fillna(len(rank)), kind="stable"
    )
    found = duplicates.find_images(files, root, workers=workers, progress=progress)
    if found.table.empty:
        path, cause = found.problems[["path", "cause"]].iloc[0]
        raise InputError(
            f"must hold readable images, none of {len(found.problems)} files in {root} "
            f"could be read, first {path}: {cause}.",
            argument="root",
        )
    table = files.merge(found.table, on="path", validate="one_to_one")
    table = splits.add_groups(table)[manifest.COLUMNS]
    return Merge(
        root=Path(root),
        manifest=manifest.check_manifest(table),
        problems=found.problems.merge(files[["path", "source", "label"]], on="path"),
        ignored=ignored,
        notes=_take_notes(found.thumbnails.files),
        margin=found.margin,
        thumbnails=found.thumbnails,
    )


def refuse_among_images(
    folder: str | Path, root: str | Path, files: pd.DataFrame
) -> None:
    """Raise InputError where a folder for results is that of images, or in it.

    Parameters
    ----------
    files : DataFrame
        Columns path, relative to `root`, source and published_split.
    """
    here, root = Path(folder).resolve(), Path(root).resolve()
    homes = {root: "all sources"} if here == root else {}
    once = files.assign(folder=files["path"].str.rpartition("/")[0])
    once = once.drop_duplicates("folder")[["path", "source", "published_split"]]
    for path, source, split in once.itertuples(index=False):
        # above train/NORMAL, or NORMAL itself; a table of one's own may have neither
        depth = min(2 if split else 0, path.count("/"))
        homes[root.joinpath(path).parents[depth].resolve()] = source or "the images"
    for home, source in homes.items():
        if home == here or home in here.parents:
            raise InputError(
                f"must lie outside the images, got {folder}, and {home} is the folder "
                f"of {source}. Choose another.",
                argument="folder",
            )


def refuse_others(folder: str | Path) -> None:
    """Raise NotWrittenError where a merge would take the place of others' files."""
    names, file = (_TABLE, *(f"{name}.csv" for name in _LISTS)), Path(folder) / _FACTS
    refuse_foreign(file.parent, names, mark=_FACTS)
    refuse_unlike(file, "`xraylab merge`", partial(read_json, form=_FORM))


def _take_notes(files: pd.DataFrame) -> pd.DataFrame:
    noted = files[files["note"] != ""]
    return noted[["path", "note"]].sort_values("path", ignore_index=True)


def _read_facts(home: Path) -> dict:
    """Read where the images of a merge are, its margin and its number of files."""
    try:
        facts = read_json((home / _FACTS).read_bytes(), _FORM)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{home / _FACTS} is not there, which `xraylab merge` writes beside "
            f"{_TABLE}. Merge again into another folder."
        ) from error
    except ValueError as error:
        raise InputError(
            f"{home / _FACTS} is not as `xraylab merge` writes it: {error}. "
            "Merge again into another folder."
        ) from error
    root = Path(facts["root"])
    if not root.is_dir():
        raise FileNotFoundError(
            f"the images of {home} were in {root}, which is not there any more. "
            "Merge again with `xraylab merge`."
        )
    return facts | {"root": root}


def _read_list(file: Path, columns: list[str], is_own: bool) -> pd.DataFrame:
    if not is_own:
        return pd.DataFrame(columns=columns)
    try:
        table = pd.read_csv(file, keep_default_na=False, dtype=str)
        if table.columns.tolist() != columns:
            wanted, found = ", ".join(columns), ", ".join(table.columns)
            raise ValueError(f"its columns must be {wanted}, but are {found}")
        return table.astype({"label": int} if "label" in columns else {})
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise InputError(
            f"{file} is not as `xraylab merge` writes it: {cause}. Merge again."
        ) from error
