"""A card as HTML: a fragment for a notebook, and a page that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from numbers import Integral
from pathlib import Path
from string import Template

import pandas as pd

from xraylab import plots
from xraylab.claim import checklist, original
from xraylab.evaluation import decisions, recalibration
from xraylab.files import encodable

_COLOURS = {
    original.SUPPORTED: "yes",
    original.NOT_SUPPORTED: "no",
    original.NOT_TESTED: "open",
}
_RELIABILITY = (
    "Reliability curve: share with pneumonia against the mean score of each bin"
)
_DECISION = "Decision curve: net benefit at each threshold, acting on all, and on none"
_FIGURE = re.compile(r"(-?[\d.]+) \((-?[\d.]+) to (-?[\d.]+)")
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Claim card of {name}</title>
<style>
@page {{ margin: 14mm }}
body {{ margin: 0; background: #fff }}
@media screen and (prefers-color-scheme: dark) {{ body {{ background: #17191c }} }}
</style>
</head>
<body>
{card}
</body>
</html>
"""


def make_page(card: Mapping) -> str:
    """Write a card as a whole page; it needs nothing else.

    Parameters
    ----------
    card : mapping
        name, sentence, fields, verdicts, empty, curve and flow as in
        `xraylab.claim.Claim`; note and scope, two sentences.
    """
    name = encodable(escape(card["name"]))
    return _PAGE.format(name=name, card=make_card(card))


def make_card(card: Mapping) -> str:
    """Write a card as a part of a page; its style touches nothing else."""
    template = Template(Path(__file__).with_name("card.html").read_text("utf-8"))
    inside = {
        "flow": _flow(card["flow"]),
        "calibration": _charts(
            {_RELIABILITY: card["curve"], _DECISION: card["decision"]}
        ),
    }
    sections = [
        _section(key, part, inside.get(key, "")) for key, part in card["fields"].items()
    ]
    page = template.substitute(
        name=escape(card["name"]),
        note=escape(card["note"]),
        summary=_summary(card),
        sections="\n".join(sections),
        footer=_footer(),
    )
    return encodable(page)


def draw_curves(test: pd.DataFrame, valid: pd.DataFrame | None) -> tuple[str, str]:
    """Draw the reliability and the decision curve of answers on the test, as SVG.

    The latter with scores as given, and where validation is there, after Platt's
    change fitted on it.
    """
    changes = {} if valid is None else recalibration.fit_recalibrations(valid)[0]
    curves = {"as given": decisions.decision_curve(test)}
    if "platt" in changes:
        changed = test.assign(score=changes["platt"].apply(test["score"]))
        curves["Platt, from validation"] = decisions.decision_curve(changed)
    return (
        plots.as_svg(lambda: plots.plot_reliability(test, data_name="test")),
        plots.as_svg(lambda: plots.plot_decision_curve(curves, data_name="test")),
    )


def _summary(card: Mapping) -> str:
    counts = ", ".join(
        f'<span class="{_COLOURS[name]}">{name} in {n}</span>'
        for name, n in card["verdicts"].items()
    )
    empty = "; ".join(map(escape, card["empty"])) or "none"
    return (
        f"<p>{escape(card['sentence'])}</p>"
        f"<p>The original project’s claim, by field: {counts}. "
        f"{escape(card['scope'])}</p>"
        f"<p>Fields in which nothing is measured or known: {empty}.</p>"
    )


def _section(key: str, part: Mapping, inside: str) -> str:
    says = part["original"]
    colour = _COLOURS[says["verdict"]]
    body = [_line(line) for line in part["lines"]]
    body += [f'<p class="missing">{_mark_code(line)}</p>' for line in part["missing"]]
    tables = [_table(title, table) for title, table in part["tables"].items()]
    wide = inside + "".join(tables)
    return (
        f'<section data-field="{key}"><div><h2>{escape(part["title"])}</h2>'
        f'<p class="items">{_items(part)}</p>{"".join(body)}</div>'
        f'<div class="original"><p>The original project: {escape(says["says"])}</p>'
        f'<p class="verdict {colour}">{says["verdict"].capitalize()}</p>'
        f"<p>{escape(says['why'])}</p></div>"
        + (f'<div class="wide">{wide}</div></section>' if wide else "</section>")
    )


def _line(text: str) -> str:
    loud = ' class="note"' if text.startswith("CAREFUL") else ""
    return f"<p{loud}>{_mark_code(text)}</p>"


def _items(part: Mapping) -> str:
    keys = zip(checklist.LISTS, (part["claim"], part["tripod"]), strict=True)
    said = [f"{name}: {', '.join(items)}" for name, items in keys if items]
    return " · ".join(said) or "No item of either checklist asks for it."


def _footer() -> str:
    items = checklist.list_items()
    left = items[items["fields"] == ""]
    lists = [
        f"{name}: "
        + "; ".join(f"{escape(i.item)} {escape(i.name)}" for i in rows.itertuples())
        for name, rows in left.groupby("checklist", sort=False)
    ]
    return (
        "<p>Items of the checklists that no field of this card answers. "
        f"{'. '.join(lists)}.</p><p>CLAIM 2024: doi 10.1148/ryai.240300. "
        "TRIPOD+AI: doi 10.1136/bmj-2023-078378.</p>"
    )


def _charts(drawn: Mapping[str, str]) -> str:
    # their labels are in black, so they stay on white where a page is dark
    charts = [
        f'<div class="chart" role="img" aria-label="{said}">{svg}</div>'
        for said, svg in drawn.items()
        if svg
    ]
    return f'<div class="charts">{"".join(charts)}</div>' if charts else ""


def _flow(counts: Mapping[str, int]) -> str:
    steps = "".join(f"<li><b>{n:,}</b>{what}</li>" for what, n in counts.items())
    return f'<ol class="flow">{steps}</ol>' if steps else ""


def _table(title: str, table: pd.DataFrame) -> str:
    """Write a table; a column of numbers stands to the right."""
    counts = [bool(table[name].map(_is_number).all()) for name in table]
    head = _row("th", map(str, table.columns), counts)
    rows = [
        _row("td", map(_as_text, values), counts)
        for values in table.itertuples(index=False)
    ]
    return (
        f'<div class="scroll"><table><caption>{escape(title)}</caption>'
        f"<thead>{head}</thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(tag: str, values: Iterable[str], counts: Iterable[bool]) -> str:
    cells = (
        f"<{tag}{' class=n' * is_n}>{escape(value)}</{tag}>"
        for value, is_n in zip(values, counts, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"


def _is_number(value: object) -> bool:
    return bool(re.fullmatch(r"-?[\d.,]+", str(value)))


def _as_text(value: object) -> str:
    """Write a value; a figure breaks before its note, never within its interval."""
    if isinstance(value, Integral):
        return f"{value:,}"
    return _FIGURE.sub(
        "\\1\N{NO-BREAK SPACE}(\\2\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}\\3", str(value)
    )


def _mark_code(text: str) -> str:
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))
