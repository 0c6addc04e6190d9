"""What perturbations and sanity checks found, kept with the run, read without it.

Each is one JSON file in the run's folder, written whole or not at all.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from xraylab.errors import NotARunError
from xraylab.evaluation import Interval
from xraylab.files import as_json, write_text

__all__ = ["Kept", "keep", "read"]
# by kind: file, columns before those of an interval, and the verb that writes it
_KINDS = {
    "doses": ("perturbations.json", ["perturbation", "dose", "figure"], "perturb"),
    "doses elsewhere": (
        *("perturbations-elsewhere.json", ["perturbation", "dose", "figure"]),
        "perturb --data DIR",
    ),
    "maps": ("maps.json", ["map"], "explain"),
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
    file = Path(run_folder) / _KINDS[kind][0]
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
    name, first, verb = _KINDS[kind]
    file = Path(run_folder) / name
    if not file.is_file():
        return None
    try:
        kept = json.loads(file.read_bytes())
        columns = [*first, *Interval._fields]
        table = pd.DataFrame(kept.pop("rows"))[columns]
        if not {"on", "network"} <= kept.keys() or table.empty:
            raise KeyError("on, network, and rows")
        numbers = ["value", "low", "high", "n", "n_groups"]
        table[numbers] = table[numbers].fillna(math.nan).astype(float)
        table[["n", "n_groups"]] = table[["n", "n_groups"]].astype(int)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotARunError(
            f"{file} must hold what `xraylab {verb}` found, but could not be read "
            f"({type(error).__name__}). Delete it, or have it written anew."
        ) from error
    return Kept(kept, table)
