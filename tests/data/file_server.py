"""A local file server that can be told to misbehave."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Server:
    """What it has, how it misbehaves, and what it was asked for.

    Attributes:
        files: contents by path, without the leading slash.
        faults: for a path, what goes wrong with its next requests, one after the other: a status
            ``"503"`` or with a wait ``"503 1"``; ``"cut N"`` closes the connection after N bytes
            of the body; ``"spoil"`` changes a byte; ``"shift"`` sends another range than asked for;
            ``"slow"`` sends little by little; ``"move PATH"`` and ``"lend PATH"`` send to another
            path for good and for now; ``""`` is as it should be.
        ranges: whether it honours Range.
        heads: whether it answers HEAD; else with this status.
        tags: ETags by path.
        requests: path and Range header of every GET.
        asked: path of every HEAD.
        address: where it listens.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    ranges: bool = True
    heads: bool | int = True
    tags: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    address: str = ""


@contextmanager
def serve(server: Server) -> Iterator[Server]:
    """Serve on a free port of 127.0.0.1 while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            path = self.path.lstrip("/")
            server.asked.append(path)
            if server.heads is not True:
                self.empty(int(server.heads), {})
            elif not self.is_refused(path):
                self.send_response(200)
                self.send_header("Content-Length", str(len(server.files[path])))
                self.end_headers()

        def is_refused(self, path: str) -> bool:
            """Whether a fault that comes without a body was sent."""
            faults = server.faults.get(path) or [""]
            fault, _, detail = faults[0].partition(" ")
            if fault.isdecimal() or fault in ("move", "lend"):
                # Before it is sent: who has the answer may set the next faults at once.
                faults.pop(0)
            if fault.isdecimal():
                self.empty(int(fault), {"Retry-After": detail} if detail else {})
            elif fault in ("move", "lend"):
                self.empty(301 if fault == "move" else 302, {"Location": f"/{detail}"})
            elif path not in server.files:
                self.empty(404, {})
            else:
                return False
            return True

        def do_GET(self) -> None:
            path = self.path.lstrip("/")
            asked = self.headers.get("Range")
            server.requests.append((path, asked))
            if self.is_refused(path):
                return
            faults = server.faults.get(path, [])
            fault, _, detail = (faults.pop(0) if faults else "").partition(" ")
            body = server.files[path]
            if fault == "spoil":
                body = body[:-1] + bytes([body[-1] ^ 1])
            start, total = 0, len(body)
            tag = server.tags.get(path)
            same = self.headers.get("If-Range") in (None, tag)
            if asked and server.ranges and same:
                start, end = re.fullmatch(r"bytes=(\d+)-(\d*)", asked).groups()
                start, end = int(start), int(end or total - 1)
                if start >= total:
                    self.empty(416, {"Content-Range": f"bytes */{total}"})
                    return
                start += fault == "shift"
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{end}/{total}")
                body = body[: end + 1]
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(body) - start))
            if tag:
                self.send_header("ETag", tag)
            self.end_headers()
            body = body[start:]
            if fault == "cut":
                self.wfile.write(body[: int(detail)])
                self.close_connection = True
            elif fault == "slow":
                for i in range(0, len(body), 1 << 12):
                    self.wfile.write(body[i : i + (1 << 12)])
                    time.sleep(0.02)
            else:
                self.wfile.write(body)

        def empty(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # clients that go away are part of the tests

    httpd = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    server.address = f"http://127.0.0.1:{httpd.server_address[1]}"
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
