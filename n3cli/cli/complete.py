"""What a shell offers behind Tab: names that are known without loading torch, or else files."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import cleandoc

import click
from click.shell_completion import CompletionItem


def path(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Files and folders, for what click takes for any text."""
    return [CompletionItem(begun, type="file")]


def model(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """The bundled models, full and short, of the command's task or of all."""
    from n3cli.zoo.locate import bundled
    from n3cli.zoo.names import DEFAULTS, NAMED, VARIANTS, complete_name

    names: set[str] = set()
    for full in bundled():
        task, _, short = full.partition("-")
        if ctx.info_name in DEFAULTS and ctx.info_name != task:
            continue
        names |= {full, short}
        for each in (short.partition("-")[0], *NAMED[task]):
            meant = {complete_name(each, task=task, channels=planes) for planes in VARIANTS}
            names |= {each} if full in meant else set()
    if ctx.info_name == "upscale":
        names.add("bicubic")
    return _matching(names, begun)


def suite(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """What the table in the help of `n3 bench` lists; the suites themselves need torch."""
    table = cleandoc(ctx.command.help or "").partition("\b\n")[2]
    first = " ".join(line.partition("  ")[0] for line in table.splitlines())  # its first column
    return _matching({word for word in first.split() if word.islower()}, begun)


def recipe(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """The recipes that come with n3."""
    from n3cli.training.recipe import recipe_names

    return _matching(recipe_names(), begun)


def data_set(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """The data sets that can be fetched."""
    from n3cli.data.published.index import COLLECTIONS

    return _matching(COLLECTIONS, begun)


def _matching(names: Iterable[str], begun: str) -> list[CompletionItem]:
    """The names that begin so, behind the last comma of a list; files where there are none."""
    before, comma, last = begun.rpartition(",")
    found = [f"{before}{comma}{name}" for name in sorted(names) if name.startswith(last)]
    return [CompletionItem(name) for name in found] or [CompletionItem(begun, type="file")]
