"""How a setting without meaning is refused."""

from __future__ import annotations

from n3cli.errors import ConfigError


def require(condition: bool, key: str, wanted: str, given: object) -> None:
    """Refuse a value, naming its key, what would do and what was given."""
    if not condition:
        raise ConfigError(f"{key} must be {wanted}, not {given!r}")


def require_ranges(settings: object, table: str, **bounds: tuple[float, float]) -> None:
    """Refuse those of a table's ranges that are not in order or leave the bounds of their keys."""
    for key, (lowest, highest) in bounds.items():
        low, high = getattr(settings, key)
        wanted = f"two numbers in order, from {lowest} to {highest}"
        require(lowest <= low <= high <= highest, f"{table}.{key}", wanted, [low, high])
