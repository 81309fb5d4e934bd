"""Finished files appear at once and whole, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO

from n3cli.errors import ExistingError, InputError, N3Error
from n3cli.io.format import printable

_PART = 1 << 20


@contextmanager
def explained(name: Path | str) -> Iterator[None]:
    """Turn the operating system's refusals about a file into one `InputError` that names it."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{printable(name)}: {error.strerror or error}") from error


@contextmanager
def staging(target: Path | BinaryIO) -> Iterator[Path]:
    """Lend a private folder for unfinished files, on the disk that the target will be on.

    It is removed with all it holds, whatever happens. Files made in it have the permissions of
    any new file of this process.

    Raises:
        InputError: the target's folder is missing or cannot be written to, or the target exists
            and is no regular file.
    """
    folder = tempfile.gettempdir()
    if isinstance(target, Path):
        with explained(target):
            folder = os.path.dirname(os.path.realpath(target))  # noqa: PTH120 - as realpath
            _check(target, Path(folder) if target.is_symlink() else target.parent)
    with explained(folder):
        # Windows removes no file that is open, which must not hide what went wrong before.
        lent = tempfile.TemporaryDirectory(prefix=".n3-", dir=folder, ignore_cleanup_errors=True)
    with lent as path:
        yield Path(path)


def deliver(finished: Path, target: Path | BinaryIO, *, replace: bool = True) -> None:
    """Put a finished file in its place: renamed over the target, or copied into the stream.

    Where the target is a symbolic link, the file that it points to is replaced. A file that is
    replaced passes on its permissions.

    Args:
        finished: on the same disk as the target.
        target: a path or a stream.
        replace: whether to replace a file that is there, or has appeared while this one was made.

    Raises:
        ExistingError: a file is there.
        InputError: the disk is full, the stream is closed, …
    """
    if isinstance(target, Path):
        with explained(target):
            secure(finished)
            place = Path(os.path.realpath(target))
            if not replace:
                try:
                    _put_new(finished, place)
                except FileExistsError as error:
                    raise ExistingError(kept(target)) from error
                return
            if place.exists():
                shutil.copymode(place, finished)
            finished.replace(place)
        return
    with explained("output stream"), finished.open("rb") as file:
        shutil.copyfileobj(file, target)
        target.flush()


@contextmanager
def locked(target: Path, busy: N3Error) -> Iterator[None]:
    """Keep other processes of ours from working on a file or folder meanwhile.

    Args:
        target: without links; need not exist, but the folder that it is in.
        busy: raised if another is at work there.

    Raises:
        OSError: that folder cannot be written to.
    """
    from filelock import FileLock, Timeout

    place = target.with_name(f".{target.name}.lock")
    lock = FileLock(place)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise busy from error
    try:
        yield
    finally:
        with suppress(OSError):  # while it is held: filelock sees that a file was taken away
            place.unlink()
        lock.release()


def secure(finished: Path) -> None:
    """Wait until a file is on the disk.

    What is renamed before that may be found empty after a power cut.
    """
    with finished.open("r+b") as file:  # Windows secures nothing that is open for reading only
        os.fsync(file.fileno())


def deliver_database(finished: Path, target: Path, *, replace: bool = True) -> None:
    """Put a finished SQLite database in its place, as `deliver` does.

    A journal that lies beside the target belongs to what is there now; SQLite would replay it into
    the new file and ruin it.

    Raises:
        InputError: such a journal is there, or as `deliver` raises it.
    """
    if not replace:
        refuse_existing(target)  # before its journals go
    with explained(target):
        place = os.path.realpath(target)
        journals = [Path(place + ending) for ending in ("-wal", "-journal", "-shm")]
        for journal in journals[:2]:
            if journal.exists() and journal.stat().st_size:
                raise InputError(
                    f"{printable(target)}: {printable(journal.name)} is beside it: a program has "
                    "the database open, or has crashed; close it, or give another name"
                )
        for journal in journals:
            journal.unlink(missing_ok=True)
    deliver(finished, target, replace=replace)


def write_text(text: str, target: Path, *, replace: bool = True) -> None:
    """Write a text file, at once and whole; `replace` as for `deliver`.

    Raises:
        InputError: as `staging` and `deliver` raise it.
    """
    with staging(target) as folder:
        finished = folder / "finished"
        with explained(target):
            finished.write_text(text, encoding="utf-8")
        deliver(finished, target, replace=replace)


def read_text(path: Path, most: int) -> str:
    """Read a text file: UTF-8, with or without a byte order mark.

    Raises:
        InputError: it is missing, no text, or has more than `most` bytes.
    """
    data = bytearray()
    with explained(path), path.open("rb") as file:
        while len(data) <= most and (part := file.read(_PART)):  # memory is taken as it is needed
            data += part
    if len(data) > most:
        raise InputError(
            f"{printable(path)}: is too large for a text file of its kind (more than {most} bytes)"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{printable(path)}: is not a text file ({error.reason})") from error


def make_folder(target: Path) -> None:
    """Make the folder that an output goes to.

    Raises:
        InputError: it cannot be made.
    """
    with explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)


def make_new_folder(folder: Path, why: str) -> None:
    """Make a folder, which may be there if it is empty, so that nothing in it is replaced.

    Args:
        folder: its path.
        why: what it is given for.

    Raises:
        InputError: it holds something, or cannot be written to.
    """
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError(f"{folder} is not empty; give a new folder {why}")


def refuse_existing(target: Path) -> None:
    """Make sure that a target is not there yet.

    Raises:
        ExistingError: it is.
    """
    if os.path.lexists(os.path.realpath(target)):
        raise ExistingError(kept(target))


def kept(target: Path) -> str:
    """What is told of a target that exists and may not be replaced."""
    return f"{printable(target)}: exists and is kept; give -y to replace it"


def _put_new(finished: Path, place: Path) -> None:
    """Rename a file to what nothing is called yet: two runs may want the same name at once."""
    try:
        place.hardlink_to(finished)
    except FileExistsError:
        raise
    except OSError:  # the disk knows no second name for a file, as those of cameras
        place.touch(exist_ok=False)
        try:
            finished.replace(place)
        except BaseException:  # an empty file would pass for a result
            place.unlink()
            raise
    else:
        finished.unlink()


def _check(target: Path, folder: Path) -> None:
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        if not folder.is_dir():
            raise InputError(
                f"{printable(target)}: the folder {printable(folder)} does not exist; make it first"
            ) from None
        return
    if S_ISDIR(mode):
        raise InputError(f"{printable(target)}: is a folder; give a file name")
    if not S_ISREG(mode):
        raise InputError(
            f"{printable(target)}: is not a regular file; give another name, or a stream"
        )
