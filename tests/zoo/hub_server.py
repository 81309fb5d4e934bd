"""A local server that speaks as much of the Hub's protocol as a file download needs."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the server has, how it misbehaves, and what it was asked for.

    Attributes:
        files: contents of the one repository, org/model, by file name.
        corrupted: names of files that are sent with one byte changed.
        cut: names of files whose first transfer breaks off in the middle.
        status: answer to every request, with the Hub's error code, in place of the file.
        requests: method, path and Range header of every request for a file, in order.
        endpoint: the server's address.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    corrupted: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)
    status: tuple[int, str] | None = None
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    endpoint: str = ""

    def asked(self, method: str, file: str) -> list[str | None]:
        """The Range headers of the requests of that method for that file."""
        return [r for m, path, r in self.requests if m == method and path.endswith("/" + file)]


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """Serve `hub` on a free port of 127.0.0.1 while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            repo, resolve, rest = self.path.lstrip("/").partition("/resolve/")
            if resolve:  # the client also asks for things that have nothing to do with files
                hub.requests.append((self.command, self.path, self.headers.get("Range")))
            revision, _, file = rest.partition("/")
            if hub.status:
                self.refuse(*hub.status)
            elif repo != "org/model":
                self.refuse(404, "RepoNotFound")
            elif revision not in ("main", "v1", COMMIT):
                self.refuse(404, "RevisionNotFound")
            elif file not in hub.files:
                self.refuse(404, "EntryNotFound")
            else:
                self.send_file(file, body=body)

        def refuse(self, status: int, code: str) -> None:
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def send_file(self, file: str, *, body: bool) -> None:
            content = hub.files[file]
            start = int((self.headers.get("Range") or "bytes=0-")[len("bytes=") : -1])
            self.send_response(206 if start else 200)
            self.send_header("X-Repo-Commit", COMMIT)
            git_hash = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            self.send_header("ETag", f'"{git_hash}"')
            if file.endswith(".safetensors"):
                self.send_header("X-Linked-Etag", f'"{hashlib.sha256(content).hexdigest()}"')
                self.send_header("X-Linked-Size", str(len(content)))
            if start:
                self.send_header(
                    "Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}"
                )
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            if not body:
                return
            if file in hub.corrupted:
                content = content[:-1] + bytes([content[-1] ^ 1])
            if file in hub.cut:
                hub.cut.discard(file)
                self.wfile.write(content[start : len(content) // 2])
                self.close_connection = True
                return
            self.wfile.write(content[start:])

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
