"""A word on tiles that may show."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from n3cli.errors import N3Warning
from n3cli.inference.stream import StageRows


def warn_of_seams(name: str, passes: Sequence[StageRows]) -> None:
    """Warn, once a picture, where a network whose tiles are not exact is computed in tiles.

    Call it when the first rows are made: then tiles are as small as the memory wants them.

    Args:
        name: of the model.
        passes: all that the picture goes through.
    """
    tile = next(filter(None, (rows.inexact_tile for rows in passes)), None)
    if tile is not None:
        warnings.warn(
            f"{name} is not a network of n3's own and is computed in tiles of {tile[1]}×{tile[0]} "
            "pixels, which may show in the result; with enough memory, --tile off computes the "
            "picture as a whole",
            N3Warning,
            stacklevel=3,
        )
