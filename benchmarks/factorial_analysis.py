"""Analyse the units of the factorial experiment as factorial_plan.md says.

python benchmarks/factorial_analysis.py RESULTS      writes effects.json beside them

Of the units in xraylab/results the accuracies also become a table, which
`xraylab results factorial` and lesson 08 show.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from factorial_estimate import METRICS, Estimate, Experiment, Term, Unit, judge

from xraylab import results
from xraylab.files import write_text

STORED = Path(results.__file__).parent / "factorial"
N_BOOT = 40_000  # ten times the plan's: an end lay too near its limit for fewer
STRICT = 1 - 0.05 / 8  # eight primary differences of one weights and length
SMALL = {"R": 0.02, "O": 0.04}
SHORT, LONG = 1450, 5800
FAILED = 0.9  # validation AUROC of the last epoch, below which a training failed
SWAPS = ("block", "siblings", "copies", "all")
CELLS = ("clean", *SWAPS)
RUN = {SHORT: CELLS, LONG: ("clean", "copies", "all")}
EXPOSED = {"siblings": "has_sibling", "copies": "copied"}
INTERACTION = {"all": 1, "block": -1, "siblings": -1, "copies": -1, "clean": 2}


def read_units(folder: Path) -> list[Unit]:
    """Read every finished unit: a JSON with `cell`, and its CSV."""
    units = []
    for file in sorted(folder.glob("*.json")):
        facts = json.loads(file.read_text("utf-8"))
        if "cell" not in facts:
            continue
        table = pd.read_csv(file.with_suffix(".csv"), converters={"score": float})
        units.append(
            Unit(
                cell=facts["cell"],
                weights=facts["recipe"]["weights"],
                n_steps=facts["recipe"]["n_steps"],
                seed=facts["seed"],
                half=facts["half"],
                valid_auroc=facts["last_epoch"]["valid_auroc"],
                answers={
                    test: rows.sort_values("path", ignore_index=True)
                    for test, rows in table.groupby("test")
                },
            )
        )
    return units


def keep_whole_pairs(units: list[Unit]) -> list[Unit]:
    """Leave out what is stored of a round that has not ended.

    A pair of seeds judges each half of the block once. It counts when both seeds have
    run all cells of their weights and steps.
    """
    done = {(u.weights, u.n_steps, u.seed, u.cell) for u in units}

    def is_whole(unit: Unit) -> bool:
        first = unit.seed // 2 * 2
        pair = product((first, first + 1), RUN[unit.n_steps])
        return all((unit.weights, unit.n_steps, *member) in done for member in pair)

    return [unit for unit in units if is_whole(unit)]


def list_effects(units: list[Unit], n_boot: int = N_BOOT) -> list[dict]:
    """Compute every figure of the plan, one dict each, fit for JSON and figures."""
    experiment = Experiment(units, n_boot)
    names = sorted({u.weights for u in units})
    asked = [q for weights in names for q in _questions(weights)]
    asked += [q for other in names if other != "none" for q in _beyond(other)]
    rows = []
    for question in asked:
        found = experiment.estimate(
            question.test, question.metric, question.terms, exposed=question.exposed
        )
        if found:
            rows.append(_row(question, found))
    for weights in names:
        rows += _shift(weights, experiment)
    return rows


@dataclass(frozen=True)
class Question:
    """One contrast of cells, and where it is asked."""

    weights: str
    n_steps: int
    test: str
    metric: str
    what: str
    terms: dict[Term, float]
    exposed: str | None = None


def _questions(weights: str) -> Iterator[Question]:
    """Level of each cell, cell minus clean, and the secondary contrasts."""
    for n_steps, test in product((SHORT, LONG), ("O", "R")):
        for metric, (what, cells) in product(METRICS, _contrasts()):
            terms = {(cell, n_steps, weights): by for cell, by in cells.items()}
            yield Question(weights, n_steps, test, metric, what, terms)
        for swap, flag in EXPOSED.items():
            terms = {(swap, n_steps, weights): 1, ("clean", n_steps, weights): -1}
            what = f"{swap} - clean"
            yield Question(weights, n_steps, test, "accuracy", what, terms, flag)
    for test, swap in product(("O", "R"), SWAPS):
        terms = _second_less_first(swap, (SHORT, weights), (LONG, weights))
        what = f"{swap} - clean, long - short"
        yield Question(weights, LONG, test, "accuracy", what, terms)


def _contrasts() -> Iterator[tuple[str, dict[str, float]]]:
    for cell in CELLS:
        yield cell, {cell: 1}
    for swap in SWAPS:
        yield f"{swap} - clean", {swap: 1, "clean": -1}
    yield "copies - block", {"copies": 1, "block": -1}
    yield "interaction", INTERACTION


def _beyond(other: str) -> Iterator[Question]:
    """What a swap brings from scratch beyond what it brings with other weights."""
    for n_steps, test, swap in product((SHORT, LONG), ("O", "R"), SWAPS):
        terms = _second_less_first(swap, (n_steps, other), (n_steps, "none"))
        what = f"{swap} - clean, none - ImageNet"
        yield Question("both", n_steps, test, "accuracy", what, terms)


def _second_less_first(
    swap: str, first: tuple[int, str], second: tuple[int, str]
) -> dict[Term, float]:
    """Give the effect of a swap in one design minus that in another."""
    return {
        (swap, *second): 1,
        ("clean", *second): -1,
        (swap, *first): -1,
        ("clean", *first): 1,
    }


def _row(asked: Question, found: Estimate) -> dict:
    is_level = asked.what in CELLS
    low, high = found.level_interval(asked.metric) if is_level else found.interval()
    shown = ("weights", "n_steps", "test", "metric", "what", "exposed")
    row = {
        **{key: getattr(asked, key) for key in shown},
        "value": round(found.value, 5),
        "low": round(low, 5),
        "high": round(high, 5),
        "n": found.n_images,
        "n_groups": found.n_groups,
        "n_groups_differ": found.n_differ,
        "seeds": list(found.seeds),
        "seeds_per_image": found.per_image_seeds,
    }
    if is_primary(asked):
        for name, strict in (
            ("verdict", found.interval(STRICT)),
            ("verdict_few", found.few_interval(STRICT)),
        ):
            row[name] = judge(found, strict, SMALL[asked.test])
            for end, value in zip(("low", "high"), strict, strict=True):
                row[f"{name}_{end}"] = round(value, 5) if np.isfinite(value) else None
    return row


def is_primary(asked: Question) -> bool:
    """Accuracy of a cell minus clean, on all images."""
    return (
        asked.metric == "accuracy"
        and asked.exposed is None
        and asked.what in {f"{swap} - clean" for swap in SWAPS}
    )


def _shift(weights: str, experiment: Experiment) -> list[dict]:
    """Clean on R minus clean on O: two tests, so their draws are apart."""
    rows = []
    for n_steps in (SHORT, LONG):
        for metric in METRICS:
            parts = [
                experiment.estimate(test, metric, {("clean", n_steps, weights): 1})
                for test in ("R", "O")
            ]
            if all(parts):
                r, o = parts
                found = Estimate(
                    value=r.value - o.value,
                    draws=r.draws - o.draws,
                    seeds=tuple(sorted({*r.seeds, *o.seeds})),
                    n_images=min(r.n_images, o.n_images),
                    n_groups=min(r.n_groups, o.n_groups),
                    n_differ=None,
                    per_image_seeds=min(r.per_image_seeds, o.per_image_seeds),
                    parts=r.parts + o.parts,
                )
                asked = Question(weights, n_steps, "R, O", metric, "clean, R - O", {})
                rows.append(_row(asked, found))
    return rows


def describe(rows: list[dict]) -> str:
    """Write the figures as a table for a terminal, differences in points."""
    lines = []
    for row in rows:
        ends = [row[key] for key in ("value", "low", "high")]
        form = "{:.3f} ({:.3f} to {:.3f})"
        if row["what"] not in CELLS:
            ends, form = [100 * e for e in ends], "{:+.1f} ({:+.1f} to {:+.1f})"
        lines.append(
            {
                "weights": row["weights"],
                "steps": row["n_steps"],
                "test": row["test"],
                "what": row["what"] + (f", {row['exposed']}" if row["exposed"] else ""),
                "metric": row["metric"],
                "95 % CI": form.format(*ends),
                "n": row["n"],
                "groups": row["n_groups"],
                "differ": "" if (n := row["n_groups_differ"]) is None else n,
                "seeds": "".join(map(str, row["seeds"])),
                "verdict": row.get("verdict", ""),
            }
        )
    return pd.DataFrame(lines).to_string(index=False)


def find_baselines(units: list[Unit]) -> dict[str, float]:
    """Give the share of the larger class among the judged images of each test."""
    answers = [(test, t) for unit in units for test, t in unit.answers.items()]
    rows = pd.concat([table.assign(test=test) for test, table in answers])
    share = rows.drop_duplicates(["test", "path"]).groupby("test")["label"].mean()
    return {test: round(max(p, 1 - p), 5) for test, p in share.items()}


def as_table(rows: list[dict], baselines: Mapping[str, float]) -> list[dict]:
    """Give the accuracies of all images, and what each cell has more than clean."""
    effects = [f"{swap} - clean" for swap in SWAPS]
    beyond = ("long - short", "none - ImageNet")
    shown = {*CELLS, *effects, "clean, R - O"}
    shown |= {f"{effect}, {what}" for effect, what in product(effects, beyond)}
    return [
        {
            "result": f"factorial, weights {row['weights']}, {row['n_steps']} steps",
            **{key: row[key] for key in ("test", "what", "value", "low", "high")},
            "baseline": baselines[row["test"]] if row["what"] in CELLS else None,
            **{key: row[key] for key in ("n", "n_groups")},
            "seeds": " ".join(map(str, row["seeds"])),
            "seeds_per_image": row["seeds_per_image"],
            **{name: row.get(name, "") for name in ("verdict", "verdict_few")},
        }
        for row in rows
        if row["metric"] == "accuracy"
        and row["exposed"] is None
        and row["what"] in shown
    ]


ABOUT = (
    "One thing in training at a time, judged on the same images: O from the block of "
    "the published test, R from children drawn from the rest. Accuracy at 0.5, real "
    "images at 64 px; differences in shares, paired. Where one seed judged each image, "
    "the interval lacks the chance of a training. What no verdict calls settled is not."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="folder of the units' JSON and CSV")
    args = parser.parse_args()
    stored = read_units(args.results)
    units = keep_whole_pairs(stored)
    if not units:
        raise SystemExit(
            "RESULTS must hold all units of a pair of seeds, such as 0 and 1; "
            f"{args.results} has {len(stored)} of them and no whole pair. Run the rest."
        )
    failed = [u for u in units if u.valid_auroc < FAILED]
    rows = list_effects(units)
    facts = {
        "date": datetime.now(UTC).date().isoformat(),
        "plan": "benchmarks/factorial_plan.md",
        "n_units": len(units),
        "n_readings": len(stored),  # each unit read O and R once, at its end
        "n_boot": N_BOOT,
        "failed": [[u.cell, u.weights, u.n_steps, u.seed] for u in failed],
        "figures": rows,
    }
    if failed:
        facts["figures_without_failed"] = list_effects(
            keep_whole_pairs([u for u in units if u.valid_auroc >= FAILED])
        )
    text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    write_text(args.results / "effects.json", text)
    if args.results.resolve() == STORED:
        table = {"about": ABOUT, "rows": as_table(rows, find_baselines(units))}
        results.write_tables("factorial", {"factorial": table}, date=facts["date"])
    print(describe(rows))
    print(
        f"{len(units)} units, {len(failed)} failed; "
        f"{len(stored) - len(units)} wait for the rest of their pair of seeds"
    )


if __name__ == "__main__":
    main()
