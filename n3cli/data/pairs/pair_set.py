"""Sets of correspondences: where their pairs of views come from, one record each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations
from pathlib import Path
from typing import overload

from n3cli.data.pairs.colmap_model import has_colmap, read_colmap
from n3cli.data.pairs.dump import find_dumps, read_dump, read_pickled
from n3cli.data.pairs.made import Made
from n3cli.data.pairs.pair import Pair
from n3cli.data.pairs.pair_views import match_views
from n3cli.data.pairs.strecha import has_strecha, read_strecha
from n3cli.data.pairs.view import View
from n3cli.data.pairs.yi_views import find_yi, read_yi
from n3cli.errors import DataError
from n3cli.io.match.h5 import SUFFIXES

_SHARED, _MOST = 100, 1000
"""Pairs of Yi's photos share more scene points than this, and so many of them are drawn."""


@dataclass(frozen=True)
class PairScene:
    """Pairs that belong together: of one place, or out of one file.

    Attributes:
        title: for people.
        pairs: reads the file, or what is known of the photos, and gives the pairs, which are made
            when they are asked for. Raises DataError where that is damaged, and ConfigError where
            the library that reads it is not installed.
    """

    title: str
    pairs: Callable[[], Sequence[Pair]]


class PairSet(Sequence[Pair]):
    """The pairs of some scenes, one scene after the other; each is made when it is asked for.

    Args:
        title: what people call it.
        scenes: read when the first pair, or the number of pairs, is asked for.
    """

    def __init__(self, title: str, scenes: Sequence[PairScene]) -> None:
        self.title, self.scenes = title, tuple(scenes)

    def __len__(self) -> int:
        return len(self._pairs)

    @overload
    def __getitem__(self, index: int) -> Pair: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Pair]: ...

    def __getitem__(self, index: int | slice) -> Pair | Sequence[Pair]:
        """One pair, or some of them.

        Raises:
            DataError, InputError: a file is damaged.
            ConfigError: a library is not installed.
        """
        return self._pairs[index]

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._pairs)

    def __repr__(self) -> str:
        scenes = f"{len(self.scenes)} scene{'s' * (len(self.scenes) != 1)}"
        return f"<{self.title}: correspondences of {scenes}>"

    @cached_property
    def _pairs(self) -> Sequence[Pair]:
        read = [scene.pairs() for scene in self.scenes]
        places = [(pairs, index) for pairs in read for index in range(len(pairs))]
        return Made(lambda place: place[0][place[1]], places)


@dataclass(frozen=True)
class PairSource:
    """Where a set of correspondences comes from.

    Attributes:
        name: what the program calls it.
        folder: where it lies below the data folder; where there is none and `collection` is empty,
            the data folder itself is looked through.
        holds: what must be there, in words.
        scenes: those of a folder; none of them is read yet.
        collection: to be fetched; empty where people have their own.
    """

    name: str
    folder: str
    holds: str
    scenes: Callable[[Path], list[PairScene]]
    collection: str = ""

    def find(self, root: Path) -> PairSet:
        """What there is of it below the data folder.

        Raises:
            DataError: there is nothing.
        """
        own = root / self.folder
        folder = own if own.is_dir() or self.collection else root
        if found := self.scenes(folder):
            return PairSet(folder.name, found)
        fetch = f"run n3 fetch-data {self.collection} --dir {root}, or " if self.collection else ""
        trouble = f"has no {self.holds}" if folder.is_dir() else "is not a folder"
        raise DataError(
            f"{self.name}: {folder} {trouble}; {fetch}give the folder that holds "
            f"{self.folder} with --data DIR"
        )


def _of_views(
    has: Callable[[Path], bool], read: Callable[[Path], list[View]], folder: Path
) -> list[PairScene]:
    """A scene with all its pairs for each folder of views: this one, and up to two below."""

    def pairs(place: Path) -> Sequence[Pair]:
        return match_views(list(combinations(read(place), 2)))

    found: list[Path] = []
    for place in sorted({folder, *folder.glob("*/"), *folder.glob("*/*/")}):
        # A model is found from its own folder, too.
        if has(place) and not any(above in found for above in place.parents):
            found.append(place)
    return [PairScene(place.name, partial(pairs, place)) for place in found]


def _of_yi(folder: Path) -> list[PairScene]:
    """Dumps of test pairs where there are some, else pairs of the photos to test on."""

    def pairs(place: Path) -> Sequence[Pair]:
        return match_views(read_yi(place).pairs(_SHARED, _MOST, seed=0))

    dumps = find_dumps(folder, "te")
    if dumps:
        return [
            PairScene(_title(dump, folder), partial(read_pickled, dump, "te")) for dump in dumps
        ]
    places = find_yi(folder)
    tests = [place for place in places if place.name == "test"] or places
    return [PairScene(_title(place, folder), partial(pairs, place)) for place in tests]


def _of_hdf5(folder: Path) -> list[PairScene]:
    files = sorted(path for path in folder.rglob("*test*") if path.suffix in SUFFIXES)
    return [PairScene(path.stem, partial(read_dump, path)) for path in files]


def _title(place: Path, folder: Path) -> str:
    return " ".join((folder.name, *place.relative_to(folder).parts))


_CAMERAS = "photos with .camera files"
_PUBLISHED = "test pairs: no files xs_te.pkl, and no lists of photos, calibrations and visibility"
_DUMPS = "HDF5 files of test pairs (*test*.hdf5)"

PAIR_SETS = {
    source.name: source
    for source in (
        PairSource("strecha", "Strecha", _CAMERAS, partial(_of_views, has_strecha, read_strecha)),
        PairSource("colmap", "COLMAP", "models", partial(_of_views, has_colmap, read_colmap)),
        PairSource("stpeters", "St_Peters", _PUBLISHED, _of_yi, "st_peters"),
        PairSource("reichstag", "Reichstag", _PUBLISHED, _of_yi, "reichstag"),
        PairSource("brown", "Brown", _PUBLISHED, _of_yi, "brown"),
        PairSource("yfcc", "YFCC100M", _DUMPS, _of_hdf5, "yfcc100m"),
        PairSource("sun3d", "SUN3D", _DUMPS, _of_hdf5, "sun3d"),
    )
}
