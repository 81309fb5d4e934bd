"""docs/data.md knows every address of the catalogue."""

from pathlib import Path

import pytest

from n3cli.data.published.index import COLLECTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("collection", COLLECTIONS.values(), ids=lambda one: one.name)
def test_the_page_knows_it(collection):
    lines = [line for line in PAGE.splitlines() if line.startswith(f"| `{collection.name}` |")]
    assert len(lines) == collection.is_listed + len(collection.archives)
    for archive in collection.archives:
        (line,) = (line for line in lines if f" {archive.name}" in line.split("|")[2])
        assert f"<{archive.address or collection.homepage}>" in line
        known = "by the list" if collection.is_listed else "SHA-256 known"
        assert (known in line) == (collection.is_listed or archive.sha256 is not None)
    if collection.is_listed:
        assert f" {len(collection.published)} files | <{collection.address}/>" in lines[0]
