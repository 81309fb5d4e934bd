"""What pyproject.toml asks for is what the code imports, and what constraints.txt pins."""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = [Requirement(text) for text in PROJECT["dependencies"]]
OPTIONAL = {
    name: [Requirement(text) for text in texts if not text.startswith("n3cli[")]
    for name, texts in PROJECT["optional-dependencies"].items()
}
EXTRAS = [text for name, texts in OPTIONAL.items() if name != "dev" for text in texts]
# Not among the tools: they may be absent here, and then nobody knows what they are called.
ABSENT = [*OPTIONAL["bm3d"], *OPTIONAL["spandrel"]]
# Used as commands or by pytest; no test imports them.
COMMANDS = {"pytest-xdist", "ruff", "mypy", "build", "hatchling"}


def names(requirements: list[Requirement]) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in requirements}


def imported(folder: Path) -> set[str]:
    """The distributions that the files of a folder import, those of Python left out."""
    modules: set[str] = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "load_extra":
                modules.add(ast.literal_eval(node.args[0]).split(".")[0])
    known = packages_distributions()
    return {
        canonicalize_name(distribution)
        for module in modules - sys.stdlib_module_names
        for distribution in known.get(module, ())
    } - {"n3cli"}


def test_the_package_imports_what_it_asks_for():
    used = imported(ROOT / "n3cli") | names(ABSENT)
    # scikit-image imports pywavelets, and torch tensorboard.
    asked = names(RUNTIME + EXTRAS) - {"pywavelets", "tensorboard"}
    assert used == asked


def test_the_tests_import_what_the_tools_bring():
    used = imported(ROOT / "tests") | COMMANDS
    assert names(OPTIONAL["dev"]) <= used
    # `packaging` comes with pytest and build.
    assert used <= names([*RUNTIME, *EXTRAS, *OPTIONAL["dev"]]) | {"packaging"}


def test_constraints_pin_versions_in_the_ranges():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = {
        canonicalize_name(pin.name): pin.specifier
        for pin in (Requirement(line) for line in lines if not line.startswith("#"))
    }
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    for requirement in [*RUNTIME, *EXTRAS, *ABSENT, *OPTIONAL["dev"], *map(Requirement, build)]:
        (pin,) = pins[canonicalize_name(requirement.name)]
        assert pin.operator == "=="
        assert requirement.specifier.contains(pin.version), f"{requirement} against {pin}"
        lowest = {clause.operator for clause in requirement.specifier}
        assert lowest == {">="}, f"{requirement} has no lower bound, or more than that"
