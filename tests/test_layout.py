"""The architecture table and the code must agree; nothing grows too large."""

import ast
import re
from pathlib import Path

import pytest

import xraylab

PACKAGE = Path(xraylab.__file__).parent
REPOSITORY = PACKAGE.parent
FILES = sorted(PACKAGE.rglob("*.py"))
TORCH = {
    *("_torchvision", "batches", "models", "training", "_state", "runs"),
    *("explain", "predict"),
}


def allowed_imports():
    text = (REPOSITORY / "docs/architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .+ \| (.+) \|$", text, re.M)
    return {name: set() if may == "–" else set(may.split(", ")) for name, may in rows}


def module_of(file):
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(file):
    """Names of our modules, and of others' packages, that a file imports."""
    ours, others = set(), set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in found:
            parts = name.split(".")
            (ours if parts[0] == "xraylab" else others).add(
                parts[min(1, len(parts) - 1)] if parts[0] == "xraylab" else parts[0]
            )
    return ours - {"xraylab", "__version__"}, others


def test_every_module_is_in_the_table_and_the_other_way_round():
    modules = {module_of(file) for file in FILES} - {"__init__", "__main__"}
    assert modules == set(allowed_imports())


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_imports_are_those_of_the_table(file):
    name = module_of(file)
    if name in {"__init__", "__main__"}:
        return
    ours, others = imports_of(file)
    assert ours - {name} <= allowed_imports()[name]
    if "torch" in others:
        assert name in TORCH


def test_the_table_walks_down_the_page():
    seen = set()
    for name, may in allowed_imports().items():
        assert may <= seen, f"{name} imports something further down"
        seen.add(name)


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_modules_and_functions_stay_small(file):
    text = file.read_text("utf-8")
    assert text.count("\n") <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            first = node.body[0]
            has_doc = ast.get_docstring(node) is not None
            doc = first.end_lineno - first.lineno + 1 if has_doc else 0
            assert node.end_lineno - node.lineno + 1 - doc <= 40, node.name


def lines_of_code(file):
    """Lines that are neither blank nor part of a docstring."""
    text = file.read_text("utf-8")
    filled = sum(bool(line.strip()) for line in text.splitlines())
    return filled - sum(
        node.body[0].end_lineno - node.body[0].lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and ast.get_docstring(node) is not None
    )


def test_the_package_stays_small():
    n_lines = sum(lines_of_code(f) for f in FILES if module_of(f) != "phantom")
    assert n_lines <= 4_700
