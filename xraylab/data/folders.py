"""Any labelled folder: `split/class/image` or `class/image`.

The three sources have a module of their own; this one reads what others lay out.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from xraylab.data import filenames, scan, sources
from xraylab.errors import UnknownLayoutError

SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
# One of these is label 0; else the first class in the alphabet is.
NO_DISEASE = {"normal", "healthy", "negative", "no_finding", "no finding", "0"}
COLUMNS = [*sources.FILE_COLUMNS, "class_name"]


def list_labelled_files(root: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """List every file under a folder of classes, with or without splits.

    Where a folder is called train, training, val, valid, validation, test or
    testing, in any case, and holds folders with images, these are the classes;
    else the folders in `root` are. Nothing is skipped silently: files + ignored = all
    found.

    Parameters
    ----------
    root : path

    Returns
    -------
    files : DataFrame
        One row an image file, sorted by path: the columns of
        `xraylab.data.sources.FILE_COLUMNS` and class_name. label counts the classes
        from 0; source is the folder above the splits, "" for `root` itself.
    ignored : DataFrame
        Columns path and reason.

    Raises
    ------
    FileNotFoundError
        If `root` is no folder.
    xraylab.UnknownLayoutError
        If there are not at least two class folders with images.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(
            f"root must be an existing folder, got {root}. Give one that holds "
            "class folders, or split folders with class folders in them."
        )
    tree, ignored = scan.walk(root)
    parts = {folder: folder.relative_to(root).parts for folder in tree}
    filled = [f for f in tree if any(map(scan.is_image, tree[f]))]
    has_splits = any(_read_place(parts[folder], True) for folder in filled)
    places = {folder: _read_place(parts[folder], has_splits) for folder in tree}
    rows = []
    for folder, path in scan.list_paths(tree, root):
        not_read = "" if places[folder] else "not in a class folder"
        reason, n_bytes = scan.reason_to_ignore(path, not_read), 0
        if not reason:
            n_bytes, reason = scan.measure(path, root)
        if reason:
            ignored.append((scan.shown(path), reason))
        else:
            rows.append(_file_row(path, *places[folder], n_bytes))
    table = pd.DataFrame(sorted(rows), columns=COLUMNS)
    classes = _order_classes(table["class_name"])
    if len(classes) < 2:
        raise UnknownLayoutError(
            "root must hold at least two class folders with images, in it or in "
            f"its train, val and test folders, found {', '.join(classes) or 'none'} "
            f"in {root}. {scan.unread(ignored)}".strip()
        )
    table = table.assign(label=table["class_name"].map(classes.index).astype(int))
    return table, pd.DataFrame(sorted(ignored), columns=["path", "reason"])


def _read_place(
    parts: tuple[str, ...], has_splits: bool
) -> tuple[str, str, str] | None:
    """Tell source, split and class of a folder; None where it is no class folder."""
    if not has_splits:
        return ("", "", parts[0].lower()) if len(parts) == 1 else None
    if len(parts) < 2 or parts[-2].lower() not in SPLIT_NAMES:
        return None
    return "/".join(parts[:-2]), SPLIT_NAMES[parts[-2].lower()], parts[-1].lower()


def _file_row(path: str, source: str, split: str, name: str, size: int) -> tuple:
    kind, number = filenames.read_name(path)
    patient = f"{kind}-{number}" if kind else ""
    return path, source, split, -1, kind, number, patient, size, name


def _order_classes(found: pd.Series) -> list[str]:
    """Sort the classes, the healthy one first."""
    return sorted(set(found), key=lambda name: (name not in NO_DISEASE, name))
