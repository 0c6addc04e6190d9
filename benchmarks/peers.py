"""What the benchmarks beside other tools share: their loader, rounds, and facts.

Contenders take turns, round by round, so that what else the machine does meets all of
them; a ratio is taken within a round, and the median of the rounds is given.
"""

import importlib.metadata
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from xraylab import cores, images
from xraylab.files import write_text
from xraylab.training import batches
from xraylab.training.torchvision_loading import torchvision

BATCH = 32


def folder_loader(folder: Path, size_px: int) -> DataLoader:
    """Load as the original does: ImageFolder, and torchvision's transforms on PIL."""
    transforms = torchvision.transforms
    changes = transforms.Compose(
        [
            transforms.Resize((size_px, size_px)),
            transforms.RandomRotation(10),
            transforms.GaussianBlur(3, batches.BLUR_SIGMA),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    found = torchvision.datasets.ImageFolder(str(folder), changes)
    return DataLoader(found, BATCH, shuffle=True, drop_last=True)


def read_folder(folder: Path, size_px: int, home: Path) -> tuple:
    """Give the same files as our cache: pixels, and a label for each class folder."""
    found = torchvision.datasets.ImageFolder(str(folder))
    paths = [str(Path(path).relative_to(folder)) for path, _ in found.samples]
    cache = images.build_cache(paths, folder, size_px, home, progress=False)
    return cache.pixels, torch.tensor(found.targets).numpy()


def endless(loader: DataLoader) -> Iterator[list]:
    """Give batch after batch, pass after pass."""
    while True:
        yield from loader


def cpu_seconds(work: Callable[[], object]) -> float:
    """Measure the processor time of this process, all threads together."""
    started = time.process_time()
    work()
    return time.process_time() - started


def contest(contenders: dict[str, Callable[[], float]], n_rounds: int) -> list[dict]:
    """Let each be measured once a round; the first round warms up and is left out."""
    rounds = [
        {name: measure() for name, measure in contenders.items()}
        for _ in range(n_rounds + 1)
    ]
    return rounds[1:]


def summarise(rounds: list[dict], n_images: int) -> dict:
    """Images per CPU-second and milliseconds an image: median, least and most."""
    table = {}
    for name in rounds[0]:
        each = sorted(1000 * r[name] / n_images for r in rounds)
        middle = statistics.median(each)
        table[name] = {
            "ms_per_image": round(middle, 3),
            "least": round(each[0], 3),
            "most": round(each[-1], 3),
            "images_per_cpu_second": round(1000 / middle, 1),
        }
    return table


def ratio(rounds: list[dict], slower: str, quicker: str) -> float:
    """How many times the time of one is that of the other, in the median round."""
    return round(statistics.median(r[slower] / r[quicker] for r in rounds), 3)


def keep(answer: dict, out: Path | None) -> None:
    """Print an answer as JSON, and write it where a file is given."""
    text = json.dumps(answer, indent=1) + "\n"
    if out:
        write_text(out, text)
    print(text, end="")


def facts(packages: tuple[str, ...]) -> dict:
    """What a reader needs to judge the times by; the load tells a quiet machine."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.machine(),
        "cores": cores.count_cores(),
        "threads": torch.get_num_threads(),
        "load_before": [round(x, 2) for x in os.getloadavg()],
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in packages},
    }
