"""What a claim rests on, gathered from what is stored; nothing is scored anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from xraylab import data, evaluation, explanation, results, training
from xraylab.claim import figures
from xraylab.errors import InputError
from xraylab.files import as_argument
from xraylab.training import test_log

PARTS = ("valid", "test", "external")
DOSES, MAPS = "real-64px-doses", "real-64px-maps"  # tables of the stored results
_TEXT_COLUMNS = ("path", "image_id", "group_id", "network")
_KEY = ["path", "group_id", "label"]


@dataclass(frozen=True)
class Evidence:
    """What is known of a network's figures; None or empty where it is not.

    Attributes
    ----------
    name : str
        Of the run, or of the stored result.
    where : str
        Where all this was read from, in words.
    command : str
        How the command line names it; "" where there is no run.
    protocol : str
    recipe, versions, point : dict
        Recipe of the training, versions of packages, and the operating point: value,
        rule, and what was known when it was chosen.
    answers : dict of str -> DataFrame
        Predictions by part, of "valid", "test" and "external" those that are stored.
    data : str
        What the images are, in a sentence.
    rebuilt : list of str
        Sources whose files were made from other public data; of a run it is not known.
    splits : DataFrame or None
        As from `xraylab.data.describe_split`.
    merge : dict
        Counts, as from `figures.count_merge`; empty where the merge is not there.
    merge_command : str
        What makes the merge anew where it is not there; "" where that is not known.
    files : list of Path, or None
        Of the answers on "test", where each image lies now; None where that is away.
    n_readings : int or None
        Of this test, by any network.
    log : DataFrame
        The readings that are known one by one.
    notes : list of str
        What must be said beside the readings.
    external : list of str
        What the external figures rest on, to stand above them; the last line says
        which set it was, and how often it was read.
    network : str
        The weights by content.
    doses, maps : list of (dict, DataFrame)
        What perturbations and sanity checks of maps found: about and table, as in
        `xraylab.explanation.stored`; of a stored result also n_trained_on.
    simulated : str
        Which of the images are: "all", "some" or "none"; "" where it is not known.
    has_simulated_external : bool
        Whether any of the external images is.
    """

    name: str
    where: str
    command: str
    protocol: str
    recipe: dict
    versions: dict
    point: dict
    answers: dict[str, pd.DataFrame]
    data: str = ""
    rebuilt: list[str] = field(default_factory=list)
    splits: pd.DataFrame | None = None
    merge: dict = field(default_factory=dict)
    merge_command: str = ""
    files: list[Path] | None = None
    n_readings: int | None = None
    log: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: list[str] = field(default_factory=list)
    external: list[str] = field(default_factory=list)
    network: str = ""
    doses: list[tuple[dict, pd.DataFrame]] = field(default_factory=list)
    maps: list[tuple[dict, pd.DataFrame]] = field(default_factory=list)
    simulated: str = ""
    has_simulated_external: bool = False

    @property
    def threshold(self) -> float:
        """Scores from here on are called pneumonia."""
        return self.point["value"]


def of_run(folder: str | Path) -> Evidence:
    """Gather what a finished run and its merge hold.

    Raises
    ------
    xraylab.errors.NotARunError
        If the folder holds no run, or what is kept in it is damaged.
    xraylab.errors.UnfinishedRunError
        If epochs are still to come: the network may change.
    xraylab.errors.InputError
        If stored answers are damaged or of other images, or the test log is damaged.
    """
    run = training.load_run(folder)
    run.refuse_unfinished("A claim is made")
    answers = {on: read_answers(run, on) for on in PARTS if _file(run, on).is_file()}
    merge = figures.find_merge(run)
    log, notes = _read_log(run, "test" in answers)
    home = run.about.get("merge", "")
    elsewhere = training.external.read_basis(run.folder)
    return Evidence(
        name=run.folder.resolve().name,
        where=f"run {run.folder}",
        command=as_argument(run.folder),
        protocol=run.protocol,
        recipe=run.recipe.as_dict(),
        versions=run.versions,
        point=run.operating_point | {"value": run.threshold},
        answers=answers,
        splits=data.describe_split(run.table),
        merge={} if merge is None else figures.count_merge(merge),
        merge_command=home and f"xraylab merge --data ROOT --out {as_argument(home)}",
        files=figures.find_files(run, answers["test"]) if "test" in answers else None,
        n_readings=None if log is None else len(log),
        log=pd.DataFrame() if log is None else log,
        notes=notes,
        external=_describe_external(elsewhere),
        network=run.network_id,
        doses=_read_kept(run, "doses", "doses elsewhere"),
        maps=_read_kept(run, "maps"),
        simulated=run.simulated,
        has_simulated_external="simulated" in elsewhere.get("kinds", ()),
    )


def of_result(name: str) -> Evidence:
    """Gather what a stored result of real images holds.

    Raises
    ------
    xraylab.errors.InputError
        If there is none of that name, or it keeps no answers.
    """
    result = results.read_result(name)
    parts = PARTS if "external" in result else PARTS[:2]
    answers = {on: results.read_predictions(name, on) for on in parts}
    elsewhere = result.get("external", {})
    splits = result.get("splits")
    return Evidence(
        name=name,
        where=f"stored result {name}, {result['date']}",
        command="",
        protocol=result["protocol"],
        recipe=result["recipe"],
        versions=result["versions"],
        point={"value": result["threshold"], "rule": result.get("rule", "")},
        answers=answers,
        data=result["data"],
        rebuilt=result["rebuilt"],
        splits=None if splits is None else pd.DataFrame.from_dict(splits, "index"),
        merge=result.get("merge", {}),
        network=elsewhere.get("network", ""),
        doses=_quote_doses(name),
        maps=_quote_maps(name),
        external=_quote_external(elsewhere),
        n_readings=result["n_test_readings"],
        notes=_as_sentences(result.get("readings_note", "")),
        simulated="none",
    )


def read_answers(run: training.runs.Run, on: str) -> pd.DataFrame:
    """Read the answers that a run keeps, and check that they are its own.

    Raises
    ------
    InputError
        Naming the file, if it is no table of answers, another network wrote it, or on
        "valid" and "test" its rows are not those of the run.
    """
    file, advice = _file(run, on), f"Have it written anew: {_command(run, on)}."
    try:
        # scores as text first: pandas' own way to numbers may be off by a bit
        text = dict.fromkeys([*_TEXT_COLUMNS, "score"], str)
        table = pd.read_csv(file, dtype=text, keep_default_na=False)
        if missing := [name for name in (*_KEY, "score") if name not in table]:
            raise ValueError(f"no column {', '.join(missing)}")
        table = table.assign(score=table["score"].replace("", "nan").astype(float))
        evaluation.evaluate(table)
    except ValueError as error:  # an InputError is one
        cause = str(error).rstrip(".")
        raise InputError(
            f"{file} must hold the answers of a run, but: {cause}. {advice}"
        ) from error
    _check_network(table, run, file, advice)
    if on != "external":
        asked = run.table.loc[run.table["split"] == on, _KEY]
        there, expected = (set(map(tuple, t[_KEY].to_numpy())) for t in (table, asked))
        if there != expected:
            raise InputError(
                f"{file} must hold the {len(expected)} {on} images of {run.folder}, "
                f"but {len(expected - there)} of them are missing and "
                f"{len(there - expected)} rows are others. {advice}"
            )
    return table


def _check_network(
    table: pd.DataFrame, run: training.runs.Run, file: Path, advice: str
) -> None:
    """Refuse answers that another network wrote, or this one before its last epoch."""
    if "network" not in table:  # of a version that did not write it
        return
    others = sorted(set(table["network"]) - {run.network_id})
    if others:
        raise InputError(
            f"{file} must hold answers of the run's own network, {run.network_id}, "
            f"but holds some of {', '.join(others[:3])}. {advice}"
        )


def _file(run: training.runs.Run, on: str) -> Path:
    return run.folder / f"predictions-{on}.csv"


def _command(run: training.runs.Run, on: str) -> str:
    on_external = " --data DIR" if on == "external" else ""
    return f"xraylab evaluate {as_argument(run.folder)} --on {on}{on_external}"


def _read_log(
    run: training.runs.Run, has_answers: bool
) -> tuple[pd.DataFrame | None, list[str]]:
    """Read who read the run's test: the readings, and what is odd about them."""
    if run.merge_folder is None:
        return None, [f"The log lies beside the merge, but {run.missing_merge}."]
    log = test_log.readings_of(run)
    if has_answers and run.network_id not in set(log["network"]):
        said = "No reading by this network is in the log, though it keeps answers: "
        return log, [said + "they were read elsewhere, or the log was changed."]
    return log, []


def _describe_external(basis: dict) -> list[str]:
    """Say of a run's external answers what they rest on, and which set it was."""
    if not basis:
        return []
    parts = (basis[key] for key in ("classes", "kinds", "n_known"))
    lines = figures.describe_external(*parts)
    return [*lines, f"folder {basis['folder']}, reading {basis['n_readings']:,}"]


def _quote_external(kept: dict) -> list[str]:
    """As `_describe_external`, of a stored result."""
    if not kept:
        return []
    return [*kept["caveats"], f"{kept['data']}, reading {kept['n_readings']:,}"]


def _read_kept(run: training.runs.Run, *kinds: str) -> list[tuple[dict, pd.DataFrame]]:
    """Read what was found of a run's answers, and check that it is of its network."""
    found = [explanation.stored.read(run.folder, kind) for kind in kinds]
    for about, _ in filter(None, found):
        if about["network"] != run.network_id:
            raise InputError(
                f"{run.folder} must keep what was found of its own network, "
                f"{run.network_id}, but on {about['on']} it keeps that of "
                f"{about['network']}. Have it written anew, or delete it."
            )
    return list(filter(None, found))


def _quote_doses(name: str) -> list[tuple[dict, pd.DataFrame]]:
    """As `_read_kept`, of a stored result."""
    own = _rows_of(name, DOSES)
    return [
        ({"on": on, "said": own.attrs["about"], "n_trained_on": n}, rows)
        for (on, n), rows in own.groupby(["on", "n_trained_on"], sort=False)
    ]


def _quote_maps(name: str) -> list[tuple[dict, pd.DataFrame]]:
    """As `_read_kept`, of a stored result."""
    own, facts = _rows_of(name, MAPS), ["on", "n_shuffled", "limit"]
    return [
        (dict(zip(facts, values, strict=True)), rows)
        for values, rows in own.groupby(facts, sort=False)
    ]


def _rows_of(name: str, table: str) -> pd.DataFrame:
    """Read what a table of the stored results has of one of them."""
    rows = results.read_table(table)
    return rows[rows["result"] == name]


def _as_sentences(note: str) -> list[str]:
    return [f"{note[0].upper()}{note[1:].rstrip('.')}."] if note else []
