"""What a check says back, as plain text and as a box in a notebook."""

from __future__ import annotations

import html
from dataclasses import dataclass

RIGHT = "Right"
WRONG = "Not yet"
UNTRIED = "Not tried yet"
BROKEN = "Your code stopped"
_COLOURS = {RIGHT: "#2e8b57", WRONG: "#d97706", UNTRIED: "#808080", BROKEN: "#c2410c"}


@dataclass(frozen=True, repr=False)
class Outcome:
    """The answer to an answer.

    Attributes
    ----------
    name : str
        Of the check.
    status : str
        "Right", "Not yet", "Not tried yet" or "Your code stopped".
    text : str
        What was seen, in a few sentences.
    """

    name: str
    status: str
    text: str

    @property
    def is_right(self) -> bool:
        """Whether the answer passed."""
        return self.status == RIGHT

    def __repr__(self) -> str:
        return f"{self.status} · {self.name}\n{self.text}"

    def _repr_html_(self) -> str:
        """Draw a box; it takes its text colour from the page, light or dark."""
        lines = html.escape(self.text).replace("\n", "<br>")
        bar = f"border-left:4px solid {_COLOURS[self.status]};padding:.3em .8em"
        title = f"<b>{self.status}</b> · {html.escape(self.name)}"
        return f'<div style="{bar}">{title}<br>{lines}</div>'
