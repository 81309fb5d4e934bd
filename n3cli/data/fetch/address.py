"""Addresses of the catalogue asked whether they still have what it says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from n3cli.data.fetch.web import AGAIN, LONGEST_PAUSE, open_client, pause_after, retry_after
from n3cli.data.published.collection import Collection

if TYPE_CHECKING:
    from httpx2 import Client, Response

_ATTEMPTS: Final = 3
"""Requests for one address, where the first ones fail in a way that may pass."""

_NO_HEAD: Final = {400, 403, 405, 501}
"""Statuses of servers that do not answer HEAD and may answer GET."""

_FOR_GOOD: Final = {301, 308}


@dataclass(frozen=True)
class Question:
    """An address to ask.

    Attributes:
        address: of a file.
        size: bytes that it should have, if known.
    """

    address: str
    size: int | None = None


@dataclass(frozen=True)
class Answer:
    """What a server said of an address.

    Attributes:
        address: that was asked.
        size: bytes of the file, if the server says it.
        moved: the new address, where the server says that the file has moved for good.
        problem: what is wrong, in a few words; None if nothing is.
    """

    address: str
    size: int | None = None
    moved: str | None = None
    problem: str | None = None


def questions(collection: Collection, address: str | None = None) -> list[Question]:
    """Every address that the catalogue has of a collection.

    Args:
        collection: which one.
        address: of a copy, in place of its own.
    """
    files = [Question(collection.url(file, address), file.size) for file in collection.published]
    archives = [
        Question(f"{address.rstrip('/')}/{one.name}" if address else one.address, one.size)
        for one in collection.archives
        if one.address is not None and not (address and collection.is_listed)
    ]
    return files + archives


def ask_all(several: Iterable[Question], *, workers: int = 8) -> Iterator[Answer]:
    """Ask many addresses, several at a time; the answers come in the order of the questions.

    A host where nobody answers is asked no more.
    """
    cancelled, silent = Event(), set[str]()

    def one(client: Client, question: Question) -> Answer:
        host = urlsplit(question.address).netloc
        if host in silent or cancelled.is_set():
            return Answer(question.address, problem=f"not tried; no answer from {host}")
        answer = ask(client, question, cancelled=cancelled)
        if answer.problem is not None and answer.problem.startswith(_NOBODY):
            silent.add(host)
        return answer

    with open_client() as client, ThreadPoolExecutor(workers) as pool:
        try:
            yield from pool.map(lambda question: one(client, question), several)
        finally:
            cancelled.set()
            pool.shutdown(wait=True, cancel_futures=True)


_NOBODY: Final = "no answer"


def ask(client: Client, question: Question, *, cancelled: Event | None = None) -> Answer:
    """Ask a server for the headers of a file: HEAD, and where that is refused one byte of it.

    Args:
        client: of `web.open_client`.
        question: which file.
        cancelled: ends waiting when set.
    """
    from httpx2 import ConnectError, ConnectTimeout, HTTPError, InvalidURL, UnsupportedProtocol

    cancelled = cancelled or Event()
    problem = ""
    for attempt in range(_ATTEMPTS):
        pause = pause_after(attempt)
        try:
            answer, status, wait = _request(client, question)
        except (InvalidURL, UnsupportedProtocol) as error:
            return Answer(question.address, problem=f"is not a web address ({error})")
        except (ConnectError, ConnectTimeout) as error:
            problem = f"{_NOBODY} ({error or type(error).__name__})"
        except HTTPError as error:
            problem = str(error) or type(error).__name__
        else:
            if status not in AGAIN:
                return answer
            problem = answer.problem or ""
            pause = pause if wait is None else wait
        if pause > LONGEST_PAUSE or cancelled.wait(pause if attempt < _ATTEMPTS - 1 else 0):
            break
    return Answer(question.address, problem=problem)


def _request(client: Client, question: Question) -> tuple[Answer, int, float | None]:
    """Make one try.

    Returns:
        The answer, the status, and the seconds that the server asks to wait.
    """
    response = client.head(question.address)
    size = _number(response.headers.get("Content-Length"))
    if response.status_code in _NO_HEAD or (response.is_success and size is None):
        with client.stream("GET", question.address, headers={"Range": "bytes=0-0"}) as response:
            total = re.fullmatch(r"bytes \d+-\d+/(\d+)", response.headers.get("Content-Range", ""))
            size = _number(total[1] if total else response.headers.get("Content-Length"))
            if response.status_code == 206 and not total:
                size = None
    return _answer(question, response, size), response.status_code, retry_after(response.headers)


def _answer(question: Question, response: Response, size: int | None) -> Answer:
    moved = None
    if any(step.status_code in _FOR_GOOD for step in response.history):
        moved = str(response.url)
    if not response.is_success:
        problem = f"{response.status_code} {response.reason_phrase}".strip()
        return Answer(question.address, moved=moved, problem=problem)
    if None not in (size, question.size) and size != question.size:
        problem = f"has {size} bytes, expected {question.size}"
        return Answer(question.address, size, moved, problem)
    return Answer(question.address, size, moved)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
