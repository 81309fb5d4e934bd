"""A TOML table as a dataclass of dataclasses: every key known, every value of its type."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from n3cli.errors import ConfigError

T = TypeVar("T")


def read_table(kind: type[T], table: Mapping[str, Any]) -> T:
    """Make a dataclass of a TOML table.

    Args:
        kind: the dataclass; its fields are dataclasses themselves, one for each table in the table.
        table: what TOML gave.

    Raises:
        ConfigError: a key is unknown (the nearest one is named) or missing, or a value has the
            wrong type or no meaning.
    """
    return cast(T, _read(kind, table, "", kind))


def _read(kind: type, table: Mapping[str, Any], prefix: str, root: type) -> object:
    """Make a dataclass of a TOML table; every key must be known and every value of its type."""
    hints = get_type_hints(kind)
    if unknown := table.keys() - hints.keys():
        key = min(unknown)
        raise ConfigError(f"unknown key {prefix}{key}{_hint(prefix + key, root)}")
    for entry in fields(kind):
        required = entry.default is MISSING and entry.default_factory is MISSING
        if required and entry.name not in table:
            raise ConfigError(f"{prefix}{entry.name} is missing")
    return kind(
        **{key: _convert(hints[key], value, prefix + key, root) for key, value in table.items()}
    )


def _convert(hint: Any, value: Any, key: str, root: type) -> Any:
    """A TOML value as the type that a field has."""
    if is_dataclass(hint):
        if not isinstance(value, dict):
            raise ConfigError(f"{key} must be a table, not {value!r}")
        return _read(cast(type, hint), value, f"{key}.", root)
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
        return _convert_list(arguments, value, key, root)
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
                raise ConfigError(f"{key}.{name} must be a number or a string, not {entry!r}")
    return value


_SPOKEN = {int: "a whole number", float: "a number", bool: "true or false", str: "a string"} | {
    dict: "a table"
}


def _convert_list(kinds: tuple[Any, ...], value: Any, key: str, root: type) -> tuple[Any, ...]:
    repeated = len(kinds) == 2 and kinds[1] is Ellipsis
    if not isinstance(value, list) or (not repeated and len(value) != len(kinds)):
        count = "a list" if repeated else f"a list of {len(kinds)}"
        raise ConfigError(f"{key} must be {count}, not {value!r}")
    each = kinds[:1] * len(value) if repeated else kinds
    return tuple(_convert(kind, entry, key, root) for kind, entry in zip(each, value, strict=True))


def _hint(key: str, root: type) -> str:
    """The nearest name that would be right, of all tables."""
    known = [
        f"{table}.{entry.name}"
        for table, kind in get_type_hints(root).items()
        for entry in fields(kind)
    ]
    words = {name.rpartition(".")[2]: name for name in known}
    word = key.rpartition(".")[2]
    near = get_close_matches(key, [*known, *get_type_hints(root)], n=1, cutoff=0.7) or [
        words[match] for match in get_close_matches(word, words, n=1)
    ]
    return f"; did you mean {near[0]}?" if near else ""
