"""What a run writes down about itself: facts, split and history, as text.

`run.json` holds the facts, `split.csv` one row an image file, `history.jsonl` one
line an epoch, appended as the epoch ends.
"""

from __future__ import annotations

import importlib.metadata
import io
import json
import math
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from xraylab import __version__
from xraylab.errors import InputError, NotARunError
from xraylab.files import append_line, write_text, write_texts
from xraylab.labels import CLASSES
from xraylab.plain_json import as_json, check_form, read_json
from xraylab.training import content
from xraylab.training.recipe import Recipe

COLUMNS = ["path", "image_id", "group_id", "label", "split", "pixels"]
THRESHOLD, RULE = 0.5, "the original's 0.5"  # until another is chosen on validation
FACTS, HISTORY, TABLE = "run.json", "history.jsonl", "split.csv"
_ADVICE = "Copy a good one back, or train anew in another folder."
_FORM = {  # of run.json
    "recipe": {"weights?": str},
    "protocol": str,
    "threshold": float,
    "operating_point?": {"rule?": str},
    "weights_id": str,
    "about": {"merge?": str, "simulated?": str},
    "trained_on": dict,
    "versions": dict,
    "table_sha256": str,
}
_CHOSEN = {  # an operating point that a rule chose
    "rule": str,
    "low": float | None,
    "high": float | None,
    "n": int,
    "n_groups": int,
    "method": str,
    "promised": dict,
}
EPOCH = {"epoch": int, "valid_auroc": float}  # what must stand in a history's line


@dataclass(frozen=True)
class Record:
    """What stands in `run.json` and `split.csv`."""

    recipe: Recipe
    protocol: str
    threshold: float
    operating_point: dict
    weights_id: str
    about: dict
    place: dict
    versions: dict
    table: pd.DataFrame


def write(
    folder: Path,
    recipe: Recipe,
    protocol: str,
    weights_id: str,
    about: dict,
    place: dict,
    table: pd.DataFrame,
) -> None:
    """Write what is known before the first step: both files, or none."""
    text = table[COLUMNS].to_csv(index=False, lineterminator="\n")
    facts = {
        "recipe": recipe.as_dict(),
        "protocol": protocol,
        "weights_id": weights_id,
        "about": about,
        "trained_on": place,
        "threshold": THRESHOLD,
        "classes": CLASSES,
        "table_sha256": content.digest_text(text),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": list_versions(),
    }
    facts_text = json.dumps(facts, indent=2) + "\n"
    write_texts({folder / TABLE: text, folder / FACTS: facts_text})


def list_versions() -> dict[str, str]:
    """Give the versions of what trains here, of Python and the packages."""
    packages = ("torch", "torchvision", "numpy", "pillow", "scikit-learn")
    own = {"python": platform.python_version(), "xraylab": __version__}
    return own | {name: importlib.metadata.version(name) for name in packages}


def read(folder: Path) -> Record:
    """Read facts and split.

    Raises
    ------
    NotARunError
        Naming the file, what it should be and what it is.
    """
    file = folder / FACTS
    try:
        facts = read_json(_read(file), _FORM)
        threshold = float(facts["threshold"])
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold is {threshold}")
        point = facts.get("operating_point", {"rule": RULE})
        if "promised" in point:
            check_form(point, _CHOSEN)
        return Record(
            recipe=Recipe(**facts["recipe"]),
            protocol=facts["protocol"],
            threshold=threshold,
            operating_point=_with_nan(point),
            weights_id=facts["weights_id"],
            about=facts["about"],
            place=facts["trained_on"],
            versions=facts["versions"],
            table=_read_table(folder / TABLE, facts["table_sha256"]),
        )
    except NotARunError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise NotARunError(
            f"{file} must be the facts of a run as this version of xraylab writes "
            f"them, but could not be read as such: {str(error).rstrip('.')}. {_ADVICE}"
        ) from error


def _with_nan(value: object) -> object:
    """Read ends of intervals that could not be given, which JSON keeps as null."""
    if isinstance(value, dict):
        return {key: _with_nan(part) for key, part in value.items()}
    return math.nan if value is None else value


def refuse_other(
    folder: Path,
    recipe: Recipe,
    protocol: str,
    weights_id: str,
    table: pd.DataFrame,
) -> None:
    """Raise InputError where a folder holds another run than the one asked for."""
    kept = read(folder)
    was, now = (
        {"protocol": p, **r.as_dict(), "weights": f"{r.weights} ({w[:19]})"}
        for p, r, w in (
            (kept.protocol, kept.recipe, kept.weights_id),
            (protocol, recipe, weights_id),
        )
    )
    if kept.weights_id == weights_id:  # the same content, wherever it lies
        was["weights"] = now["weights"]
    other = [f"{key} {was[key]}" for key in now if was[key] != now[key]]
    if other:
        raise InputError(
            f"{folder} holds a run with {', '.join(other[:3])}, which is not what "
            "was asked for. Choose another folder, or the same settings to go on."
        )
    for column, what in (
        ("path", "files"),
        ("pixels", "images under the same names"),
        ("label", "labels"),
        ("split", "split"),
    ):
        if kept.table[column].tolist() != table[column].tolist():
            raise InputError(
                f"{folder} holds a run on other {what}. Choose another folder."
            )


def keep_operating_point(folder: Path, threshold: float, chosen: dict) -> None:
    """Write a chosen threshold, and how it was chosen, into the facts of a run."""
    facts = read_json(_read(folder / FACTS))
    facts |= {"threshold": threshold, "operating_point": chosen}
    write_text(folder / FACTS, as_json(facts, indent=2) + "\n")


def append_history(folder: Path, row: dict) -> None:
    """Add an epoch's line, which is kept when the next epoch comes to a crash.

    Raises
    ------
    NotWrittenError
        When the disk is full; the lines before it stay.
    """
    append_line(folder / HISTORY, json.dumps(row))


def write_history(folder: Path, rows: list[dict]) -> None:
    """Write the lines of all epochs, whole or not at all."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    write_text(folder / HISTORY, text)


def read_history(folder: Path) -> pd.DataFrame:
    """Read one row an epoch; a last line without its end was never finished.

    Raises
    ------
    NotARunError
        If a line is none of a history.
    """
    file = folder / HISTORY
    lines = _read(file).split("\n")[:-1]
    try:
        rows = [read_json(line, EPOCH) for line in lines]
        numbers = [row["epoch"] for row in rows]
        if numbers != list(range(1, len(rows) + 1)):
            raise ValueError(f"the epochs are {numbers}")
        return pd.DataFrame(rows).apply(pd.to_numeric)  # null is no number: NaN
    except (ValueError, TypeError) as error:
        raise NotARunError(
            f"{file} must hold one line of JSON for each epoch from the first, but: "
            f"{error}. {_ADVICE}"
        ) from error


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except FileNotFoundError as error:
        text = f"{file} must lie where the run does, but is missing. {_ADVICE}"
        raise NotARunError(text) from error
    except UnicodeDecodeError as error:
        raise NotARunError(f"{file} must be text, but is not. {_ADVICE}") from error


def _read_table(file: Path, digest: str) -> pd.DataFrame:
    """Read the split; names made of digits stay names."""
    text = _read(file)
    if content.digest_text(text) != digest:
        raise NotARunError(
            f"{file} must be the table the run was trained with, but its content is "
            f"not what run.json says (SHA-256). {_ADVICE}"
        )
    table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    return table.astype({"label": int})
