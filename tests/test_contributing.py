"""The examples of CONTRIBUTING.md are pasted, and what they promise is tried."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_layout import AT_A_DOOR, IN_A_FILE, IN_A_FUNCTION

REPOSITORY = Path(__file__).parents[1]
# "### A metric: `METRICS` in `xraylab/evaluation/metrics.py`", then an entry
EXAMPLE = re.compile(
    r"^### [^\n]+: `(\w+)` in `(xraylab/\S+\.py)`\n\n```python\n(.+?)```$",
    re.M | re.S,
)


TEXT = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8")


@pytest.fixture(scope="module")
def examples():
    return EXAMPLE.findall(TEXT)


def paste(file, table, entry):
    """Put an entry before the bracket that closes a table."""
    text = file.read_text("utf-8")
    (end,) = [
        node.value.end_lineno
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == table
    ]
    lines = text.splitlines(keepends=True)
    file.write_text("".join([*lines[: end - 1], entry, *lines[end - 1 :]]), "utf-8")


def test_each_kind_has_one_example(examples):
    tables = [table for table, _, _ in examples]
    assert tables == ["METRICS", "FEATURES", "MODELS", "PERTURBATIONS", "SOURCES"]
    assert TEXT.count("```python") == len(examples)


def test_an_entry_in_one_table_is_all_it_takes(examples, tmp_path):
    for part in ("xraylab", "tests"):
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / part, tmp_path / part, ignore=left_out)
    for table, file, entry in examples:
        paste(tmp_path / file, table, entry)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/contributing.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_sizes_are_those_that_are_tested():
    rules = " ".join(TEXT.split())
    assert f"functions up to {IN_A_FUNCTION} lines without their docstring" in rules
    assert f"files up to {IN_A_FILE}, and up to {AT_A_DOOR} public names" in rules
