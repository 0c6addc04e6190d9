"""Hold the simulated images against the bar, and real ones where they are.

python benchmarks/phantom.py --out phantom.json
python benchmarks/phantom.py --real FOLDER      also tells real from simulated
python benchmarks/phantom.py --real FOLDER --write-ranges   measures them anew

One thread; about three CPU-minutes at the default size. The bars are in the
table; the simulation says nothing about clinical performance.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from phantom_bars import as_markdown, judge
from PIL import Image
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from xraylab.data import read_name
from xraylab.files import write_text
from xraylab.images import read_pixels
from xraylab.phantom import CLEAN
from xraylab.phantom.anatomy import draw_anatomy
from xraylab.phantom.banks import banks
from xraylab.phantom.image import render
from xraylab.phantom.lesion import draw_lesion
from xraylab.phantom.likeness import (
    FEATURES,
    MEASURED_PX,
    measure_features,
    share_inside,
)
from xraylab.phantom.shots import draw_shot

ORIGIN = (
    "Kermany et al. 2018, data doi 10.17632/rscbjbr9sj, CC BY 4.0; 100 normal, 100 "
    "bacterial, 100 viral training images, squeezed to 224 px"
)
SIMPLE = list(FEATURES)[:11]
SIZE = (MEASURED_PX, MEASURED_PX)
FIRST_SEED = 70_000_000  # children that no written set holds


def draw(i: int, kind: str, shot: int = 0, size: tuple[int, int] = SIZE):
    seed = FIRST_SEED + i
    anatomy, lesion = draw_anatomy(seed), draw_lesion(seed, kind, shot)
    doses = CLEAN.doses(in_test=False)
    exposure = draw_shot(anatomy, seed * 100 + shot, lesion=lesion, doses=doses)
    return render(anatomy, exposure, lesion, size), lesion


def thumbnails(images, side: int = 28) -> np.ndarray:
    small = [
        np.asarray(Image.fromarray(p).resize((side, side), Image.Resampling.BOX))
        for p in images
    ]
    return np.stack(small).reshape(len(small), -1).astype(np.float64)


def linear():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.003, max_iter=500))


def cross_validate(model, features, labels) -> np.ndarray:
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_val_predict(
        model, features, labels, cv=folds, method="predict_proba"
    )
    return scores[:, 1]


def zone_features(rendering) -> list[float]:
    """Measure eight zones of each lung, and right less left: mean grey and deviation.

    Greys are less the heart's.
    """
    image, masks = rendering.image.astype(np.float32), rendering.masks
    heart = image[masks.heart].mean() if masks.heart.any() else 0.0
    lungs = np.array(
        [lung_zones(image - heart, m) for m in (masks.right_lung, masks.left_lung)]
    )
    return [heart, *lungs.ravel(), *(lungs[0] - lungs[1])]


def lung_zones(image, lung) -> list[float]:
    """Mean, sd and high quantile in four bands, middle and outer half, and area."""
    rows, columns = np.nonzero(lung.any(1))[0], np.nonzero(lung.any(0))[0]
    values = [float(lung.mean())]
    halves = np.array_split(columns, 2)
    if columns.size and columns.mean() < image.shape[1] / 2:
        halves = halves[::-1]  # the middle half first
    for band in np.array_split(rows, 4):
        for half in halves:
            place = np.ix_(band, half)
            inside = image[place][lung[place]]
            inside = inside if inside.size else np.zeros(1)
            values += [inside.mean(), inside.std(), np.quantile(inside, 0.9)]
    return [float(value) for value in values]


def correlations(thumbs: np.ndarray, pairs) -> np.ndarray:
    z = thumbs - thumbs.mean(1, keepdims=True)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    return np.array([z[i] @ z[j] for i, j in pairs])


def measure_cost(n: int) -> dict:
    banks()
    draw(0, "b")
    times = []
    for i in range(n):
        start = time.process_time()
        draw(i, "nbv"[i % 3])
        times.append(time.process_time() - start)
    return {"CPU ms per image, 224 px, one thread": 1000 * float(np.median(times))}


def measure_likeness(n: int) -> dict:
    images = [draw(i, "nbv"[i % 3])[0].image for i in range(n)]
    shares = share_inside(measure_features(images))
    figures = {"mean share inside the real 5-95 % range": float(shares.mean())}
    return figures | {f"share inside: {k}": float(v) for k, v in shares.items()}


def measure_task(n: int) -> dict:
    kinds = ["n" if i % 2 == 0 else "bv"[i // 2 % 2] for i in range(n)]
    drawn = [draw(i, kind) for i, kind in enumerate(kinds)]
    images = [rendering.image for rendering, _ in drawn]
    labels = np.array([kind != "n" for kind in kinds]).astype(int)
    scores = cross_validate(linear(), thumbnails(images), labels)
    simple = cross_validate(linear(), measure_features(images)[SIMPLE], labels)
    zones = np.array([zone_features(rendering) for rendering, _ in drawn])
    boosting = HistGradientBoostingClassifier(max_iter=150, random_state=0)
    zone_scores = cross_validate(boosting, zones, labels)
    thumb_auroc = roc_auc_score(labels, scores)
    figures = {
        "thumbnail AUROC, linear, no shortcuts": thumb_auroc,
        "simple features AUROC": roc_auc_score(labels, simple),
        "zone model with true lung mask, gain over thumbnails": roc_auc_score(
            labels, zone_scores
        )
        - thumb_auroc,
    }
    return figures | by_severity(kinds, [lesion for _, lesion in drawn], scores)


def by_severity(kinds, lesions, scores) -> dict:
    kinds, severity = np.array(kinds), np.array([x.severity for x in lesions])
    figures = {}
    for kind, name in (("b", "bacterial"), ("v", "viral")):
        for low, high in ((0, 0.35), (0.35, 0.7), (0.7, 1.01)):
            some = (kinds == kind) & (severity >= low) & (severity < high)
            both = some | (kinds == "n")
            if some.any():
                title = f"thumbnail AUROC, {name}, severity {low}-{min(high, 1)}"
                figures[title] = roc_auc_score(some[both], scores[both])
    return figures


def measure_pairs(n: int) -> dict:
    drawn = [draw(i, "nbv"[i % 3], shot)[0] for i in range(n) for shot in (0, 1)]
    thumbs = thumbnails([rendering.image for rendering in drawn])
    rng = np.random.default_rng(0)
    strangers = [
        (i, j) for i, j in rng.integers(0, 2 * n, (6000, 2)) if i // 2 != j // 2
    ]
    apart = correlations(thumbs, strangers)
    same = correlations(thumbs, [(2 * i, 2 * i + 1) for i in range(n)])
    return {
        "unrelated pairs, thumbnail correlation, median": np.median(apart),
        "unrelated pairs, thumbnail correlation, 99 %": np.quantile(apart, 0.99),
        "same child minus unrelated, median": np.median(same) - np.median(apart),
    }


def measure_repeat() -> dict:
    same = all(
        np.array_equal(draw(i, k)[0].image, draw(i, k)[0].image)
        for i, k in enumerate("nbv" * 4)
    )
    return {"same seed, same pixels": float(same)}


def real_images(folder: Path, per_kind: int = 100) -> list[np.ndarray]:
    """Training images of source 1, one a child, evenly spread: normal, b, v."""
    files = sorted(folder.rglob("train/*/*.jpeg"))
    groups: dict[str, dict] = {"normal": {}, "bacteria": {}, "virus": {}}
    for file in files:
        kind, number = read_name(file.name)
        group = kind if kind in groups else "normal"
        groups[group].setdefault((kind, number), file)
    chosen = []
    for group in groups.values():
        first = list(group.values())
        places = np.linspace(0, len(first) - 1, min(per_kind, len(first)))
        chosen += [first[round(place)] for place in places]
    if not chosen:
        raise FileNotFoundError(
            f"--real must hold source 1, train folder and .jpeg files, got {folder}."
        )
    return [read_pixels(file, MEASURED_PX) for file in chosen]


def measure_real(folder: Path, n: int) -> dict:
    real = real_images(folder)
    drawn = [draw(i, "nbv"[i % 3])[0].image for i in range(min(n, len(real)))]
    labels = np.array([1] * len(real) + [0] * len(drawn))
    scores = cross_validate(linear(), thumbnails([*real, *drawn]), labels)
    thumbs = thumbnails(real)
    rng = np.random.default_rng(0)
    pairs = [(i, j) for i, j in rng.integers(0, len(real), (6000, 2)) if i != j]
    apart = correlations(thumbs, pairs)
    return {
        "real v simulated, linear thumbnails": roc_auc_score(labels, scores),
        "real unrelated pairs, median (for comparison)": np.median(apart),
        "real unrelated pairs, 99 % (for comparison)": np.quantile(apart, 0.99),
    }


def write_ranges(folder: Path) -> None:
    features = measure_features(real_images(folder))
    quantiles = features.quantile([0.05, 0.95])
    ranges = {name: [round(float(v), 4) for v in quantiles[name]] for name in FEATURES}
    facts = {
        "origin": ORIGIN,
        "what": "5 and 95 % quantiles of the features in xraylab.phantom.likeness",
        "n_images": len(features),
        "size_px": MEASURED_PX,
        "ranges": ranges,
    }
    import xraylab.phantom

    target = Path(xraylab.phantom.__file__).with_name("real_ranges.json")
    write_text(target, json.dumps(facts, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, help="folder with the real source 1")
    parser.add_argument("--write-ranges", action="store_true", help="needs --real")
    parser.add_argument("--children", type=int, default=800, help="for the task rows")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    args = parser.parse_args()
    if args.write_ranges:
        if args.real is None:
            parser.error("--write-ranges needs --real FOLDER.")
        write_ranges(args.real)
    figures = measure_cost(60) | measure_likeness(300) | measure_task(args.children)
    figures |= measure_pairs(120)
    if args.real:
        figures |= measure_real(args.real, 300)
    table = judge(figures | measure_repeat())
    print(as_markdown(table))
    if args.out:
        facts = {
            "date": datetime.date.today().isoformat(),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "children": args.children,
            "figures": dict(zip(table["check"], table["value"], strict=True)),
        }
        write_text(args.out, json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
