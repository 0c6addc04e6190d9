"""Any labelled folder: `split/class/image` or `class/image`.

The three sources have a module of their own; this one reads what others lay out.
"""

from __future__ import annotations

from pathlib import Path

from xraylab.data.scan import Place, Scan
from xraylab.errors import UnknownLayoutError

# One of these is label 0; else the first class in the alphabet is.
NO_DISEASE = {"normal", "healthy", "negative", "no_finding", "no finding", "0"}
# Folders beside the images that hold something else about them.
NO_CLASS = {"mask", "masks", "segmentation", "segmentations", "annotations"}


def find_places(tree: Scan) -> dict[Path, Place]:
    """Map each class folder of a tree to what it says.

    Where a folder is called train, val or test, or one of their other names, and
    holds folders with images, these are the classes; else the folders in `root` are.
    label counts the classes from 0; source is the folder above the splits, "" for
    `root` itself.

    Raises
    ------
    xraylab.UnknownLayoutError
        If there are not at least two class folders with images.
    """
    filled = [f for f in tree.filled if f.name.lower() not in NO_CLASS]
    in_splits = [folder for folder in filled if tree.split_of(folder)]
    in_root = [folder for folder in filled if folder.parent == tree.root]
    for chosen in (in_splits, in_root):
        names = _order_classes(chosen)
        if len(names) > 1:
            return {folder: _place(folder, tree, names) for folder in chosen}
    found = ", ".join(_order_classes(in_splits or in_root)) or "none"
    raise UnknownLayoutError(
        "must hold at least two class folders with images, in it or in its train, val "
        f"and test folders, found {found} in {tree.root}. "
        f"{tree.could_not_be_read() or tree.describe(tree.root)}".strip(),
        argument="root",
    )


def _order_classes(chosen: list[Path]) -> list[str]:
    """Name the classes once each, the one without disease first."""
    names = {folder.name.lower() for folder in chosen}
    return sorted(names, key=lambda name: (name not in NO_DISEASE, name))


def _place(folder: Path, tree: Scan, names: list[str]) -> Place:
    split = tree.split_of(folder)
    home = folder.parent.parent if split else folder.parent
    name = folder.name.lower()
    source = "/".join(tree.parts(home))
    return Place(source, home, split, names.index(name), name)
