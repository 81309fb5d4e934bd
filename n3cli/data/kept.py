"""Test sets whose clean images their makers keep: where they lie, and what reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from n3cli.data.dnd import DndPhoto, read_dnd
from n3cli.data.fetch.bring import not_to_be_fetched
from n3cli.data.fetch.state import look
from n3cli.data.location import locate_root
from n3cli.data.published.index import COLLECTIONS
from n3cli.data.sidd import Block, list_blocks

Item = TypeVar("Item")


@dataclass(frozen=True)
class KeptSet(Generic[Item]):
    """A test set without ground truth.

    Attributes:
        name: what the program calls it.
        title: what people call it.
        collection: what its data are fetched as.
        key: the file that tells its folder.
        channels: 1 for raw values, 3 for sRGB ones.
        read: its items, out of that folder.
    """

    name: str
    title: str
    collection: str
    key: str
    channels: int
    read: Callable[[Path], Sequence[Item]]

    def find(self, data: Path | None = None) -> Path:
        """Where it lies: in its folder below that of the data sets, or in the named folder.

        Args:
            data: the folder that the user named, if any; see `location.locate_root`.

        Raises:
            DataError: nowhere.
        """
        collection = COLLECTIONS[self.collection]
        root, reason = locate_root(data)
        own = root / collection.folder
        for folder in (own, *sorted(own.glob("*/")), root):
            if (folder / self.key).is_file():
                return folder
        raise not_to_be_fetched(
            look(collection, root),
            f"{collection.title} not found: no {self.key} in {own} or {root} (looked there "
            f"because of {reason}).",
        )


def _benchmark(suffix: str, kind: str, channels: int) -> KeptSet[Block]:
    name, key = f"sidd-benchmark{suffix}", f"BenchmarkNoisyBlocks{kind}.mat"

    def read(folder: Path) -> Sequence[Block]:
        return list_blocks([folder / key], channels)

    return KeptSet(name, f"SIDD benchmark, {kind}", name, key, channels, read)


DND_TRACKS: dict[str, KeptSet[DndPhoto]] = {
    kept.name: kept
    for kept in (
        KeptSet("dnd", "DND, raw", "dnd", "info.mat", 1, partial(read_dnd, track="raw")),
        KeptSet("dnd-srgb", "DND, sRGB", "dnd", "info.mat", 3, partial(read_dnd, track="srgb")),
    )
}

SIDD_BENCHMARKS: dict[str, KeptSet[Block]] = {
    kept.name: kept for kept in (_benchmark("", "Srgb", 3), _benchmark("-raw", "Raw", 1))
}
