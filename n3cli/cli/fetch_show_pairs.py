"""`n3 fetch-data --show` of correspondences: numbers, and matches drawn."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from n3cli.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    from n3cli.data.pairs.pair import Pair
    from n3cli.data.published.collection import Collection
    from n3cli.render.match_picture import Colours

_LOOKED_AT: Final = 24
"""Pairs of a scene that numbers are of."""

_DRAWN: Final = 6
"""Pairs that are drawn."""

_LINES: Final = 200
"""Matches that are drawn of a pair: more would hide what is below."""

_SIDE: Final = 400
"""Longest side of a view in pixels."""


def show_pairs(collection: Collection, root: Path) -> Colours:
    """Print the numbers of a set, and draw pairs of it: right matches green, wrong ones red.

    Returns:
        The contact sheet.

    Raises:
        DataError: it is not here, or damaged.
        ConfigError: a library that reads or draws it is not installed.
    """
    import numpy as np

    from n3cli.data.pairs.pair_set import PAIR_SETS
    from n3cli.render.contact_sheet import contact_sheet

    (source,) = (one for one in PAIR_SETS.values() if one.collection == collection.name)
    scenes = source.find(root).scenes
    found = [pair for scene in scenes for pair in islice(scene.pairs(), _LOOKED_AT)]
    pairs = [pair for pair in found if len(pair.points)]
    if not pairs:
        raise DataError(f"{collection.title}: none of the pairs looked at has correspondences")
    click.echo(f"{'set':<11} {collection.title}: {collection.about}")
    click.echo(f"{'scenes':<11} {len(scenes)}: {', '.join(scene.title for scene in scenes)}")
    counts = [len(pair.points) for pair in pairs]
    right = 100 * np.mean([pair.right.mean() for pair in pairs])
    click.echo(
        f"{'matches':<11} {np.mean(counts):.0f} a pair, {right:.0f} % of them right, over "
        f"{len(pairs)} pairs"
    )
    click.echo(f"{'opens as':<11} {source.name}")
    drawn = pairs[:: max(1, len(pairs) // _DRAWN)][:_DRAWN]
    return contact_sheet(
        [_draw(pair) for pair in drawn], [pair.name for pair in drawn], columns=2, cell=2 * _SIDE
    )


def _draw(pair: Pair) -> Colours:
    import numpy as np

    from n3cli.render.match_picture import draw_matches

    chosen = np.linspace(0, len(pair.points) - 1, min(_LINES, len(pair.points))).astype(int)
    ends = [_view(pair, side) for side in (0, 1)]
    (first, points0), (second, points1) = ends
    return draw_matches(first, second, points0[chosen], points1[chosen], pair.right[chosen])


def _view(pair: Pair, side: int) -> tuple[Colours, np.ndarray]:
    """A view of a pair and its points: the photo where it is known, else paper."""
    import numpy as np

    from n3cli.io.picture import read_picture
    from n3cli.ops.opencv import load_opencv
    from n3cli.ops.two_view.camera import project

    points = pair.points[:, 2 * side : 2 * side + 2].astype(np.float64)
    if pair.views is None:
        low, size = points.min(0), max(float(np.ptp(points, axis=0).max()), 1e-9)
        placed = (points - low) / size * (_SIDE - 1)
        height, width = (int(placed[:, axis].max()) + 1 for axis in (1, 0))
        return np.full((height, width, 3), 245, np.uint8), placed
    cv2 = load_opencv("drawing matches needs")
    pixels = read_picture(pair.views[side].path).pixels
    if pixels.dtype != np.uint8:
        pixels = np.rint(255 * (pixels / max(pixels.max(), 1e-9))).astype(np.uint8)
    scale = _SIDE / max(pixels.shape[:2])
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = small.reshape(*small.shape[:2], -1)
    colours = np.broadcast_to(small, (*small.shape[:2], 3)).copy()
    return colours, (project(pair.views[side].camera, points) + 0.5) * scale - 0.5
