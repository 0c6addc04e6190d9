"""The table of rooms and the imports must agree; no room or function grows wild."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import xraylab

PACKAGE = Path(xraylab.__file__).parent
REPOSITORY = PACKAGE.parent
FILES = sorted(PACKAGE.rglob("*.py"))
WITH_TORCH = {"training", "explanation", "prediction"}
IN_A_FILE, IN_A_FUNCTION = 400, 40  # lines, the latter without the docstring
ROOMS_OF_CODE = ("xraylab", "tests", "benchmarks")
AT_A_DOOR = 10  # public names; each drawing is one, so the plots may have more
each_file = pytest.mark.parametrize(
    "file", FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix()
)


def table_of_rooms():
    text = (REPOSITORY / "docs/architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .+ \| (.+) \|$", text, re.M)
    return {name: set() if may == "–" else set(may.split(", ")) for name, may in rows}


def room_of(file):
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_names(file):
    """Every module or name a file imports, in full."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_room_is_in_the_table_and_the_other_way_round():
    rooms = {room_of(file) for file in FILES} - {"__init__", "__main__"}
    assert rooms == set(table_of_rooms())


def test_the_table_walks_down_the_page():
    seen = set()
    for name, may in table_of_rooms().items():
        assert may <= seen, f"{name} imports something further down"
        seen.add(name)


@each_file
def test_imports_are_those_of_the_table(file):
    room = room_of(file)
    if room in {"__init__", "__main__"}:
        return
    names = set(imported_names(file))
    others = {name.split(".")[1] for name in names if name.startswith("xraylab.")}
    of_the_package = {"__version__", "REPOSITORY"}
    assert others - {room} - of_the_package <= table_of_rooms()[room]
    if any(name.split(".")[0] == "torch" for name in names):
        assert room in WITH_TORCH


def test_no_files_import_each_other_in_a_circle():
    names = {
        ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts): file
        for file in FILES
        if file.name != "__init__.py"
    }
    graph = {
        name: {n for n in names if any(i.startswith(f"{n}.") for i in imports)}
        | (imports & set(names))
        for name, imports in (
            (name, set(imported_names(file))) for name, file in names.items()
        )
    }
    list(TopologicalSorter(graph).static_order())  # raises CycleError


@each_file
def test_one_enters_another_room_by_its_door(file):
    for name in imported_names(file):
        parts = name.split(".")
        if parts[0] == "xraylab" and len(parts) > 3:
            assert parts[1] == room_of(file), f"{name} is behind a door"


@pytest.mark.parametrize("room", list(table_of_rooms()))
def test_a_door_says_what_it_opens_and_has_few_names(room):
    door = PACKAGE / room / "__init__.py"
    if not door.is_file():
        return
    tree = ast.parse(door.read_text("utf-8"))
    assert len(ast.get_docstring(tree).split()) >= 8
    shown = [n for n in imported_names(door) if n.startswith("xraylab.")]
    own = [name for name in shown if name not in inner_doors(room)]
    assert len(own) <= AT_A_DOOR or room == "plots", own


def inner_doors(room):
    """Modules that a door shows whole; each is a door, and held to what doors are."""
    names = set(imported_names(PACKAGE / room / "__init__.py"))
    files = (PACKAGE / room).glob("*.py")
    modules = {f"xraylab.{room}.{file.stem}": file for file in files}
    return {name: file for name, file in modules.items() if name in names}


@pytest.mark.parametrize("room", list(table_of_rooms()))
def test_an_inner_door_is_held_to_the_same(room):
    if not (PACKAGE / room / "__init__.py").is_file():
        return
    for name, file in inner_doors(room).items():
        tree = ast.parse(file.read_text("utf-8"))
        assert len(ast.get_docstring(tree).split()) >= 8, name
        shown = [n.value for n in tree.body if is_all(n)]
        names = shown[0].elts if shown else [n for n in tree.body if is_public(n)]
        assert 2 <= len(names) <= AT_A_DOOR, name


def is_all(node):
    return isinstance(node, ast.Assign) and node.targets[0].id == "__all__"


def is_public(node):
    is_made = isinstance(node, ast.FunctionDef | ast.ClassDef)
    return is_made and not node.name.startswith("_")


@pytest.mark.parametrize(
    "file",
    [f for room in ROOMS_OF_CODE for f in sorted((REPOSITORY / room).rglob("*.py"))],
    ids=lambda f: f.relative_to(REPOSITORY).as_posix(),
)
def test_files_and_functions_stay_small(file):
    text = file.read_text("utf-8")
    assert text.count("\n") <= IN_A_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            first = node.body[0]
            has_doc = ast.get_docstring(node) is not None
            doc = first.end_lineno - first.lineno + 1 if has_doc else 0
            assert node.end_lineno - node.lineno + 1 - doc <= IN_A_FUNCTION, node.name


def test_the_package_is_found_beside_a_folder_of_its_name(tmp_path):
    """As where a clone lies: Python takes a folder there for a package of no files."""
    (tmp_path / "xraylab" / "xraylab").mkdir(parents=True)
    asked = [sys.executable, "-c", "import xraylab.needs as n; print(n.__file__)"]
    done = subprocess.run(
        asked, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip().endswith("needs.py"), done.stderr
