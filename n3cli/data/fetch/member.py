"""The files in an archive, one after the other, under names that can do no harm.

Archives come from strangers: a name may point out of the folder, a member may be a link or a
device, two names may be one on a disk that does not tell capitals apart, Windows may take a name
for a device. All of these are refused, and so is the whole archive: one that tries is not what was
published.
"""

from __future__ import annotations

import lzma
import os
import re
import stat
import sys
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from n3cli.data.fetch.record import RECORD
from n3cli.errors import DataError

SUFFIXES: Final = (
    ".zip",
    ".tar",
    ".tgz",
    ".tar.gz",
    ".tar.bz2",
    ".tbz2",
    ".tar.xz",
    ".txz",
    ".rar",
)
"""How archives end that can be unpacked."""

_MOST: Final = 1_000_000
"""Files in an archive."""

_TAIL: Final = 16 << 20
"""Bytes of padding that may follow a tar's end."""

_BROKEN: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    UnicodeError,
)
"""What Python's readers raise where an archive is damaged."""

ON_WINDOWS = os.name == "nt"

_NOT_ON_WINDOWS: Final = re.compile(
    r'[<>:"|?*]|[. ]\Z|\A(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|\Z)',
    re.IGNORECASE,
)
"""Parts of paths that Windows takes for devices or streams, shortens, or refuses."""

_MAC: Final = ("__MACOSX", ".DS_Store")
"""What macOS leaves in archives; no part of any set."""


class BadArchiveError(DataError):
    """The archive itself is no good: to read it again will not help."""


class Content(Protocol):
    """What a member's bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Give the next bytes, at most so many; none at the end."""


@dataclass(frozen=True)
class Member:
    """One file in an archive.

    Attributes:
        path: its name, checked, with ``/`` between folders.
        size: bytes that it says it has.
        content: a stream of them, good until the next member is asked for.
    """

    path: str
    size: int
    content: Content = field(repr=False)


def archive_kind(path: Path) -> str | None:
    """Tell an archive by how its content begins: ``"zip"``, ``"tar"``, ``"rar"``, or None."""
    with path.open("rb") as file:
        head = file.read(512)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "zip"
    if head.startswith(b"Rar!\x1a\x07"):
        return "rar"
    if head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")) or head[257:262] == b"ustar":
        return "tar"
    return None


def stem(name: str) -> str:
    """The name of an archive without its suffix, which is often the folder in it."""
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def members(archive: Path) -> Iterator[Member]:
    """Give the files of an archive in its own order.

    Raises:
        DataError: it is no archive, is damaged, locked or hostile, or its kind needs a program
            that is not here.
    """
    with _explained(archive):
        kind = archive_kind(archive)
        if kind is None:
            raise BadArchiveError(f"{archive}: is not a zip, tar or rar archive")
        guard = _Guard(archive)
        read = {"zip": _of_zip, "tar": _of_tar, "rar": _of_rar}[kind]
        for member in read(archive, guard):
            # What is damaged shows while the content is read, outside of this function.
            yield Member(member.path, member.size, _Explaining(member.content, archive))


def check_reader(name: str) -> None:
    """See that archives of such a name can be unpacked here, before gigabytes are fetched in vain.

    Raises:
        DataError: something that is needed for rar archives is not installed.
    """
    if name.lower().endswith(".rar"):
        with _explained(Path(name)):
            _rarfile(Path(name)).tool_setup(force=True)


def declared_size(archive: Path) -> int | None:
    """Bytes that a zip says it unpacks to; None for other kinds, which must be read to know."""
    with _explained(archive):
        if archive_kind(archive) != "zip":
            return None
        with zipfile.ZipFile(archive) as opened:
            return sum(info.file_size for info in opened.infolist())


class _Guard:
    """Checks the names of an archive's members."""

    def __init__(self, archive: Path) -> None:
        self._archive, self._files, self._folders = archive, set[str](), set[str]()

    def check(self, name: str) -> str | None:
        """The path of a file; None where it is to be passed over.

        Raises:
            DataError: the name is not one that a set of files can have.
        """
        path = name.replace("\\", "/")
        parts = [part for part in path.split("/") if part != "."]
        if path.startswith("/") or re.match("[A-Za-z]:", path) or ".." in parts:
            raise self._refusal(name, "leads out of the folder")
        if not parts or "" in parts or any(unicodedata.category(c) == "Cc" for c in path):
            raise self._refusal(name, "is not a file name")
        if ON_WINDOWS and any(_NOT_ON_WINDOWS.search(part) for part in parts):
            raise self._refusal(name, "is a name that Windows does not have")
        if any(part in _MAC or part.startswith("._") for part in parts):
            return None
        folded = unicodedata.normalize("NFC", "/".join(parts)).casefold()
        folders = {folded[: found.start()] for found in re.finditer("/", folded)}
        if folded in self._files or folded in self._folders or folders & self._files:
            raise self._refusal(name, "occurs twice, at least where case is ignored")
        if folded == RECORD:
            raise self._refusal(name, "is a name that n3 uses itself")
        self._files.add(folded)
        self._folders |= folders
        if len(self._files) > _MOST:
            raise BadArchiveError(
                f"{self._archive}: has more than {_MOST} files; nothing was unpacked"
            )
        return "/".join(parts)

    def refuse_kind(self, name: str) -> DataError:
        return self._refusal(name, "is a link or a device, not a file")

    def _refusal(self, name: str, why: str) -> DataError:
        return BadArchiveError(
            f"{self._archive}: the member {name!r} {why}; nothing was unpacked, get the archive "
            "from its makers"
        )


def _of_zip(archive: Path, guard: _Guard) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if info.is_dir():
                continue
            if kind not in (0, stat.S_IFREG):
                raise guard.refuse_kind(info.orig_filename)
            # The original: zipfile itself would cut a name at a NUL.
            path = guard.check(info.orig_filename)
            if path is not None:
                with opened.open(info) as content:
                    yield Member(path, info.file_size, content)


def _of_tar(archive: Path, guard: _Guard) -> Iterator[Member]:
    # Python 3.11.0 to 3.11.3 lack it; what it refuses is refused here again.
    data_filter = getattr(tarfile, "data_filter", None)
    with tarfile.open(archive) as opened:
        for info in opened:
            if info.isdir():
                continue
            if not info.isreg():
                raise guard.refuse_kind(info.name)
            path = guard.check(info.name)
            if data_filter is not None:
                data_filter(info, str(archive.parent))
            content = opened.extractfile(info)
            if path is not None and content is not None:
                with content:
                    yield Member(path, info.size, content)
        # tarfile stops at the end of its own data: a gzip's checksum comes after that.
        for _ in range(_TAIL >> 16):
            if opened.fileobj is None or not opened.fileobj.read(1 << 16):
                return
        raise BadArchiveError(f"{archive}: continues after its end; nothing was unpacked")


def _of_rar(archive: Path, guard: _Guard) -> Iterator[Member]:
    rarfile = _rarfile(archive)
    with rarfile.RarFile(archive) as opened:
        for info in opened.infolist():
            if info.is_dir():
                continue
            if not info.is_file():
                raise guard.refuse_kind(info.filename)
            path = guard.check(info.filename)
            if path is not None:
                with opened.open(info) as content:
                    yield Member(path, info.file_size, content)


def _rarfile(archive: Path) -> Any:
    try:
        import rarfile
    except ImportError as error:
        raise DataError(
            f"{archive}: is a rar archive; to read those, pip install 'n3cli[rar]', or unpack it "
            "yourself and give the folder with --from"
        ) from error
    return rarfile


class _Explaining:
    """A stream whose troubles are explained as those of its archive."""

    def __init__(self, content: Content, archive: Path) -> None:
        self._content, self._archive = content, archive

    def read(self, size: int) -> bytes:
        with _explained(self._archive):
            return self._content.read(size)


@contextmanager
def _explained(archive: Path) -> Iterator[None]:
    """Turn what is wrong inside an archive into an error for people."""
    try:
        yield
    except Exception as error:
        told = None if isinstance(error, DataError) else _explanation(archive, error)
        if told is None:
            raise
        raise told from error


def _explanation(archive: Path, error: Exception) -> DataError | None:
    rarfile: Any = sys.modules.get("rarfile")  # it has no errors where it was not imported
    if rarfile and isinstance(error, rarfile.RarCannotExec):
        return DataError(
            f"{archive}: rar archives need unrar, unar, 7z or bsdtar on the PATH, and none is "
            "found; install one, or unpack it yourself and give the folder with --from"
        )
    if isinstance(error, _BROKEN) or (rarfile and isinstance(error, rarfile.Error)):
        return _damaged(archive, error)
    if isinstance(error, OSError):
        # gzip and bz2 complain of their data so, without a number.
        return _damaged(archive, error) if error.errno is None else None
    if isinstance(error, RuntimeError):
        # zipfile: a password, or a compression that it does not know.
        return DataError(
            f"{archive}: cannot be unpacked ({error}); unpack it yourself and give the folder with "
            "--from"
        )
    return None


def _damaged(archive: Path, error: Exception) -> DataError:
    return BadArchiveError(f"{archive}: is damaged ({error}); get it again")
