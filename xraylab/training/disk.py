"""The folder of a run: its files, who trains in it, and what is left when one stops."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from xraylab.files import (
    alone,
    made_folder,
    note_content,
    put_back,
    refuse_foreign,
    remove_halves,
)
from xraylab.training import processes, record

__all__ = [
    "BEST",
    "LAST",
    "STATE",
    "has_epochs",
    "held",
    "is_finished",
    "refuse_others",
    "remove_rests",
    "tidy",
]
BEST, LAST = "best.safetensors", "last.safetensors"
STATE = "unfinished.safetensors"  # weights, optimiser and history, in one file
_OF_EPOCHS = (record.HISTORY, BEST, LAST, STATE)
_FILES = (record.FACTS, record.TABLE, *_OF_EPOCHS)
_ANSWERS = tuple(f"predictions-{on}.csv" for on in ("valid", "test", "external"))


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other commands out of a run's folder while one trains in it.

    Where that ends before an epoch is kept, nothing of it stays, and what lay there
    before does. Of several processes of one training the main one does it for all.
    """
    if not processes.is_main():
        yield
        return
    with made_folder(folder), alone(folder / STATE, is_long=True):
        refuse_others(folder)  # here, where nobody else is writing
        files = [] if has_epochs(folder) else map(folder.joinpath, _FILES)
        before = note_content(files)
        try:
            yield
        except BaseException:
            if not (folder / STATE).is_file():
                put_back(before)
            raise


def refuse_others(folder: Path) -> None:
    """Raise an error where a run's files would take the place of others'.

    Raises
    ------
    NotWrittenError
        If files of these names are there, and no facts of a run.
    NotARunError
        If there are facts, and they are not those of a run.
    """
    table, header = folder / record.TABLE, ",".join(record.COLUMNS).encode()
    is_ours = table.is_file() and table.read_bytes().startswith(header)
    # a table alone is what a kill leaves that comes before the facts
    names = {*_FILES, *_ANSWERS} - ({record.TABLE} if is_ours else set())
    refuse_foreign(folder, sorted(names), mark=record.FACTS)
    if (folder / record.FACTS).is_file():
        record.read(folder)


def has_epochs(folder: Path) -> bool:
    """Tell whether a folder keeps an epoch, or what is left of one."""
    files = map(folder.joinpath, _OF_EPOCHS)
    return any(file.is_file() and file.stat().st_size for file in files)


def is_finished(folder: str | Path) -> bool:
    """Tell whether a folder holds a run whose training has ended.

    Its last weights tell; where they were taken away to save room, all its epochs.

    Raises
    ------
    NotARunError
        If these are asked and damaged.
    """
    names = (record.FACTS, BEST, LAST, STATE)
    facts, best, last, state = (Path(folder) / name for name in names)
    if not facts.is_file():  # another's files, then
        return False
    if last.is_file() or state.is_file() or not best.is_file():
        return last.is_file()
    n_epochs = len(record.read_history(best.parent))
    return n_epochs == record.read(best.parent).recipe.epochs


def tidy(folder: Path) -> None:
    """Remove what a finished run does not need, also where a kill came before."""
    with suppress(OSError):  # in a folder that is read-only it does no harm
        (folder / STATE).unlink()


def remove_rests(folder: Path) -> None:
    """Remove what a kill left half-written, under `held` only.

    Not of answers: another command may just be writing them.
    """
    remove_halves(folder, _FILES)
