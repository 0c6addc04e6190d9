"""The whole audit: a folder or a merge to tables, probes and findings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from xraylab import data, images
from xraylab.audit import features, findings, leakage, probes
from xraylab.errors import InputError

ODD_SHARE = 0.01  # a mode and format that fewer files have is odd
_FACTS = ["width", "height", "aspect", "bytes", "bits_per_pixel", "table_sum"]


@dataclass(frozen=True)
class Audit:
    """What came out of an audit.

    Attributes
    ----------
    root : Path
        The paths in `table` are relative to it.
    table : DataFrame
        One row a readable file: what its path, its header and its pixels tell.
    squares : array of uint8, shape (n_squares, 48, 48)
        Grey levels; the column `square` of `table` holds row numbers.
    tables : dict of str to DataFrame
        Counts and cross-tables, by title.
    probes : DataFrame
        As from `xraylab.audit.probes.run_probes`; empty where they cannot run.
    findings : list of Finding
        Faults first, then notes.
    problems, ignored : DataFrame
        Files that could not be read, with cause; and left out, with reason.
    """

    root: Path
    table: pd.DataFrame
    squares: np.ndarray
    tables: Mapping[str, pd.DataFrame]
    probes: pd.DataFrame
    findings: list[findings.Finding]
    problems: pd.DataFrame
    ignored: pd.DataFrame

    @property
    def faults(self) -> list[findings.Finding]:
        """The findings that ask for something."""
        return [finding for finding in self.findings if finding.is_fault]

    def as_dict(self) -> dict:
        """Give all but the files themselves; a plain dict, fit for JSON."""
        frames = {**self.tables, "probes": self.probes, "unreadable": self.problems}
        reasons = self.ignored["reason"].value_counts()
        return {
            "root": str(self.root),
            "files": len(self.table),
            "images": int(self.table["image_id"].nunique()),
            "groups": int(self.table["group_id"].nunique()),
            "problems": len(self.problems),
            "ignored": reasons.to_dict(),
            "faults": len(self.faults),
            "findings": [asdict(finding) for finding in self.findings],
            "alarm_rate": probes.ALARM_RATE,
            "tables": {
                name: json.loads(frame.to_json(orient="records"))
                for name, frame in frames.items()
            },
        }


def run_audit(path: str | Path, *, workers: int = 1, progress: bool = True) -> Audit:
    """Audit labelled images: leakage between splits, and what else tells the class.

    Parameters
    ----------
    path : path
        A folder with any of the three sources, or of the form
        `split/class/image` or `class/image`; or a merge: its folder, or the
        manifest.csv in it; or another manifest, its paths relative to its folder,
        or to the images of the merge that it lies beside.
    workers : int
        Processes that read images.
    progress : bool
        Show progress bars on stderr.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`, or a merge's images have moved away.
    xraylab.UnknownLayoutError
        If no class folders with images are found, or a source is incomplete.
    ValueError
        If not one image could be read, or a file is no manifest.
    """
    merged = _merge(path, workers, progress)
    paths = merged.manifest["path"].tolist()
    seen = merged.thumbnails or images.read_thumbnails(
        paths, merged.root, workers=workers, progress=progress
    )
    problems = pd.concat([merged.problems, seen.problems]).drop_duplicates("path")
    if seen.files.empty:
        raise InputError(
            f"path must hold readable images, none of {len(problems)} files in "
            f"{path} could be read, first {problems['path'].iloc[0]}. Fetch them again."
        )
    facts = seen.files.drop(columns="bytes")
    table = merged.manifest.merge(facts, on="path", validate="one_to_one")
    table = table.assign(
        split=table["published_split"],
        name=table["path"].str.rsplit("/", n=1).str[-1],
    )
    figures = _probe(table, seen.squares)
    tables = _cross(table, merged)
    said = _find(table, tables, figures, problems)
    return Audit(
        root=merged.root,
        table=table,
        squares=seen.squares,
        tables=tables,
        probes=figures,
        findings=said,
        problems=problems,
        ignored=merged.ignored,
    )


def _merge(path: str | Path, workers: int, progress: bool) -> data.Merge:
    """Read a merge, or make one of a folder of any layout."""
    if data.Merge.is_saved_at(path):
        return data.Merge.load(path)
    return data.merge(path, layout="any", workers=workers, progress=progress)


def _probe(table: pd.DataFrame, squares: np.ndarray) -> pd.DataFrame:
    """Run the probes on each image once, in the split of its kept copy."""
    if table["class_name"].nunique() != 2:
        return pd.DataFrame(columns=probes.COLUMNS)
    once = table[table["kept"]].reset_index(drop=True)
    asked = features.make_features(once, squares[once["square"]])
    figures = probes.run_probes(asked, once)
    names = once.drop_duplicates("label").set_index("label")["class_name"]
    words = {f"test or not, label {k}": f"test or not, {v}" for k, v in names.items()}
    return figures.assign(question=figures["question"].replace(words))


def _cross(table: pd.DataFrame, merged: data.Merge) -> dict[str, pd.DataFrame]:
    once = table[table["kept"]]
    by = ["source", "split", "class_name"]
    counts = table.groupby(by, as_index=False).agg(
        n_files=("path", "size"),
        n_images=("image_id", "nunique"),
        n_groups=("group_id", "nunique"),
    )
    balance = pd.DataFrame(
        [
            (when, name, len(part), len(part) / len(rows))
            for when, rows in (("every file", table), ("each image once", once))
            for name, part in rows.groupby("class_name")
        ],
        columns=["counted", "class_name", "n", "share"],
    )
    facts = once.groupby("class_name")[_FACTS].median().reset_index()
    n_files = {"n_files": ("path", "size")}
    modes = table.groupby(["mode", "format"], as_index=False).agg(**n_files)
    return {
        "files by source, split and class": counts,
        "balance before and after merging": balance,
        "median by class": facts,
        "colour and format by class": table.groupby(
            ["class_name", "mode", "format"], as_index=False
        ).agg(**n_files),
        "odd modes and formats": modes[modes["n_files"] < ODD_SHARE * len(table)],
        "images in several splits": leakage.find_overlaps(table, "image_id"),
        "children in several splits": leakage.find_overlaps(table, "patient_id"),
        "one image under two labels": leakage.find_label_conflicts(table),
        "names that disagree with pixels": leakage.find_name_conflicts(
            table, merged.index_rule
        ),
        "class folders that are not read": merged.left_out.rename_axis("folder")
        .rename("n_images")
        .reset_index(),
        "grey levels": table.loc[table["note"] != "", ["path", "note"]],
        "blocks": leakage.measure_blocks(table),
    }


def _find(
    table: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    figures: pd.DataFrame,
    problems: pd.DataFrame,
) -> list[findings.Finding]:
    """Say what the tables mean, faults first."""
    said = []
    for name in ("images in several splits", "children in several splits"):
        said += findings.describe_meetings(name, tables[name])
    conflicts = tables["one image under two labels"]
    n_twice = conflicts["image_id"].nunique()
    said += _say(conflicts, "one image under two labels", f"Images: {n_twice:,}")
    name = "names that disagree with pixels"
    names = tables[name][tables[name]["rule"] != leakage.MISFIT]
    said += _say(names, name, f"Names: {len(names):,}")
    said += _say(problems, "unreadable files", f"Files: {len(problems):,}")
    name = "class folders that are not read"
    folders = tables[name].rename(columns={"folder": "path"})
    said += _say(folders, name, f"Images: {folders['n_images'].sum():,}")
    for note, noted in tables["grey levels"].groupby("note"):
        text = f"{note[0].upper()}{note[1:]}. Files: {len(noted):,}"
        said += _say(noted, "grey levels that are not scaled", text)
    return said + findings.describe_probes(figures) + _note(table, tables)


def _say(frame: pd.DataFrame, name: str, count: str) -> list[findings.Finding]:
    if frame.empty:
        return []
    shown = ", ".join(frame["path"].head(leakage.SHOWN))
    return [findings.make_finding(name, f"{count}, first {shown}.")]


def _note(
    table: pd.DataFrame, tables: Mapping[str, pd.DataFrame]
) -> list[findings.Finding]:
    """Say what is worth knowing and asks for nothing by itself."""
    notes = []
    if n_odd := int(tables["odd modes and formats"]["n_files"].sum()):
        kinds = tables["odd modes and formats"][["mode", "format"]].agg(
            " ".join, axis=1
        )
        notes.append(("odd files", f"Files: {n_odd:,} ({', '.join(kinds)})."))
    blocks = tables["blocks"]
    if len(few := blocks[blocks["p"] <= 2 / (1 + leakage.N_SHUFFLES)]):
        text = (
            f"Kinds of children: {len(few)} of {len(blocks)}. Runs of one split: "
            f"{few['n_runs'].sum():,}, by chance {few['by_chance'].sum():,.0f}."
        )
        notes.append(("split not drawn at random", text))
    rules = tables["names that disagree with pixels"]["rule"]
    if n_shifted := int((rules == leakage.MISFIT).sum()):
        notes.append(("index rule that does not fit", f"Names: {n_shifted:,}."))
    place = ["source", "split", "image_id"]
    if n_repeats := int(table.duplicated(place).sum()):
        notes.append(("copies within a split", f"Further files: {n_repeats:,}."))
    once = table[table["kept"]]
    named = table.loc[table["patient_id"] != "", "image_id"]
    if n_unnamed := int((~once["image_id"].isin(named)).sum()):
        text = f"Images: {n_unnamed:,} of {len(once):,}."
        notes.append(("names that tell no child", text))
    careless = leakage.count_number_only(table)
    if careless["test_files"]:
        text = (
            f"Numbers used by both kinds: {careless['shared_numbers']:,}. Test files "
            f"that would so share a child with the rest: {careless['test_files']:,}."
        )
        notes.append(("numbers read without their kind", text))
    return [findings.make_finding(*note) for note in notes]
