"""The fields of a card, and which items of two reporting checklists each answers.

- CLAIM: Checklist for Artificial Intelligence in Medical Imaging, 2024 Update, 44 items
  (Tejani et al., Radiology: Artificial Intelligence 6(4), 2024, doi
  10.1148/ryai.240300).
- TRIPOD+AI: 27 items with letters (Collins et al., BMJ 385, 2024, e078378, doi
  10.1136/bmj-2023-078378).

The numbers were held against two public transcriptions of each list, which agree; the
publishers' own tables could not be opened here. Item names are ours, in short. Neither
list has an item for how often a test was read. CLAIM has none for a threshold by that
name: it is set here under the description of the model (22), whose output it cuts.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

LISTS = {
    "CLAIM 2024": {
        "1": "title",
        "2": "abstract",
        "3": "background and intended use",
        "4": "aims and hypotheses",
        "5": "prospective or retrospective",
        "6": "study goal",
        "7": "data sources",
        "8": "inclusion and exclusion",
        "9": "preprocessing",
        "10": "selection of subsets",
        "11": "de-identification",
        "12": "missing data",
        "13": "image acquisition",
        "14": "reference standard: definition",
        "15": "reference standard: reason",
        "16": "reference standard: annotators",
        "17": "annotation of the test set",
        "18": "variability between and within readers",
        "19": "how partitions were assigned",
        "20": "level of disjoint partitions",
        "21": "intended sample size",
        "22": "description of the model",
        "23": "software",
        "24": "initial parameters",
        "25": "training",
        "26": "choice of the final model",
        "27": "ensembles",
        "28": "metrics",
        "29": "uncertainty",
        "30": "robustness",
        "31": "explanation",
        "32": "internal testing",
        "33": "external testing",
        "34": "trial registration",
        "35": "numbers included and excluded",
        "36": "characteristics of each partition",
        "37": "performance by partition",
        "38": "diagnostic estimates and precision",
        "39": "failure analysis",
        "40": "limitations",
        "41": "implications for practice",
        "42": "full protocol",
        "43": "availability",
        "44": "funding",
    },
    "TRIPOD+AI": {
        "1": "title",
        "2": "abstract",
        "3a": "healthcare context",
        "3b": "target population and purpose",
        "3c": "health inequalities",
        "4": "objectives",
        "5a": "data sources",
        "5b": "dates",
        "6a": "setting",
        "6b": "eligibility",
        "6c": "treatments",
        "7": "data preparation",
        "8a": "outcome",
        "8b": "outcome assessors",
        "8c": "blinding of outcome",
        "9a": "choice of predictors",
        "9b": "definition of predictors",
        "9c": "predictor assessors",
        "10": "sample size",
        "11": "missing data",
        "12a": "how data were used",
        "12b": "handling of predictors",
        "12c": "model building",
        "12d": "heterogeneity across clusters",
        "12e": "performance measures",
        "12f": "model updating",
        "12g": "how predictions were made",
        "13": "class imbalance",
        "14": "fairness",
        "15": "model output and thresholds",
        "16": "training against evaluation data",
        "17": "ethical approval",
        "18a": "funding",
        "18b": "conflicts of interest",
        "18c": "protocol",
        "18d": "registration",
        "18e": "data sharing",
        "18f": "code sharing",
        "19": "patient and public involvement",
        "20a": "flow of participants",
        "20b": "characteristics",
        "20c": "comparison with development data",
        "21": "numbers in each analysis",
        "22": "full model",
        "23a": "performance",
        "23b": "heterogeneity in performance",
        "24": "results of updating",
        "25": "interpretation",
        "26": "limitations",
        "27a": "poor input",
        "27b": "users",
        "27c": "next steps",
    },
}


class Heading(NamedTuple):
    """What a field of the card is called, and the items it answers."""

    title: str
    claim: tuple[str, ...] = ()
    tripod: tuple[str, ...] = ()


HEADINGS = {
    "use": Heading("What it is, and what for", ("1", "3", "41"), ("1", "3b", "27b")),
    "data": Heading("Data", ("5", "7"), ("5a",)),
    "flow": Heading("Flow", ("8", "12", "35"), ("6b", "11", "20a", "21")),
    "people": Heading("Who was imaged", ("13", "36"), ("5b", "6a", "20b")),
    "reference": Heading(
        "Reference standard", ("14", "15", "16", "17", "18"), ("8a", "8b", "8c")
    ),
    "protocol": Heading("Protocol", ("10", "19", "20"), ("12a", "16")),
    "size": Heading("Sample size", ("21",), ("10",)),
    "recipe": Heading(
        "Recipe", ("9", "22", "23", "24", "25", "26", "27"), ("7", "12b", "12c", "13")
    ),
    "point": Heading("Operating point", ("22",), ("15",)),
    "readings": Heading("Readings of the test"),
    "figures": Heading(
        "Figures on the test", ("28", "29", "32", "37", "38"), ("12e", "23a")
    ),
    "errors": Heading("Errors", ("39",)),
    "calibration": Heading("Calibration", ("28", "29"), ("12e", "23a")),
    "subgroups": Heading("Subgroups", ("37",), ("14", "23a")),
    "external": Heading("Images from elsewhere", ("33",), ("12d", "23b")),
    "robustness": Heading("Robustness", ("30",)),
    "explanation": Heading("Explanation", ("31",)),
    "availability": Heading(
        "Where it can be checked", ("42", "43"), ("12g", "18c", "18e", "18f", "22")
    ),
    "support": Heading(
        "Funding, registration, ethics", ("34", "44"), ("17", "18a", "18b", "18d")
    ),
    "limits": Heading("What is not shown", ("40",), ("26", "27c")),
}


def list_items() -> pd.DataFrame:
    """List the items of both checklists, with the fields of a card that answer them.

    Returns
    -------
    DataFrame
        Columns checklist, item, name and fields (keys, joined by commas; "" where no
        field answers it).
    """
    rows = []
    for i, (name, items) in enumerate(LISTS.items(), 1):
        for number, text in items.items():
            keys = [key for key, heading in HEADINGS.items() if number in heading[i]]
            rows.append((name, number, text, ", ".join(keys)))
    return pd.DataFrame(rows, columns=["checklist", "item", "name", "fields"])
