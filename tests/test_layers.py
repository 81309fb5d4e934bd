"""The house of docs/design.md: imports point down only, and no file grows too large."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import n3cli

PACKAGE = Path(n3cli.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# From the top down; what stands on the same floor does not import each other.
FLOORS = (
    {"__init__", "__main__"},
    {"cli"},
    {"bench"},
    {"training"},
    {"jobs"},
    {"inference"},
    {"zoo", "data"},
    {"networks", "render", "io"},
    {"ops"},
    {"errors"},
)
LEVEL = {part: -level for level, parts in enumerate(FLOORS) for part in parts}


def part_of(file: Path) -> str:
    """The part of the house that a file belongs to: its folder below the package, or its name."""
    return file.relative_to(PACKAGE).with_suffix("").parts[0]


def room_of(module: str) -> str:
    """The folder that a module of the package is in, as the package's imports write it."""
    path = PACKAGE.joinpath(*module.split(".")[1:])
    folder = path if path.is_dir() else path.parent
    return folder.relative_to(PACKAGE.parent).as_posix()


def imported_names(source: str) -> set[str]:
    """The dotted names that a file's text imports: in functions and for types, too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=aliases):
                names.update(alias.name for alias in aliases)
            case ast.ImportFrom(module=str(module), level=0, names=aliases):
                names.update(f"{module}.{alias.name}" for alias in aliases)
            case ast.ImportFrom():
                raise AssertionError("a relative import hides which part it means")
            case ast.Attribute(value=ast.Name(id="n3cli"), attr=attribute):
                names.add(f"n3cli.{attribute}")
    return {name for name in names if name.startswith("n3cli.")}


def imported_parts(source: str) -> set[str]:
    """The parts that a file's text imports.

    What the package offers itself counts as `__init__`; its version belongs to nobody.
    """
    parts = {name.split(".")[1] for name in imported_names(source)}
    return {part if part in LEVEL else "__init__" for part in parts - {"__version__"}}


def breaches(part: str, source: str) -> set[str]:
    """The parts that a file of `part` imports and must not."""
    others = imported_parts(source) - {part}
    return {other for other in others if LEVEL[other] >= LEVEL[part]}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_file_keeps_to_the_house(file: Path):
    source = file.read_text(encoding="utf-8")
    assert breaches(part_of(file), source) == set()
    assert len(source.splitlines()) <= 400, "two ideas in one file?"


def test_no_files_import_each_other_in_a_circle():
    modules = {
        ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts): file for file in FILES
    }
    imports = {}
    for module, file in modules.items():
        names = imported_names(file.read_text(encoding="utf-8"))
        found = {name if name in modules else name.rpartition(".")[0] for name in names}
        imports[module] = (found & modules.keys()) - {module}
    order = list(TopologicalSorter(imports).static_order())  # CycleError names a circle
    assert order.index("n3cli.errors") < order.index("n3cli.cli.main")


def test_between_the_rooms_of_a_part_imports_run_one_way():
    rooms: dict[str, set[str]] = {}
    for file in FILES:
        room = room_of(".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts))
        for name in imported_names(file.read_text(encoding="utf-8")):
            other = room_of(name.rpartition(".")[0])
            if other != room and other.split("/")[1:2] == room.split("/")[1:2]:
                rooms.setdefault(room, set()).add(other)
    order = list(TopologicalSorter(rooms).static_order())  # CycleError names a circle
    assert order.index("n3cli/io") < order.index("n3cli/io/raw")


def test_the_test_sees_imports_everywhere():
    source = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from n3cli.jobs.plan import Job
def work():
    import n3cli.cli.main
    from n3cli import zoo
    from n3cli.ops.metric import psnr
"""
    assert imported_parts(source) == {"jobs", "cli", "zoo", "ops"}
    assert breaches("data", source) == {"jobs", "cli", "zoo"}
    assert breaches("cli", source) == set()
    assert breaches("ops", "import n3cli\nn3cli.denoise(array)") == {"__init__"}
    assert breaches("ops", "import n3cli\nn3cli.__version__") == set()
