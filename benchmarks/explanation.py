"""Do maps and perturbations find what was planted? On the built-in images.

python benchmarks/explanation.py names OUT.jsonl   # about ten CPU-minutes
python benchmarks/explanation.py maps OUT.jsonl    # about five CPU-minutes
python benchmarks/explanation.py report OUT.jsonl ... --out RESULT.json

`names`: small networks learn sets in which one difference between the classes was
planted, or none. The perturbation with the largest swing is named, if that is at least
one standard deviation of the unchanged logits. Left out are those that put something
strange into an image, which move honest networks too: lungs or all else hidden, and a
black border. Rule and plants were chosen on the seeds 0 to 3; 4 to 9 confirm.
`maps`: the pointing game of an honest network, one trained with the marker, untrained
and shuffled ones. Lines are written as they come; a second call goes on.
"""

import argparse
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from xraylab import evaluation, explanation, images, phantom, training
from xraylab.explanation.sanity import randomise
from xraylab.explanation.scorers import shrink
from xraylab.files import append_line, write_text

SIZE_PX, SHOWN_PX, N_STEPS, N_VALID = 48, 112, 200, 60
SEEDS, CHOSEN_ON, MAP_SEEDS = range(10), range(4), range(3)
LEAST_SWING = 1.0
STRANGE = ("lungs hidden", "outside hidden", "border")
PLANTED = {
    "clean": phantom.CLEAN,
    "marker": phantom.CLEAN,
    "quality": phantom.CLEAN,
    "zoom": phantom.Plants(zoom=1.0),
    "brightness": phantom.Plants(brightness=1.0),
}
FAMILIES = {
    "marker": "corners and border",
    "quality": "sharpness",
    "zoom": "size and shape",
    "brightness": "grey levels",
}


def plant(file: Path, label: int, planted: str) -> np.ndarray:
    """Read one image, with what is planted in the benchmark itself."""
    if planted == "quality":
        data = io.BytesIO()
        with Image.open(file) as image:
            image.convert("L").save(data, "JPEG", quality=5 if label else 95)
        file = data.getvalue()
    square = images.read_pixels(file, SHOWN_PX)
    if planted != "marker" or not label:
        return square
    drawn = Image.fromarray(square)
    font = ImageFont.load_default(size=SHOWN_PX // 7)
    # not one side against the other: training mirrors at random
    ImageDraw.Draw(drawn).text((4, 2), "R", fill=250, font=font)
    return np.asarray(drawn)


def read_set(planted: str, n_children: int = 300):
    """Read a set: its folder, truth and images."""
    root = phantom.builtin_data(PLANTED[planted], n_children)
    truth = phantom.read_truth(root)
    pairs = zip(truth["path"], truth["label"], strict=True)
    return root, truth, np.stack([plant(root / p, y, planted) for p, y in pairs])


def train(truth: pd.DataFrame, squares: np.ndarray, seed: int, n_steps: int):
    """Train on three quarters of the children: the network, and the valid rows."""
    children = np.sort(truth["patient_id"].unique().astype(str))
    chosen = np.random.default_rng(seed).permutation(children)[: len(children) // 4]
    is_valid = truth["patient_id"].isin(chosen).to_numpy()
    recipe = replace(
        training.RECIPES["lesson"], model="small", seed=seed, n_steps=n_steps
    )
    state = training.fit(
        recipe,
        shrink(squares, SIZE_PX),
        truth["label"].to_numpy(),
        np.flatnonzero(~is_valid),
        np.flatnonzero(is_valid),
        progress=False,
    )
    auroc = state.history[-1]["valid_auroc"]
    return state.model.eval(), np.flatnonzero(is_valid), float(auroc)


def measure_names(out: Path, chosen: list[str]) -> None:
    """Train and perturb, one line a network."""
    done, sets = {(r["planted"], r["seed"]) for r in read_lines(out)}, {}
    for planted, seed in [(p, s) for s in SEEDS for p in chosen]:
        if (planted, seed) in done:
            continue
        if planted not in sets:
            sets[planted] = read_set(planted)
        _, truth, squares = sets[planted]
        model, valid, auroc = train(truth, squares, seed, N_STEPS)
        rows = np.random.default_rng(seed).permutation(valid)[:N_VALID]
        logit = explanation.make_scorer(model, SIZE_PX, logit=True)
        labels = truth["label"].to_numpy()[rows]
        corners = occlude(model, shrink(squares[rows], SIZE_PX), labels)
        swings = measure_swings(logit, squares[rows])
        line = {"planted": planted, "seed": seed, "auroc": auroc, "map": corners}
        write_line(out, **line, swings=swings)


def measure_swings(logit, squares: np.ndarray) -> dict[str, float]:
    """As `rank_perturbations`, without its figures and intervals."""
    before = logit(squares)
    swings = {}
    for name, change in explanation.PERTURBATIONS.items():
        means = [logit(change(squares, dose)).mean() for dose in change.doses]
        swings[name] = round(float(np.ptp(means) / before.std()), 4)
    return swings


def occlude(model, squares: np.ndarray, labels: np.ndarray, n: int = 12) -> float:
    """Share of the occlusion maps' evidence, signs left out, in the upper corners."""
    corner = np.zeros((SIZE_PX, SIZE_PX), bool)
    corner[: SIZE_PX // 5, : SIZE_PX // 5] = corner[
        : SIZE_PX // 5, -(SIZE_PX // 5) :
    ] = 1
    shares = []
    for square in squares[labels == 1][:n]:
        size = np.abs(explanation.MAPS["occlusion"](model, square))
        shares.append(float(size[corner].sum() / max(size.sum(), 1e-9)))
    return round(float(np.mean(shares)), 4)


def measure_maps(out: Path, n_children: int, n_steps: int, n_images: int) -> None:
    """Play the pointing game with each network, one line a map and network."""
    done = {(r["network"], r["seed"]) for r in read_lines(out)}
    sets = {}
    for seed in MAP_SEEDS:
        if all(
            (w, seed) in done for w in ("honest", "marker", "untrained", "shuffled")
        ):
            continue
        for planted in ("clean", "marker"):
            if planted not in sets:
                sets[planted] = read_set(planted, n_children)
            root, truth, big = sets[planted]
            squares = shrink(big, SIZE_PX)
            model, valid, auroc = train(truth, big, seed, n_steps)
            networks = {"honest" if planted == "clean" else planted: model}
            if planted == "clean":
                networks["untrained"] = training.models.make_model(
                    "small", seed=seed
                ).eval()
                networks["shuffled"] = randomise(model, squares[valid], seed)
            asked = choose(root, truth.iloc[valid], n_images)
            for network, one in networks.items():
                lines = point(one, squares, asked)
                write_line(out, network=network, seed=seed, auroc=auroc, maps=lines)
                print(network, seed, auroc, flush=True)


def choose(
    root: Path, valid: pd.DataFrame, n: int
) -> list[tuple[int, str, np.ndarray]]:
    """Take one image a child with pneumonia: its row, child and lesion."""
    asked = []
    for row, case in (
        valid[valid["label"] == 1].drop_duplicates("patient_id").iterrows()
    ):
        masks = phantom.masks_for(root, case["path"], size=(SIZE_PX, SIZE_PX))
        lesion = masks.lesion > 0.5
        if lesion.any():
            asked.append((row, case["patient_id"], lesion))
        if len(asked) == n:
            break
    return asked


def point(model, squares: np.ndarray, asked: list) -> dict:
    """Hit and inside of each map over the images; sanity for the first three."""
    found = {"centre blob": [explanation.centre_blob((SIZE_PX, SIZE_PX))] * len(asked)}
    checks = {}
    for name, draw in explanation.MAPS.items():
        found[name] = [draw(model, squares[row]) for row, _, _ in asked]
        some = [
            explanation.check_map(draw, model, squares[row], squares).similarity
            for row, _, _ in asked[:3]
        ]
        checks[name] = [round(value, 3) for value in some]
    lines = {}
    for name, maps in found.items():
        pairs = zip(maps, asked, strict=True)
        measured = [explanation.measure_map(m, lesion) for m, (_, _, lesion) in pairs]
        lines[name] = {
            "hit": [bool(m["hit"]) for m in measured],
            "inside": [round(m["inside"], 4) for m in measured],
            "sanity": checks.get(name, []),
        }
    return lines


def report(files: list[Path], out: Path) -> None:
    """Put what was measured together: printed, and as JSON."""
    rows = [row for file in files for row in read_lines(file)]
    runs = [row for row in rows if "planted" in row]
    result = {"names": name_planted(runs)} if runs else {}
    if any("network" in row for row in rows):
        result["maps"] = sum_up([row for row in rows if "network" in row])
    text = json.dumps(result, indent=1)
    print(text)
    write_text(out, text + "\n")


def name_planted(runs: list[dict]) -> dict:
    """Name a perturbation in each run, and count how often it is the planted one."""
    family = {n: p.family for n, p in explanation.PERTURBATIONS.items()}
    named = []
    for run in sorted(runs, key=lambda run: (run["planted"], run["seed"])):
        swings = {n: s for n, s in run["swings"].items() if n not in STRANGE}
        top = max(swings, key=swings.get)
        name = top if swings[top] >= LEAST_SWING else ""
        right = family.get(name, "") == FAMILIES.get(run["planted"], "")
        kept = {key: run[key] for key in ("planted", "seed", "auroc", "map", "swings")}
        named.append(kept | {"named": name, "swing": swings[top], "right": right})
    table = {}
    for planted, part in pd.DataFrame(named).groupby("planted"):
        confirm = part[~part["seed"].isin(CHOSEN_ON)]
        table[planted] = {
            "n_runs": len(part),
            "named_right": int(part["right"].sum()),
            "of_confirming": [int(confirm["right"].sum()), len(confirm)],
            "median_auroc": round(float(part["auroc"].median()), 3),
            "median_map_share_in_upper_corners": round(float(part["map"].median()), 3),
        }
    settings = {"size_px": SIZE_PX, "n_steps": N_STEPS, "n_images": N_VALID}
    return {"settings": settings, "by_planted": table, "runs": named}


def sum_up(rows: list[dict]) -> list[dict]:
    """Hit and inside by network, seed and map, with intervals over children."""
    lines = []
    for row in rows:
        for name, m in row["maps"].items():
            hit = evaluation.share_interval(m["hit"])
            inside = evaluation.mean_interval(m["inside"])
            lines.append(
                {k: row[k] for k in ("network", "seed", "auroc")}
                | {"map": name, "hit": hit.figure, "hit_value": round(hit.value, 4)}
                | {"inside": inside.figure, "n": hit.n, "sanity": m["sanity"]}
            )
    return lines


def read_lines(file: Path) -> list[dict]:
    """Read what was measured so far."""
    if not file.is_file():
        return []
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def write_line(file: Path, **row: object) -> None:
    """Keep one measurement."""
    append_line(file, json.dumps(row))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["names", "maps", "report"])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--planted", nargs="+", choices=PLANTED, default=list(PLANTED))
    parser.add_argument("--children", type=int, default=600)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--out", type=Path, help="of the report")
    args = parser.parse_args()
    if (args.what == "report") != (args.out is not None):
        parser.error("--out FILE must be given with report, and with no other.")
    if args.what == "names":
        measure_names(args.files[0], args.planted)
    elif args.what == "maps":
        measure_maps(args.files[0], args.children, args.steps, args.images)
    else:
        report(args.files, args.out)


if __name__ == "__main__":
    main()
