"""What can go wrong with what people give us: one base class, one subclass a kind.

The command line turns these and `OSError` into one line. Everything else is a fault of
ours, and shows its traceback.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral


class InputError(ValueError):
    """Something given cannot be used; the text says what, why, and what to do.

    Parameters
    ----------
    text : str
        One sentence or two for people.
    argument : str
        Name of the argument at fault, where it is one; `text` goes on from there, as in
        "must be at least 1, got 0.". The command line shows its own name for it.
    """

    def __init__(self, text: str, *, argument: str = "") -> None:
        super().__init__(f"{argument} {text}" if argument else text)
        self.text, self.argument = text, argument


@contextmanager
def renamed(**names: str) -> Iterator[None]:
    """Let errors name an argument as the caller knows it, as in root="data_folder"."""
    try:
        yield
    except InputError as error:
        if error.argument in names:
            error.argument = names[error.argument]
            error.args = (f"{error.argument} {error.text}",)
        raise


def check_seed(seed: object) -> None:
    """Raise InputError where a seed is none that each library takes."""
    is_whole = isinstance(seed, Integral) and not isinstance(seed, bool)
    if not is_whole or not 0 <= seed < 2**32:  # scikit-learn's range
        text = f"must be a whole number from 0 to {2**32 - 1}, got {seed!r}."
        raise InputError(text, argument="seed")


class UnreadableImageError(InputError):
    """A file that could not be read as an image; `cause` says why, and what helps."""

    def __init__(self, path: str, cause: str):
        self.path, self.cause = path, cause
        super().__init__(f"{path} could not be read as an image: {cause}.")

    def __reduce__(self) -> tuple:  # so that it comes back from another process
        return type(self), (self.path, self.cause)


class ReadersEndedError(InputError):
    """A process that reads images ended before its work was done."""


class UnknownLayoutError(InputError):
    """A folder that holds none of the known layouts, or an incomplete one."""


class IncompleteSourceError(UnknownLayoutError):
    """A split of a source has no images of a class."""


class LeakError(InputError):
    """A split that does not keep what its protocol promises."""


class NotARunError(InputError):
    """A folder that holds no run."""


class UnfinishedRunError(InputError):
    """A run whose training has not ended, where only a finished one will do."""


class TrainingError(InputError):
    """A training that cannot go on: its loss is no number, or memory is full."""


class WeightsError(InputError):
    """Weights that cannot be had or do not fit the network."""


class NoDataError(InputError):
    """XRAYLAB_DATA leads to no source."""


class KernelError(InputError):
    """A notebook's kernel that does not answer, or ended before its last cell."""


class BrokenSealError(InputError):
    """The file of guesses was changed after it was written."""
