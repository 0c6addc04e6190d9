"""How fast and how right copies are found, side by side with other tools.

    python benchmarks/merge.py IMAGES [--quick]

IMAGES is any folder of different images (copies among them are dropped first).
Each tool runs in a process of its own over the same files: IMAGES, the same
re-encoded at 256 px and quality 85, and half of them at 227 px and quality 60. Peers
are measured at the threshold that is best for them, found with the truth in hand;
ours has one limit for everything. A tool that is not installed is left out:
pip install -e .[bench] cleanvision. Memory is measured on Linux only.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from copies import KINDS, encode, resize
from PIL import Image
from scipy.fft import idctn

N_QUERIES = 500
SEED = 0
ENDINGS = {".jpeg", ".jpg", ".png"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path)
    parser.add_argument("--quick", action="store_true", help="600 images, growth aside")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        tool, root, out = args.one
        find_here(tool, Path(root), Path(out))
        return
    from xraylab import cores  # not above: what it sets is not for the other tools

    with tempfile.TemporaryDirectory() as folder:
        everything = list_images(args.images)
        files = different_images(everything, 600 if args.quick else None)
        print(f"{len(files)} different images, {cores.count_cores()} cores\n")
        compare_tools(files, Path(folder))
        measure_kinds(files, Path(folder))
        measure_growth(everything, Path(folder))
        measure_search()


def list_images(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in ENDINGS]


def different_images(paths: list[Path], most: int | None) -> list[Path]:
    import pandas as pd

    from xraylab import duplicates

    table = pd.DataFrame({"path": list(map(str, paths)), "source": ""})
    found = duplicates.find_images(table, "/")
    kept = found.table[found.table["kept"]]["path"]
    kept = kept.sample(min(most or len(kept), len(kept)), random_state=SEED)
    return list(map(Path, sorted(kept)))


def compare_tools(files: list[Path], folder: Path) -> None:
    """Run each tool over images and their re-encodings; print a row each."""
    import pandas as pd

    root = folder / "all"
    rng = random.Random(SEED)
    for i, file in enumerate(files):
        with Image.open(file) as opened:
            grey = opened.convert("L")
        write(root / f"a/{i:05}.jpeg", file.read_bytes())
        write(root / f"b/{i:05}.jpeg", encode(resize(grey, 256), 85))
        if rng.random() < 0.5:
            write(root / f"c/{i:05}.jpeg", encode(resize(grey, 227), 60))
    image = np.array([int(path.stem) for path in list_images(root)])
    rows = []
    for tool in FINDERS:
        costs, found = in_another_process(tool, root, folder)
        if found:
            rows.append({"tool": tool} | costs | score_pairs(*found, image))
    print(pd.DataFrame(rows).to_string(index=False), "\n")


def in_another_process(
    tool: str, root: Path, folder: Path
) -> tuple[dict, tuple[np.ndarray, np.ndarray] | None]:
    """Run a tool as a whole process: what it cost, and the pairs; None if it fails."""
    out = folder / f"{tool}.npz"
    environment = {**os.environ, "XRAYLAB_CACHE": str(folder / f"cache-{root.name}")}
    command = [sys.executable, __file__, "-", "--one", tool, str(root), str(out)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(command, env=environment)
    peak = watch_memory(process)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    costs = {"seconds": seconds, "CPU s": spent, "peak MB": peak}
    if process.returncode:
        print(f"{tool}: not measured (exit {process.returncode})")
        return costs, None
    with np.load(out) as found:
        return costs, (found["pairs"], found["distance"])


def watch_memory(process: subprocess.Popen) -> float:
    """Wait for a process; give the most memory it and its workers held, in MB.

    Memory that workers share with their parent is counted once (Linux's Pss).
    """
    most = 0.0
    while process.poll() is None:
        most = max(most, sum(map(held_mb, family(process.pid))))
        time.sleep(0.05)
    return most


def family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has just ended
        return []
    return [pid, *(p for child in children for p in family(int(child)))]


def held_mb(pid: int) -> float:
    try:
        facts = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return int(facts.split("\nPss:")[1].split()[0]) / 1e3


def find_here(tool: str, root: Path, out: Path) -> None:
    """Find pairs with one tool in this process, and keep them."""
    pairs, distance = FINDERS[tool](root, list_images(root))
    np.savez(out, pairs=pairs, distance=distance)


def score_pairs(pairs: np.ndarray, distance: np.ndarray, image: np.ndarray) -> dict:
    """Precision and recall of pairs of rows, (n, 2), at the best limit."""
    counts = np.bincount(image)
    n_true = int((counts * (counts - 1) // 2).sum())
    right = image[pairs[:, 0]] == image[pairs[:, 1]]
    best = {"F1": -1.0}
    for limit in np.unique(distance):
        taken = distance <= limit
        hits = int((right & taken).sum())
        precision, recall = hits / taken.sum(), hits / n_true
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        if f1 > best["F1"]:
            names = ("limit", "precision", "recall", "F1")
            best = dict(zip(names, (limit, precision, recall, f1), strict=True))
    return best


def pairs_by_xraylab(root: Path, paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    import pandas as pd

    from xraylab import cores, duplicates

    names = [p.relative_to(root).as_posix() for p in paths]
    table = pd.DataFrame({"path": names, "source": ""})
    found = duplicates.find_images(
        table, root, workers=cores.count_cores(), progress=False
    )
    return pairs_within(found.table.groupby("image_id").indices.values())


def pairs_within(groups: Iterable[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    ends = [pair for rows in groups for pair in combinations(sorted(rows), 2)]
    pairs = np.array(ends, dtype=int).reshape(-1, 2)
    return pairs, np.zeros(len(pairs))


def pairs_by_imagehash(root: Path, paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    import imagehash

    hashes = np.array([imagehash.phash(Image.open(p)).hash.ravel() for p in paths])
    signs = np.where(hashes, 1, -1).astype(np.float32)
    pairs, distances = [], []
    for start in range(0, len(signs), 512):
        distance = (64 - signs[start : start + 512] @ signs[start:].T) / 2
        near = np.argwhere(np.triu(distance <= 10, 1))
        pairs.append(near + start)
        distances.append(distance[near[:, 0], near[:, 1]])
    return np.concatenate(pairs), np.concatenate(distances)


def pairs_by_imagededup(root: Path, paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    from xraylab.training.torchvision_loading import torchvision

    torchvision.__version__  # noqa: B018, loads what imagededup needs
    from imagededup.methods import PHash

    method = PHash(verbose=False)
    codes = {str(i): method.encode_image(str(p)) for i, p in enumerate(paths)}
    found = method.find_duplicates(
        encoding_map=codes, max_distance_threshold=10, scores=True
    )
    rows = [(int(a), int(b), d) for a, near in found.items() for b, d in near]
    once = np.array([row for row in rows if row[0] < row[1]])
    return once[:, :2].astype(int), once[:, 2]


def pairs_by_cleanvision(
    root: Path, paths: list[Path]
) -> tuple[np.ndarray, np.ndarray]:
    from cleanvision import Imagelab

    lab = Imagelab(filepaths=[str(p) for p in paths])
    kinds = {"exact_duplicates": {}, "near_duplicates": {}}
    lab.find_issues(kinds, n_jobs=1, verbose=False)
    place = {str(p): i for i, p in enumerate(paths)}
    sets = [group for kind in kinds for group in lab.info[kind]["sets"]]
    pairs, _ = pairs_within([place[name] for name in group] for group in sets)
    pairs = np.unique(pairs, axis=0)
    return pairs, np.zeros(len(pairs))


PEERS = {
    "imagehash": pairs_by_imagehash,
    "cleanvision": pairs_by_cleanvision,
    "imagededup": pairs_by_imagededup,
}
FINDERS = {"xraylab": pairs_by_xraylab} | PEERS


def measure_kinds(files: list[Path], folder: Path) -> None:
    """Hide altered copies of 500 images among all, a kind at a time."""
    import pandas as pd

    from xraylab import duplicates

    rng = np.random.default_rng(SEED)
    asked = rng.choice(len(files), min(N_QUERIES, len(files)), replace=False)
    root = folder / "kinds"
    for i, file in enumerate(files):
        write(root / f"all/{i:05}.jpeg", file.read_bytes())
    rows, n_false = [], 0
    for kind, change in KINDS.items():
        chance = random.Random(SEED)
        for i in asked:
            with Image.open(files[i]) as opened:
                data = change(opened.convert("L"), chance)
            write(root / f"copies/{i:05}.jpeg", data)
        names = sorted(p.relative_to(root).as_posix() for p in root.rglob("*.jpeg"))
        table = pd.DataFrame(
            {"path": names, "source": [n.split("/")[0] for n in names]}
        )
        found = duplicates.find_images(table, root, progress=False)
        right, wrong = score_copies(found.table)
        n_false += wrong
        margin = found.margin["least_alike_same"], found.margin["most_alike_different"]
        rows.append((kind, len(asked), right / len(asked), wrong, *margin))
    columns = ["copies", "n", "recall", "false matches"]
    columns += ["least alike same", "most alike different"]
    print(pd.DataFrame(rows, columns=columns).round(4).to_string(index=False))
    print(f"false matches in {len(KINDS) * len(asked):,} queries: {n_false}\n")


def score_copies(table) -> tuple[int, int]:
    """Count copies joined to their own original, and files joined to others."""
    number = table["path"].str[-10:-5]
    n_numbers = number.groupby(table["image_id"]).transform("nunique")
    is_copy = table["path"].str.startswith("copies/")
    joined = table["image_id"].duplicated(keep=False) & (n_numbers == 1)
    return int((is_copy & joined).sum()), int((n_numbers > 1).sum())


def measure_growth(everything: list[Path], folder: Path) -> None:
    """Read and group more and more files, twice; the time is that of processes."""
    import pandas as pd

    rows = []
    for n in sorted({min(n, len(everything)) for n in (1_000, 4_000, 17_568)}):
        part = folder / f"first-{n}"
        for i, file in enumerate(everything[:: len(everything) // n][:n]):
            write(part / f"{i:05}{file.suffix}", file.read_bytes())
        first, _ = in_another_process("xraylab", part, folder)
        again, _ = in_another_process("xraylab", part, folder)
        rows.append({"files": n, **first, "second run": again["seconds"]})
    table = pd.DataFrame(rows)
    print(table.round(2).to_string(index=False))
    more = table.iloc[-1] / table.iloc[0]
    print(f"exponent of growth {np.log(more['CPU s']) / np.log(more['files']):.2f}")
    more = table.iloc[-1] - table.iloc[0]
    print(f"memory {1000 * more['peak MB'] / more['files']:.1f} kB a file\n")


def measure_search() -> None:
    """Search among many made-up squares with planted noisy copies."""
    import pandas as pd

    from xraylab import duplicates

    rng = np.random.default_rng(SEED)
    rows = []
    for n in (25_000, 50_000, 100_000):
        squares = make_squares(n, rng)
        planted = rng.choice(n // 2, 1000, replace=False)
        noise = rng.normal(0, 3, (1000, 48, 48))
        squares[-1000:] = (squares[planted] + noise).clip(0, 255)
        cpu, started = time.process_time(), time.perf_counter()
        pairs = duplicates.find_pairs(squares, at_least=0.98)
        cpu, seconds = time.process_time() - cpu, time.perf_counter() - started
        found = set(zip(pairs["a"], pairs["b"], strict=True))
        hits = len(found & set(zip(planted, range(n - 1000, n), strict=True)))
        rows.append((n, seconds, cpu, hits / 1000, len(found) - hits))
    columns = ["made-up squares", "seconds", "CPU s", "planted found", "others"]
    print(pd.DataFrame(rows, columns=columns).round(3).to_string(index=False))


def make_squares(n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw smooth squares of which two strangers correlate by 0.7, as chests do."""
    weights = 1 / (1 + np.add.outer(range(12), range(12))) ** 1.5
    weights[0, 0] = 0
    common = rng.normal(0, 1, (12, 12)) * weights
    common /= np.linalg.norm(common)
    squares = np.empty((n, 48, 48), np.uint8)
    for start in range(0, n, 1000):
        own = rng.normal(0, 1, (min(1000, n - start), 12, 12)) * weights
        own /= np.linalg.norm(own, axis=(1, 2), keepdims=True)
        waves = np.zeros((len(own), 48, 48))
        waves[:, :12, :12] = np.sqrt(0.7) * common + np.sqrt(0.3) * own
        drawn = 128 + 40 * 48 * idctn(waves, axes=(1, 2), norm="ortho")
        squares[start : start + 1000] = drawn.clip(0, 255)
    return squares


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


if __name__ == "__main__":
    main()
