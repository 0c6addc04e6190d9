"""Whatever lies in the folders, each file is a row, a named problem or ignored."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests import fuzzing
from tests.conftest import write_file
from xraylab import data
from xraylab.data import merging

N_SAMPLE, N_ALL = 160, 2_000
# Measured: 770 MB, of them 620 for one WebP of 40 million pixels, the costliest
# format; without such files 560, most of them for comparing the images.
MAX_PEAK_MB = 1_000
MAX_SECONDS = 300


@pytest.fixture(scope="module")
def mutated(tmp_path_factory):
    root = tmp_path_factory.mktemp("mutated")
    return root, fuzzing.write_mutated(root, N_SAMPLE, seed=1)


@pytest.fixture(scope="module")
def merged(mutated, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XRAYLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
        return data.merge(mutated[0], progress=False)


def escaped(path):
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    for sign in "\n\r\t\x07\u2028":
        text = text.replace(sign, ascii(sign)[1:-1])
    return text


def check_law(root, truth, merged):
    rows = set(merged.manifest["path"])
    problems = set(merged.problems["path"])
    ignored = set(merged.ignored["path"])
    n_found = len(fuzzing.path_names(root, lambda p: not os.path.isdir(p)))
    n_links = sum(merged.ignored["reason"] == "link to a folder already read")
    n_told = len(merged.manifest) + len(merged.problems) + len(merged.ignored)
    assert n_told == n_found + n_links
    for path, (kind, outcome) in truth.items():
        became = [
            name
            for name, paths in (("row", rows), ("problem", problems))
            if path in paths
        ] or ["ignored" if escaped(path) in ignored else "lost"]
        allowed = ["row", "problem"] if outcome == "either" else [outcome]
        assert len(became) == 1, path
        assert became[0] in allowed, (kind, path)


def check_words(merged):
    """Causes and reasons are one short line, the same on each run."""
    for said in (*merged.problems["cause"], *merged.ignored["reason"]):
        assert 5 <= len(said) <= 100
        assert said.isprintable()
        assert said.isascii()
        assert " at 0x" not in said


def test_each_file_becomes_what_it_may(mutated, merged):
    check_law(*mutated, merged)


def test_causes_are_short_lines(merged):
    check_words(merged)


def test_the_tables_are_read_back_as_they_were(merged, tmp_path):
    merged.save(tmp_path)
    again = data.Merge.load(tmp_path)
    assert again.report() == merged.report()
    for ours, theirs in (
        (merged.manifest, again.manifest),
        (merged.problems, again.problems),
        (merged.ignored, again.ignored),
    ):
        assert ours["path"].tolist() == theirs["path"].tolist()


def test_nothing_is_printed_in_passing(mutated, tmp_path, monkeypatch, capfd, recwarn):
    monkeypatch.setenv("XRAYLAB_CACHE", str(tmp_path))
    data.merge(mutated[0], progress=False)
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_a_file_that_goes_between_listing_and_reading(mutated, tmp_path, monkeypatch):
    monkeypatch.setenv("XRAYLAB_CACHE", str(tmp_path))
    image = fuzzing.encoded(Image.fromarray(np.eye(64, dtype=np.uint8) * 255))
    root = tmp_path / "root"
    for name in ("NORMAL/a", "NORMAL/b", "PNEUMONIA/c"):
        write_file(root / f"x/train/{name}.jpeg", image)
    list_files = merging.listing.list_files

    def list_and_lose(*asked):
        listed = list_files(*asked)
        (root / "x/train/NORMAL/a.jpeg").unlink()
        return listed

    monkeypatch.setattr(merging.listing, "list_files", list_and_lose)
    lost = data.merge(root, progress=False)
    assert len(lost.manifest) == 2
    assert lost.problems["path"].tolist() == ["x/train/NORMAL/a.jpeg"]


# Not the peak that the verb gives: it is never below that of the starting process.
VERB = """
import sys
from pathlib import Path
from xraylab.cli import main
code = main(["merge", "--json", "--data", sys.argv[1], "--out", sys.argv[2]])
status = Path("/proc/self/status")
print(status.read_text().split("VmHWM:")[1].split()[0] if status.exists() else 0)
sys.exit(code)
"""


def run_verb(root, folder):
    """Merge by command line; give its answer and the peak of its memory in MB."""
    done = subprocess.run(
        [sys.executable, "-c", VERB, root, folder],
        capture_output=True,
        text=True,
        timeout=MAX_SECONDS,
        env={**os.environ, "XRAYLAB_CACHE": str(folder / "cache")},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    known = ("not read: ", "looking at", "searching", "registering")
    for line in filter(str.strip, done.stderr.splitlines()):
        assert line.strip("\r").startswith(known) or "tell no child" in line, line
    answer, peak_kb = done.stdout.splitlines()
    return json.loads(answer), int(peak_kb) / 1000


def test_the_command_line_names_them_too(mutated, merged, tmp_path):
    answer, _ = run_verb(mutated[0], tmp_path)
    assert answer["files"] == len(merged.manifest)
    assert answer["problems"] == len(merged.problems)


@pytest.mark.long
def test_two_thousand_files_and_a_few_huge_ones(tmp_path):
    root = tmp_path / "root"
    truth = fuzzing.write_mutated(root, N_ALL, seed=0)
    truth |= fuzzing.write_huge(root)
    _, peak_mb = run_verb(root, tmp_path / "out")
    merged = data.Merge.load(tmp_path / "out")
    check_law(root, truth, merged)
    check_words(merged)
    assert peak_mb < MAX_PEAK_MB
