"""A whole image through a network that leaves its size alone."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from n3cli.inference.engine import Engine
from n3cli.inference.seam import warn_of_seams
from n3cli.inference.source import Progress, TensorRows
from n3cli.inference.stream import chain


def run_whole(
    engine: Engine,
    source: TensorRows,
    size: tuple[int, int],
    name: str,
    progress: Progress | None = None,
) -> Iterator[Tensor]:
    """Pad an image, send it through in tiles, and cut what comes out to its size again.

    Args:
        engine: the network.
        source: all planes that go into it, B×C×H×W.
        size: height and width.
        name: the model's, for a warning where tiles may show.
        progress: is called with the fraction done.

    Yields:
        Strips B×C'×h×W, from top to bottom.
    """
    output = chain(engine, source, size, progress)
    top = 0
    for strip in output.strips():
        if top == 0:
            warn_of_seams(name, [output])
        yield strip[..., : size[0] - top, : size[1]]
        top += strip.shape[-2]
