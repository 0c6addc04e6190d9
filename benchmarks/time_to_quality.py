"""Processor time until a network is good: the original's loop beside ours.

python benchmarks/time_to_quality.py MERGE --home HOME --weights FILE \\
    --out results/time_to_quality.json

Validation AUROC 0.98 at 64 px on the grouped split of seed 0, asked after every 10
steps; asking is not counted, reading the images is. Ten training seeds take turns.
All three begin with the same weights, batches of 32, Adam at 0.001 and dropout 0.5:

ImageFolder: the original's loop, each image read and changed anew each time
xraylab: the same steps from the cache, which is built first and counted
frozen: the network is asked once for the features of the cached images, unchanged;
    only its last layer is trained
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import peers
import torch
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from training_steps import Work, folder_steps, our_steps

from xraylab import data, images, training
from xraylab.labels import CLASSES
from xraylab.training import batches, steps

TARGET = 0.98
EVERY = 10  # steps
MOST = 1000  # steps
SEEDS = range(10)
RECIPE = replace(training.RECIPES["original"], size_px=64)


@dataclass
class Contender:
    """A network under way, and the processor time that its images took to read."""

    model: nn.Module
    work: Work
    reading_s: float = 0.0


@dataclass
class Task:
    """The files of a split, where they may be read, and the weights to begin with."""

    root: Path
    table: pd.DataFrame
    home: Path
    recipe: training.Recipe

    def read(self, part: str, folder: Path) -> tuple[np.ndarray, np.ndarray]:
        """Give pixels and labels of a part of the split."""
        rows = self.table[self.table["split"] == part]
        size_px = self.recipe.size_px
        cache = images.build_cache(
            rows["path"], self.root, size_px, folder, progress=False
        )
        return cache.pixels[cache.rows(rows["path"])], rows["label"].to_numpy(copy=True)

    def lay_out(self) -> Path:
        """Link the training images into a folder a class, as ImageFolder asks for."""
        folder = self.home / "train"
        rows = self.table[self.table["split"] == "train"]
        for number, row in enumerate(rows.itertuples()):
            link = folder / CLASSES[row.label] / f"{number}{Path(row.path).suffix}"
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to((self.root / row.path).resolve())
        return folder


def begin_folder(task: Task, seed: int) -> Contender:
    """Begin the original's loop."""
    torch.manual_seed(seed)
    model = steps.start(replace(task.recipe, seed=seed)).model
    loader = peers.folder_loader(task.lay_out(), task.recipe.size_px)
    return Contender(model, folder_steps(model.network, loader, EVERY))


def begin_ours(task: Task, seed: int) -> Contender:
    """Begin our steps, with a cache that is built anew for each seed."""
    seen, reading_s = _read_timed(task, f"ours-{seed}-{time.time_ns()}")
    model, work = our_steps(replace(task.recipe, seed=seed), seen, EVERY)
    return Contender(model, work, reading_s)


def begin_frozen(task: Task, seed: int) -> Contender:
    """Ask the network for features once, and begin to train its last layer."""
    seen, reading_s = _read_timed(task, f"frozen-{seed}-{time.time_ns()}")
    model = steps.start(replace(task.recipe, seed=seed)).model
    started = time.process_time()
    features = find_features(model, seen.pixels)
    reading_s += time.process_time() - started
    torch.manual_seed(seed)
    kept = TensorDataset(features, torch.from_numpy(seen.labels))
    loader = DataLoader(kept, peers.BATCH, shuffle=True, drop_last=True)
    return Contender(model, folder_steps(model.network.fc, loader, EVERY), reading_s)


CONTENDERS: dict[str, Callable[[Task, int], Contender]] = {
    "ImageFolder": begin_folder,
    "xraylab": begin_ours,
    "frozen": begin_frozen,
}


def find_features(model: nn.Module, pixels: np.ndarray) -> torch.Tensor:
    """What the last layer is given for each image, shape (n, n_features)."""
    last, model.network.fc = model.network.fc, nn.Identity()
    model.eval()
    with torch.inference_mode():
        parts = [
            model(batches.make_batch(pixels, np.arange(len(pixels))[part]))
            for part in batches.in_order(len(pixels), 128)
        ]
    model.network.fc = last
    return torch.cat(parts).clone()


def _read_timed(task: Task, name: str) -> tuple[steps.Images, float]:
    started = time.process_time()
    pixels, labels = task.read("train", task.home / name)
    seconds = time.process_time() - started
    rows = np.arange(len(pixels))
    return steps.Images(pixels, labels, rows, rows[:0]), seconds


def reach(contender: Contender, pixels: np.ndarray, labels: np.ndarray) -> dict:
    """Train until the target is met, or for `MOST` steps; count the work only."""
    training_s, best, n_steps = 0.0, 0.0, 0
    while best < TARGET and n_steps < MOST:
        training_s += peers.cpu_seconds(contender.work)
        n_steps += EVERY
        auroc = roc_auc_score(
            labels, training.score_images(contender.model, pixels, logit=True)
        )
        best = max(best, auroc)
    return {
        "is_reached": bool(best >= TARGET),
        "steps": n_steps,
        "cpu_seconds": round(contender.reading_s + training_s, 1),
        "reading_s": round(contender.reading_s, 1),
        "best_auroc": round(best, 4),
    }


def summarise(runs: list[dict]) -> dict:
    """Median CPU-seconds of each that met the target with all seeds, and the ratios."""
    table = pd.DataFrame(runs).groupby("contender", sort=False)
    medians = {
        name: round(statistics.median(rows["cpu_seconds"]), 1)
        for name, rows in table
        if rows["is_reached"].all()
    }
    slowest = medians.get("ImageFolder")
    ratios = {
        name: round(slowest / seconds, 2)
        for name, seconds in medians.items()
        if slowest and name != "ImageFolder"
    }
    return {"median_cpu_seconds": medians, "times, ImageFolder": ratios}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("merge", type=Path)
    parser.add_argument("--home", type=Path, required=True, help="for caches and links")
    parser.add_argument("--weights", required=True, help="none, imagenet or a file")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    merged = data.Merge.load(args.merge)
    table = data.split(merged.manifest, "grouped", seed=0)
    task = Task(merged.root, table, args.home, replace(RECIPE, weights=args.weights))
    pixels, labels = task.read("valid", args.home / "valid")
    answer = peers.facts(("torch", "torchvision", "pillow", "numpy"))
    answer |= {"target": TARGET, "n_valid": len(labels)}
    answer["n_train"] = int((table["split"] == "train").sum())
    answer["runs"] = [
        {"contender": name, "seed": seed} | reach(begin(task, seed), pixels, labels)
        for seed in args.seeds
        for name, begin in CONTENDERS.items()
    ]
    peers.keep(answer | summarise(answer["runs"]), args.out)


if __name__ == "__main__":
    main()
