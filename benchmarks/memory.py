"""Peak memory of a 64 px run, for 5,856 and for 17,568 files.

python benchmarks/memory.py WORK                        simulated files, made in WORK
python benchmarks/memory.py WORK --data SMALL LARGE     real ones: two folders to merge
python benchmarks/memory.py WORK --out benchmarks/results/memory.json

Each run is a process of its own; so is each merge, whose memory stands beside it.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image

from xraylab import cores
from xraylab.files import write_text

COUNTS = (5_856, 17_568)  # one source, and three of them merged
SHARE_NORMAL = 0.27
LIMIT_MB, SAME = 1536, 0.05  # what is asked for: under 1.5 GiB, the same within 5 %
RUN = ("--protocol", "naive-merge", "--size", "64", "--weights", "none")
LENGTH = ("--epochs", "2", "--steps", "40")


def write_files(folder: Path, n_files: int) -> Path:
    """Write smooth noise as JPEG files of 224 px, in the layout of the first source."""
    rng = np.random.default_rng(0)
    for number in range(n_files):
        is_normal = rng.random() < SHARE_NORMAL
        split = "test" if number % 10 == 0 else "val" if number < 99 else "train"
        name = f"person{number}_bacteria_{number}.jpeg"
        if is_normal:
            name = f"IM-{number:05d}-0001.jpeg"
        file = folder / "chest_xray" / split / ("NORMAL" if is_normal else "PNEUMONIA")
        file.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(rng.integers(0, 256, (12, 12), dtype=np.uint8))
        coarse.resize((224, 224), Image.Resampling.BICUBIC).save(file / name)
    return folder


def run_verb(*words: object) -> dict:
    """Run a verb in a process of its own; gives its answer, with peak_mb."""
    command = [sys.executable, "-m", "xraylab", *map(str, words), "--json"]
    env = os.environ | {"XRAYLAB_PROGRESS": "0"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"xraylab {words[0]} failed: {done.stderr[-500:]}")
    return json.loads(done.stdout)


def measure(work: Path, source: Path, name: str) -> dict:
    """Merge a folder, train on it at 64 px, and give the peak of both."""
    merge, run = work / f"merge-{name}", work / f"run-{name}"
    merged = run_verb("merge", "--data", source, "--out", merge)
    trained = run_verb("train", merge, "--out", run, *RUN, *LENGTH)
    with (run / "split.csv").open(encoding="utf-8") as table:
        n_files = sum(1 for _ in table) - 1
    return {
        "n_files": n_files,
        "run_peak_mb": trained["peak_mb"],
        "merge_peak_mb": merged["peak_mb"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path)
    parser.add_argument("--data", type=Path, nargs=2, metavar=("SMALL", "LARGE"))
    parser.add_argument("--files", type=int, nargs=2, default=COUNTS, metavar="N")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    sources = args.data or [
        write_files(args.work / f"files-{n}", n) for n in args.files
    ]
    rows = [
        measure(args.work, source, str(n))
        for source, n in zip(sources, args.files, strict=True)
    ]
    small, large = (row["run_peak_mb"] for row in rows)
    facts = {
        "date": datetime.now(UTC).date().isoformat(),
        "data": "real images" if args.data else "simulated files of 224 px",
        "run": " ".join((*RUN, *LENGTH)),
        "peaks": rows,
        "growth": round(large / small - 1, 4),
        "is_as_asked": large < LIMIT_MB and abs(large / small - 1) <= SAME,
        "cores": cores.count_cores(),
        "threads": os.environ.get("OMP_NUM_THREADS", "as torch chooses"),
        "versions": {"python": platform.python_version()}
        | {p: importlib.metadata.version(p) for p in ("torch", "numpy", "pandas")},
    }
    text = json.dumps(facts, indent=1) + "\n"
    if args.out:
        write_text(args.out, text)
    print(text, end="")


if __name__ == "__main__":
    main()
