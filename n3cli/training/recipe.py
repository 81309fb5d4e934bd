"""Recipes by name or path: TOML, with changes from the command line, to a typed `Recipe` and back.

A recipe may begin with `base = "NAME"`: then it only says what differs from that one. A base that
is a path starts from the recipe's own folder.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, fields, is_dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from n3cli.errors import ConfigError
from n3cli.training.config import Recipe

_SHIPPED = files("n3cli.training").joinpath("recipes")

_HARMLESS = {
    "run.log_steps",
    "run.checkpoint_minutes",
    "run.recompute",
    "validation.sigmas",
    "validation.crop",
    "validation.minutes",
}
"""Settings that no weight depends on."""

Table = dict[str, Any]


def recipe_names() -> list[str]:
    """Names of the recipes that come with n3, sorted."""
    return sorted(Path(entry.name).stem for entry in _SHIPPED.iterdir() if entry.is_file())


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
        return cast(Recipe, _read(Recipe, table, ""))
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
    return cast(Recipe, _read(Recipe, _parse(text, "recipe"), ""))


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
        raise ConfigError(f"no recipe is called {name!r}; {hint} A file must end in .toml.")
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
        raise ConfigError(f"--set takes UTF-8, not {change!r}; name it in other letters") from None
    try:
        [value] = tomllib.loads(f"value = {text}").values()
    except (ValueError, RecursionError):
        value = text.strip()  # a word without quotes
    for name in tables:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{path} is no setting: {name} is a value, not a table")
    table[key] = value


def _read(kind: type, table: Mapping[str, Any], prefix: str) -> object:
    """Make a dataclass of a TOML table; every key must be known and every value of its type."""
    hints = get_type_hints(kind)
    if unknown := table.keys() - hints.keys():
        key = min(unknown)
        raise ConfigError(f"unknown key {prefix}{key}{_hint(prefix + key)}")
    for entry in fields(kind):
        required = entry.default is MISSING and entry.default_factory is MISSING
        if required and entry.name not in table:
            raise ConfigError(f"{prefix}{entry.name} is missing")
    return kind(**{key: _convert(hints[key], value, prefix + key) for key, value in table.items()})


def _convert(hint: Any, value: Any, key: str) -> Any:
    """A TOML value as the type that a field has."""
    if is_dataclass(hint):
        if not isinstance(value, dict):
            raise ConfigError(f"{key} must be a table, not {value!r}")
        return _read(cast(type, hint), value, f"{key}.")
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        if value not in arguments:
            near = get_close_matches(str(value), arguments, n=1)
            hint_text = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigError(
                f"{key} must be one of {', '.join(arguments)}, not {value!r}{hint_text}"
            )
        return value
    if origin is tuple:
        return _convert_list(arguments, value, key)
    if origin in (Union, UnionType):
        raise TypeError(f"{key}: settings have one type")
    expected = dict if origin is not None else hint
    if expected is float and type(value) is int and abs(value) < 2**63:  # as TOML has them
        value = float(value)
    # Exact types: true is an int to Python, and 8.0 crops are a mistake.
    if type(value) is not expected or value in (math.inf, -math.inf) or value != value:
        raise ConfigError(f"{key} must be {_SPOKEN[expected]}, not {value!r}")
    if expected is dict:
        for name, entry in value.items():
            if type(entry) not in (int, float, bool, str):
                raise ConfigError(f"{key}.{name} must be a number or a text, not {entry!r}")
    return value


_SPOKEN = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"} | {
    dict: "a table"
}


def _convert_list(kinds: tuple[Any, ...], value: Any, key: str) -> tuple[Any, ...]:
    repeated = len(kinds) == 2 and kinds[1] is Ellipsis
    if not isinstance(value, list) or (not repeated and len(value) != len(kinds)):
        count = "a list" if repeated else f"a list of {len(kinds)}"
        raise ConfigError(f"{key} must be {count}, not {value!r}")
    each = kinds[:1] * len(value) if repeated else kinds
    return tuple(_convert(kind, entry, key) for kind, entry in zip(each, value, strict=True))


def _hint(key: str) -> str:
    """The nearest name that would be right, of all tables."""
    known = [
        f"{table}.{entry.name}"
        for table, kind in get_type_hints(Recipe).items()
        for entry in fields(kind)
    ]
    words = {name.rpartition(".")[2]: name for name in known}
    word = key.rpartition(".")[2]
    near = get_close_matches(key, [*known, *get_type_hints(Recipe)], n=1, cutoff=0.7) or [
        words[match] for match in get_close_matches(word, words, n=1)
    ]
    return f"; did you mean {near[0]}?" if near else ""


def _value(value: object) -> str:
    """A value in TOML; JSON's texts, numbers and lists are TOML's, too, once DEL is escaped."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_value(key)} = {_value(entry)}" for key, entry in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _first_entry(lines: Sequence[str]) -> int:
    return next(i for i, line in enumerate(lines) if line and not line.startswith("#"))
