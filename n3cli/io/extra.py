"""Libraries that extras of n3 bring, loaded where they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from n3cli.errors import ConfigError


def load_extra(module: str, what: str, extra: str) -> Any:
    """Load a module.

    Args:
        module: its name.
        what: files that need it, for the message.
        extra: of n3 that brings it, and what else such files need.

    Raises:
        ConfigError: it cannot be loaded.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"{what} need {module.split('.')[0]}, which cannot be loaded ({error}); install it "
            f"with: pip install 'n3cli[{extra}]'"
        ) from error
