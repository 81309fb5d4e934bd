"""The pairs of a COLMAP database: judged, and written with their geometry into a copy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from n3cli.errors import ConfigError, InputError
from n3cli.inference.match.matcher import Matcher
from n3cli.io.match.colmap_database import ColmapDatabase, StoredPair, revise_database
from n3cli.io.match.matches import Matches
from n3cli.io.path import refuse_existing
from n3cli.jobs.match_row import PairRow
from n3cli.jobs.scan import identify
from n3cli.ops.two_view.putative import match_nearest

_TAG = "n3"


def database_target(source: Path, output: str | None, *, overwrite: bool) -> Path:
    """Where the copy of a database goes; beside it unless said otherwise.

    Raises:
        ConfigError: the output is no .db file.
        InputError: it exists and may not be replaced, or is the source.
    """
    target = Path(output) if output else source.with_name(f"{source.stem}_{_TAG}.db")
    if target.suffix.lower() != ".db":
        raise ConfigError(f"-o {target}: --database writes a database; end its name with .db")
    if identify(target) == identify(source):
        raise InputError(f"{target}: is the input and cannot be the output; choose another name")
    if not overwrite:
        refuse_existing(target)
    return target


def match_database(
    source: Path, target: Path, matcher: Matcher, *, overwrite: bool = False
) -> Iterator[PairRow]:
    """Judge the pairs of a database; the copy appears when the last row has been taken.

    Args:
        source: the database, which is only read.
        target: the copy.
        matcher: ready to use.
        overwrite: whether to replace a file that is there, or has appeared meanwhile.

    Yields:
        A row for each pair that has matches.

    Raises:
        ConfigError: pycolmap is not installed.
        InputError: the database cannot be read, or the copy not written.
    """
    with revise_database(source, target, replace=overwrite) as database:
        for pair in database.pairs(descriptors=matcher.wants_sides):
            matcher.seconds = {}
            start = time.perf_counter()
            if isinstance(pair, InputError):
                row = PairRow("", "", error=pair)
            else:
                row = _judge(pair, database, matcher)
            yield replace(row, seconds=matcher.seconds | {"all": time.perf_counter() - start})


def _judge(pair: StoredPair, database: ColmapDatabase, matcher: Matcher) -> PairRow:
    putative = pair.putative
    if pair.descriptors:
        putative = _with_sides(putative, pair)
    found = matcher.judge(putative, pair.cameras)
    database.write(pair, found)
    # It was judged free of distortion; what is told are the pictures' own cameras.
    found = replace(found, K0=pair.matrices[0], K1=pair.matrices[1])
    source = "the database" if pair.cameras else None
    return PairRow(*pair.names, found, cameras=(source, source))


def _with_sides(putative: Matches, pair: StoredPair) -> Matches:
    """Add ratio and mutual flag, worked out from the descriptors.

    A match that is not the nearest one's is known to be no good by them.
    """
    assert pair.descriptors is not None
    nearest = match_nearest(*pair.descriptors)
    first, second = pair.index.T.astype(np.int64)
    same = nearest.index[first] == second
    return replace(
        putative,
        ratio=np.where(same, nearest.ratio[first], np.float32(1)),
        mutual=same & nearest.mutual[first],
    )
