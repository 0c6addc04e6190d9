"""All guesses at once: how sure against how often right, and a code that carries them.

On Kaggle and Colab each lesson may start on an empty machine; the code takes guesses
and measurements from one to the next.
"""

from __future__ import annotations

import base64
import json
import zlib
from datetime import datetime

import pandas as pd

from xraylab.course import guesses
from xraylab.course.questions import SHARE, find_question
from xraylab.errors import InputError
from xraylab.plain_json import read_json

# what reading raises where a code is cut, or holds something else
_NO_CODE = (zlib.error, ValueError, LookupError, TypeError, AttributeError)
_COLUMNS = ["name", "guess", "truth", "label", "score", "group_id"]


def judge_guesses() -> pd.DataFrame:
    """Hold each guess that has a confidence against what was measured.

    Returns
    -------
    DataFrame
        A row a guess, with the columns of a table of predictions, so that what draws
        and measures a network's calibration does so with a reader's: name, guess,
        truth, label (1 where the guess was right: the word itself, or a number
        within a twentieth of its range), score (how sure, in [0, 1]) and group_id.

    Raises
    ------
    BrokenSealError
        If the file of guesses was changed after it was written.
    """
    truths, rows = guesses.stored_truths(), []
    for row in guesses.read_guesses().dropna(subset="sure").itertuples():
        if row.name in truths and (truth := truths[row.name]["value"]) is not None:
            is_right = find_question(row.name).is_near(row.value, truth)
            rows.append((row.name, row.value, truth, int(is_right), row.sure, row.name))
    return pd.DataFrame(rows, columns=_COLUMNS)


def describe_own(judged: pd.DataFrame) -> str:
    """Say how sure a reader was, and how often right.

    Parameters
    ----------
    judged : DataFrame
        From `judge_guesses`.
    """
    n = len(judged)
    if n == 0:
        return (
            "No guess with a confidence has been measured yet. Say how sure you are "
            "beside a guess, and come back."
        )
    right, sure = judged["label"].mean(), judged["score"].mean()
    brier = ((judged["score"] - judged["label"]) ** 2).mean()
    return (
        f"{n} guess{'es' * (n > 1)}: {judged['label'].sum()} right ({right:.0%}), and "
        f"you were {sure:.0%} sure on average.\n"
        f"Brier {brier:.2f} (0 is best); always saying {right:.0%} would have given "
        f"{right * (1 - right):.2f}."
    )


def carry_guesses(code: str | None = None) -> None:
    """Print a code that holds the guesses and measurements; or take one in.

    Parameters
    ----------
    code : str, optional
        As printed elsewhere. A guess that is sealed here already stays; so does a
        measurement of the same name.

    Raises
    ------
    InputError
        If the code is not one, or not whole.
    BrokenSealError
        If the file of guesses was changed after it was written.
    """
    if code is None:
        _print_code()
        return
    try:
        lines, truths = _read_code(code)
    except _NO_CODE as error:
        raise InputError(
            "must be one that lesson.carry_guesses() of this version printed, found "
            "one that cannot be read. Copy all of it, from first letter to last.",
            argument="code",
        ) from error
    here = set(guesses.read_guesses()["name"])
    new = [line for line in lines if line["name"] not in here]
    guesses.seal_again(new)
    guesses.add_truths(truths | guesses.stored_truths())
    print(
        f"{len(new)} guess{'es' * (len(new) != 1)} taken in, {len(lines)} in the code."
    )


def _read_code(code: str) -> tuple[list[dict], dict[str, dict]]:
    """Read guesses and measurements: each of a question, whole, and an answer to it."""
    text = zlib.decompress(base64.urlsafe_b64decode(code.strip()))
    kept = read_json(text, {"guesses": [dict], "truths": dict})
    lines = [
        {
            "name": line["name"],
            "value": find_question(line["name"]).read(line["value"]),
            "sure": None if line["sure"] is None else SHARE.read(line["sure"]),
            "time": datetime.fromisoformat(line["time"]).isoformat(),
        }
        for line in kept["guesses"]
    ]
    for name in kept["truths"]:
        find_question(name)
    return lines, guesses.whole_truths(kept["truths"])


def _print_code() -> None:
    table, truths = guesses.read_guesses(), guesses.stored_truths()
    if table.empty and not truths:
        print("Nothing to carry yet: no guess is sealed, and nothing was measured.")
        return
    kept = {"guesses": json.loads(table.to_json(orient="records")), "truths": truths}
    packed = zlib.compress(json.dumps(kept, separators=(",", ":")).encode(), 9)
    print("Keep this code. In the next place, run lesson.carry_guesses with it:")
    print(f'lesson.carry_guesses("{base64.urlsafe_b64encode(packed).decode()}")')
