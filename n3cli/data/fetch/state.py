"""What there is of a collection on the disk, held against its list or its record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from n3cli.data.fetch.download import digest
from n3cli.data.fetch.record import Unpacked, read_record
from n3cli.data.published.collection import Archive, Collection, PublishedFile
from n3cli.errors import DataError
from n3cli.io.walk import is_file


@dataclass(frozen=True)
class State:
    """What there is of a collection.

    Attributes:
        collection: which one.
        folder: where it lies.
        whole: files that are as published (or as they were unpacked).
        missing: files that are not there.
        different: files that are there with another content.
        record: what was unpacked so far, by archive.
    """

    collection: Collection
    folder: Path
    whole: Sequence[PublishedFile] = field(repr=False)
    missing: Sequence[PublishedFile] = field(repr=False)
    different: Sequence[PublishedFile] = field(repr=False)
    record: dict[str, Unpacked] = field(repr=False)

    @property
    def absent(self) -> tuple[Archive, ...]:
        """Archives that were never unpacked; none where a list tells the files."""
        if self.collection.is_listed:
            return ()
        return tuple(one for one in self.collection.archives if one.name not in self.record)

    @property
    def needed(self) -> tuple[Archive, ...]:
        """Archives that have what is missing."""
        if self.collection.is_listed:
            return ()
        lost = {file.path for file in self.missing}
        return tuple(
            one
            for one in self.collection.archives
            if one.name not in self.record
            or any(file.path in lost for file in self.record[one.name].files)
        )

    @property
    def lacks(self) -> bool:
        """Whether there is something to fetch."""
        return bool(self.missing or self.absent)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing and nothing different."""
        return not self.lacks and not self.different

    @property
    def size(self) -> int | None:
        """Bytes of what is to be fetched, if known."""
        if self.collection.is_listed:
            return sum(file.size for file in self.missing)
        sizes = [archive.size for archive in self.needed]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def target(self, file: PublishedFile) -> Path:
        """Where a file lies."""
        return self.folder.joinpath(*file.path.split("/"))


def look(collection: Collection, root: Path) -> State:
    """See which files of a collection are there, by their names only; nothing is compared.

    Raises:
        DataError: its record is damaged, or its folder is closed to us.
    """
    return _hold(collection, root, lambda path, file: True)


def inspect(collection: Collection, root: Path) -> State:
    """Read what there is of a collection and compare it with its list or record.

    Raises:
        DataError: something is there and cannot be read.
    """
    return _hold(
        collection,
        root,
        lambda path, file: path.stat().st_size == file.size and digest(path) == file.sha256,
    )


def _hold(collection: Collection, root: Path, same: Callable[[Path, PublishedFile], bool]) -> State:
    """Hold what is there against the collection's list or record."""
    folder = root / collection.folder
    record = {} if collection.is_listed else read_record(folder)
    unpacked = [file for archive in record.values() for file in archive.files]
    whole: list[PublishedFile] = []
    missing: list[PublishedFile] = []
    different: list[PublishedFile] = []
    for file in collection.published if collection.is_listed else unpacked:
        path = folder.joinpath(*file.path.split("/"))
        try:
            kind = missing if not is_file(path) else whole if same(path, file) else different
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error
        kind.append(file)
    return State(collection, folder, whole, missing, different, record)


def altered(collection: Collection, root: Path, paths: Iterable[Path]) -> list[Path]:
    """Which of these files are not as a listed collection has them.

    Raises:
        DataError: one cannot be read.
    """
    listed = {root.joinpath(collection.folder, file.path): file for file in collection.published}
    found = []
    for path in paths:
        file = listed.get(path)
        try:
            if file is None or digest(path) != file.sha256:
                found.append(path)
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error
    return found
