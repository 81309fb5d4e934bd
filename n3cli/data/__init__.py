"""Data sets: what there is, where it lies, how it gets there.

``n3cli.data.open("set12")`` gives the images of a set, ``n3cli.data.names()`` what there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from n3cli.data.images import ImageSet, names
    from n3cli.data.images import open_set as open

__all__ = ["ImageSet", "names", "open"]


def __getattr__(name: str) -> object:  # PEP 562: the readers of pictures take a while to load
    if name in __all__:
        from n3cli.data import images

        return images.open_set if name == "open" else getattr(images, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
