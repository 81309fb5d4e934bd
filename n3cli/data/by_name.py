"""Every data set by its name, with the records and the readers that benchmarks have, too."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TypeAlias, overload

from n3cli.data.catalog import BLOCKS, CATALOG, RAW_PHOTOS, no_set
from n3cli.data.dnd import DndPhoto
from n3cli.data.images import ImageSet
from n3cli.data.kept import DND_TRACKS, SIDD_BENCHMARKS
from n3cli.data.location import list_images, locate_root, present_form
from n3cli.data.name import BlockName, DndName, PairName, PictureName, RawPhotoName
from n3cli.data.pairs.pair_set import PAIR_SETS, PairSet
from n3cli.data.published.collection import Collection
from n3cli.data.published.index import COLLECTIONS, find_collection
from n3cli.data.sidd import Block, list_blocks
from n3cli.data.sidd_photo import RawPhoto, list_photos
from n3cli.errors import ConfigError

Opened: TypeAlias = ImageSet | Sequence[Block] | Sequence[RawPhoto] | Sequence[DndPhoto] | PairSet


@overload
def open_set(name: PictureName, data: str | PathLike[str] | None = None) -> ImageSet: ...


@overload
def open_set(name: BlockName, data: str | PathLike[str] | None = None) -> Sequence[Block]: ...


@overload
def open_set(name: RawPhotoName, data: str | PathLike[str] | None = None) -> Sequence[RawPhoto]: ...


@overload
def open_set(name: DndName, data: str | PathLike[str] | None = None) -> Sequence[DndPhoto]: ...


@overload
def open_set(name: PairName, data: str | PathLike[str] | None = None) -> PairSet: ...


@overload
def open_set(name: str, data: str | PathLike[str] | None = None) -> Opened: ...


def open_set(name: str, data: str | PathLike[str] | None = None) -> Opened:
    """Open a data set that is on this machine; `n3 fetch-data` brings one there.

    Args:
        name: as in `names`, for example ``"set12"``.
        data: folder of the data sets; by default the one that the variable `N3_DATA` names, else
            the cache folder.

    Returns:
        A sequence whose items are read when they are asked for. Of pictures it is an `ImageSet`:
        arrays H×W×C in the files' own dtype, in the order of their names. Of SIDD it has a
        `sidd.Block` for each block: `noisy` and `clean`, float32 H×W×C in [0, 1], `clean` None in
        the benchmark; a `sidd_photo.RawPhoto` for each raw photo, with the same two. Of DND it has
        a `dnd.DndPhoto` for each photo, whose `crops` are float32 H×W×C. Of correspondences it is a
        `pair_set.PairSet` of `pair.Pair`: `points` N×4 in normalised camera coordinates, `ratio`,
        `mutual`, the pose, and which are `right`.

    Raises:
        ConfigError: no set has that name, or the library that reads it is not installed.
        DataError: it is absent, not whole, or damaged. So may be an item, when it is asked for.
        InputError: a file cannot be read.

    Example:
        >>> names()[:2]
        ('set12', 'bsd68')
    """
    folder = None if data is None else Path(data)
    if name in PAIR_SETS:
        return PAIR_SETS[name].find(locate_root(folder)[0])
    if name in DND_TRACKS:
        track = DND_TRACKS[name]
        return track.read(track.find(folder))
    if name in SIDD_BENCHMARKS:
        benchmark = SIDD_BENCHMARKS[name]
        return benchmark.read(benchmark.find(folder))
    if name in BLOCKS:
        blocks = BLOCKS[name]
        return list_blocks(list_images(blocks, folder), blocks.channels)
    if name in RAW_PHOTOS:
        return list_photos(list_images(RAW_PHOTOS[name], folder))
    if name not in CATALOG:
        raise no_set(name, names(), opens_as(name))
    dataset = present_form(CATALOG[name], folder)
    return ImageSet(dataset, list_images(dataset, folder))


def names() -> tuple[str, ...]:
    """The names that `open_set` knows."""
    return (*CATALOG, *BLOCKS, *RAW_PHOTOS, *DND_TRACKS, *SIDD_BENCHMARKS, *PAIR_SETS)


def opens_as(collection: str) -> list[str]:
    """The names of the sets that are parts of a collection (`collection.Collection.name`)."""
    return [name for name, its in _parts() if its == collection]


def find_whole(name: str) -> Collection:
    """The collection of that name, or the one that a set of that name is a part of.

    Raises:
        ConfigError: there is none, or the set cannot be fetched.
    """
    wanted = name.lower()
    if wanted in COLLECTIONS or wanted not in names():
        return find_collection(name)
    whole = dict(_parts())[wanted]
    if whole not in COLLECTIONS:
        raise ConfigError(
            f"{name} cannot be fetched, as n3 knows no address for it; get it yourself and give "
            "the folder that holds it to n3 bench with --data"
        )
    return COLLECTIONS[whole]


def _parts() -> list[tuple[str, str]]:
    """Each set that opens, and the collection that it is a part of."""
    pictures = (*CATALOG.values(), *BLOCKS.values(), *RAW_PHOTOS.values())
    return [
        *((data.name, data.collection) for data in pictures),
        *((kept.name, kept.collection) for kept in DND_TRACKS.values()),
        *((kept.name, kept.collection) for kept in SIDD_BENCHMARKS.values()),
        *((source.name, source.collection) for source in PAIR_SETS.values()),
    ]
