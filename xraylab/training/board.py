"""A run's history for TensorBoard, where somebody asks for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from xraylab.errors import InputError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


def check(folder: str | Path | None) -> None:
    """Raise InputError where it is asked for and not installed, or has no folder."""
    if folder is None:
        return
    found = next(p for p in (Path(folder), *Path(folder).parents) if p.exists())
    if not (found.is_dir() and os.access(found, os.W_OK)):
        kind = "a folder that cannot be written" if found.is_dir() else "a file"
        raise InputError(
            f"must be a folder, or one that can be made, got {folder}, but {found} is "
            f"{kind}. Choose another.",
            argument="tensorboard",
        )
    try:
        import torch.utils.tensorboard  # noqa: F401, slow, and few need it
    except ImportError as error:
        raise InputError(
            f"needs the package tensorboard, but it could not be loaded ({error}). "
            "Install it with `pip install tensorboard`, or leave this out.",
            argument="tensorboard",
        ) from error


@contextmanager
def open_board(
    folder: str | Path | None, rows: Iterable[dict]
) -> Iterator[Callable[[dict], None]]:
    """Give a function that logs an epoch's row; it does nothing without a folder.

    Parameters
    ----------
    folder : path or None
        Of one run's events.
    rows : iterable of dict
        Epochs that came before. All are written anew, and take the place of what an
        earlier call wrote: a kill may have come between the run's file and this.
    """
    if folder is None:
        yield lambda row: None
        return
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder), purge_step=1)  # epochs are counted from 1
    try:
        for row in rows:
            _log(writer, row)
        yield partial(_log, writer)
    finally:
        writer.close()


def _log(writer: SummaryWriter, row: dict) -> None:
    """Log the figures of an epoch, training and validation under one name."""
    for name, value in row.items():
        if name != "epoch" and value is not None:
            part, _, measure = name.partition("_")
            is_part = part in {"train", "valid"}
            tag = f"{measure}/{part}" if is_part else name
            writer.add_scalar(tag, value, row["epoch"])
    writer.flush()
