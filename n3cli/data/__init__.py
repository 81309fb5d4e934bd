"""Data sets: what there is, where they lie, how they get there.

``n3cli.data.open("set12")`` gives the items of a set, ``n3cli.data.names()`` what there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from n3cli.data.by_name import names
    from n3cli.data.by_name import open_set as open
    from n3cli.data.images import ImageSet

__all__ = ["ImageSet", "names", "open"]


def __getattr__(name: str) -> object:  # PEP 562: the readers of pictures take a while to load
    if name == "ImageSet":
        from n3cli.data.images import ImageSet

        return ImageSet
    if name in __all__:
        from n3cli.data import by_name

        return by_name.open_set if name == "open" else by_name.names
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
