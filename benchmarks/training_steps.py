"""Whole training steps: ours beside an ImageFolder loop, fastai and bare arithmetic.

python benchmarks/training_steps.py FOLDER --home HOME --fastai PYTHON \\
    --out results/training_steps.json

FOLDER has a folder a class. A ResNet18 from scratch, batch 32, Adam, one thread. The
ImageFolder loop is written as the original's. Bare arithmetic is one batch in memory,
trained on again and again: no loader can be quicker. PYTHON is that of an environment
with fastai; without it that row is left out.
"""

import argparse
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import peers
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader

from xraylab import training
from xraylab.training import models, schedules, steps

SIZES = (64, 128)
RECIPE = replace(training.RECIPES["original"], weights="none")
Work = Callable[[], None]


def our_steps(
    recipe: training.Recipe, seen: steps.Images, n_batches: int
) -> tuple[nn.Module, Work]:
    """Give a network, and the work of so many steps on it as `training.fit` does them.

    The rate stays that of the first epochs.
    """
    recipe = replace(recipe, n_steps=10**6)
    state = steps.start(recipe)
    weights = steps.class_weights(recipe, seen.labels)
    ends, n_done = schedules.find_ends(recipe, len(seen.train)), 0

    def work() -> None:
        nonlocal n_done
        state.model.train()
        for step in range(n_done, n_done + n_batches):
            for group in state.optimiser.param_groups:
                group["lr"] = schedules.find_rate(recipe, step, ends)
            drawn = steps.draw(recipe, seen, step)
            steps.take_step(recipe, state, seen, drawn, step, weights)
        n_done += n_batches

    return state.model, work


def folder_steps(network: nn.Module, loader: DataLoader, n_batches: int) -> Work:
    """Take steps as the original's loop does; `network` takes three channels."""
    loaded = peers.endless(loader)
    network.to(memory_format=torch.contiguous_format)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, weight_decay=1e-4)

    def work() -> None:
        network.train()
        for _ in range(n_batches):
            x, y = next(loaded)
            loss = functional.cross_entropy(network(x), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return work


def bare_steps(size_px: int, n_batches: int) -> Work:
    """Take steps on one batch that lies ready."""
    state = steps.start(replace(RECIPE, size_px=size_px))
    x = torch.rand(peers.BATCH, 1, size_px, size_px)
    y = torch.arange(peers.BATCH) % 2

    def work() -> None:
        state.model.train()
        for _ in range(n_batches):
            loss = functional.cross_entropy(state.model(x), y)
            state.optimiser.zero_grad()
            loss.backward()
            state.optimiser.step()

    return work


class Fastai:
    """fastai in its own environment, asked round by round."""

    def __init__(self, python: str, folder: Path, size_px: int, n_batches: int):
        script = Path(__file__).with_name("fastai_steps.py")
        command = [python, script, folder.resolve(), size_px, n_batches]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([*map(str, command)], **pipes)
        self.version = ""

    def __call__(self) -> float:
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("--fastai must be a Python with fastai; it ended early.")
        answer = json.loads(line)
        self.version = answer["fastai"]
        return answer["seconds"]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def measure(args: argparse.Namespace, size_px: int) -> dict:
    """Let all take turns at one size."""
    n = args.batches
    pixels, labels = peers.read_folder(args.folder, size_px, args.home)
    rows = np.arange(len(pixels))
    seen = steps.Images(pixels, labels, rows, rows[:0])
    loader = peers.folder_loader(args.folder, size_px)
    works = {
        "bare arithmetic": bare_steps(size_px, n),
        "xraylab": our_steps(replace(RECIPE, size_px=size_px), seen, n)[1],
        "ImageFolder": folder_steps(models.make_model("resnet18").network, loader, n),
    }
    contenders = {
        name: lambda work=work: peers.cpu_seconds(work) for name, work in works.items()
    }
    fastai = args.fastai and Fastai(args.fastai, args.folder, size_px, n)
    if fastai:
        contenders["fastai"] = fastai
    rounds = peers.contest(contenders, args.rounds)
    found = {"steps": peers.summarise(rounds, n * peers.BATCH)}
    for peer in contenders.keys() - {"xraylab", "bare arithmetic"}:
        found[f"times, {peer}"] = peers.ratio(rounds, peer, "xraylab")
    found["over bare arithmetic"] = peers.ratio(rounds, "xraylab", "bare arithmetic")
    if fastai:
        fastai.close()
        found["fastai"] = fastai.version
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--home", type=Path, required=True, help="for our caches")
    parser.add_argument("--fastai", metavar="PYTHON")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--batches", type=int, default=12, help="a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    answer = peers.facts(("torch", "torchvision", "accelerate", "pillow", "numpy"))
    answer |= {"rounds": args.rounds, "batches": args.batches}
    answer["sizes"] = {size_px: measure(args, size_px) for size_px in args.sizes}
    peers.keep(answer, args.out)


if __name__ == "__main__":
    main()
