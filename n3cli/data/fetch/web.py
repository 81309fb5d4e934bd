"""How we speak with servers: one client, and what their refusals mean (RFC 9110)."""

from __future__ import annotations

import random
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from httpx2 import Client, Headers

LONGEST_PAUSE: Final = 60.0
"""Seconds that a server may ask us to wait; where it asks for more, the file is given up."""

_PAUSE: Final = 0.5
"""Seconds that pauses grow from, each twice as long as the one before."""

AGAIN: Final = {408, 425, 429, 500, 502, 503, 504}
"""Statuses that may be others the next time."""


def open_client() -> Client:
    """What requests are made with; honours proxies of the environment. A context manager."""
    from httpx2 import Client, Limits, Timeout

    return Client(
        follow_redirects=True,
        timeout=Timeout(30, connect=15),
        limits=Limits(max_connections=32),
        # A range is one of what is sent, which must be the file itself.
        headers={"User-Agent": "n3cli", "Accept-Encoding": "identity"},
    )


def pause_after(failures: int) -> float:
    """Seconds to wait before what has failed so often is asked for again."""
    return _PAUSE * (1 << failures) * random.uniform(0.75, 1.25)


def retry_after(headers: Headers) -> float | None:
    """Seconds that a server asks to wait: a number or a date (section 10.2.3)."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None
