"""From files to augmented batches: ours beside ImageFolder with torchvision's changes.

python benchmarks/input_pipeline.py FOLDER --home HOME --out results/input_pipeline.json

FOLDER has a folder a class. Both rotate by up to 10 degrees, blur, mirror and
normalise to three channels, at batch 32. Ours reads its cache, which is built once;
what that takes is measured as well, beside the decoding of the same files as most do
it.
"""

import argparse
from pathlib import Path

import peers
import torch
from PIL import Image

from xraylab import images
from xraylab.training import batches, models

SIZES = (64, 128, 224)


def measure_batches(folder: Path, size_px: int, home: Path, n_batches: int) -> dict:
    """Give contenders that make so many batches."""
    pixels, _ = peers.read_folder(folder, size_px, home)
    loaded = peers.endless(peers.folder_loader(folder, size_px))
    normalise, n_done = models.Normalise(), 0

    def ours() -> None:
        nonlocal n_done
        for step in range(n_done, n_done + n_batches):
            rows = batches.draw_rows(len(pixels), peers.BATCH, seed=0, step=step)
            x = batches.augment(batches.make_batch(pixels, rows), seed=0, step=step)
            normalise(x)
        n_done += n_batches

    def theirs() -> None:
        for _ in range(n_batches):
            next(loaded)

    return {
        "xraylab": lambda: peers.cpu_seconds(ours),
        "ImageFolder": lambda: peers.cpu_seconds(theirs),
    }


def measure_decoding(paths: list[Path], size_px: int) -> dict:
    """Give contenders that read files to grey squares."""

    def naive() -> None:
        for path in paths:
            with Image.open(path) as image:
                image.convert("RGB").resize((size_px, size_px))

    def ours() -> None:
        for path in paths:
            images.read_pixels(path, size_px)

    return {
        "xraylab": lambda: peers.cpu_seconds(ours),
        "PIL, full": lambda: peers.cpu_seconds(naive),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--home", type=Path, required=True, help="for our caches")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--batches", type=int, default=30, help="a round")
    parser.add_argument("--files", type=int, default=100, help="to decode, a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    packages = ("torch", "torchvision", "pillow", "numpy")
    answer = peers.facts(packages) | {"rounds": args.rounds, "sizes": {}}
    files = sorted(p for p in args.folder.rglob("*") if p.is_file())
    files = files[:: max(1, len(files) // args.files)][: args.files]
    for size_px in args.sizes:
        contenders = measure_batches(args.folder, size_px, args.home, args.batches)
        made = peers.contest(contenders, args.rounds)
        read = peers.contest(measure_decoding(files, size_px), args.rounds)
        answer["sizes"][size_px] = {
            "batches": peers.summarise(made, args.batches * peers.BATCH),
            "times": peers.ratio(made, "ImageFolder", "xraylab"),
            "decoding": peers.summarise(read, len(files)),
            "decoding_times": peers.ratio(read, "PIL, full", "xraylab"),
        }
    peers.keep(answer, args.out)


if __name__ == "__main__":
    main()
