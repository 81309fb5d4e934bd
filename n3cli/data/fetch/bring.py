"""A collection brought into the data folder, whatever it is published as and wherever from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote, unquote, urlsplit

from n3cli.data.fetch.fetch import fetch, fetch_archive
from n3cli.data.fetch.install import install
from n3cli.data.fetch.member import SUFFIXES, BadArchiveError, check_reader, declared_size, stem
from n3cli.data.fetch.place import alone, tidy, workshop_of
from n3cli.data.fetch.state import State
from n3cli.data.fetch.take import take, take_members
from n3cli.data.fetch.unpack import explained
from n3cli.data.published.collection import Archive
from n3cli.errors import DataError

Told: TypeAlias = Callable[[int], None]

Watch: TypeAlias = Callable[[str, int | None], AbstractContextManager[Told]]
"""Given what is done and its size in bytes: a context that is told the progress."""


def silent(title: str, size: int | None) -> AbstractContextManager[Told]:
    """Watch nothing."""
    return nullcontext(lambda count: None)


def bring(state: State, source: str | None = None, watch: Watch = silent) -> list[str]:
    """Fetch or take what is missing of a collection.

    Args:
        state: of the collection.
        source: a folder, an archive or an address, in place of the published addresses.
        watch: shows progress.

    Returns:
        What went wrong, a text for each file that could not be had.

    Raises:
        DataError: nothing of it can be had so; says what to do.
    """
    if not state.lacks:
        return []
    if source is None and state.collection.by_hand:
        raise not_to_be_fetched(state)
    with alone(state.folder):
        return _bring(state, source, watch)


def _bring(state: State, source: str | None, watch: Watch) -> list[str]:
    if source is not None and "://" not in source:
        with explained(Path(source)):
            return _take(state, Path(source), watch)
    if not state.collection.is_listed:
        return _fetch_archives(state, source, watch)
    if source is not None and _is_archive(source):
        return _fetch_listed_archive(state, source, watch)
    with watch(state.collection.title, state.size) as gained:
        return fetch(state, state.missing, address=source, gained=gained)


def _take(state: State, source: Path, watch: Watch) -> list[str]:
    """Take what is missing from this machine."""
    if not source.exists():
        raise DataError(
            f"{source}: no such file or folder; --from takes a folder, an archive or an address"
        )
    if not state.collection.is_listed:
        return _install_found(state, source, watch)
    if source.is_dir():
        packed = [source / one.name for one in state.collection.archives]
        source = next((path for path in packed if path.is_file()), source)
    if source.is_dir():
        return take(state, state.missing, source)
    with watch(state.collection.title, state.size) as told:
        return take_members(state, state.missing, source, told=told)


def _install_found(state: State, source: Path, watch: Watch) -> list[str]:
    """Install each needed archive that a file or a folder is or has."""
    troubles: list[str] = []
    found = _find(state, source)
    for archive, path in found.items():
        troubles += _install(state, archive, path, watch)
    lacking = [one.name for one in state.needed if one not in found]
    return troubles + [_still_lacks(state, name) for name in lacking]


def _still_lacks(state: State, name: str) -> str:
    return f"{state.collection.title}: still lacks {name}; give that with --from, too"


def _find(state: State, source: Path) -> dict[Archive, Path]:
    """Which of the needed archives there are at a place, packed or unpacked.

    Raises:
        DataError: none.
    """
    needed = state.needed
    if not source.is_dir():
        named = [one for one in needed if one.name.lower() == source.name.lower()]
        if not named and len(state.collection.archives) == 1:
            named = list(needed)
        if not named:
            names = " or ".join(one.name for one in needed)
            raise DataError(
                f"{source}: cannot tell whether it is {names}; rename it to its published name"
            )
        return {named[0]: source}
    found = {}
    for one in needed:
        for name in (one.name, stem(one.name)):
            if (source / name).exists():
                found[one] = source / name
                break
    if not found and len(state.collection.archives) == 1:
        found = {needed[0]: source}  # unpacked here, under whatever name
    if not found:
        names = ", ".join(f"{one.name} or {stem(one.name)}/" for one in needed)
        raise DataError(f"{source}: has none of {names}; give a folder that has one")
    return found


def _fetch_archives(state: State, source: str | None, watch: Watch) -> list[str]:
    """Download and install each needed archive."""
    troubles: list[str] = []
    needed = list(state.needed)
    if source is not None and _is_archive(source):
        name = _last(source)
        needed = [one for one in needed if one.name == name] or needed
        if len(needed) > 1:
            names = ", ".join(one.name for one in needed)
            raise DataError(f"{source}: is none of {names}; give the address of one of them")
    for archive in needed:
        address = archive.address
        if source is not None:
            address = source
            if not _is_archive(source):
                address = f"{source.rstrip('/')}/{quote(archive.name)}"
        if address is None:
            raise not_to_be_fetched(state)
        check_reader(archive.name)
        place = workshop_of(state.folder) / archive.name
        with watch(archive.name, archive.size) as gained:
            fetch_archive(address, place, size=archive.size, sha256=archive.sha256, gained=gained)
        with _downloaded(place):
            troubles += _install(state, archive, place, watch)
    lacking = [one.name for one in state.needed if one not in needed]
    return troubles + [_still_lacks(state, name) for name in lacking]


def _fetch_listed_archive(state: State, address: str, watch: Watch) -> list[str]:
    """Download an archive and take files of the list out of it."""
    place = workshop_of(state.folder) / _last(address)
    check_reader(place.name)
    with watch(place.name, None) as gained:
        fetch_archive(address, place, gained=gained)
    with _downloaded(place), watch(state.collection.title, state.size) as told:
        return take_members(state, state.missing, place, told=told)


def _install(state: State, archive: Archive, source: Path, watch: Watch) -> list[str]:
    size = None if source.is_dir() else declared_size(source)
    with watch(f"{state.collection.title}: unpacking", size) as told:
        return install(state, archive, source, told=told)


@contextmanager
def _downloaded(place: Path) -> Iterator[None]:
    """Forget a downloaded archive after its use, or where it is no good.

    It stays where the disk was full or somebody interrupted: the next run goes on with it.
    """
    try:
        yield
    except BadArchiveError:
        place.unlink(missing_ok=True)
        tidy(place.parent)
        raise
    place.unlink(missing_ok=True)
    tidy(place.parent)


def not_to_be_fetched(state: State, absent: str = "") -> DataError:
    """Say how people get a collection that programs cannot fetch.

    Args:
        state: of the collection.
        absent: where it was looked for, a sentence.
    """
    collection = state.collection
    names = ", ".join(one.name for one in state.needed)
    return DataError(
        f"{absent} {collection.title} must be fetched by hand: {collection.steps}".lstrip(),
        (
            f"1. open {collection.homepage} (address not checked)",
            f"2. download {names} (or what it is called now) under the terms stated there",
            f"3. run n3 fetch-data {collection.name} --from FILE --dir {state.folder.parent}",
            "   FILE is the downloaded archive, or the folder that you unpacked it in",
        ),
    )


def _is_archive(address: str) -> bool:
    return _last(address).lower().endswith(SUFFIXES)


def _last(address: str) -> str:
    """The last part of an address's path, which is no path itself."""
    return unquote(urlsplit(address).path.rsplit("/", 1)[-1]).replace("/", "_").replace("\\", "_")
