"""merge, split and phantom: folders to one table, and images to practise on."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from xraylab import cores, data, duplicates
from xraylab.cli import arguments
from xraylab.cli.arguments import Answer, Verbs
from xraylab.errors import renamed
from xraylab.files import try_writing, write_text

if TYPE_CHECKING:
    import pandas as pd

_TAKEN = {  # by protocol: which files of a merge are in its split
    "naive-merge": "every file",
    "image-random": "one an image",
    "grouped": "one an image",
    "official": "of the first source alone: its test as published, else one an image",
}


def add_verbs(verbs: Verbs) -> None:
    """Add the verbs and their arguments."""
    verb = arguments.add_verb(verbs, "merge", merge, "merge the sources under a folder")
    verb.add_argument(
        "--data",
        dest="root",
        type=arguments.folder,
        required=True,
        metavar="ROOT",
        help="holds the sources",
    )
    arguments.add_out(verb, "DIR", "for the table and the report")

    text = "split a merge by one of four protocols"
    verb = arguments.add_verb(verbs, "split", split, text)
    arguments.add_merge_and_protocol(verb)

    verb = arguments.add_verb(verbs, "phantom", phantom, "write simulated images")
    arguments.add_out(verb, "DIR", "for the three sources and the truth")
    verb.add_argument(
        "--children",
        dest="n_children",
        type=arguments.positive,
        default=300,
        metavar="N",
        help="of about 1.4 images each (default: 300)",
    )
    arguments.add_seed(verb)
    verb.add_argument("--clean", action="store_true", help="no class differences")


def merge(args: argparse.Namespace) -> Answer:
    """Merge the sources under a folder into a table."""
    files, _ = data.list_files(args.root)
    with renamed(folder="out"):  # before images are read
        data.merging.refuse_among_images(args.out, args.root, files)
    data.merging.refuse_others(args.out)
    try_writing(args.out / "merge.json")
    merged = data.merge(args.root, workers=cores.count_cores())
    merged.save(args.out)
    for line in _remarks(merged):
        print(line, file=sys.stderr)
    report = merged.report()
    text = _as_lines(report)
    if missing := [name for name in data.SOURCES if name not in set(files["source"])]:
        n_found = f"{len(data.SOURCES) - len(missing)} of {len(data.SOURCES)}"
        text += f"\nSources found: {n_found}; not there: {', '.join(missing)}."
    text += f"\nCopies: {duplicates.LIMITS}\nWritten to {args.out}."
    return {**report, "limits": duplicates.LIMITS}, text, 0


def split(args: argparse.Namespace) -> Answer:
    """Split a merge by a protocol."""
    manifest = data.Merge.load(args.merge_folder).manifest
    out = args.merge_folder / f"split-{args.protocol}-{args.seed}.csv"
    try_writing(out)
    with renamed(manifest="merge_folder"):
        table = data.split(manifest, args.protocol, seed=args.seed)
    write_text(out, table.to_csv(index=False, lineterminator="\n"))
    counts = data.describe_split(table)
    n_images, n_unknown = table["image_id"].nunique(), int(counts["n_unknown"].sum())
    text = (
        f"{args.protocol}: {data.PROTOCOLS[args.protocol]}\n"
        f"{_shown(counts).to_string()}\n"
        f"n_files: {len(table):,} of the merge's {len(manifest):,}, "
        f"{_TAKEN[args.protocol]}.\n"
        "image_in_train, group_in_train: share of the files whose image, or group of "
        "children, is in train, too.\n"
        "n_unknown: images of which no name tells the child; "
        f"{n_unknown:,} of {n_images:,}."
    )
    if n_unknown and args.protocol in {"grouped", "official"}:
        text += " Each is a group of its own, so a child may be in two splits."
    rows = json.loads(counts.to_json(orient="index"))
    facts = {"protocol": args.protocol, "seed": args.seed, "n_unknown": n_unknown}
    return {**facts, **rows}, text, 0


def phantom(args: argparse.Namespace) -> Answer:
    """Write simulated images."""
    from xraylab import phantom

    plants = phantom.CLEAN if args.clean else phantom.REAL_LIKE
    with renamed(folder="out"):
        truth = phantom.write_phantom(
            args.out, n_children=args.n_children, seed=args.seed, plants=plants
        )
    text = f"{len(truth)} simulated images in three layouts, written to {args.out}."
    return {"images": len(truth), "out": str(args.out)}, text, 0


def _remarks(merged: data.Merge) -> list[str]:
    """Say in lines what is worth knowing of single files and folders."""
    lines = [
        f"not read: {path}: {cause}"
        for path, cause in merged.problems[["path", "cause"]].itertuples(index=False)
    ]
    lines += [
        f"left out: {folder}: {n} images in a class folder that is not read"
        for folder, n in merged.left_out.items()
    ]
    for note, paths in merged.notes.groupby("note")["path"]:
        shown = ", ".join(paths.head(3))
        lines.append(f"note: {note}: {len(paths)} files, first {shown}")
    lines += [
        f"laid out as {source}: {folder}: none of its {n} images is named as in that "
        "set, so it may be another; if it is, take it out."
        for (source, folder), n in merged.unnamed_sources.items()
    ]
    if n_unnamed := merged.report()["unnamed_images"]:
        lines.append(
            f"images with names that tell no child: {n_unnamed}; "
            "each is a group of its own."
        )
    return lines


def _shown(counts: pd.DataFrame) -> pd.DataFrame:
    """Write the shares as text, with none for train: all of it is in train."""
    shown = counts.copy()
    for name in ("image_in_train", "group_in_train"):
        shown[name] = (
            counts[name].map("{:.3f}".format).where(counts.index != "train", "-")
        )
    return shown


def _as_lines(report: dict) -> str:
    width = max(map(len, report))
    return "\n".join(
        f"{name.replace('_', ' '):<{width}}  {_as_text(value)}"
        for name, value in report.items()
    )


def _as_text(value: object) -> str:
    if isinstance(value, dict):
        shown = (f"{k.replace('_', ' ')}: {_as_text(v)}" for k, v in value.items())
        return "; ".join(shown) or "none"
    if value is None:
        return "none found"
    return f"{value:,}" if isinstance(value, int) else str(value)
