"""docs/settings.md is what the recipe's classes say of every setting.

`python tests/training/test_settings_page.py` writes it anew.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

from n3cli.training.config import Recipe

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
HEAD = """# Settings of a recipe

Every table and key of a recipe, its type, its default and what it does; written by
`python tests/training/test_settings_page.py`. [Training](training.md) explains. `--set` changes one
from the command line: `--set data.batch=16`.
"""


def classes() -> Iterator[ast.ClassDef]:
    """The classes of settings, one for each table, as they are written."""
    for kind in get_type_hints(Recipe).values():
        (node,) = ast.parse(inspect.getsource(kind)).body
        assert isinstance(node, ast.ClassDef)
        yield node


def rows(node: ast.ClassDef) -> Iterator[tuple[str, str, str, str]]:
    """Key, type, default and meaning of every field; each must have a docstring."""
    for entry, below in zip(node.body, node.body[1:], strict=False):
        if isinstance(entry, ast.AnnAssign):
            assert isinstance(below, ast.Expr), entry.target
            assert isinstance(below.value, ast.Constant)
            default = ast.unparse(entry.value) if entry.value else "must be given"
            yield (
                ast.unparse(entry.target),
                SPOKEN.get(ast.unparse(entry.annotation), ast.unparse(entry.annotation)),
                {"field(default_factory=dict)": "{}", "()": "[]"}.get(default, default),
                inspect.cleandoc(str(below.value.value)).replace("\n", " "),
            )


SPOKEN = {
    "Mapping[str, object]": "table",
    "tuple[str, ...]": "list of texts",
    "tuple[float, ...]": "list of numbers",
    "tuple[float, float]": "two numbers",
    "float": "number",
    "int": "whole number",
    "bool": "true or false",
    "str": "text",
}


def write_page() -> str:
    """The text of docs/settings.md."""
    parts = [HEAD]
    for node in classes():
        table, _, meaning = (ast.get_docstring(node) or "").partition(": ")
        parts.append(f"## {table}\n\n{meaning[0].upper()}{meaning[1:]}\n")
        for key, kind, default, text in rows(node):
            kind = kind.removeprefix("Literal[").removesuffix("]").replace("'", "")
            parts.append(f"- **{key}** ({kind}; {default}): {text}")
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def test_the_page_is_current():
    assert PAGE.read_text("utf-8") == write_page(), "run this file to renew it"


if __name__ == "__main__":
    PAGE.write_text(write_page(), "utf-8")
