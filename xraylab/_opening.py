"""Opening an image file that may be anything: nothing waits, fills or shouts."""

from __future__ import annotations

import io
import logging
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

MAX_PIXELS = 40_000_000  # a 30,000 x 30,000 header must not fill the memory
# The formats of the sources' endings and no others: some of Pillow's readers
# start programs (EPS), some take text or noise for an image (XBM, TGA).
FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP")
# what Pillow has to say of a file stands in the cause, not on stderr
logging.getLogger("PIL").addHandler(logging.NullHandler())


class UnreadableImageError(ValueError):
    """A file that could not be read as an image; `path` and `cause` say which."""

    def __init__(self, path: str, cause: str):
        self.path, self.cause = path, cause
        super().__init__(
            f"{path} could not be read as an image: {cause}. "
            "Open it in a viewer, or fetch it again."
        )


@contextmanager
def opened_image(file: str | Path | bytes) -> Iterator[Image.Image]:
    """Open an image; whatever goes wrong with it is named."""
    name = "these bytes" if isinstance(file, bytes) else str(file)
    try:
        if not isinstance(file, bytes):
            refuse_odd_file(file)
        elif not file:
            raise UnreadableImageError(name, "it is empty")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata; sizes are checked here
            opened = io.BytesIO(file) if isinstance(file, bytes) else file
            with Image.open(opened, formats=FORMATS) as image:
                yield image
    except (FileNotFoundError, UnreadableImageError):
        raise
    except Exception as error:  # Pillow's decoders raise a dozen kinds
        raise UnreadableImageError(name, _cause(error)) from error


def refuse_odd_file(file: str | Path) -> None:
    """Raise unless `file` is a regular file with something in it.

    Opening a pipe would wait for ever, and a device such as /dev/zero never ends.

    Raises
    ------
    UnreadableImageError
        If it is a folder, a pipe, a device, a socket, or empty.
    FileNotFoundError
        If there is no such file.
    """
    facts = Path(file).stat()
    if stat.S_ISDIR(facts.st_mode):
        raise UnreadableImageError(str(file), "it is a folder")
    if not stat.S_ISREG(facts.st_mode):
        raise UnreadableImageError(str(file), "it is a pipe or a device, no file")
    if facts.st_size == 0:
        raise UnreadableImageError(str(file), "it is empty")


def _cause(error: Exception) -> str:
    """Say in one short line why a file could not be read."""
    if isinstance(error, Image.UnidentifiedImageError):
        known = ", ".join(FORMATS)
        return f"it is no image format that is read here ({known})"
    if isinstance(error, Image.DecompressionBombError):
        return f"it has more than {MAX_PIXELS:,} pixels"
    said = getattr(error, "strerror", None) or str(error)
    line = " ".join(said.encode("ascii", "backslashreplace").decode().split())
    return line[:100] or type(error).__name__
