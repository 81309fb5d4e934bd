"""What a published collection of files is: where it comes from, and what it should contain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from urllib.parse import quote


@dataclass(frozen=True)
class PublishedFile:
    """One file of a collection.

    Attributes:
        path: below the collection's folder, with ``/`` between folders.
        size: in bytes.
        sha256: of its content, in hexadecimal digits.
    """

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Archive:
    """One archive that a collection is published as, or a part of it.

    Attributes:
        name: of the file, as its makers call it.
        address: where it is to be had; None where people must fetch it by hand.
        size: in bytes, if known.
        sha256: of the archive, if known: most makers publish none.
        pictures: how many pictures it has at least, if known.
    """

    name: str
    address: str | None = None
    size: int | None = None
    sha256: str | None = None
    pictures: int | None = None


@dataclass(frozen=True)
class Collection:
    """Files that are published together, and can be fetched.

    Attributes:
        name: what the program calls it, for example ``"set12"``.
        title: what people call it, which is also its folder below the data folder.
        about: what is in it, in one sentence.
        terms: what it may be used for.
        citation: the work that it comes from.
        homepage: where its makers present it.
        address: of its files; a file's address is this and its path. Empty where only archives
            are published, whose files no list tells.
        archives: archives that have all of it together; beside an address they are another way.
        steps: what people must do to get archives that have no address, in one sentence.
        kind: what its files are: ``"pictures"``, ``"raw photos"``, ``"blocks"`` or
            ``"correspondences"``.
        tasks: what it is used for, as the models' tasks are called.
    """

    name: str
    title: str
    about: str
    terms: str
    citation: str
    homepage: str
    address: str = ""
    archives: tuple[Archive, ...] = ()
    steps: str = ""
    kind: str = "pictures"
    tasks: tuple[str, ...] = ("denoise",)

    @property
    def folder(self) -> str:
        """Where it lies, below the data folder."""
        return self.title

    @property
    def is_listed(self) -> bool:
        """Whether a list that comes with the program tells its files."""
        return bool(self.address)

    @property
    def by_hand(self) -> bool:
        """Whether people must fetch it, at least in part."""
        return not self.is_listed and any(archive.address is None for archive in self.archives)

    @cached_property
    def published(self) -> tuple[PublishedFile, ...]:
        """Its files, sorted by path, from the list that comes with the program; else none."""
        if not self.is_listed:
            return ()
        text = files("n3cli.data").joinpath("manifests", f"{self.name}.txt").read_text("ascii")
        found = []
        for line in text.splitlines():
            sha256, size, path = line.split(" ")
            found.append(PublishedFile(path, int(size), sha256))
        return tuple(found)

    @property
    def size(self) -> int | None:
        """Bytes of all that is published of it, if known."""
        if self.is_listed:
            return sum(file.size for file in self.published)
        sizes = [archive.size for archive in self.archives]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def url(self, file: PublishedFile, address: str | None = None) -> str:
        """Where a file is to be had.

        Args:
            file: one of `published`.
            address: of a copy of the collection, in place of its own.
        """
        return (address or self.address).rstrip("/") + "/" + quote(file.path)
