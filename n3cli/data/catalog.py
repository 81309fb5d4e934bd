"""The data sets that the program knows: one record each."""

from __future__ import annotations

from dataclasses import dataclass

_BSDS = "non-commercial research and education"
_UNSTATED = "passed around for research, without stated terms"


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
    """

    name: str
    title: str
    folder: str
    count: int
    channels: int
    terms: str
    pattern: str = "*.png"
    listing: str | None = None


CATALOG = {
    data.name: data
    for data in (
        DataSet("set12", "Set12", "Set12", count=12, channels=1, terms=_UNSTATED),
        DataSet("bsd68", "BSD68", "BSD68", count=68, channels=1, terms=_BSDS),
        # The colour originals of BSD68; they were found by content in BSDS500's val.
        DataSet("cbsd68", "CBSD68", "BSDS500", 68, 3, terms=_BSDS, listing="cbsd68.txt"),
        # Every tenth of BSDS500's train and test: models and settings are chosen on these.
        DataSet("val40", "Val40", "BSDS500", 40, 3, terms=_BSDS, listing="val40.txt"),
        DataSet(
            "bsds400", "BSDS500 train and test", "BSDS500", 400, 3, terms=_BSDS, pattern="t*/*.jpg"
        ),
        # Repeated structure, for development; docs/make_textures.py writes them.
        DataSet("textures", "Textures", "Textures", 8, 1, terms="see docs/make_textures.py"),
        DataSet("t91", "T91", "T91", count=91, channels=3, terms=_UNSTATED),
        DataSet("photos96", "photos96", "photos96", 96, 3, terms="free to use", pattern="*.jpg"),
    )
}
