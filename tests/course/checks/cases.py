"""What each check is held to: right answers of several styles, and planted mistakes."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """The answers to try on one check.

    Attributes
    ----------
    name : str
        Of the check.
    right : list
        At least three answers of different style; for letters, of different typing.
    wrong : dict
        Mistake, in words -> an answer with it, and a part of what must be said to it.
    given : callable
        Makes what the lesson hands over beside the answer, anew for each trial.
    """

    name: str
    right: list
    wrong: dict[str, tuple[object, str]]
    given: Callable[[], tuple] = field(default=tuple)
