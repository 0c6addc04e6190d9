"""What an audit says: each finding with what it shows, what not, what to do.

The words lie in findings.toml; here it is decided which of them are said.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from xraylab.audit import leakage
from xraylab.audit.features import FEATURES
from xraylab.evaluation import Interval


@dataclass(frozen=True)
class Finding:
    """One thing that an audit found.

    Attributes
    ----------
    name : str
        What kind of finding, such as "images in several splits".
    is_fault : bool
        False for a note: a fact worth knowing that asks for nothing by itself.
    found : str
        The figures, a line each.
    shows, shows_not, to_do : str
        What follows from it, what does not, and what to do.
    """

    name: str
    is_fault: bool
    found: str
    shows: str
    shows_not: str
    to_do: str


def make_finding(name: str, found: str) -> Finding:
    """Put the words of a finding to its figures.

    Raises
    ------
    KeyError
        If there are no words for `name`.
    """
    return Finding(name=name, found=found, **_words()[name])


@cache
def _words() -> dict[str, dict]:
    return tomllib.loads(Path(__file__).with_name("findings.toml").read_text("utf-8"))


def make_findings(
    table: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    probes: pd.DataFrame,
    problems: pd.DataFrame,
) -> list[Finding]:
    """Say what was found, faults first.

    Parameters
    ----------
    table, probes, problems : DataFrame
        As in `xraylab.audit.run.Audit`.
    tables : mapping of str to DataFrame
        As from `xraylab.audit.tables.make_tables`.
    """
    said = []
    for name in ("images in several splits", "children in several splits"):
        said += describe_overlaps(name, tables[name])
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
    name = "grey levels that are not scaled"
    for note, noted in tables[name].groupby("note"):
        text = f"{note[0].upper()}{note[1:]}. Files: {len(noted):,}"
        said += _say(noted, name, text)
    said += describe_probes(probes)
    return said + [make_finding(*note) for note in _note(table, tables)]


def _say(frame: pd.DataFrame, name: str, count: str) -> list[Finding]:
    if frame.empty:
        return []
    shown = ", ".join(frame["path"].head(leakage.SHOWN))
    return [make_finding(name, f"{count}, first {shown}.")]


def describe_overlaps(name: str, overlaps: pd.DataFrame) -> list[Finding]:
    """Turn overlaps between splits into a finding, the largest named; none if none."""
    if overlaps.empty:
        return []
    what = name.split()[0].capitalize()
    lines = [
        f"{what} both in {row.first} and in {row.second}: {row.n:,} "
        f"(files there: {row.n_files:,}, {row.share:.0%})"
        for row in overlaps.head(4).itertuples()
    ]
    more = len(overlaps) - len(lines)
    lines += [f"More pairs of places: {more}"] if more else []
    lines.append(f"First: {overlaps['examples'].iloc[0]}")
    return [make_finding(name, ".\n".join(lines) + ".")]


def describe_probes(probes: pd.DataFrame) -> list[Finding]:
    """Turn the probes that pass their limit into findings, a line each."""
    on_test = probes[probes["on"] == "test"].set_index(["question", "feature"])
    lines: dict[str, list[str]] = {}
    for row in probes[probes["found"]].itertuples():
        feature, text = FEATURES[row.feature], ""
        is_class = row.asks == "class"
        name = feature.finding if is_class else "distribution shift of the test"
        if is_class and (row.question, row.feature) in on_test.index:
            text = f" On the test {show(on_test.loc[(row.question, row.feature)])}."
        lines.setdefault(name, []).append(
            f"{row.question}, by {row.feature} ({feature.about}): AUROC {show(row)}; "
            f"baseline {row.baseline:.2f}, finding above {row.limit:.2f}.{text}"
        )
    return [make_finding(name, "\n".join(found)) for name, found in lines.items()]


def show(row: object) -> str:
    """Write the AUROC of a row of probes with interval and counts."""
    return str(Interval(row.auroc, row.low, row.high, row.n, row.n_groups, row.method))


def _note(
    table: pd.DataFrame, tables: Mapping[str, pd.DataFrame]
) -> list[tuple[str, str]]:
    """Say what is worth knowing and asks for nothing by itself."""
    notes = []
    odd = tables["odd modes and formats"]
    if n_odd := int(odd["n_files"].sum()):
        kinds = ", ".join(odd["mode"] + " " + odd["format"])
        notes.append(("odd files", f"Files: {n_odd:,} ({kinds})."))
    runs = tables["runs of one split"]
    if len(few := runs[runs["p"] <= 2 / (1 + leakage.N_SHUFFLES)]):
        text = (
            f"Kinds of children: {len(few)} of {len(runs)}. Runs of one split: "
            f"{few['n_runs'].sum():,}, by chance {few['by_chance'].sum():,.0f}."
        )
        notes.append(("split not drawn at random", text))
    rules = tables["names that disagree with pixels"]["rule"]
    if n_shifted := int((rules == leakage.MISFIT).sum()):
        notes.append(("index rule that does not fit", f"Names: {n_shifted:,}."))
    # of an image under two labels nobody can say which copy to keep
    conflicts = tables["one image under two labels"]["image_id"]
    copies = table[~table["image_id"].isin(conflicts)]
    if n_copies := int(copies.duplicated(["source", "split", "image_id"]).sum()):
        notes.append(("copies within a split", f"Further files: {n_copies:,}."))
    return notes + _note_names(table)


def _note_names(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Say what file names leave open."""
    notes = []
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
    return notes
