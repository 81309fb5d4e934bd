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
class Collection:
    """Files that are published together, and can be fetched.

    Attributes:
        name: what the program calls it, for example ``"set12"``.
        title: what people call it, which is also its folder below the data folder.
        about: what is in it, in one sentence.
        terms: what it may be used for.
        citation: the work that it comes from.
        homepage: where its makers present it.
        address: of its files; a file's address is this and its path.
    """

    name: str
    title: str
    about: str
    terms: str
    citation: str
    homepage: str
    address: str

    @property
    def folder(self) -> str:
        """Where it lies, below the data folder."""
        return self.title

    @cached_property
    def published(self) -> tuple[PublishedFile, ...]:
        """Its files, sorted by path, from the list that comes with the program."""
        text = files("n3cli.data").joinpath("manifests", f"{self.name}.txt").read_text("ascii")
        found = []
        for line in text.splitlines():
            sha256, size, path = line.split(" ")
            found.append(PublishedFile(path, int(size), sha256))
        return tuple(found)

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.published)

    def url(self, file: PublishedFile, address: str | None = None) -> str:
        """Where a file is to be had.

        Args:
            file: one of `published`.
            address: of a copy of the collection, in place of its own.
        """
        return (address or self.address).rstrip("/") + "/" + quote(file.path)
