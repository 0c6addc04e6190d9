"""The fields of a card: what is known of each, and what was not measured.

Each function takes the evidence and gives one field; `FIELDS` has them by key, in the
order of `checklist.HEADINGS`.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from xraylab import REPOSITORY, data, evaluation
from xraylab.claim import figures, tried
from xraylab.claim.evidence import Evidence
from xraylab.claim.parts import Field, command_of, count_said, not_measured, read_test
from xraylab.claim.tables import as_table
from xraylab.evaluation import subgroups

_KINDS = {"bacteria", "virus", "IM", "NORMAL2"}  # of Kermany et al.'s file names
_RETROSPECTIVE = "Published by others, and not collected for this: retrospective."
_OUTCOMES = {
    "tn": "normal, called normal",
    "fp": "normal, called pneumonia",
    "fn": "pneumonia, called normal",
    "tp": "pneumonia, called pneumonia",
}


def is_of_kermany(e: Evidence) -> bool:
    """Say whether the images are the real ones of Kermany et al., by their names."""
    kinds = set(e.merge.get("kinds", ()))
    for on in {"valid", "test"} & set(e.answers):
        kinds |= {data.read_name(path)[0] for path in e.answers[on]["path"].head(200)}
    return e.simulated == "none" and bool(kinds & _KINDS)


def _use(e: Evidence) -> Field:
    return Field(
        [
            f"A {e.recipe['model']} network (deep learning). One chest X-ray goes in, "
            "a score from 0 to 1 comes out; from the threshold on it says pneumonia.",
            "For teaching. Not for clinical use: that it helps anyone was not shown.",
        ]
    )


def _data(e: Evidence) -> Field:
    lines = [f"{e.data}."] if e.data else []
    if e.simulated == "all":
        lines.append("Simulated images, no patient in them.")
    if e.simulated == "some":
        lines.append("Some of the images are simulated, no patient in those.")
    if not e.merge:
        if e.data:
            return Field([*lines, _RETROSPECTIVE])
        text = "Not known: the merge it was trained on, or its images, are not there."
        if e.merge_command:
            text += f" `{e.merge_command}` makes it of the same folders, now in ROOT."
        return Field(lines, missing=[text])
    is_real = e.simulated == "none"
    for name, found in e.merge["sources"].items():
        source = data.SOURCES.get(name) if is_real else None
        terms = f"; {source.page}; licence: {source.licence}" if source else ""
        if name in e.rebuilt:
            terms = "; rebuilt from other public data, not the published files"
        lines.append(f"{name}: {found['files']:,} files{terms}")
    return Field([*lines, _RETROSPECTIVE] if is_real else lines)


def _flow(e: Evidence) -> Field:
    lines, missing = [], []
    if e.merge:
        ignored = e.merge["ignored"]
        lines += [f"Ignored: {why}: {n:,} files" for why, n in ignored.items()]
        n = e.merge["unreadable"]
        lines += [f"Could not be read: {n:,} files"] if n else []
    else:
        missing.append("Not known: how many files were found, and left out, before.")
    if e.splits is None:
        missing.append("Not stored: how many images the network trained on.")
    table = _splits(e)
    return Field(lines, {"Splits": table} if len(table) else {}, missing)


def _splits(e: Evidence) -> pd.DataFrame:
    names = ["split", "files", "images", "groups", "normal", "pneumonia"]
    if e.splits is not None:
        counts = ["n_files", "n_images", "n_groups", "n_normal", "n_pneumonia"]
        table = e.splits[counts].rename_axis("split")
        return table.reset_index().set_axis(names, axis=1)
    rows = [
        (on, len(t), t["image_id"].nunique(), t["group_id"].nunique(), *_classes(t))
        for on, t in e.answers.items()
    ]
    return pd.DataFrame(rows, columns=names)


def _classes(table: pd.DataFrame) -> tuple[int, int]:
    n_ill = int((table["label"] == 1).sum())
    return len(table) - n_ill, n_ill


def _people(e: Evidence) -> Field:
    if e.simulated == "all":
        return Field(["Nobody: the images are simulated."])
    lines = []
    if is_of_kermany(e):
        lines.append(
            "Their publishers (Kermany et al. 2018) say: children of one to five "
            "years, one hospital in Guangzhou, X-rays from front to back, routine care."
        )
    text = "age, sex, machine and date of a single image. No file that was read says it"
    return Field(lines, missing=[f"Not known: {text}."])


def _reference(e: Evidence) -> Field:
    if e.simulated == "all":
        return Field(["Known: the disease was drawn into the image, or not."])
    lines = ["The class folder that each image lay in."]
    if is_of_kermany(e):
        lines.append(
            "Their publishers say: two physicians graded the images; a third checked "
            "those of the published test only."
        )
    text = "how often readers agree, and how many labels are wrong. Nobody here read"
    return Field(lines, missing=[f"Not known: {text} the images again."])


def _protocol(e: Evidence) -> Field:
    meaning = data.PROTOCOLS.get(e.protocol, "not one of this package's")
    lines = [f"{e.protocol}: {meaning}. Seed {e.recipe['seed']}."]
    if e.splits is None:
        return Field(lines, missing=["Not stored: what training and test share."])
    test = e.splits.loc["test"]
    lines.append(
        f"Of the test files, {test['image_in_train']:.1%} show an image that is in "
        f"training too, and {test['group_in_train']:.1%} a child known to be there."
    )
    n_unknown = int(e.splits["n_unknown"].sum())
    if n_unknown:
        lines.append(f"Images of which no name tells the child: {n_unknown:,}.")
    return Field(lines)


def _size(e: Evidence) -> Field:
    table = _splits(e).set_index("split")
    lines = []
    if "test" in table.index:
        n, _, groups, normal, ill = table.loc["test"]
        lines.append(
            f"Test: {n:,} files, {groups:,} groups, {ill:,} with pneumonia and "
            f"{normal:,} without. The intervals say what so many can tell."
        )
    return Field(lines, missing=["Not planned: no size was worked out beforehand."])


def _recipe(e: Evidence) -> Field:
    settings = "; ".join(f"{name} {value}" for name, value in e.recipe.items())
    software = ", ".join(f"{name} {version}" for name, version in e.versions.items())
    lines = [f"Settings: {settings}.", f"Software: {software}."]
    lines.append("The epoch with the best AUROC on validation is kept. No ensemble.")
    return Field(lines)


def _point(e: Evidence) -> Field:
    said = figures.describe_point(e.threshold, e.point)
    lines = [f"{said[0].upper()}{said[1:]}."]
    if "promised" not in e.point:
        command = command_of(e, "evaluate", ' --choose "sensitivity 0.95"')
        said = "Not chosen: a threshold, by a rule on validation. Before the test is"
        return Field(lines, missing=[f"{said} read, {command} chooses one."])
    if {"valid", "test"} <= set(e.answers):
        test, valid = e.answers["test"], e.answers["valid"]
        threshold, rule = e.threshold, e.point["rule"]
        _, said = figures.compare_promised(test, valid, threshold=threshold, rule=rule)
        return Field(lines + [line.strip() for line in said])
    text = "whether the rule carries over to the test"
    return Field(lines, missing=[not_measured(text, read_test(e))])


def _readings(e: Evidence) -> Field:
    if e.n_readings is None:
        return Field(missing=[f"Not known: {e.notes[0]}"])
    n = e.n_readings
    times = f"{n:,} time{'s' * (n != 1)}"
    lines = [f"This test was read {times}, all networks together.", *e.notes]
    if e.log.empty:
        return Field(lines)
    log = e.log.assign(
        who=[f"by hand: {r.source}" if r.source else r.run for r in e.log.itertuples()]
    )
    columns = ["when", "who", "protocol", "seed", "network"]
    return Field(lines, {"Test log": log[columns].reset_index(drop=True)})


def _measure_test(e: Evidence) -> figures.Figures:
    return figures.measure_answers(e.answers["test"], e.files, threshold=e.threshold)


def _figures(e: Evidence) -> Field:
    tables, missing = {}, []
    for on, title in (
        ("test", f"Test; {count_said(e)}"),
        ("valid", "Validation, where choices were made"),
    ):
        if on in e.answers:
            metrics = evaluation.evaluate(e.answers[on], threshold=e.threshold)
            tables[title] = as_table(metrics, {"baseline": "baseline"})
        else:
            by = read_test(e) if on == "test" else command_of(e, "evaluate")
            missing.append(not_measured(f"figures on {on}", by))
    lines = ["Each interval is of 95 % and counts groups of children, not files."]
    if "test" in e.answers:
        share = e.answers["test"]["label"].mean()
        lines.append(
            f"PPV and NPV are those where a share of {share:.3f} has pneumonia, as in "
            "this test; where it is rarer, fewer alarms would be right."
        )
    return Field(lines if tables else [], tables, missing)


def _errors(e: Evidence) -> Field:
    why = "Not looked at: which images were wrong, and what they have in common."
    if "test" not in e.answers:
        text = "how many of each class are wrong on the test"
        return Field(missing=[not_measured(text, read_test(e))])
    counts = _measure_test(e).confusion
    rows = [(_OUTCOMES[name], f"{n:,}") for name, n in counts.items()]
    table = pd.DataFrame(rows, columns=["outcome", "files"])
    return Field([], {f"Confusion matrix; {count_said(e)}": table}, [why])


def _subgroups(e: Evidence) -> Field:
    if "test" not in e.answers:
        return Field(missing=[not_measured("subgroups of the test", read_test(e))])
    rows = _measure_test(e).subgroups
    missing = ["Not known: sex, age, and anything else that no file tells."]
    if rows.empty:
        return Field(missing=["Not known: no name or file tells a subgroup.", *missing])
    heading, *_ = subgroups.describe_subgroups(rows)
    names = rows["column"] + " " + rows["group"] + ": " + rows["metric"]
    table = as_table(rows.set_index(names), {})
    return Field([heading], {f"Test; {count_said(e)}": table}, missing)


def _external(e: Evidence) -> Field:
    if "external" not in e.answers:
        command = command_of(e, "evaluate", " --on external --data DIR")
        return Field(missing=[not_measured("images from another hospital", command)])
    *lines, said = e.external or [
        "CAREFUL: what these images are, and their labels, was not stored.",
        "readings of it are not known",
    ]
    metrics = evaluation.evaluate(e.answers["external"], threshold=e.threshold)
    table = as_table(metrics, {"baseline": "baseline"})
    return Field(lines, {f"Elsewhere; {said}": table})


def _availability(e: Evidence) -> Field:
    lines = [
        f"Code: xraylab {e.versions.get('xraylab', '')}, {REPOSITORY}.",
        f"Answers behind each figure: {e.where}, predictions by part.",
    ]
    if e.network:
        where = "in the run" if e.command else "not published"
        lines.append(f"Weights: {e.network} (SHA-256, first 16 digits), {where}.")
    unsigned = [on for on, t in e.answers.items() if e.command and "network" not in t]
    if unsigned:
        lines.append(
            f"The files of answers on {', '.join(unsigned)} do not tell which network "
            "wrote them."
        )
    return Field(lines, missing=["Not told: a protocol that was written beforehand."])


def _support(e: Evidence) -> Field:
    return Field(missing=["Not told: nothing in a run says it. Write it beside."])


def _limits(e: Evidence) -> Field:
    lines = ["Any use in a clinic, or a comparison with physicians."]
    lines.append(
        "Other illnesses, and images that nobody could judge: each one here is called "
        "normal or pneumonia. Labels that are wrong are in no interval."
    )
    lines.append("Other trainings: one seed is one draw, and no interval holds it.")
    lines.append("Why an answer is what it is; a figure has no cause in it.")
    if "external" in e.answers:
        lines.append("Other hospitals than those above, other machines.")
    else:
        lines.append("Other hospitals, other machines, adults.")
    if e.simulated == "all":
        lines.append("Anything about real children: the images are simulated.")
    if e.simulated == "some":
        lines.append("Real children alone: some of the images are simulated.")
    if e.splits is not None and e.splits.loc["test", "image_in_train"] > 0:
        lines.append("New images: part of the test was seen in training.")
    return Field(lines)


FIELDS: dict[str, Callable[[Evidence], Field]] = {
    "use": _use,
    "data": _data,
    "flow": _flow,
    "people": _people,
    "reference": _reference,
    "protocol": _protocol,
    "size": _size,
    "recipe": _recipe,
    "point": _point,
    "readings": _readings,
    "figures": _figures,
    "errors": _errors,
    "calibration": tried.calibrated,
    "subgroups": _subgroups,
    "external": _external,
    "robustness": tried.perturbed,
    "explanation": tried.explained,
    "availability": _availability,
    "support": _support,
    "limits": _limits,
}
