"""The whole audit: a folder or a merge to tables, probes and findings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from xraylab import data, images
from xraylab.audit import features, findings, probes, shortcuts, tables
from xraylab.errors import InputError, renamed


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
        As from `xraylab.audit.probes.run_probes`; empty where none can run.
    findings : list of Finding
        Faults first, then notes.
    not_run : DataFrame
        Columns check and reason: what could not be asked of these images, so that
        no finding of it is no clean bill.
    problems, ignored : DataFrame
        Files that could not be read, with cause; and left out, with reason.
    """

    root: Path
    table: pd.DataFrame
    squares: np.ndarray
    tables: Mapping[str, pd.DataFrame]
    probes: pd.DataFrame
    findings: list[findings.Finding]
    not_run: pd.DataFrame
    problems: pd.DataFrame
    ignored: pd.DataFrame

    @property
    def faults(self) -> list[findings.Finding]:
        """The findings that ask for something."""
        return [finding for finding in self.findings if finding.is_fault]

    def as_dict(self) -> dict:
        """Give all but the files themselves; a plain dict, fit for JSON."""
        frames = {**self.tables, "probes": self.probes, "unreadable": self.problems}
        rows = {
            name: json.loads(frame.to_json(orient="records"))
            for name, frame in frames.items()
        }
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
            "not_run": self.not_run.to_dict("records"),
            "alarm_rate": probes.ALARM_RATE,
            "tables": rows,
        }


def run_audit(path: str | Path, *, workers: int = 1, progress: bool = True) -> Audit:
    """Audit labelled images: leakage between splits, and what else tells the class.

    Parameters
    ----------
    path : path
        A folder with any of the three sources, or of the form
        `split/class/image` or `class/image`; or a merge: its folder, or the
        manifest.csv in it; or another manifest, its paths relative to its folder,
        or to the images of the merge that it lies beside, its further columns unread.
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
        If not one image could be read, or a file is no manifest, or a split's table.
    """
    merged = _merge(path, workers, progress)
    if merged.manifest.empty:
        text = f"must be a table with images, found no row in {path}. Merge again."
        raise InputError(text, argument="path")
    paths = merged.manifest["path"].tolist()
    seen = merged.thumbnails or images.read_thumbnails(
        paths, merged.root, workers=workers, progress=progress
    )
    problems = pd.concat([merged.problems, seen.problems]).drop_duplicates("path")
    if seen.files.empty:
        first, cause = problems[["path", "cause"]].iloc[0]
        raise InputError(
            f"must hold readable images, none of {len(problems)} files in {path} could "
            f"be read, first {first}: {cause}.",
            argument="path",
        )
    facts = seen.files.drop(columns="bytes")
    further = facts.columns.drop("path")  # of the same name in a table of one's own
    manifest = merged.manifest.drop(columns=further, errors="ignore")
    table = manifest.merge(facts, on="path", validate="one_to_one")
    table = shortcuts.with_ratios(table).assign(
        split=table["published_split"],
        name=table["path"].str.rsplit("/", n=1).str[-1],
    )
    figures = _probe(table, seen.squares)
    counted = tables.make_tables(table, merged)
    return Audit(
        root=merged.root,
        table=table,
        squares=seen.squares,
        tables=counted,
        probes=figures,
        findings=findings.make_findings(table, counted, figures, problems),
        not_run=tables.find_gaps(table, merged.ignored),
        problems=problems,
        ignored=merged.ignored,
    )


def _merge(path: str | Path, workers: int, progress: bool) -> data.Merge:
    """Read a merge, or make one of a folder of any layout."""
    if data.Merge.is_saved_at(path):
        merged = data.Merge.load(path)
        if "split" in merged.manifest:
            raise InputError(
                f"must be a manifest, but {path} has a column split, and an audit goes "
                "by the published splits. Give it the merge, or take the column out.",
                argument="path",
            )
        return merged
    with renamed(root="path"):
        return data.merge(path, layout="any", workers=workers, progress=progress)


def _probe(table: pd.DataFrame, squares: np.ndarray) -> pd.DataFrame:
    """Run the probes on each image once, in the split of its kept copy."""
    once = table[table["kept"]].reset_index(drop=True)
    asked = features.make_features(once, squares[once["square"]])
    return probes.run_probes(asked, once)
