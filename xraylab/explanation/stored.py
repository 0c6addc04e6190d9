"""What perturbations and sanity checks found, kept with the run, read without it.

Each is one JSON file in the run's folder, written whole or not at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from xraylab.errors import NotARunError
from xraylab.evaluation import Interval
from xraylab.explanation.doses import FIGURES
from xraylab.explanation.perturbations import PERTURBATIONS
from xraylab.files import try_writing, write_text
from xraylab.plain_json import as_json, read_json

__all__ = ["Kept", "keep", "read", "try_keeping"]


class _Kind(NamedTuple):
    """A file, the columns before those of an interval, facts, and who writes it."""

    file: str
    columns: dict[str, type]
    facts: dict[str, type]
    verb: str


_INTERVAL = dict.fromkeys(["value", "low", "high"], float | None)
_INTERVAL |= {"n": int, "n_groups": int, "method": str}
_FACTS = {"on": str, "network": str}
_DOSES = (
    {"perturbation": str, "dose": float, "figure": str},
    _FACTS | {"threshold": float, "lungs": str},
)
_MAPS = {"map": str}, _FACTS | {"n_shuffled": int, "limit": float}
_KINDS = {
    "doses": _Kind("perturbations.json", *_DOSES, "perturb"),
    "doses elsewhere": _Kind(
        "perturbations-elsewhere.json", *_DOSES, "perturb --data DIR"
    ),
    "maps": _Kind("maps.json", *_MAPS, "explain"),
}


class Kept(NamedTuple):
    """What was found once.

    Attributes
    ----------
    about : dict
        on (which images, in words), network (its weights by content), and what else
        was said when it was kept.
    table : DataFrame
        Columns of the kind, such as perturbation, dose and figure, and those of
        `xraylab.evaluation.Interval`.
    """

    about: dict
    table: pd.DataFrame


def try_keeping(run_folder: str | Path, kind: str) -> None:
    """Raise NotWrittenError where `keep` could not write, before all work."""
    try_writing(Path(run_folder) / _KINDS[kind].file)


def keep(run_folder: str | Path, kind: str, about: dict, table: pd.DataFrame) -> Path:
    """Write what was found into the run; returns the file.

    Parameters
    ----------
    run_folder : path
    kind : str
        "doses", "doses elsewhere" or "maps".
    about, table
        As in `Kept`.

    Raises
    ------
    xraylab.files.NotWrittenError
        If the folder cannot be written.
    """
    file = Path(run_folder) / _KINDS[kind].file
    rows = table.to_dict("records")
    lines = ",\n".join(as_json(row) for row in rows)
    head = as_json(about)[1:-1]
    write_text(file, f'{{{head}, "rows": [\n{lines}\n]}}\n')
    return file


def read(run_folder: str | Path, kind: str) -> Kept | None:
    """Read what was found; None where nothing was kept.

    Raises
    ------
    NotARunError
        Naming the file, if it is damaged.
    """
    asked = _KINDS[kind]
    file = Path(run_folder) / asked.file
    if not file.is_file():
        return None
    try:
        row = asked.columns | _INTERVAL
        about = read_json(file.read_bytes(), asked.facts | {"rows": [row]})
        table = _read_rows(about.pop("rows"), list(asked.columns))
    except ValueError as error:
        raise NotARunError(
            f"{file} must hold what `xraylab {asked.verb}` found, but could not be "
            f"read ({error}). Delete it, or have it written anew."
        ) from error
    return Kept(about, table)


def _read_rows(rows: list[dict], first: list[str]) -> pd.DataFrame:
    """Check that each figure is there once, of each dose of a known change."""
    table = pd.DataFrame(rows, columns=[*first, *Interval._fields])
    if table.empty or table.duplicated(first).any():
        raise ValueError("each figure must stand there once")
    table = table.astype(dict.fromkeys(["value", "low", "high"], float))  # null: NaN
    if "dose" in first:
        figures = table.groupby(["perturbation", "dose"])["figure"].agg(frozenset)
        is_known = table["perturbation"].isin(list(PERTURBATIONS)).all()
        if not is_known or figures.nunique() != 1 or not figures.iloc[0] >= FIGURES:
            raise ValueError("each dose of a known change must have each figure")
        if table.loc[table["figure"] == "flipped", "value"].isna().any():
            raise ValueError("flipped must be a number")
    return table
