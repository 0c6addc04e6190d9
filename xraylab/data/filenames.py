"""What a published file name tells: the kind of image and the child."""

from __future__ import annotations

import posixpath
import re

_NAMES = (
    re.compile(r"person(?P<number>\d+)_(?P<kind>bacteria|virus)_\d+(_\d+)?", re.I),
    re.compile(r"(?P<kind>NORMAL2-IM|IM)-(?P<number>\d+)-\d+(-\d+)?", re.I),
    re.compile(r"(?P<kind>BACTERIA|VIRUS|NORMAL)-(?P<number>\d+)-\d+", re.I),
)
_INDEXED = re.compile(r"(NORMAL|PNEUMONIA|COVID19)\s?\((?P<index>\d+)\)", re.I)


def read_name(name: str) -> tuple[str, str]:
    """Tell kind and child number from a published file name.

    Bacterial and viral numbers are counted apart, so the kind belongs to the
    child: person7_virus and person7_bacteria are two children.

    Parameters
    ----------
    name : str
        File name, with or without folder and ending.

    Returns
    -------
    kind : str
        "bacteria", "virus", "IM", "NORMAL2" or "NORMAL"; "" when unknown.
    number : str
        Digits as written; "" when the name tells no child. For the third
        source's `NORMAL(12)` the kind is "" and the number the index.

    Examples
    --------
    >>> read_name("person1951_bacteria_4882.jpeg")
    ('bacteria', '1951')
    >>> read_name("NORMAL2-IM-1438-0001.jpeg")
    ('NORMAL2', '1438')
    >>> read_name("PNEUMONIA(7).jpg")
    ('', '7')
    """
    stem = posixpath.splitext(posixpath.basename(name))[0]
    for pattern in _NAMES:
        if match := pattern.fullmatch(stem):
            kind = match["kind"]
            kind = "NORMAL2" if kind.upper() == "NORMAL2-IM" else kind
            kind = kind.lower() if kind.upper() in {"BACTERIA", "VIRUS"} else kind
            return kind, match["number"]
    if match := _INDEXED.fullmatch(stem):
        return "", match["index"]
    return "", ""


def is_indexed(name: str) -> bool:
    """Tell whether a name is only a class and an index, as in the third source.

    Examples
    --------
    >>> is_indexed("NORMAL(12).jpg"), is_indexed("IM-0001-0001.jpeg")
    (True, False)
    """
    return _INDEXED.fullmatch(posixpath.splitext(name)[0]) is not None
