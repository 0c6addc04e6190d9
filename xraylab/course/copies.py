"""The copies that a merge has found, to look through: files, names and pixels."""

from __future__ import annotations

import html
import io

import ipywidgets
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from xraylab import data, images

ALL = "all copies"
ODD = "names disagree"
_NOTE = "<small>{} Not for clinical use.</small>"
_SHOWN_PX = 224
_AT_MOST = 6  # files side by side


def list_copies(merged: data.Merge) -> pd.DataFrame:
    """List all files of the images that more than one file shows.

    Returns
    -------
    DataFrame
        Sorted by image, the kept file first: image_id, path, source,
        published_split, label, patient_id, match, and by_index: the first-source
        file that this third-source file should be by its number, "" elsewhere;
        names_agree is False where the image of that file is another one, or
        where two names of one image tell two children.
    """
    table = merged.manifest
    shown = table[table["image_id"].duplicated(keep=False)]
    by_index = merged.index_rule.set_index("path")["other"]
    image = table.set_index("path")["image_id"]
    names = [by_index.get(path, "") for path in shown["path"]]
    expected = pd.Series(names, index=shown.index, dtype=object)
    known = expected.isin(image.index)
    same = expected.where(known).map(image) == shown["image_id"]
    children = shown["patient_id"].replace("", None)
    n_children = children.groupby(shown["image_id"]).transform("nunique")
    columns = ["image_id", "path", "source", "published_split", "label"]
    copies = shown[[*columns, "patient_id", "match", "kept"]].assign(
        by_index=expected, names_agree=(same | ~known) & (n_children <= 1)
    )
    ranked = copies.sort_values(
        ["image_id", "kept", "path"], ascending=[True, False, True]
    )
    return ranked.drop(columns="kept").reset_index(drop=True)


def copies_widget(merged: data.Merge, data_name: str = "") -> ipywidgets.VBox:
    """Browse the copies: choose a kind of copy, and move through the images.

    Returns
    -------
    VBox
        With the fields `kind`, `place`, `image` and `files`.
    """
    copies = list_copies(merged)
    note = _NOTE.format(f"{data_name[:1].upper()}{data_name[1:]}." if data_name else "")
    kinds = sorted(set(copies["match"]) - {"kept"})
    panel = ipywidgets.VBox()
    panel.kind = ipywidgets.Dropdown(options=[ALL, *kinds, ODD], description="Show")
    panel.place = ipywidgets.IntSlider(min=1, max=1, description="Image")
    # in its own size, where a column would stretch it to the width of the page
    own_size = {"align_self": "flex-start"}
    panel.image = ipywidgets.Image(format="png", layout=own_size)
    panel.files = ipywidgets.HTML()

    def show(_: object = None) -> None:
        chosen = images_of_kind(copies, panel.kind.value)
        panel.place.max = max(1, len(chosen))
        if not chosen:
            panel.image.value = b""
            panel.files.value = f"There are none here.<br>{note}"
            return
        rows = copies[copies["image_id"] == chosen[panel.place.value - 1]]
        panel.image.value = draw_copies(merged, rows)
        panel.files.value = f"{describe_copies(rows)}{note}"

    panel.kind.observe(show, "value")
    panel.place.observe(show, "value")
    panel.children = [panel.kind, panel.place, panel.image, panel.files]
    show()
    return panel


def images_of_kind(copies: pd.DataFrame, kind: str) -> list[str]:
    """Give the image_id of each image with a copy of this kind, each once."""
    if kind == ODD:
        copies = copies[~copies["names_agree"]]
    elif kind != ALL:
        copies = copies[copies["match"] == kind]
    return copies["image_id"].unique().tolist()


def describe_copies(rows: pd.DataFrame) -> str:
    """Write the files of one image as an HTML table."""
    lines = [
        "<tr><th></th><th>file</th><th>how</th><th>child by name</th>"
        "<th>by index</th></tr>"
    ]
    for number, row in enumerate(rows.to_dict("records"), 1):
        by_index = row["by_index"].rsplit("/", 1)[-1]
        cells = [
            str(number),
            row["path"],
            row["match"],
            row["patient_id"] or "not told",
            by_index,
        ]
        lines.append(
            "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + "</tr>"
        )
    odd = "" if rows["names_agree"].all() else "<b>Names and pixels disagree.</b><br>"
    return f"{odd}<table>{''.join(lines)}</table>"


def draw_copies(merged: data.Merge, rows: pd.DataFrame) -> bytes:
    """Draw the first files of one image side by side, as a PNG file.

    Each has its number in the table on a strip below it.
    """
    paths = [merged.root / path for path in rows["path"].head(_AT_MOST)]
    side, strip = _SHOWN_PX + 4, 24
    sheet = Image.new("L", (side * len(paths), side + strip), color=255)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=16)
    for place, path in enumerate(paths):
        square = Image.fromarray(np.pad(images.read_pixels(path, _SHOWN_PX), 2))
        sheet.paste(square, (side * place, 0))
        middle = (side * place + side / 2, side + strip / 2)
        draw.text(middle, str(place + 1), fill=0, font=font, anchor="mm")
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()
