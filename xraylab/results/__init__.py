"""What was measured on real images: one JSON file a measurement, beside this.

Lessons and README quote these files, so no measured number is typed by hand. Tables
that compare several measurements lie in the folder `tables`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from xraylab.errors import InputError
from xraylab.evaluation import Interval
from xraylab.files import write_text

RESULT_KEYS = (
    "name",
    "date",
    "data",
    "rebuilt",
    "protocol",
    "recipe",
    "versions",
    "n_test",
    "n_groups",
    "metrics",
    "seed",
    "n_test_readings",
)
METRIC_KEYS = (*Interval._fields, "baseline")
_LEAST = {"n_test": 1, "n_groups": 1, "seed": 0, "n_test_readings": 0}
_FOLDER = Path(__file__).parent
_LISTED = [
    *("name", "date", "data", "protocol", "n_test", "n_groups"),
    *("seed", "n_test_readings"),
]


def read_result(name: str, *, folder: str | Path = _FOLDER) -> dict:
    """Read one measurement.

    Raises
    ------
    InputError
        If there is none of that name, or its file is not a whole result.
    """
    file = Path(folder) / f"{name}.json"
    if name not in _names(folder):
        raise InputError(
            f"must be one of the results {', '.join(_names(folder)) or '(none)'}, or "
            f"of the tables {', '.join(list_tables(folder=folder)['name']) or '(none)'}"
            f", got {name!r}.",
            argument="name",
        )
    return check_result(json.loads(file.read_text(encoding="utf-8")), name=name)


def read_predictions(
    name: str, on: str = "test", *, folder: str | Path = _FOLDER
) -> pd.DataFrame:
    """Read the answers behind a measurement, so that its figures can be checked.

    Parameters
    ----------
    name : str
        As for `read_result`.
    on : str
        "test"; "valid": for choices; or "external": images of another hospital.

    Returns
    -------
    DataFrame
        Columns path, image_id, group_id, label (0 normal, 1 pneumonia) and
        score (probability of pneumonia, 0 to 1).

    Raises
    ------
    InputError
        If there is no such measurement, it keeps no answers on it, or `on` is none of
        these.
    """
    if on not in {"valid", "test", "external"}:
        text = f'must be "valid", "test" or "external", got {on!r}.'
        raise InputError(text, argument="on")
    read_result(name, folder=folder)
    file = _answers(name, on, folder)
    if not file.is_file():
        text = f"must be a result that keeps answers on {on}, got {name}. read_result "
        raise InputError(text + "gives its figures.", argument="name")
    return pd.read_csv(file, converters={"score": float})


def names_with_answers(*, folder: str | Path = _FOLDER) -> list[str]:
    """Name the measurements that keep their answers on validation and test, sorted."""
    return [
        name
        for name in _names(folder)
        if all(_answers(name, on, folder).is_file() for on in ("valid", "test"))
    ]


def list_results(*, folder: str | Path = _FOLDER) -> pd.DataFrame:
    """List all measurements.

    Returns
    -------
    DataFrame
        One row a result, sorted by name: name, date, data, protocol, n_test,
        n_groups, seed, n_test_readings, and the values of accuracy and AUROC (NaN where
        not measured).
    """
    rows = []
    for name in _names(folder):
        result = read_result(name, folder=folder)
        values = {
            metric: result["metrics"].get(metric, {}).get("value", math.nan)
            for metric in ("accuracy", "AUROC")
        }
        rows.append({key: result[key] for key in _LISTED} | values)
    return pd.DataFrame(rows, columns=[*_LISTED, "accuracy", "AUROC"])


def list_tables(*, folder: str | Path = _FOLDER) -> pd.DataFrame:
    """List the tables that compare measurements: name, date, about and n_rows."""
    rows = [
        (name, kept["date"], table["about"], len(table["rows"]))
        for kept in _read_tables(folder)
        for name, table in kept["tables"].items()
    ]
    return pd.DataFrame(rows, columns=["name", "date", "about", "n_rows"])


def read_table(name: str, *, folder: str | Path = _FOLDER) -> pd.DataFrame:
    """Read a table of figures, such as "real-64px-calibration".

    Returns
    -------
    DataFrame
        One row a figure: result (the measurement), what it is of, and the columns of
        `Interval`, NaN where there is none; its `attrs` have `about`.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    for kept in _read_tables(folder):
        if name in kept["tables"]:
            found = kept["tables"][name]
            table = pd.DataFrame(found["rows"])
            table.attrs["about"] = found["about"]
            return table
    known = ", ".join(list_tables(folder=folder)["name"]) or "(none)"
    text = f"must be one of the tables {known}, got {name!r}."
    raise InputError(text, argument="name")


def write_tables(
    name: str, tables: Mapping[str, Mapping], *, date: str, folder: str | Path = _FOLDER
) -> Path:
    """Write tables, each with about and rows, into one file of `tables`; returns it.

    Numbers keep ten digits after the point; a row has a line of its own.
    """
    file, texts = Path(folder) / "tables" / f"{name}.json", []
    for key, table in tables.items():
        rows = pd.DataFrame(table["rows"]).to_json(orient="records", lines=True)
        lines = ",\n".join(rows.splitlines())
        about = json.dumps(table["about"])
        texts.append(f'{json.dumps(key)}: {{"about": {about}, "rows": [\n{lines}\n]}}')
    tables_text = ",\n".join(texts)
    text = f'{{"date": {json.dumps(date)}, "tables": {{\n{tables_text}\n}}}}\n'
    write_text(file, text)
    return file


def write_result(name: str, result: Mapping, *, folder: str | Path = _FOLDER) -> Path:
    """Check a measurement and write it as `name`.json; returns the file.

    Raises
    ------
    InputError
        If the result is not whole (see `check_result`).
    """
    checked = check_result(result, name=name)
    file = Path(folder) / f"{name}.json"
    text = json.dumps(checked, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(file, text + "\n")
    return file


def check_result(result: Mapping, *, name: str | None = None) -> dict:
    """Return the result as a dict, or raise when it does not say enough.

    Parameters
    ----------
    result : mapping
        `RESULT_KEYS`: date as YYYY-MM-DD; rebuilt lists the sources whose files are not
        the published ones but were made from other public data, and is empty where
        there are none; recipe and versions are mappings;
        n_test, n_groups (at least 1), seed and n_test_readings (how often
        this test was read up to this result, trial readings too) are whole
        numbers; metrics maps each metric to a mapping with `METRIC_KEYS`, where
        low and high are None when the interval is not given. More is allowed.
    name : str, optional
        The name it must have.

    Raises
    ------
    InputError
        If a key is missing or a value is not as above.
    """
    missing = [key for key in RESULT_KEYS if key not in result]
    if missing:
        raise InputError(
            f"result must have the keys {', '.join(RESULT_KEYS)}, found no "
            f"{', '.join(missing)}. A number without them cannot be checked."
        )
    found = result["name"]
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", str(found)) or name not in {None, found}:
        raise InputError(
            f"name must be of small letters, digits and hyphens, and equal the "
            f"file's, got {found!r} for {name!r}."
        )
    try:
        date.fromisoformat(result["date"])
    except (TypeError, ValueError):
        raise InputError(
            f"date must be written as YYYY-MM-DD, got {result['date']!r}."
        ) from None
    rebuilt = result["rebuilt"]
    if not isinstance(rebuilt, list) or not all(isinstance(n, str) for n in rebuilt):
        raise InputError(
            f"rebuilt must be a list of names of sources, got {rebuilt!r}. It is empty "
            "where all files are the published ones."
        )
    for key, least in _LEAST.items():
        if type(result[key]) is not int or result[key] < least:
            raise InputError(
                f"{key} must be a whole number from {least}, got {result[key]!r}."
            )
    _check_metrics(result["metrics"])
    return dict(result)


def read_figure(name: str, metric: str, *, folder: str | Path = _FOLDER) -> Interval:
    """Read one measured figure; as text: "0.955 (0.948 to 0.961), n = 3,514, ...".

    Raises
    ------
    InputError
        If the result or the metric in it is unknown.
    """
    metrics = read_result(name, folder=folder)["metrics"]
    if metric not in metrics:
        raise InputError(
            f"metric must be one of {', '.join(metrics)} in result {name}, "
            f"got {metric!r}."
        )
    row = metrics[metric]
    ends = (math.nan if row[end] is None else row[end] for end in ("low", "high"))
    return Interval(row["value"], *ends, row["n"], row["n_groups"], row["method"])


def _check_metrics(metrics: Mapping) -> None:
    if not isinstance(metrics, Mapping) or not metrics:
        raise InputError(f"metrics must map names to figures, got {metrics!r}.")
    for metric, row in metrics.items():
        method = row.get("method")
        if not isinstance(method, str):
            raise InputError(
                f"{metric} must have as method how its interval was made, got "
                f"{method!r}."
            )
        is_given = not method.startswith("not given: ")
        ends = ("low", "high") if is_given else ()
        for key in ("value", "baseline", "n", "n_groups", *ends):
            value = row.get(key)
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise InputError(
                    f"{metric} must have a finite number as {key}, got {value!r}. "
                    "Leave out what is not defined."
                )
        if is_given and row["low"] > row["high"]:
            raise InputError(
                f"{metric} must have low at or below high, got {row['low']} and "
                f"{row['high']}."
            )


def _read_tables(folder: str | Path) -> list[dict]:
    files = sorted((Path(folder) / "tables").glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def _answers(name: str, on: str, folder: str | Path) -> Path:
    return Path(folder) / f"{name}-{on}.csv"


def _names(folder: str | Path) -> list[str]:
    return sorted(file.stem for file in Path(folder).glob("*.json"))
