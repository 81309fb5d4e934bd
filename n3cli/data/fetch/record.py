"""What came out of a collection's archives: a small record in its folder, to tell damage by.

Where no list of files is published, what was unpacked first is what later states are held against.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from n3cli.data.fetch.place import part_of, settle
from n3cli.data.published.collection import PublishedFile
from n3cli.errors import DataError

RECORD: Final = ".n3-files.json"
"""Its name. It is hidden, so that no one takes it for a part of the set."""


@dataclass(frozen=True)
class Unpacked:
    """What an archive held.

    Attributes:
        source: the archive's name where it came from.
        sha256: of the archive; None where its files came from a folder.
        files: all of its files, sorted by path.
    """

    source: str
    sha256: str | None
    files: tuple[PublishedFile, ...]


def read_record(folder: Path) -> dict[str, Unpacked]:
    """What was unpacked into a folder, by the archive's name in the catalogue.

    Raises:
        DataError: the record is damaged.
    """
    path = folder / RECORD
    try:
        entries = json.loads(path.read_text("utf-8"))["archives"]
        return {
            name: Unpacked(
                entry["source"],
                entry["sha256"],
                tuple(_read_file(*row) for row in entry["files"]),
            )
            for name, entry in entries.items()
        }
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror or error}); choose another folder with --dir"
        ) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: is damaged ({error}); move {folder} away and fetch the set again"
        ) from error


def write_record(folder: Path, entries: dict[str, Unpacked]) -> None:
    """Write the record of a folder, whole or not at all."""
    rows = {
        name: {
            "source": entry.source,
            "sha256": entry.sha256,
            "files": [[file.path, file.size, file.sha256] for file in entry.files],
        }
        for name, entry in entries.items()
    }
    path = folder / RECORD
    part = part_of(path)
    part.write_text(json.dumps({"archives": rows}, indent=0, ensure_ascii=False), "utf-8")
    settle(part, path)


def _read_file(path: object, size: object, sha256: object) -> PublishedFile:
    if not (isinstance(path, str) and isinstance(size, int) and isinstance(sha256, str)):
        raise TypeError(f"{path!r}, {size!r}, {sha256!r} is no file")
    return PublishedFile(path, size, sha256)
