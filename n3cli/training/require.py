"""How a setting without meaning is refused."""

from __future__ import annotations

from n3cli.errors import ConfigError


def require(condition: bool, key: str, wanted: str, given: object) -> None:
    """Refuse a value, naming its key, what would do and what was given."""
    if not condition:
        raise ConfigError(f"{key} must be {wanted}, not {given!r}")
