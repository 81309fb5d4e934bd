"""The keypoints of a batch's pictures: found once each, and kept while memory lasts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from n3cli.io.exif import read_focal
from n3cli.io.reader import open_picture
from n3cli.ops.row_source import RowSource
from n3cli.ops.two_view.feature import Features

_MEMORY = 1 << 29
"""Bytes that are kept: of nearly 2000 pictures with 2000 keypoints each."""


@dataclass(frozen=True)
class Seen:
    """What a batch knows of a picture.

    Attributes:
        features: its keypoints; None where it was only looked at.
        size: width and height in pixels; None where it is not there.
        focal: the focal length that its Exif block tells, in pixels, or None.
    """

    features: Features | None
    size: tuple[int, int] | None
    focal: float | None


class FeatureStore:
    """Gives the keypoints of pictures by their paths.

    Args:
        find: finds them in a picture.
        memory: bytes that are kept; those that were not asked for longest go first.
    """

    def __init__(self, find: Callable[[RowSource], Features], memory: int = _MEMORY) -> None:
        self._find, self._memory, self._used = find, memory, 0
        self._kept: OrderedDict[Path, Seen] = OrderedDict()

    def features(self, path: Path) -> Seen:
        """A picture's keypoints, size and focal length.

        Raises:
            InputError: it cannot be read.
        """
        if path in self._kept:
            self._kept.move_to_end(path)
            return self._kept[path]
        with open_picture(path) as reader:
            size = reader.width, reader.height
            found = self._find(reader)
            seen = Seen(found, size, read_focal(reader.meta.exif, size))
        self._kept[path] = seen
        self._used += found.memory
        while self._used > self._memory and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._used -= oldest.features.memory if oldest.features else 0
        return seen


def look(path: Path) -> Seen:
    """A picture's size and focal length, without its keypoints; nothing of one that is not there.

    Raises:
        InputError: it cannot be read.
    """
    if not path.is_file():
        return Seen(None, None, None)
    with open_picture(path) as reader:
        size = reader.width, reader.height
        return Seen(None, size, read_focal(reader.meta.exif, size))
