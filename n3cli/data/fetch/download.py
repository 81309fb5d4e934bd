"""One file from an address: resumed, repeated, checked, and whole or not at all.

HTTP as in RFC 9110: ranges (section 14), If-Range (13.1.5).
"""

from __future__ import annotations

import errno
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final

from n3cli.data.fetch.place import part_of, settle
from n3cli.data.fetch.web import AGAIN, LONGEST_PAUSE, pause_after, retry_after
from n3cli.errors import DataError

if TYPE_CHECKING:
    from httpx2 import Client, Headers, Response

_ATTEMPTS: Final = 5
"""Requests in a row that may fail without a byte gained."""

_ELSEWHERE: Final = "name another address with --from"


@dataclass(frozen=True)
class Wanted:
    """A file to fetch.

    Attributes:
        url: its address.
        target: where it shall lie.
        size: in bytes, if known.
        sha256: of its content, if known.
    """

    url: str
    target: Path
    size: int | None = None
    sha256: str | None = None

    @property
    def part(self) -> Path:
        """Where it grows."""
        return part_of(self.target)

    @property
    def tag(self) -> Path:
        """Where the server's name for the state of the file is kept, to go on with the same."""
        return self.target.with_name(f".{self.target.name}.tag")


class UnreachableError(DataError):
    """No answer from the server at all: other files from there will fare no better."""


class _RetryError(Exception):
    """This request failed; the next may not."""

    def __init__(self, reason: str, pause: float | None = None, reachable: bool = True) -> None:
        super().__init__(reason)
        self.pause, self.reachable = pause, reachable


def download(
    client: Client,
    wanted: Wanted,
    *,
    gained: Callable[[int], None] = lambda count: None,
    cancelled: Event | None = None,
) -> None:
    """Fetch a file, going on where an earlier attempt ended.

    Args:
        client: of `web.open_client`.
        wanted: which file.
        gained: told bytes as they come, and a negative number where some were for nothing.
        cancelled: ends the download when set; what has come stays beside the target.

    Raises:
        DataError: it is not there, is not what it should be, or cannot be written.
        UnreachableError: there is no answer.
        InterruptedError: cancelled.
    """
    cancelled = cancelled or Event()
    try:
        wanted.target.parent.mkdir(parents=True, exist_ok=True)
        if not _is_known(wanted):
            wanted.part.unlink(missing_ok=True)
        gained(_length(wanted.part))
        _repeat(client, wanted, gained, cancelled)
        settle(wanted.part, wanted.target)
        wanted.tag.unlink(missing_ok=True)
    except OSError as error:
        if isinstance(error, InterruptedError):
            raise
        hint = " Free some space and run the command again; it continues from here."
        raise DataError(
            f"{wanted.target}: cannot be written ({error.strerror or error})."
            f"{hint if error.errno in (errno.ENOSPC, errno.EDQUOT) else ''}"
        ) from error


def _repeat(
    client: Client, wanted: Wanted, gained: Callable[[int], None], cancelled: Event
) -> None:
    """Ask until the whole file is there and is what it should be."""
    failures, spoilt = 0, False
    while True:
        before = _length(wanted.part)
        try:
            _receive(client, wanted, gained, cancelled)
            problem = _problem(wanted)
            if problem is None:
                return
            # A part from an earlier run may be of another state of the file: once more, whole.
            _discard(wanted, gained)
            if spoilt or before == 0:
                raise DataError(f"{wanted.url}: {problem}; {_ELSEWHERE}")
            spoilt = True
        except _RetryError as again:
            failures = 0 if _length(wanted.part) > before else failures + 1
            if failures >= _ATTEMPTS:
                kind = DataError if again.reachable else UnreachableError
                raise kind(
                    f"{wanted.url}: {again}, {failures} times; try again later, or another "
                    "address with --from"
                ) from again
            pause = again.pause
            if pause is None:
                pause = pause_after(failures)
            if cancelled.wait(pause):
                raise InterruptedError from again


def _receive(
    client: Client, wanted: Wanted, gained: Callable[[int], None], cancelled: Event
) -> None:
    """Make one request and add what comes to the part."""
    from httpx2 import HTTPError, InvalidURL, UnsupportedProtocol

    start = _length(wanted.part)
    if start and start == wanted.size:
        return
    headers = {}
    if start:
        headers["Range"] = f"bytes={start}-"
        if wanted.tag.is_file():
            headers["If-Range"] = wanted.tag.read_text("ascii")
    try:
        with client.stream("GET", wanted.url, headers=headers) as response:
            if _is_all(response, start):
                return
            append = _accept(response, wanted, start, gained)
            told = response.headers.get("Content-Length", "")
            if not append and wanted.size is not None and told.isdecimal():
                _check_size(wanted, int(told))
            if not append:
                gained(-start)
            _keep_tag(wanted, response.headers)
            # In the pieces that come, so that none is lost when the connection breaks.
            with wanted.part.open("ab" if append else "wb") as file:
                for chunk in response.iter_raw():
                    file.write(chunk)
                    gained(len(chunk))
                    if wanted.size is not None and file.tell() > wanted.size:
                        break  # not it; and who knows how long it goes on
                    if cancelled.is_set():
                        raise InterruptedError
    except (InvalidURL, UnsupportedProtocol) as error:
        raise DataError(f"{wanted.url}: is not a web address ({error})") from error
    except HTTPError as error:
        # A name that has no address, a closed port, a cut connection, silence.
        text = str(error) or type(error).__name__
        raise _RetryError(text, reachable=_length(wanted.part) > 0) from error
    if wanted.size is not None and _length(wanted.part) < wanted.size:
        raise _RetryError("the connection ended too early")


def _accept(response: Response, wanted: Wanted, start: int, gained: Callable[[int], None]) -> bool:
    """Whether what comes continues the part (else it is the file from its beginning)."""
    status = response.status_code
    if status == 200:
        return False
    if status == 206:
        told = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        if told and int(told[1]) == start:
            return True
        _discard(wanted, gained)
        raise _RetryError("the server sent another part of the file than was asked for")
    if status == 416:
        _discard(wanted, gained)
        raise _RetryError("the server has a shorter file than was begun", pause=0)
    reason = f"{status} {response.reason_phrase}".strip()
    if status in AGAIN:
        pause = retry_after(response.headers)
        if pause is not None and pause > LONGEST_PAUSE:
            raise DataError(
                f"{wanted.url}: {reason}; the server asks to wait {pause:.0f} seconds; try again "
                "then, or another address with --from"
            )
        raise _RetryError(reason, pause)
    raise DataError(f"{wanted.url}: {reason}; {_ELSEWHERE}")


def _check_size(wanted: Wanted, told: int) -> None:
    """Refuse another file than the wanted one before it comes, such as a page that says sorry."""
    if told != wanted.size:
        raise DataError(f"{wanted.url}: {_other_size(told, wanted.size)}; {_ELSEWHERE}")


def _other_size(found: int, expected: int | None) -> str:
    return f"has {found} bytes, expected {expected}"


def _is_all(response: Response, start: int) -> bool:
    """Whether nothing is left to send, because the part is the whole file."""
    told = response.headers.get("Content-Range", "")
    return response.status_code == 416 and told == f"bytes */{start}"


def _discard(wanted: Wanted, gained: Callable[[int], None]) -> None:
    gained(-_length(wanted.part))
    wanted.part.unlink(missing_ok=True)


def _is_known(wanted: Wanted) -> bool:
    """Whether it can be told that a part is of the file that is there now."""
    return wanted.sha256 is not None or wanted.tag.is_file()


def _keep_tag(wanted: Wanted, headers: Headers) -> None:
    """Note the state of the file; a weak tag does not tell bytes apart."""
    tag = headers.get("ETag", "")
    if not tag or tag.startswith("W/"):
        tag = headers.get("Last-Modified", "")
    if tag.isascii() and tag:
        wanted.tag.write_text(tag, "ascii")
    else:
        wanted.tag.unlink(missing_ok=True)


def _problem(wanted: Wanted) -> str | None:
    """What is wrong with a part that has ended."""
    length = _length(wanted.part)
    if wanted.size is not None and length != wanted.size:
        return _other_size(length, wanted.size)
    if wanted.sha256 is not None and (found := digest(wanted.part)) != wanted.sha256:
        return f"has the SHA-256 {found}, expected {wanted.sha256}"
    return None


def digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
