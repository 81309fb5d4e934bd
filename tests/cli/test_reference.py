"""docs/cli.md is what `--help` prints, and the guide knows every command and option.

`python tests/cli/test_reference.py` writes docs/cli.md anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from n3cli.cli.main import n3

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "cli.md"
HEAD = """# Command reference

What `--help` prints for every command; written by `python tests/cli/test_reference.py`. The
[user guide](guide.md) explains.
"""


def commands(command: click.Command = n3, name: str = "n3") -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, groups before what is in them."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for word in command.list_commands(context):
            below = command.get_command(context, word)
            assert below is not None
            yield from commands(below, f"{name} {word}")


def write_reference() -> str:
    """The text of docs/cli.md."""
    sections = [HEAD]
    for name, _ in commands():
        words = [*name.split()[1:], "--help"]
        shown = CliRunner().invoke(n3, words, prog_name="n3", terminal_width=88)
        assert shown.exit_code == 0, shown.output
        sections.append(f"## {name}\n\n```text\n{shown.stdout.rstrip()}\n```\n")
    return "\n".join(sections)


def test_the_reference_is_current():
    assert PAGE.read_text(encoding="utf-8") == write_reference(), "run this file to renew it"


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_signs_of_click_are_not_shown(name: str, command: click.Command):
    assert "\\" not in command.get_help(click.Context(command, info_name=name))


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_the_guide_knows_it(name: str, command: click.Command):
    guide = (DOCS / "guide.md").read_text(encoding="utf-8")
    options = [max(one.opts, key=len) for one in command.params if isinstance(one, click.Option)]
    for word in (name, *options):
        assert re.search(rf"(?<![\w-]){word}(?![\w-])", guide), word


if __name__ == "__main__":
    PAGE.write_text(write_reference(), encoding="utf-8")
