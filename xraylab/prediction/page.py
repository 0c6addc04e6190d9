"""The demo page: the panel by itself, for people who only want to try it."""

from __future__ import annotations

import html
from pathlib import Path

import ipywidgets
import pandas as pd

from xraylab import cores, training
from xraylab.labels import CLASSES
from xraylab.prediction.predictor import NOT_FOR_CLINICAL_USE, Predictor
from xraylab.prediction.widget import prediction_widget

_TITLE = "Chest X-ray demo"
# the two examples of the original project, which lie in its first source
_FAMOUS = ["NORMAL2-IM-1438-0001", "person1951_bacteria_4882"]


def demo_page(
    run_folder: str | Path, samples: dict[str, str | Path], *, data_name: str
) -> ipywidgets.VBox:
    """Title, notice and panel for one run.

    Parameters
    ----------
    run_folder : path
        As written by `xraylab train`.
    samples : dict of name -> path
        As for `prediction_widget`.
    data_name : str
        What the run was trained on, in words.

    Returns
    -------
    VBox
        With the field `panel`.
    """
    predictor = Predictor(run_folder)
    head = ipywidgets.HTML(
        f"<h1>{_TITLE}</h1><p><b>{NOT_FOR_CLINICAL_USE}</b> "
        "A high confidence does not make an answer right.</p>"
    )
    foot = ipywidgets.HTML(f"<small>{_about(predictor.run, data_name)}</small>")
    page = ipywidgets.VBox(layout={"max_width": "900px", "margin": "0 auto"})
    page.panel = prediction_widget(predictor, samples)
    page.children = [head, page.panel, foot]
    return page


def _about(run: training.runs.Run, data_name: str) -> str:
    """Say as HTML which network answers, and what the page costs."""
    name, protocol = html.escape(run.recipe.model), html.escape(run.protocol)
    text = (
        f"Network {name} at {run.recipe.size_px} px, trained on "
        f"{html.escape(data_name)}, split {protocol}. {run.unfinished}<br>"
        "It runs on the computer that serves this page, and no image is kept."
    )
    memory_mb = cores.peak_mb()
    return text + (f" This page takes {memory_mb:.0f} MB." if memory_mb else "")


def choose_samples(table: pd.DataFrame, root: str | Path) -> dict[str, Path]:
    """Pick two validation images of each class, which the network did not train on.

    The two examples of the original project follow where the table has them, with the
    split they are in.

    Parameters
    ----------
    table : DataFrame
        A run's, with the columns path, label and split.
    root : path
        Folder that the paths start from.

    Returns
    -------
    dict of name -> path
    """
    valid = table[table["split"] == "valid"].groupby("label")
    chosen = [rows.sample(min(2, len(rows)), random_state=0) for _, rows in valid]
    stems = table["path"].str.extract(r"([^/]+)\.\w+$")[0]
    rows = pd.concat([*chosen, table[stems.isin(_FAMOUS)]]).drop_duplicates("path")
    samples = {}
    for path, label, split in rows[["path", "label", "split"]].to_numpy():
        samples[f"{len(samples) + 1}: {CLASSES[label]}, from {split}"] = (
            Path(root) / path
        )
    return samples
