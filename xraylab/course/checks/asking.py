"""A check: its hints, how an answer is judged, and where its solution stands."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from xraylab.course import notebooks
from xraylab.course.checks import outcome
from xraylab.course.checks.answers import OwnCodeError, Wrong, is_untried, word
from xraylab.course.checks.outcome import Outcome
from xraylab.course.questions import unknown_name

KINDS = ("compute", "repair", "implement", "interpret")
STAGES = ("a nudge", "the method", "almost all of it")
_GIVEN: dict[str, int] = {}  # how many hints of a check this kernel has shown


@dataclass(frozen=True)
class Check:
    """A task of a lesson.

    Attributes
    ----------
    name : str
        Under which the lesson asks; one over all lessons.
    kind : str
        "compute", "repair", "implement" or "interpret".
    hints : tuple of str
        Three: a nudge, the method, almost all of it.
    judge : callable
        Takes the answer, and what else the lesson hands over; gives praise that says
        what was looked at, or raises `Wrong`.
    """

    name: str
    kind: str
    hints: tuple[str, str, str]
    judge: Callable[..., str]

    def __call__(self, answer: object, *given: object) -> Outcome:
        """Judge an answer; whatever it is, nothing is raised for it."""
        if is_untried(answer):
            more = f'Stuck? lesson.hint("{self.name}") gives {STAGES[0]}.'
            return Outcome(self.name, outcome.UNTRIED, more)
        try:
            return Outcome(self.name, outcome.RIGHT, self.judge(answer, *given))
        except Wrong as wrong:
            return Outcome(self.name, outcome.WRONG, str(wrong))
        except OwnCodeError as error:
            return Outcome(self.name, outcome.BROKEN, str(error))


def asks(
    name: str, kind: str, hints: tuple[str, str, str]
) -> Callable[[Callable[..., str]], Check]:
    """Make a check of the function below, its judge."""
    return lambda judge: Check(name, kind, hints, judge)


def one_of(
    name: str, hints: tuple[str, str, str], right: dict[str, str], wrong: dict[str, str]
) -> Check:
    """Make a check that asks for one of some sentences, named by a letter.

    Parameters
    ----------
    right, wrong : dict
        By letter, what to say to it; one letter is right.
    """
    letters = tuple(sorted(right | wrong))

    def judge(answer: object) -> str:
        letter = word(answer, letters)
        if letter in wrong:
            raise Wrong(wrong[letter])
        return right[letter]

    return Check(name, "interpret", hints, judge)


def check(name: str, answer: object = None, *given: object) -> Outcome:
    """Say whether an answer is right, and if not, what was seen.

    Parameters
    ----------
    name : str
        The task, as the lesson names it.
    answer : object, optional
        A function, a number or a letter, as the task asks; None when not tried yet.
    given
        What the lesson hands over, such as the table that the answer is about.

    Returns
    -------
    Outcome
        Prints as text, and as a box in a notebook.

    Raises
    ------
    ValueError
        If no lesson asks under that name.
    """
    return find_check(name)(answer, *given)


def hint(name: str) -> None:
    """Print the next hint of a task: a nudge, the method, almost all of it; no more.

    Raises
    ------
    ValueError
        If no lesson asks under that name.
    """
    hints = find_check(name).hints
    place = _GIVEN.get(name, 0)
    if place == len(hints):
        print(f'No more hints. lesson.solution("{name}") shows one right answer.')
        return
    _GIVEN[name] = place + 1
    print(f"Hint {place + 1} of {len(hints)}, {STAGES[place]}: {hints[place]}")


def solution(name: str) -> None:
    """Print one right answer of a task, as the solution notebook has it.

    Raises
    ------
    ValueError
        If no lesson asks under that name.
    FileNotFoundError
        If this installation holds no solutions.
    """
    find_check(name)
    for file in notebooks.solutions():
        for cell in json.loads(file.read_text("utf-8"))["cells"]:
            code = "".join(cell["source"])
            if f'lesson.check("{name}"' in code:
                print(code.split("lesson.check(")[0].rstrip())
                return


def find_check(name: str) -> Check:
    """Give the check of a name.

    Raises
    ------
    ValueError
        If no lesson asks under that name.
    """
    checks = {check.name: check for many in list_checks().values() for check in many}
    if not isinstance(name, str) or name not in checks:
        raise unknown_name("task", name, checks)
    return checks[name]


@cache
def list_checks() -> dict[str, list[Check]]:
    """List the checks of each lesson, by its number such as "00", in order."""
    found = {}
    for module in iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith("lesson_"):
            lesson = import_module(f"{__package__}.{module.name}")
            own = [value for value in vars(lesson).values() if isinstance(value, Check)]
            found[module.name.removeprefix("lesson_")] = own
    return found
