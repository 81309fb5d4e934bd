"""Recipes by name or path: TOML, with changes from the command line, to a typed `Recipe` and back.

A recipe may begin with `base = "NAME"`: then it only says what differs from that one. A base that
is a path starts from the recipe's own folder.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from n3cli.errors import ConfigError
from n3cli.training.config import Recipe
from n3cli.training.typed_table import read_table

_SHIPPED = files("n3cli.training").joinpath("recipes")

_HARMLESS = {
    "model.license",
    "run.log_steps",
    "run.checkpoint_minutes",
    "run.recompute",
    "run.cuda_graphs",
    "validation.sigmas",
    "validation.crop",
    "validation.minutes",
    "correspondences.pairs",
    "correspondences.validation_points",
    "correspondences.workers",
}
"""Settings that no weight depends on."""

Table = dict[str, Any]


def recipe_names() -> list[str]:
    """Names of the recipes that come with n3, sorted."""
    return sorted(Path(entry.name).stem for entry in _SHIPPED.iterdir() if entry.is_file())


def recipes_for(model: str) -> list[str]:
    """Names of the shipped recipes that train a model or a variant of it.

    Where there are none, those that train other models of its network for its task.

    Args:
        model: full zoo name.
    """
    trained = {name: load_recipe(name).model.name for name in recipe_names()}
    kind = "-".join(model.split("-")[:2])
    for begin in (f"{model}-", f"{kind}-"):
        if found := [name for name, its in trained.items() if f"{its}-".startswith(begin)]:
            return found
    return []


def recipe_heading(name: str) -> list[str]:
    """What a shipped recipe says of itself: the lines of the comment that it begins with."""
    lines = _SHIPPED.joinpath(f"{name}.toml").read_text("utf-8").splitlines()
    head = [line for line in lines[: _first_entry(lines)] if line]
    return [line.removeprefix("#").removeprefix(" ") for line in head]


def load_recipe(name: str, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe.

    Args:
        name: of a shipped recipe, or a path that ends in ``.toml``.
        changes: ``key=value``, for example ``data.batch=16``; values as in TOML, where quotes
            may be left out.

    Raises:
        ConfigError: no such recipe, not TOML, an unknown key (the nearest one is named), or a
            value of the wrong type or without meaning.
    """
    table = _with_base(name, seen=())
    for change in changes:
        _apply(table, change)
    try:
        return read_table(Recipe, table)
    except ConfigError as error:
        raise ConfigError(f"recipe {name}: {error}") from error


def write_recipe(recipe: Recipe) -> str:
    """The whole recipe as TOML, every setting written out; `load_recipe` reads it back."""
    lines = []
    for table, settings in asdict(recipe).items():
        lines += ["", f"[{table}]"]
        lines += [f"{key} = {_value(value)}" for key, value in settings.items()]
    return "\n".join(lines[1:]) + "\n"


def differing(one: Recipe, other: Recipe) -> list[str]:
    """The settings that differ and that weights depend on, as ``table.key: 1 → 2``."""
    a, b = asdict(one), asdict(other)
    return [
        f"{table}.{key}: {_value(a[table][key])} → {_value(b[table][key])}"
        for table in a
        for key in a[table]
        if a[table][key] != b[table][key] and f"{table}.{key}" not in _HARMLESS
    ]


def parse_recipe(text: str) -> Recipe:
    """Read what `write_recipe` wrote.

    Raises:
        ConfigError: see `load_recipe`.
    """
    return read_table(Recipe, _parse(text, "recipe"))


def _with_base(name: str, seen: tuple[str, ...]) -> Table:
    """The recipe's entries, laid over those of the recipe that it is based on."""
    if name in seen:
        raise ConfigError(f"recipe {name} is based on itself")
    table = _parse(_text(name), f"recipe {name}")
    base = table.pop("base", None)
    if base is None:
        return table
    if not isinstance(base, str):
        raise ConfigError(f"recipe {name}: base must be the name of a recipe, not {base!r}")
    if base.endswith(".toml"):
        base = str(_path(name).parent.joinpath(_path(base)).resolve())
    below = _with_base(base, (*seen, name))
    if name.endswith(".toml"):
        below.get("model", {}).pop("license", None)  # whose weights these will be, we cannot know
    return _laid_over(below, table)


def _text(name: str) -> str:
    if name.endswith(".toml"):
        try:
            return _path(name).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"recipe {name} cannot be read ({error})") from error
    if name not in recipe_names():
        near = get_close_matches(name, recipe_names(), n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else "`n3 train --list` shows them."
        raise ConfigError(
            f"no recipe is called {name!r}; {hint} The name of a recipe file must end in .toml."
        )
    return _SHIPPED.joinpath(f"{name}.toml").read_text("utf-8")


def _path(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError as error:  # of a user who is not there
        raise ConfigError(f"recipe {name} cannot be read ({error})") from error


def _parse(text: str, source: str) -> Table:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also of endless numbers and nested lists
        raise ConfigError(f"{source}: not TOML ({error})") from error


def _laid_over(below: Table, above: Table) -> Table:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        merged[key] = _laid_over(cast(Table, old), value) if both else value
    return merged


def _apply(table: Table, change: str) -> None:
    """Put `a.b.c=value` into nested tables."""
    path, equals, text = change.partition("=")
    *tables, key = path.strip().split(".")
    if not equals or not key:
        raise ConfigError(f"--set takes key=value, for example data.batch=16, not {change!r}")
    try:
        change.encode()
    except UnicodeEncodeError:  # a path in another encoding; neither recipe nor card could say it
        raise ConfigError(
            f"--set takes UTF-8, not {change!r}; use a name with other characters"
        ) from None
    try:
        [value] = tomllib.loads(f"value = {text}").values()
    except (ValueError, RecursionError):
        value = text.strip()  # a word without quotes
    for name in tables:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{path} is not a setting: {name} is a value, not a table")
    table[key] = value


def _value(value: object) -> str:
    """A value in TOML; JSON's texts, numbers and lists are TOML's, too, once DEL is escaped."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_value(key)} = {_value(entry)}" for key, entry in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _first_entry(lines: Sequence[str]) -> int:
    return next(i for i, line in enumerate(lines) if line and not line.startswith("#"))
