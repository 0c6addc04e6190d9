"""Prove the audit: false alarms on clean sets, and power on planted faults.

python benchmarks/audit.py SET ...                  clean sets, not calibrated on
python benchmarks/audit.py SET ... --power          the same with faults planted

Each SET is a folder of clean built-in images with their truth, as from
`xraylab phantom --clean`; the first source of each is used. A fault is planted by
working on the decoded images, and its files are written to a temporary folder.
"""

import argparse
import io
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from xraylab import audit, data, evaluation
from xraylab.files import write_text

COPIES, CHILDREN = "images in several splits", "children in several splits"
FILE, BORDER = "class told by the file", "class told by the border"
BRIGHTNESS = "class told by brightness"
SHIFT = "distribution shift of the test"


def encode(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def is_pneumonia(path: Path) -> bool:
    return path.parent.name == "PNEUMONIA"


def change_some(files: list[Path], share: float, rng, change: Callable) -> None:
    """Re-save the changed image of a random share of the files."""
    for file in files:
        if rng.random() < share:
            with Image.open(file) as image:
                file.write_bytes(change(image.convert("L"), file))


def plant_quality(root: Path, dose: float, rng) -> None:
    """Save a share of the files at 95 when normal, at 75 with pneumonia."""
    files = sorted(root.rglob("*.jpeg"))
    change_some(files, dose, rng, lambda p, f: encode(p, 75 if is_pneumonia(f) else 95))


def plant_marker(root: Path, dose: float, rng) -> None:
    """Burn a letter-like block into the corner of a share of the pneumonia files."""

    def mark(image: Image.Image, file: Path) -> bytes:
        width, height = image.size
        box = (0.04 * width, 0.04 * height, 0.11 * width, 0.13 * height)
        ImageDraw.Draw(image).rectangle(box, fill=235)
        return encode(image, 90)

    files = [f for f in sorted(root.rglob("*.jpeg")) if is_pneumonia(f)]
    change_some(files, dose, rng, mark)


def plant_brightness(root: Path, dose: float, rng) -> None:
    """Lift pneumonia by `dose` grey levels and lower normals by as much."""

    def lift(image: Image.Image, file: Path) -> bytes:
        step = dose if is_pneumonia(file) else -dose
        return encode(image.point(lambda grey: grey + step), 90)

    change_some(sorted(root.rglob("*.jpeg")), 1.0, rng, lift)


def plant_shift(root: Path, dose: float, rng) -> None:
    """Lift all images of the test by `dose` grey levels."""
    files = [f for f in sorted(root.rglob("*.jpeg")) if f.parts[-3] == "test"]
    change_some(
        files, 1.0, rng, lambda p, f: encode(p.point(lambda grey: grey + dose), 90)
    )


def plant_copies(root: Path, dose: float, rng) -> None:
    """Leave a share of the test in train too, at four fifths of the size."""
    tests = [f for f in sorted(root.rglob("*.jpeg")) if f.parts[-3] == "test"]
    for i in rng.permutation(len(tests))[: max(1, round(dose * len(tests)))]:
        with Image.open(tests[i]) as image:
            size = [round(0.8 * side) for side in image.size]
            data = encode(image.convert("L").resize(size), 85)
        place = root / "chest_xray/train" / tests[i].parent.name
        (place / f"copy-{i}.jpeg").write_bytes(data)


def plant_children(root: Path, dose: float, rng) -> None:
    """Move a share of the children with several images apart."""
    by_child: dict[tuple, list[Path]] = {}
    for file in sorted(root.rglob("*.jpeg")):
        if file.parts[-3] == "train":
            by_child.setdefault(data.read_name(file.name), []).append(file)
    many = [files for files in by_child.values() if len(files) > 1]
    for i in rng.permutation(len(many))[: max(1, round(dose * len(many)))]:
        file = many[i][0]
        file.rename(root / "chest_xray/test" / file.parent.name / file.name)


# kind -> how it is planted, its three doses, and what must be found
FAULTS = {
    "JPEG quality by class, share": (plant_quality, (0.1, 0.3, 1.0), FILE),
    "marker by class, share": (plant_marker, (0.2, 0.5, 1.0), BORDER),
    "brightness by class, grey levels": (plant_brightness, (3, 8, 15), BRIGHTNESS),
    "test shifted, grey levels": (plant_shift, (5, 10, 20), SHIFT),
    "test copies in train, share": (plant_copies, (0.01, 0.1, 0.5), COPIES),
    "children apart, share": (plant_children, (0.02, 0.1, 0.5), CHILDREN),
}


def audit_planted(clean: Path, plant: Callable | None, dose: float) -> dict:
    """Audit one set with a fault: the faults found, and probes above the limit."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "chest-xray-pneumonia"
        shutil.copytree(clean / "chest-xray-pneumonia", root)
        if plant:
            seed = [int(clean.name.split("-")[-1]), int(1000 * dose)]
            plant(root, dose, np.random.default_rng(seed))
        found = audit.run_audit(root, progress=False)
    above = found.probes[found.probes["found"]]
    said = [finding.name for finding in found.faults]
    return {
        "faults": said,
        "probes": (above["question"] + " " + above["feature"]).tolist(),
    }


def leave_out(faults: list[str], wanted: str) -> list[str]:
    """Leave out what was planted: it may show in several probes of the class."""
    told = "class told by"
    return [
        name
        for name in faults
        if name != wanted and not (name.startswith(told) and wanted.startswith(told))
    ]


def share(hits: list[bool]) -> str:
    return f"{sum(hits)} of {len(hits)}: {evaluation.share_interval(hits).figure}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--power", action="store_true")
    parser.add_argument("--out", type=Path, help="JSON of all answers")
    args = parser.parse_args()
    started, answers = time.process_time(), {}
    kinds = FAULTS if args.power else {"clean": (None, (0,), "")}
    for kind, (plant, doses, wanted) in kinds.items():
        for dose in doses:
            found = [audit_planted(clean, plant, dose) for clean in args.sets]
            answers[f"{kind} {dose}"] = found
            if wanted:
                print(f"{kind:34} {dose:5} found in", end=" ")
                print(share([wanted in one["faults"] for one in found]), flush=True)
            others = [leave_out(one["faults"], wanted) for one in found]
            print(f"{'':40} other faults in {sum(map(bool, others))}:", flush=True)
            for one, names in zip(found, others, strict=True):
                if names:
                    print(f"{'':42}", names, one["probes"])
    print(f"{time.process_time() - started:.0f} CPU-seconds")
    if args.out:
        write_text(args.out, json.dumps(answers, indent=1))


if __name__ == "__main__":
    main()
