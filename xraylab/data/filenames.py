"""What a published file name tells: the kind of image and the child."""

from __future__ import annotations

import posixpath
import re

_END = r"(?![^\W_])"  # no letter or digit follows: an export sets apart what it adds
# One entry a published set. A pattern stands at the beginning of the name; `kind` is
# a group of the pattern, or the second item where all of a set are of one kind.
_PUBLISHED = tuple(
    (re.compile(pattern + _END, re.I), kind)
    for pattern, kind in (
        (r"person(?P<number>\d+)_(?P<kind>bacteria|virus)_\d+(_\d+)?", ""),
        (r"(?P<kind>NORMAL2-IM|IM)-(?P<number>\d+)-\d+(-\d+)?", ""),
        (r"(?P<kind>BACTERIA|VIRUS|NORMAL)-(?P<number>\d+)-\d+", ""),
        # NIH ChestX-ray14: patient 1 to 30,805 and visit; a date is none of them
        (r"(?P<number>000[0-3]\d{4})_\d{3}", "NIH"),
        # CheXpert and MIMIC-CXR: the folders tell the patient; some exports join them
        (
            r"patient(?P<number>\d+)([/_-]study\d+)?[/_-]view\d+_(frontal|lateral)",
            "CheXpert",
        ),
        (r"p(?P<number>\d{8})[/_-]s\d{8}([/_-][0-9a-f-]+)?", "MIMIC"),
    )
)
ELSEWHERE = {kind for _, kind in _PUBLISHED if kind}  # sets that are no source
_SPELLED = {  # whatever the case in the name, one child has one key
    **{"normal2-im": "NORMAL2", "im": "IM", "normal": "NORMAL"},
    **{"bacteria": "bacteria", "virus": "virus"},
}
# What exports put before a name: Google Drive, Augmentor, augmenting scripts
_BEFORE = re.compile(r"(copy of |[a-z0-9]+_original_|aug(mented)?(_\d{1,4})?_)", re.I)
_INDEXED = re.compile(r"(NORMAL|PNEUMONIA|COVID19)\s?\((?P<index>\d+)\)", re.I)


def read_name(name: str) -> tuple[str, str]:
    """Tell kind and child number from a published file name.

    Bacterial and viral numbers are counted apart, so the kind belongs to the
    child: person7_virus and person7_bacteria are two children. What exports add to
    a name is passed over: `_jpeg.rf.<hash>`, ` (1)`, `-copy`, `_aug0`. It must be
    set apart from a whole published name and must not hold another one.

    Parameters
    ----------
    name : str
        File name, with or without folder and ending; some sets tell the patient
        in the folder.

    Returns
    -------
    kind : str
        "bacteria", "virus", "IM", "NORMAL2", "NORMAL", "NIH", "CheXpert" or
        "MIMIC"; "" when unknown.
    number : str
        Digits as written; "" when the name tells no child. For the third
        source's `NORMAL(12)` the kind is "" and the number the index.

    Examples
    --------
    >>> read_name("person1951_bacteria_4882.jpeg")
    ('bacteria', '1951')
    >>> read_name("NORMAL2-IM-1438-0001_jpeg.rf.9c2f0a.jpg")
    ('NORMAL2', '1438')
    >>> read_name("PNEUMONIA(7).jpg")
    ('', '7')
    """
    stem = posixpath.splitext(name)[0]
    for start in _beginnings(stem):
        for pattern, kind in _PUBLISHED:
            match = pattern.match(stem, start)
            if match and _is_whole(stem[match.end() :]):
                return kind or _SPELLED[match["kind"].lower()], match["number"]
    match = _INDEXED.fullmatch(posixpath.basename(stem))
    return "", match["index"] if match else ""


def is_indexed(name: str) -> bool:
    """Tell whether a name is only a class and an index, as in the third source.

    Examples
    --------
    >>> is_indexed("NORMAL(12).jpg"), is_indexed("IM-0001-0001.jpeg")
    (True, False)
    """
    return _INDEXED.fullmatch(posixpath.splitext(name)[0]) is not None


def _beginnings(stem: str) -> list[int]:
    """Where a published name may begin: at the file's name, or at a folder's.

    The file's own name comes first, then what follows a prefix of an export, then
    the folders, the deepest first.
    """
    folders = [i + 1 for i, sign in enumerate(stem) if sign == "/"][::-1] or [0]
    prefix = _BEFORE.match(stem, folders[0])
    return [folders[0], *([prefix.end()] if prefix else []), *folders[1:], 0]


def _is_whole(rest: str) -> bool:
    """Tell whether what follows a published name is no folder and no other name."""
    return "/" not in rest and not any(p.search(rest) for p, _ in _PUBLISHED)
