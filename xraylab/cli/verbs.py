"""What each verb of the command line does.

Every verb takes the parsed arguments and returns its answer as a dict for
`--json`, as text for people, and the exit code.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace

from xraylab import cores, data
from xraylab.errors import InputError, UnreadableImageError
from xraylab.files import write_text

Answer = tuple[dict, str, int]
OPTIONS = {"size_px": "--size", "n_steps": "--steps", "batch_size": "--batch-size"}


def merge(args: argparse.Namespace) -> Answer:
    """Merge the sources under a folder into a table."""
    merged = data.merge(args.data, workers=cores.count_cores())
    data.save_merge(merged, args.out)
    for path, cause in merged.problems[["path", "cause"]].itertuples(index=False):
        print(f"not read: {path}: {cause}", file=sys.stderr)
    report = merged.report()
    if report["unnamed_images"]:
        print(
            f"images with names that tell no child: {report['unnamed_images']}; "
            "each is a group of its own.",
            file=sys.stderr,
        )
    return report, f"{_as_lines(report)}\nWritten to {args.out}.", 0


def split(args: argparse.Namespace) -> Answer:
    """Split a merge by a protocol."""
    table = data.split(
        data.load_merge(args.merge).manifest, args.protocol, seed=args.seed
    )
    out = args.merge / f"split-{args.protocol}-{args.seed}.csv"
    write_text(out, table.to_csv(index=False, lineterminator="\n"))
    counts = data.describe_split(table)
    shown = counts.round(3).to_string()
    text = f"{args.protocol}: {data.PROTOCOLS[args.protocol]}\n{shown}"
    rows = json.loads(counts.to_json(orient="index"))
    return {"protocol": args.protocol, "seed": args.seed, **rows}, text, 0


def audit(args: argparse.Namespace) -> Answer:
    """Audit a folder or a merge; with --strict, findings are a failure."""
    from xraylab import audit

    found = audit.run_audit(args.path, workers=cores.count_cores())
    text = audit.report_as_text(found)
    if args.html:
        page = audit.report_as_html(found, thumbnails=args.thumbnails)
        write_text(args.html, page)
        text += f"\nWritten to {args.html}."
    return found.as_dict(), text, 1 if args.strict and found.faults else 0


def train(args: argparse.Namespace) -> Answer:
    """Train on a split, or continue an unfinished run."""
    from xraylab import training

    recipe = training.RECIPES[args.recipe]
    changes = {
        name: getattr(args, name)
        for name in ("model", "weights", "size_px", "epochs", "n_steps", "batch_size")
        if getattr(args, name) is not None
    }
    try:
        recipe = replace(recipe, seed=args.seed, **changes)
    except ValueError as error:  # it names a field; people typed an option
        field, words = str(error).split(" ", 1)
        raise InputError(f"{OPTIONS.get(field, f'--{field}')} {words}") from error
    run = training.train(args.merge, args.protocol, recipe, args.out)
    last = run.history.iloc[-1]
    facts = json.loads(last.to_json())
    return {"run": str(args.out), **facts}, f"{last.to_string()}\nRun: {args.out}", 0


def evaluate(args: argparse.Namespace) -> Answer:
    """Score a run's validation or test, the latter counted."""
    from xraylab import evaluation, training

    run = training.load_run(args.run_folder)
    predictions, n_looks = training.score(args.run_folder, on=args.on)
    threshold = run.threshold if args.threshold is None else args.threshold
    metrics = evaluation.evaluate(predictions, threshold=threshold)
    counts = evaluation.confusion(
        predictions["label"], predictions["score"], threshold=threshold
    )
    lines = [f"{run.protocol}, {args.on}, threshold {threshold:.3f}"]
    lines += evaluation.describe(metrics)
    if n_looks:
        lines.append(f"Look number {n_looks} at the test of {run.protocol}.")
    answer = {
        "run": str(args.run_folder),
        "protocol": run.protocol,
        "on": args.on,
        "threshold": threshold,
        "looks": n_looks,
        "confusion": counts,
        "metrics": json.loads(metrics.to_json(orient="index")),
    }
    return answer, "\n".join(lines), 0


def predict(args: argparse.Namespace) -> Answer:
    """Answer for image files, in the order given."""
    from xraylab import prediction

    predictor = prediction.Predictor(args.run_folder)
    rows, lines = [], []
    for file in args.files:
        try:
            answer = predictor.predict(file)
        except (UnreadableImageError, OSError) as error:
            cause = getattr(error, "cause", None) or error.strerror
            print(f"not read: {file}: {cause}", file=sys.stderr)
            rows.append({"path": str(file), "error": cause})
            lines += [str(file), f"  not read: {cause}"]
        else:
            rows.append({"path": str(file), **answer.as_dict()})
            lines += [str(file), f"  {answer}"]
            lines += [f"  Careful: {warning}" for warning in answer.warnings]
    note = prediction.NOT_FOR_CLINICAL_USE
    failed = any("error" in row for row in rows)
    text = "\n".join([*lines, note])
    return {"predictions": rows, "note": note}, text, 1 if failed else 0


def phantom(args: argparse.Namespace) -> Answer:
    """Write simulated images."""
    from xraylab import phantom

    plants = phantom.CLEAN if args.clean else phantom.REAL_LIKE
    truth = phantom.write_phantom(
        args.out,
        n_children=args.children,
        seed=args.seed,
        plants=plants,
    )
    text = f"{len(truth)} simulated images in three layouts, written to {args.out}."
    return {"images": len(truth), "out": str(args.out)}, text, 0


def lessons(args: argparse.Namespace) -> Answer:
    """List, build, run or copy the lessons."""
    from xraylab import course

    if args.copy:
        names = [path.name for path in course.copy_lessons(args.copy)]
        n_there = len(course.list_lessons()) - len(names)
        text = f"{len(names)} lessons copied to {args.copy}."
        if n_there:
            text += f" {n_there} were there already and stay as they are."
        return {"copied": names, "kept": n_there}, text, 0
    if args.build or args.run is not None:
        return _build_or_run(args)
    table = course.list_lessons()
    return {"lessons": table.to_dict("records")}, table.to_string(index=False), 0


def _build_or_run(args: argparse.Namespace) -> Answer:
    from xraylab.course import build

    if args.build:
        names = [path.name for path in build.build_lessons(args.run or ())]
        return {"built": names}, f"Built {', '.join(names)}.", 0
    table = build.run_lessons(args.run, args.mode)
    code = 0 if table["passed"].all() else 1
    return {"lessons": table.to_dict("records")}, table.to_string(index=False), code


def results(args: argparse.Namespace) -> Answer:
    """Show what was measured on real images."""
    from xraylab import results

    if args.name:
        answer = results.read_result(args.name)
        return answer, json.dumps(answer, indent=2), 0
    table = results.list_results()
    return {"results": table.to_dict("records")}, table.to_string(index=False), 0


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
    return f"{value:,}" if isinstance(value, int) else str(value)
