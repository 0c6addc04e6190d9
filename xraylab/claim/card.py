"""The card: all fields, each with its items and the original's claim beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from xraylab import evaluation, results
from xraylab.claim import checklist, evidence, fields, original, page, parts
from xraylab.errors import InputError
from xraylab.files import refuse_foreign, refuse_unlike, write_texts
from xraylab.plain_json import as_json, read_json

NOTE = "Not for clinical use. A claim card says what was measured, and what was not."
SCOPE = (
    "Supported means that the whole interval of the figure agrees with it; where few "
    "children would agree with much else too, it is not tested. A verdict speaks of "
    "this network and the files it saw; the original's own are not at hand."
)
STATES = {"given": "said", "in part": "said in part", "empty": "not measured or known"}
_PAGE, _FACTS = "claim.html", "claim.json"
_FORM = {"name": str, "claim": str, "verdicts": dict, "fields": dict}  # of claim.json
VERDICTS = original.SUPPORTED, original.NOT_SUPPORTED, original.NOT_TESTED


@dataclass(frozen=True, repr=False)
class Claim:
    """A filled card. A notebook shows it as a page.

    Attributes
    ----------
    name : str
        Of the run or stored result.
    sentence : str
        The claim in one sentence, or that there is none.
    fields : dict of str -> dict
        By key, in the order of the page: title, claim and tripod (items of the two
        checklists), state, lines, tables, missing, and original: says, verdict, why.
    curve, decision : str
        The reliability curve and the decision curve on the test, as SVG; "" where
        there is none.
    flow : dict of str -> int
        Counts on the way from files to groups; empty where not known.
    """

    name: str
    sentence: str
    fields: dict[str, dict]
    curve: str
    decision: str
    flow: dict[str, int]

    @property
    def verdicts(self) -> dict[str, int]:
        """In how many fields the original's claim is supported, not, or not tested."""
        counts = Counter(part["original"]["verdict"] for part in self.fields.values())
        return {verdict: counts[verdict] for verdict in VERDICTS}

    @property
    def empty(self) -> list[str]:
        """Titles of the fields in which nothing is measured or known."""
        return [f["title"] for f in self.fields.values() if f["state"] == "empty"]

    @property
    def table(self) -> pd.DataFrame:
        """One row a field: title, state, what the original says, verdict and why."""
        rows = [
            {"field": f["title"], "here": STATES[f["state"]], **f["original"]}
            for f in self.fields.values()
        ]
        return pd.DataFrame(rows, index=pd.Index(self.fields, name="key"))

    def as_dict(self) -> dict:
        """Plain values, fit for JSON."""
        plain = {
            key: part
            | {"tables": {n: t.to_dict("records") for n, t in part["tables"].items()}}
            for key, part in self.fields.items()
        }
        items = checklist.list_items()
        left = items[items["fields"] == ""].drop(columns="fields")
        return {
            "name": self.name,
            "claim": self.sentence,
            "verdicts": self.verdicts,
            "flow": self.flow,
            "fields": plain,
            "items_without_a_field": left.to_dict("records"),
            "note": NOTE,
        }

    def as_html(self) -> str:
        """Write the card as one page that needs nothing else."""
        return page.make_page(self._as_shown())

    def _repr_html_(self) -> str:
        return page.make_card(self._as_shown())

    def _as_shown(self) -> dict:
        more = {"verdicts": self.verdicts, "empty": self.empty}
        return vars(self) | more | {"note": NOTE, "scope": SCOPE}

    def __repr__(self) -> str:
        return f"<Claim of {self.name}: {self.sentence}>"

    def __str__(self) -> str:
        counts = ", ".join(f"{name}: {n}" for name, n in self.verdicts.items())
        lines = [self.sentence, f"The original project's claim: {counts}. {SCOPE}"]
        for row in self.table.itertuples():
            if row.verdict != original.NOT_TESTED:
                lines.append(f"  {row.field}: {row.says} {row.verdict}: {row.why}")
        lines.append("What is missing:")
        for part in self.fields.values():
            lines += [f"  {part['title']}: {text}" for text in part["missing"]]
        return "\n".join([*lines, NOTE])


def make_claim(run: str | Path) -> Claim:
    """Fill a card from what a run keeps; no image is scored, no test is read.

    Parameters
    ----------
    run : path or str
        Folder of a finished run; or the name of a stored result of real images that
        keeps its answers, as from `xraylab.results.names_with_answers`.

    Raises
    ------
    xraylab.errors.InputError
        If it is neither, the run is unfinished, its answers are damaged or of other
        images, or its test log is damaged.
    """
    found = _gather(run)
    filled = {}
    for key, heading in checklist.HEADINGS.items():
        part = fields.FIELDS[key](found)
        says, verdict, why = original.judge(key, found)
        filled[key] = {
            **heading._asdict(),
            "state": part.state,
            "lines": part.lines,
            "tables": part.tables,
            "missing": part.missing,
            "original": {"says": says, "verdict": verdict, "why": why},
        }
    drawn = "", ""
    if "test" in found.answers:
        drawn = page.draw_curves(found.answers["test"], found.answers.get("valid"))
    flow = found.merge.get("flow", {})
    return Claim(found.name, _sentence(found), filled, *drawn, flow)


def write_claim(claim: Claim, folder: str | Path) -> tuple[Path, Path]:
    """Write a card as claim.html and claim.json: both, or none.

    Returns
    -------
    page, facts : Path

    Raises
    ------
    xraylab.files.NotWrittenError
        If the folder cannot be written, or has files of these names that are of no
        card.
    """
    refuse_others(folder)
    page, facts = Path(folder) / _PAGE, Path(folder) / _FACTS
    text = as_json(claim.as_dict(), indent=2) + "\n"
    write_texts({facts: text, page: claim.as_html()})
    return page, facts


def refuse_others(folder: str | Path) -> None:
    """Raise NotWrittenError where a card would take the place of others' files."""
    refuse_foreign(Path(folder), [_PAGE], mark=_FACTS)
    reader = partial(read_json, form=_FORM)
    refuse_unlike(Path(folder) / _FACTS, "`xraylab claim`", reader)


def _gather(run: str | Path) -> evidence.Evidence:
    if Path(run).is_dir():
        return evidence.of_run(run)
    known = results.names_with_answers()
    if str(run) not in known:
        text = "must be the folder of a run, or a stored result that keeps answers: "
        raise InputError(f"{text}{', '.join(known)}; got {run}.", argument="run")
    return evidence.of_result(str(run))


def _sentence(found: evidence.Evidence) -> str:
    """Say the claim in one sentence, with all that a figure needs."""
    network = f"{found.recipe['model']} at {found.recipe['size_px']} px"
    where = f"the test of {found.protocol}"
    if "test" not in found.answers:
        return f"{network}: nothing is claimed, for {where} was not read."
    metrics = evaluation.evaluate(found.answers["test"], threshold=found.threshold)
    accuracy, auroc = evaluation.describe(metrics.loc[["accuracy", "AUROC"]])
    kinds = {"all": "simulated images, ", "some": "some of the images simulated, "}
    at = f"threshold {found.threshold:.3f}"
    said = f"{accuracy}, {at}; {auroc}; {parts.count_said(found)}"
    return f"{network}, {kinds.get(found.simulated, '')}{where}: {said}."
