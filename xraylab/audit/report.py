"""An audit for people: as text for the terminal, and as one page of HTML."""

from __future__ import annotations

import base64
import io
import re
import warnings
from html import escape
from numbers import Real
from pathlib import Path
from string import Template

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from PIL import Image

from xraylab import plots
from xraylab.audit import probes
from xraylab.audit.findings import Finding, show_auroc
from xraylab.audit.run import Audit

NOTE = "Not for clinical use. An audit shows what could be used, not what is used."
_MOST_ROWS = 30  # of a table on the page
_MOST_PAIRS = 12  # shown as images
_LINES = {"shows": "shows", "shows_not": "does not show", "to_do": "what to do"}


def report_as_text(audit: Audit) -> str:
    """Write an audit for the terminal: counts, probes, findings."""
    counts = _as_table(audit.tables["files by source, split and class"])
    shown = _as_table(show_probes(audit)) if len(audit.probes) else _no_probes(audit)
    said = [
        "\n".join(
            [
                f"{'FINDING' if finding.is_fault else 'note'}: {finding.name}",
                *(f"  {line}" for line in finding.found.splitlines()),
                *(
                    f"  {text + ':':14} {getattr(finding, k)}"
                    for k, text in _LINES.items()
                ),
            ]
        )
        for finding in audit.findings
    ]
    return "\n\n".join([_headline(audit), counts, shown, *said, _summary(audit), NOTE])


def report_as_html(audit: Audit, *, thumbnails: bool = False) -> str:
    """Write an audit as one page that needs nothing else.

    Parameters
    ----------
    audit : Audit
    thumbnails : bool
        Show some of the images that meet, 48 pixels wide. Without it the page
        holds no image, so that it may be passed on.
    """
    body = [f"<p>{_headline(audit)}</p>", f"<p><b>{_summary(audit)}</b></p>"]
    body += map(_article, audit.findings)
    if thumbnails:
        body += ["<h2>Images that meet</h2>", *_show_pairs(audit)]
    body.append("<h2>Probes beside their baselines</h2>")
    if len(audit.probes):
        body += [_draw_probes(audit), _html_table(show_probes(audit))]
    else:
        body.append(f"<p>{_no_probes(audit)}</p>")
    left_out = audit.ignored["reason"].value_counts().reset_index()
    rest = {"unreadable files": audit.problems, "files left out": left_out}
    for name, table in {**audit.tables, **rest}.items():
        if len(table):
            body += [f"<h2>{name.capitalize()}</h2>", _html_table(table)]
    template = Template(Path(__file__).with_name("report.html").read_text("utf-8"))
    name = escape(audit.root.resolve().name)
    return template.substitute(name=name, body="\n".join(body), note=NOTE)


def show_probes(audit: Audit) -> pd.DataFrame:
    """Give the probes as text a person reads: one row a probe and question."""
    shown = map(show_auroc, audit.probes.itertuples())
    rows = audit.probes.assign(shown=list(shown))
    asked = rows[rows["on"] == "cross-validated"]
    on_test = rows[rows["on"] == "test"].set_index("feature")["shown"]
    is_class = asked["question"] == "class"
    return pd.DataFrame(
        {
            "asked": asked["question"],
            "by": asked["feature"],
            "AUROC (95 %)": asked["shown"],
            "baseline": asked["baseline"],
            "limit": asked["limit"],
            "finding": np.select(
                [asked["found"], asked["limit"].isna()], ["yes", "all alike"], ""
            ),
            "on the test": asked["feature"].map(on_test).where(is_class).fillna("-"),
        }
    )


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


def _summary(audit: Audit) -> str:
    n = len(audit.faults)
    text = f"Findings: {n}, notes: {len(audit.findings) - n}."
    if audit.probes.empty:
        return text
    rate = f"{probes.ALARM_RATE:.0%}"
    return f"{text} Of clean sets, {rate} have a probe above its limit by chance."


def _no_probes(audit: Audit) -> str:
    n_classes = audit.table["class_name"].nunique()
    if n_classes != 2:
        return f"No probes: they need two classes, found {n_classes}."
    n = probes.MIN_GROUPS
    return f"No probes: they need {n} groups of children a class outside the test."


def _as_table(table: pd.DataFrame) -> str:
    return table.map(_as_text).to_string(index=False)


def _as_text(value: object) -> object:
    """Write numbers as a person does: 5,824, 0.970, and - where there is none."""
    if not isinstance(value, Real) or isinstance(value, (bool, np.bool_)):
        return value
    if np.isnan(value):
        return "-"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.3f}"


def _html_table(table: pd.DataFrame) -> str:
    page = table.head(_MOST_ROWS).map(_as_text).to_html(index=False, border=0)
    more = len(table) - _MOST_ROWS
    return page + (f"<p>More rows: {more:,}</p>" if more > 0 else "")


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
    out = io.StringIO()
    # text stays text, for the reader's fonts; nothing tells one run from the next
    same = {"svg.fonttype": "none", "svg.hashsalt": "xraylab"}
    with plt.rc_context(same), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")
        name = f"folder {audit.root.resolve().name}"
        ax = plots.plot_probes(audit.probes, data_name=name)
        ax.figure.savefig(out, format="svg", metadata={"Date": None})
    plt.close(ax.figure)
    return out.getvalue()[out.getvalue().index("<svg") :]


def _show_pairs(audit: Audit) -> list[str]:
    """Show a few of the images that stand in several splits or classes."""
    table = audit.table
    places = table.groupby("image_id")[["split", "label"]].transform("nunique")
    met = table[(places > 1).any(axis=1)]
    blocks = []
    for _, rows in list(met.groupby("image_id"))[:_MOST_PAIRS]:
        out = io.BytesIO()
        pair = rows.drop_duplicates(["split", "label"]).head(2)  # of two places
        Image.fromarray(np.hstack(audit.squares[pair["square"]])).save(out, "PNG")
        data = base64.b64encode(out.getvalue()).decode()
        text = escape(" and ".join(pair["path"]))
        blocks.append(
            f'<figure><img width="192" alt="{text}" '
            f'src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'
        )
    return blocks or ["<p>None.</p>"]
