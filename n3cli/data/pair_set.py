"""Suites of correspondences: where their pairs of views come from, one record each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path

from n3cli.bench.pair_views import match_views
from n3cli.data.colmap_model import has_colmap, read_colmap
from n3cli.data.pair import Pair
from n3cli.data.pair_dump import find_dumps, read_dump, read_pickled
from n3cli.data.strecha import has_strecha, read_strecha
from n3cli.data.view import View
from n3cli.data.yi_views import find_yi, read_yi
from n3cli.errors import DataError

_SHARED, _MOST = 100, 1000
"""Pairs of Yi's photos share more scene points than this, and so many of them are drawn."""


@dataclass(frozen=True)
class Scene:
    """Pairs that are measured together.

    Attributes:
        title: for people.
        pairs: makes them, one after the other.
    """

    title: str
    pairs: Callable[[], Iterable[Pair]]


@dataclass(frozen=True)
class PairSuite:
    """Scenes of one kind.

    Attributes:
        name: what the command line calls it.
        folder: where it lies below the data folder; where there is none and `collection` is empty,
            the data folder itself is looked through.
        holds: what must be there, in words.
        scenes: those of a folder.
        collection: to be fetched; empty where people have their own.
    """

    name: str
    folder: str
    holds: str
    scenes: Callable[[Path], list[Scene]]
    collection: str = ""

    def find(self, root: Path) -> list[Scene]:
        """The scenes below the data folder.

        Raises:
            DataError: there are none.
        """
        own = root / self.folder
        folder = own if own.is_dir() or self.collection else root
        if found := self.scenes(folder):
            return found
        fetch = f"run n3 fetch-data {self.collection} --dir {root}, or " if self.collection else ""
        raise DataError(
            f"{self.name}: {folder} has no {self.holds}; {fetch}name the folder that holds "
            f"{self.folder} with --data DIR"
        )


def _of_views(
    has: Callable[[Path], bool], read: Callable[[Path], list[View]], folder: Path
) -> list[Scene]:
    """A scene with all its pairs for each folder of views: this one, and up to two below."""

    def pairs(place: Path) -> Iterable[Pair]:
        return match_views(combinations(read(place), 2))

    found: list[Path] = []
    for place in sorted({folder, *folder.glob("*/"), *folder.glob("*/*/")}):
        # A model is found from its own folder, too.
        if has(place) and not any(above in found for above in place.parents):
            found.append(place)
    return [Scene(place.name, partial(pairs, place)) for place in found]


def _of_yi(folder: Path) -> list[Scene]:
    """Dumps of test pairs where there are some, else pairs of the photos to test on."""

    def pairs(place: Path) -> Iterable[Pair]:
        return match_views(read_yi(place).pairs(_SHARED, _MOST, seed=0))

    dumps = find_dumps(folder, "te")
    if dumps:
        return [Scene(_title(dump, folder), partial(read_pickled, dump, "te")) for dump in dumps]
    places = find_yi(folder)
    tests = [place for place in places if place.name == "test"] or places
    return [Scene(_title(place, folder), partial(pairs, place)) for place in tests]


def _of_hdf5(folder: Path) -> list[Scene]:
    files = sorted(path for path in folder.rglob("*test*") if path.suffix in (".h5", ".hdf5"))
    return [Scene(path.stem, partial(read_dump, path)) for path in files]


def _title(place: Path, folder: Path) -> str:
    return " ".join((folder.name, *place.relative_to(folder).parts))


_CAMERAS = "photos with .camera files"
_PUBLISHED = "test pairs: no files xs_te.pkl, and no lists of photos, calibrations and visibility"
_DUMPS = "HDF5 files of test pairs (*test*.hdf5)"

PAIR_SUITES = {
    suite.name: suite
    for suite in (
        PairSuite("strecha", "Strecha", _CAMERAS, partial(_of_views, has_strecha, read_strecha)),
        PairSuite("colmap", "COLMAP", "models", partial(_of_views, has_colmap, read_colmap)),
        PairSuite("stpeters", "St_Peters", _PUBLISHED, _of_yi, "st_peters"),
        PairSuite("reichstag", "Reichstag", _PUBLISHED, _of_yi, "reichstag"),
        PairSuite("brown", "Brown", _PUBLISHED, _of_yi, "brown"),
        PairSuite("yfcc", "YFCC100M", _DUMPS, _of_hdf5, "yfcc100m"),
        PairSuite("sun3d", "SUN3D", _DUMPS, _of_hdf5, "sun3d"),
    )
}

IN_PAPER = ("stpeters", "reichstag", "brown")
"""Those of the N3Net paper (Plötz and Roth, NeurIPS 2018)."""
