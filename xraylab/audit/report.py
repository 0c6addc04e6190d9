"""An audit for people: as text for the terminal, and as one page of HTML."""

from __future__ import annotations

import base64
import io
import re
from html import escape
from numbers import Real
from pathlib import Path
from string import Template

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from PIL import Image

from xraylab import plots
from xraylab.audit import probes
from xraylab.audit.findings import Finding, show
from xraylab.audit.run import Audit
from xraylab.files import encodable

NOTE = "Not for clinical use. An audit shows what could be used, not what is used."
_MOST_ROWS = 30  # of a table on the page
_MOST_PAIRS = 12  # shown as images
_PLACES = "files by source, split and class"
_ABOUT_PROBES = (
    "Each probe is a linear model. Its baseline is what it reaches on clean simulated "
    "images of normal and pneumonia, fitted on as many groups of children (at most on "
    "those of the largest set measured). A finding begins at the limit."
)
_LINES = {"shows": "shows", "shows_not": "does not show", "to_do": "what to do"}


def report_as_text(audit: Audit) -> str:
    """Write an audit for the terminal: counts, probes, findings, what did not run."""
    parts = [_headline(audit), _as_table(audit.tables[_PLACES])]
    if len(audit.probes):
        parts.append(_as_table(show_probes(audit)))
    parts += [_as_paragraph(finding) for finding in audit.findings]
    if len(audit.not_run):
        rows = zip(audit.not_run["check"], audit.not_run["reason"], strict=True)
        lines = [f"  {check}: {reason}" for check, reason in rows]
        parts.append("\n".join(["COULD NOT RUN", *lines]))
    return "\n\n".join([*parts, *_summary(audit), NOTE])


def check_page(page: bytes) -> None:
    """Raise ValueError where a page is none that `report_as_html` has written."""
    if page and b"<title>Audit of " not in page:  # an empty file is nobody's loss
        raise ValueError("it is no page of an audit")


def report_as_html(audit: Audit, *, thumbnails: bool = False) -> str:
    """Write an audit as one page that needs nothing else.

    Parameters
    ----------
    audit : Audit
    thumbnails : bool
        Show some of the images that stand in several splits or under two labels, 48
        pixels wide. Without it the page holds no image, so that it may be passed on.
    """
    first, *rest = _summary(audit)
    body = [f"<p>{_headline(audit)}</p>", f'<p class="sum">{escape(first)}</p>']
    body += [f"<p>{escape(line)}</p>" for line in rest]
    if len(audit.not_run):
        body += ["<h2>Checks that could not run</h2>", _html_table(audit.not_run)]
    for title, is_fault in (("Findings", True), ("Notes", False)):
        said = [f for f in audit.findings if f.is_fault == is_fault]
        body += [f"<h2>{title}</h2>", *map(_article, said)] if said else []
    if thumbnails:
        body += ["<h2>Images in several splits or classes</h2>", *_show_pairs(audit)]
    if len(audit.probes):
        body += ["<h2>Probes beside their baselines</h2>", f"<p>{_ABOUT_PROBES}</p>"]
        shown = show_probes(audit)
        body += [_draw_probes(audit), _html_table(shown, most=len(shown))]
    left_out = audit.ignored["reason"].value_counts().reset_index()
    others = {"unreadable files": audit.problems, "files left out": left_out}
    for name, table in {**audit.tables, **others}.items():
        if len(table):
            body += [f"<h2>{name.capitalize()}</h2>", _html_table(table)]
    template = Template(Path(__file__).with_name("report.html").read_text("utf-8"))
    name = escape(audit.root.resolve().name)
    page = template.substitute(name=name, body="\n".join(body), note=NOTE)
    return encodable(page)


def show_probes(audit: Audit) -> pd.DataFrame:
    """Give the probes as text a person reads: one row a probe and question."""
    rows = audit.probes.assign(shown=list(map(show, audit.probes.itertuples())))
    rows = rows.set_index(["question", "feature"])
    asked, on_test = (rows[rows["on"] == on] for on in ("cross-validated", "test"))
    on_test, no_limit = on_test.reindex(asked.index), asked["limit"].isna()
    table = pd.DataFrame(
        {
            "asked": asked.index.get_level_values("question"),
            "by": asked.index.get_level_values("feature"),
            "AUROC (95 % CI)": asked["shown"].to_numpy(),
            "baseline": asked["baseline"].to_numpy(),
            "limit": asked["limit"].to_numpy(),
            "finding": np.select(
                [asked["found"], no_limit & asked["auroc"].eq(0.5), no_limit],
                ["yes", "all alike", "no baseline"],
                "",
            ),
            "on the test": on_test["shown"].fillna("-").to_numpy(),
            "baseline there": on_test["baseline"].to_numpy(),
        }
    )
    return table if on_test["shown"].notna().any() else table.iloc[:, :-2]


def _headline(audit: Audit) -> str:
    counts = {
        "files": len(audit.table),
        "images": audit.table["image_id"].nunique(),
        "groups of children": audit.table["group_id"].nunique(),
        "unreadable": len(audit.problems),
        "left out with a reason": len(audit.ignored),
    }
    text = ", ".join(f"{name}: {count:,}" for name, count in counts.items())
    return f"{text.capitalize()}."


def _summary(audit: Audit) -> list[str]:
    """Count findings, and beside them what could not be asked."""
    n, n_gaps = len(audit.faults), len(audit.not_run)
    text = f"Findings: {n}; notes: {len(audit.findings) - n}"
    if n_gaps:
        checks = "1 check" if n_gaps == 1 else f"{n_gaps} checks"
        text += f"; {checks} could not run: {'; '.join(audit.not_run['check'])}"
    lines = [f"{text}."]
    if len(audit.probes):
        rate = f"{probes.ALARM_RATE:.0%}"
        lines.append(
            f"The limits are set so that {rate} of clean sets have a probe above one."
        )
    return lines


def _as_paragraph(finding: Finding) -> str:
    kind = "FINDING" if finding.is_fault else "note"
    lines = [f"{text + ':':14} {getattr(finding, key)}" for key, text in _LINES.items()]
    return "\n  ".join([f"{kind}: {finding.name}", *finding.found.splitlines(), *lines])


def _as_table(table: pd.DataFrame) -> str:
    return table.map(_as_text).to_string(index=False)


def _as_text(value: object) -> str:
    """Write numbers as a person does: 5,824, 0.970, and - where there is none."""
    if not _is_number(value):
        return str(value) or "-"
    if np.isnan(value):
        return "-"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.3f}"


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _html_table(table: pd.DataFrame, *, most: int = _MOST_ROWS) -> str:
    """Write a table, numbers to the right, and say how many rows are not shown."""
    numbers = [bool(table[name].map(_is_number).all()) for name in table]
    rows = [
        "".join(
            f"<{tag}{' class=n' * is_n}>{escape(_as_text(value))}</{tag}>"
            for value, is_n in zip(values, numbers, strict=True)
        )
        for tag, values in [
            ("th", table.columns),
            *(("td", row) for row in table.head(most).itertuples(index=False)),
        ]
    ]
    more = len(table) - most
    more = f"<p>More rows: {more:,}</p>" if more > 0 else ""
    lines = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="scroll" tabindex="0"><table>{lines}</table></div>{more}'


def _article(finding: Finding) -> str:
    found = escape(finding.found).replace("\n", "<br>")
    kind = "fault" if finding.is_fault else "note"
    lines = "".join(
        f"<dt>{text}</dt><dd>{_mark_code(getattr(finding, key))}</dd>"
        for key, text in _LINES.items()
    )
    return (
        f'<article class="{kind}"><h3>{finding.name.capitalize()}</h3>'
        f"<p>{found}</p><dl>{lines}</dl></article>"
    )


def _mark_code(text: str) -> str:
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _draw_probes(audit: Audit) -> str:
    """Draw the figure as SVG inside the page."""
    name = f"folder {audit.root.resolve().name}"
    # wide enough for the names of questions about several classes
    height = 1.6 + 0.36 * int((audit.probes["on"] != "test").sum())

    def draw() -> Axes:
        _, ax = plt.subplots(figsize=(10, height), layout="constrained")
        return plots.plot_probes(audit.probes, ax=ax, data_name=name)

    # labels are in black, so the chart stays on white where a page is dark
    return f'<div class="chart">{plots.as_svg(draw)}</div>'


def _show_pairs(audit: Audit) -> list[str]:
    """Show a few of the images that stand in several splits or classes."""
    table = audit.table
    places = table.groupby("image_id")[["split", "label"]].transform("nunique")
    shared = table[(places > 1).any(axis=1)]
    blocks = []
    for _, rows in list(shared.groupby("image_id"))[:_MOST_PAIRS]:
        out = io.BytesIO()
        pair = rows.drop_duplicates(["split", "label"]).head(2)  # of two places
        Image.fromarray(np.hstack(audit.squares[pair["square"]])).save(out, "PNG")
        data = base64.b64encode(out.getvalue()).decode()
        text = escape(" and ".join(pair["path"]))
        blocks.append(
            f'<figure class="pair"><img width="192" alt="{text}" '
            f'src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'
        )
    return blocks or ["<p>None.</p>"]
