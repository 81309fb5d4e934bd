"""The house of docs/design.md: imports point down only, and no file grows too large."""

from __future__ import annotations

import ast
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


def imported_parts(source: str) -> set[str]:
    """The parts that a file's text imports, wherever in it: in functions and for types, too.

    What the package offers itself counts as `__init__`; its version belongs to nobody.
    """
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
    parts = {name.split(".")[1] for name in names if name.startswith("n3cli.")}
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
