"""What a field of the card is made of, and the sentences that several fields share."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from xraylab.claim.evidence import Evidence


@dataclass(frozen=True)
class Field:
    """What is said in one field.

    Attributes
    ----------
    lines : list of str
        What is known.
    tables : dict of str -> DataFrame
        By what stands above each.
    missing : list of str
        What is not measured or not known, and what would measure it.
    """

    lines: list[str] = field(default_factory=list)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """Say "given", "in part" or "empty"."""
        if not self.missing:
            return "given"
        return "in part" if self.lines or self.tables else "empty"


def not_measured(text: str, command: str) -> str:
    """Say that something was not measured, and what would measure it."""
    return f"Not measured: {text}. {command} measures it."


def command_of(e: Evidence, verb: str, rest: str = "") -> str:
    """Write the command that would measure it, of this run or of one like it."""
    if e.command:
        return f"`xraylab {verb} {e.command}{rest}`"
    return f"`xraylab {verb} RUN{rest}`, of a run like it,"


def read_test(e: Evidence) -> str:
    """Write the command that reads the test."""
    return f"{command_of(e, 'evaluate', ' --on test')}, which counts the reading,"


def count_said(e: Evidence) -> str:
    """Say beside a figure on the test how often it was read."""
    n = e.n_readings
    return "readings of it are not known" if n is None else f"test reading {n:,}"
