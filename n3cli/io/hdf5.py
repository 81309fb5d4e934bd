"""h5py, which reads and writes HDF5 files, loaded where it is needed: it is an extra."""

from __future__ import annotations

from typing import Any

from n3cli.errors import ConfigError


def load_h5py(what: str, extra: str = "hdf5") -> Any:
    """The module h5py.

    Args:
        what: files that need it, for the message.
        extra: of n3 that brings it, and what else such files need.

    Raises:
        ConfigError: it cannot be loaded.
    """
    try:
        import h5py
    except ImportError as error:
        raise ConfigError(
            f"{what} need h5py, which cannot be loaded ({error}); install it with: "
            f"pip install 'n3cli[{extra}]'"
        ) from error
    return h5py
