"""Pairs of pictures, one after the other: match, judge, write, tell; a bad one stops no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from n3cli.errors import ExistingError, InputError
from n3cli.inference.match.matcher import Matcher
from n3cli.io.match.matches import Matches
from n3cli.io.path import make_folder
from n3cli.io.picture import Picture, write_picture
from n3cli.io.reader import open_picture
from n3cli.jobs.camera import Cameras
from n3cli.jobs.excerpt import Shown, reduce
from n3cli.jobs.feature_store import FeatureStore, look
from n3cli.jobs.match_output import MatchOutput, write_matches
from n3cli.jobs.match_row import PairRow, evaluate
from n3cli.jobs.pair import PicturePair
from n3cli.ops.two_view.camera import Camera
from n3cli.render.match_picture import draw_matches


def match_pairs(
    pairs: Iterable[PicturePair],
    matcher: Matcher,
    cameras: Cameras,
    output: MatchOutput,
    putative: Iterable[tuple[PicturePair, Matches | InputError]] | None = None,
) -> Iterator[PairRow]:
    """Match pairs; each gives a row, whatever comes of it.

    Args:
        pairs: what is to be matched.
        matcher: ready to use.
        cameras: what is known of them.
        output: where results go.
        putative: matches of a file, in place of `pairs`; then pictures are needed for their sizes
            and focal lengths only, and need not be there.

    Yields:
        Rows in the order of the pairs, as they are done.

    Raises:
        N3Error: anything but an InputError ends the batch.
    """
    store = FeatureStore(matcher.features)
    for pair, given in putative if putative is not None else ((pair, None) for pair in pairs):
        matcher.seconds = {}
        start = time.perf_counter()
        try:
            if isinstance(given, InputError):
                raise given
            row = _match(pair, given, matcher, cameras, output, store)
        except InputError as error:
            row = PairRow(pair.name0, pair.name1, error=error)
        yield replace(row, seconds=matcher.seconds | {"all": time.perf_counter() - start})


def _match(
    pair: PicturePair,
    given: Matches | None,
    matcher: Matcher,
    cameras: Cameras,
    output: MatchOutput,
    store: FeatureStore,
) -> PairRow:
    file, picture, stored = output.missing(pair)
    if output.any and not (file or picture or stored):
        return PairRow(pair.name0, pair.name1)
    if given is None:
        seen = [store.features(path) for path in (pair.path0, pair.path1)]
        sizes = seen[0].size, seen[1].size
    else:
        seen = [look(path) for path in (pair.path0, pair.path1)]
        sizes = given.size0 or seen[0].size, given.size1 or seen[1].size
        given = replace(given, size0=sizes[0], size1=sizes[1])
    if picture and given is not None:  # before anything is written
        for path in (pair.path0, pair.path1):
            with open_picture(path):
                pass
    stored_cameras = (None, None) if given is None else (_stored(given.K0), _stored(given.K1))
    found = [
        pair.cameras[side] if pair.cameras else cameras.find(name, side, size, one.focal, told)
        for side, (name, size, one, told) in enumerate(
            zip((pair.name0, pair.name1), sizes, seen, stored_cameras, strict=True)
        )
    ]
    known = _both(found)
    if given is None:
        first, second = (one.features for one in seen)
        assert first is not None
        assert second is not None
        matches = matcher.match(first, second, known)
    else:
        matches = matcher.judge(given, known)
    matches = replace(matches, facts={"image0": pair.name0, "image1": pair.name1, **matches.facts})
    row = PairRow(
        pair.name0,
        pair.name1,
        matches,
        cameras=(_source(found[0]), _source(found[1])),
        evaluation=(
            evaluate(matches, known, pair.pose) if known and pair.pose is not None else None
        ),
    )
    made = [*_write(pair, row, matches, output, file, picture, stored, (found[0], found[1]))]
    if output.any and not made:
        return PairRow(pair.name0, pair.name1)
    return replace(row, outputs=tuple(made))


def _write(
    pair: PicturePair,
    row: PairRow,
    matches: Matches,
    output: MatchOutput,
    file: Path | None,
    picture: Path | None,
    stored: bool,
    cameras: tuple[Camera | None, Camera | None],
) -> Iterator[str]:
    if file and _is_ours(
        partial(write_matches, file, row.facts(), matches, replace=output.overwrite),
        named=output.file is not None,
    ):
        yield str(file)
    if stored:
        assert output.store is not None
        output.store.add(pair.name0, pair.name1, matches, cameras)
        yield str(output.store_path)
    if picture and _is_ours(
        partial(_draw, pair, matches, picture, replace=output.overwrite),
        named=output.picture is not None,
    ):
        yield str(picture)


def _is_ours(write: Callable[[], None], *, named: bool) -> bool:
    """Write an output, unless another program has, meanwhile: then that is present."""
    try:
        write()
    except ExistingError:
        if named:
            raise
        return False
    return True


def _draw(pair: PicturePair, matches: Matches, target: Path, *, replace: bool) -> None:
    """Write the picture of a pair's kept matches."""
    (first, scale0), (second, scale1) = (_reduced(path) for path in (pair.path0, pair.path1))
    kept = matches.matches >= 0
    points0, points1 = matches.points(kept)
    caption = (
        f"{pair.name0}  {pair.name1}:  {matches.kept} of {matches.putative} matches kept, "
        f"{matches.agreeing} agree ({matches.status})"
    )
    drawn = draw_matches(
        first,
        second,
        (points0 + 0.5) * scale0 - 0.5,
        (points1 + 0.5) * scale1 - 0.5,
        matches.match_confidence[kept],
        caption,
    )
    make_folder(target)
    write_picture(target, Picture(drawn), replace=replace)


def _reduced(path: Path) -> tuple[Shown, np.ndarray]:
    """A small copy of a picture in colours, and by what its coordinates are multiplied."""
    with open_picture(path) as reader:
        image = reduce(reader)
        scale = np.array([image.shape[1] / reader.width, image.shape[0] / reader.height])
    return np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3))), scale


def _stored(matrix: NDArray[Any] | None) -> Camera | None:
    return None if matrix is None else Camera(matrix, source="the file of matches")


def _both(found: Sequence[Camera | None]) -> tuple[Camera, Camera] | None:
    first, second = found
    return (first, second) if first and second else None


def _source(camera: Camera | None) -> str | None:
    return camera.source if camera else None
