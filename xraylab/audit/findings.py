"""What an audit says: each finding with what it shows, what not, what to do."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

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


def describe_meetings(name: str, meetings: pd.DataFrame) -> list[Finding]:
    """Turn meetings into a finding, the largest pairs named; none when none meet."""
    if meetings.empty:
        return []
    what = name.split()[0].capitalize()
    lines = [
        f"{what} both in {row.first} and in {row.second}: {row.n:,} "
        f"(files there: {row.n_files:,}, {row.share:.0%})"
        for row in meetings.head(4).itertuples()
    ]
    more = len(meetings) - len(lines)
    lines += [f"More pairs of places: {more}"] if more else []
    lines.append(f"First: {meetings['examples'].iloc[0]}")
    return [make_finding(name, ".\n".join(lines) + ".")]


def describe_probes(probes: pd.DataFrame) -> list[Finding]:
    """Turn the probes that pass their limit into findings, a line each."""
    on_test = probes[probes["on"] == "test"].set_index("feature")
    lines: dict[str, list[str]] = {}
    for row in probes[probes["found"]].itertuples():
        name, text = "class told without the lungs", ""
        if row.question != "class":
            name = "test unlike the rest"
        elif row.feature in on_test.index:
            text = f" On the test {show_auroc(on_test.loc[row.feature])}."
        lines.setdefault(name, []).append(
            f"{row.question}, by {row.feature} ({FEATURES[row.feature]}): AUROC "
            f"{show_auroc(row)}; baseline {row.baseline:.2f}, finding above "
            f"{row.limit:.2f}.{text}"
        )
    return [make_finding(name, "\n".join(found)) for name, found in lines.items()]


def show_auroc(row: object) -> str:
    """Write the AUROC of a row of probes with interval and counts."""
    counts = row.n, row.n_groups, row.method
    return str(Interval(row.auroc, row.low, row.high, *counts))
