"""Archives made in memory, and the pictures in them."""

from __future__ import annotations

import io
import random
import tarfile
import zipfile
from pathlib import Path

from n3cli.data.fetch.record import RECORD

TRAIN = {f"train/{i:02}.png": random.Random(i).randbytes(3000 * i) for i in range(1, 6)}
VALID = {f"valid/{i:02}.png": random.Random(i).randbytes(3000 * i) for i in range(6, 9)}


def zipped(contents: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in contents.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def tarred(contents: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, body in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return buffer.getvalue()


def content(folder: Path) -> dict[str, bytes]:
    """All files below a folder but the record of a set, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != RECORD
    }
