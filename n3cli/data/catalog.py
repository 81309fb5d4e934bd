"""The data sets that the program knows: one record each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from n3cli.data.published.index import COLLECTIONS
from n3cli.errors import ConfigError

_BSDS = "non-commercial research and education"
_UNSTATED = "passed around for research, without stated terms"
_HOMEPAGE = "as its homepage says"


@dataclass(frozen=True)
class DataSet:
    """A fixed, ordered set of images inside a data folder.

    Attributes:
        name: what the program calls it, for example ``"set12"``.
        title: what people call it.
        folder: where its images lie, relative to the data folder.
        count: how many images it has.
        channels: their planes, 1 grey or 3 colour.
        terms: what the images may be used for, in a few words.
        pattern: which files of that folder are its images (a glob), unless `listing` says.
        listing: a text file beside this one with one path a line, relative to `folder`.
        stand_in: name of a set with the same images in another form, for where this is absent.
        files: how many files it is, where a file is not an image.
        paths: its images, where they are somebody's own and no folder or listing tells.
    """

    name: str
    title: str
    folder: str
    count: int
    channels: int
    terms: str
    pattern: str = "*.png"
    listing: str | None = None
    stand_in: str | None = None
    files: int | None = None
    paths: tuple[Path, ...] = ()

    @property
    def collection(self) -> str:
        """Name of the collection that it is a part of; not every one can be fetched."""
        return self.folder.partition("/")[0].lower()


CATALOG = {
    data.name: data
    for data in (
        DataSet("set12", "Set12", "Set12", count=12, channels=1, terms=_UNSTATED),
        DataSet("bsd68", "BSD68", "BSD68", count=68, channels=1, terms=_BSDS),
        DataSet("cbsd68", "CBSD68", "CBSD68", 68, 3, terms=_BSDS, stand_in="cbsd68-jpeg"),
        # The colour originals of BSD68; they were found by content in BSDS500's val.
        DataSet(
            "cbsd68-jpeg",
            "CBSD68 from the JPEG files of BSDS500",
            "BSDS500",
            68,
            3,
            terms=_BSDS,
            listing="cbsd68.txt",
        ),
        DataSet("kodak24", "Kodak24", "Kodak24", 24, 3, terms="free to use"),
        DataSet("mcmaster", "McMaster", "McMaster", 18, 3, terms=_UNSTATED, pattern="*.tif"),
        # Cut to even sides for a reduction by 2, which is nearest to the originals.
        DataSet(
            "urban100",
            "Urban100",
            "Urban100/image_SRF_2",
            100,
            3,
            terms=_UNSTATED,
            pattern="*_HR.png",
        ),
        # Every tenth of BSDS500's train and test: models and settings are chosen on these.
        DataSet("val40", "Val40", "BSDS500", 40, 3, terms=_BSDS, listing="val40.txt"),
        DataSet(
            "bsds400", "BSDS500 train and test", "BSDS500", 400, 3, terms=_BSDS, pattern="t*/*.jpg"
        ),
        *(
            DataSet(
                f"bsds500-{part}",
                f"BSDS500 {part}",
                "BSDS500",
                count,
                3,
                terms=_BSDS,
                pattern=f"{part}/*.jpg",
            )
            for part, count in (("train", 200), ("val", 100), ("test", 200))
        ),
        *(
            DataSet(
                f"div2k-{part}",
                f"DIV2K {part}",
                f"DIV2K/DIV2K_{part}_HR",
                count,
                3,
                terms="academic research only",
            )
            for part, count in (("train", 800), ("valid", 100))
        ),
        # Names of files as their makers describe them; the published archives were not at hand.
        DataSet(
            "waterloo",
            "Waterloo",
            "Waterloo",
            4744,
            3,
            terms=_HOMEPAGE,
            pattern="**/pristine_images/*.bmp",
        ),
        *(
            DataSet(
                f"sidd-{size.lower()}-srgb-{half}",
                f"SIDD-{size}-sRGB, {half}",
                f"SIDD-{size}-sRGB",
                count,
                3,
                terms=_HOMEPAGE,
                pattern=f"**/*{mark}_SRGB_*.PNG",
            )
            for size, count in (("Small", 160), ("Medium", 320))
            for half, mark in (("noisy", "NOISY"), ("clean", "GT"))
        ),
        *(
            DataSet(
                f"{title.lower()}-x{scale}",
                title,
                f"{title}/image_SRF_{scale}",
                count,
                3,
                terms=terms,
                pattern="*_HR.png",
            )
            for title, count, scales, terms in (
                ("Set5", 5, (2, 3, 4), _UNSTATED),
                ("Set14", 14, (2, 3, 4), _UNSTATED),
                ("BSD100", 100, (2, 3, 4), _BSDS),
                ("Urban100", 100, (2, 4), _UNSTATED),
            )
            for scale in scales
        ),
        # Noisy photos of pairs; which cameras are for development was settled before any was seen.
        *(
            DataSet(
                f"polyu-{half}",
                f"PolyU, {cameras}",
                "PolyU",
                count,
                3,
                terms="non-commercial",
                listing=f"polyu-{half}.txt",
            )
            for half, cameras, count in (
                ("dev", "Canon 5D II and 80D", 44),
                ("test", "Canon 600D, Nikon D800 and Sony", 56),
            )
        ),
        DataSet("cc15", "CC15", "CC15", 15, 3, terms=_UNSTATED, pattern="*_real.png"),
        # Repeated structure, for development; docs/make_textures.py writes them.
        DataSet("textures", "Textures", "Textures", 8, 1, terms="see docs/make_textures.py"),
        DataSet("t91", "T91", "T91", count=91, channels=3, terms=_UNSTATED),
        DataSet("photos96", "photos96", "photos96", 96, 3, terms="free to use", pattern="*.jpg"),
    )
}


BLOCKS = {
    data.name: data
    for data in (
        DataSet(
            f"sidd{suffix}",
            f"SIDD validation blocks, {'sRGB' if channels == 3 else 'raw'}",
            f"SIDD-Validation{suffix.title()}",
            count=1280,
            channels=channels,
            terms=_UNSTATED,
            pattern=f"Validation*Blocks{kind}.mat",
            files=2,
        )
        for suffix, kind, channels in (("", "Srgb", 3), ("-raw", "Raw", 1))
    )
}
"""Sets whose files are arrays of many images, noisy and clean ones."""


RAW_PHOTOS = {
    data.name: data
    for data in (
        DataSet(
            f"sidd-{size.lower()}-raw",
            f"SIDD-{size}-Raw",
            f"SIDD-{size}-Raw",
            count=count,
            channels=1,
            terms=_HOMEPAGE,
            pattern="**/*_[GN]*_RAW_*.MAT",
            files=2 * count,
        )
        for size, count in (("Small", 160), ("Medium", 320))
    )
}
"""Sets of whole mosaics, a noisy file and a clean one each."""


def sets_of(collection: str) -> list[str]:
    """The names of the sets that are parts of a collection (`collection.Collection.name`)."""
    return [data.name for data in CATALOG.values() if data.collection == collection]


def find_set(name: str) -> DataSet:
    """A data set of the catalog by its name.

    Raises:
        ConfigError: there is none.
    """
    try:
        return CATALOG[name]
    except KeyError:
        raise no_set(name, CATALOG, sets_of(name)) from None


def no_set(name: str, known: Iterable[str], parts: Sequence[str]) -> ConfigError:
    """Say that no set has a name.

    Args:
        name: that was asked for.
        known: the names that there are.
        parts: those of the parts of the collection that is called so, if any.
    """
    if len(parts) == 1:
        return ConfigError(f"{name} is the set {parts[0]}; use that name")
    if parts:
        return ConfigError(f"{name} has several sets: {', '.join(parts)}; name one")
    if name in COLLECTIONS:
        kind = COLLECTIONS[name].kind
        return ConfigError(
            f"{name} holds {kind}, which do not open as pictures; n3 fetch-data --show reads them"
        )
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    return ConfigError(f"no data set is called {name!r}; {hint}")
