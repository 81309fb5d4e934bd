"""What a network says of itself, and where a tile lies in its image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from n3cli.ops.mosaic.planes import MosaicForm

MOSAIC_PLANES = 5
"""Of what a network for whole mosaics takes: the noisy values (linear, black 0, white 1, before
white balance), where the sites of red, green and blue are (1 there, else 0), and the standard
deviation of the noise at each site."""

_NOISE_PLANES = 2
"""Beside the values, of what other networks for mosaics take: a and b of the noise."""


@dataclass(frozen=True)
class Description:
    """Facts about a network that callers need, so that none branches on its name.

    Attributes:
        task: what it does, for example ``"denoise"``.
        channels: image planes in and out (1 grey, a mosaic or a plane of it, 3 colour, 4 those of
            Bayer's mosaics).
        sigma_input: whether it takes a noise level.
        scale: output size divided by input size.
        scales: the factors that it can enlarge by, in order; empty: `scale` alone.
        size_multiple: height and width are padded to a multiple of this (pixels).
        size_minimum: height and width are padded to at least this (pixels).
        dtypes: precisions it is known to work in, of ``fp32``, ``bf16`` and ``fp16``.
        memory: working memory for one pixel of a tile in float32, in bytes (measured, rounded up).
        exact_tiles: whether its stages keep what `Stage` promises, so that tiles do not show.
        mosaic: how it takes the mosaic of a sensor, if it is for one.
    """

    task: str
    channels: int
    sigma_input: bool
    scale: int = 1
    scales: tuple[int, ...] = ()
    size_multiple: int = 1
    size_minimum: int = 1
    dtypes: tuple[str, ...] = ("fp32", "bf16")
    memory: int = 1024
    exact_tiles: bool = True
    mosaic: MosaicForm | None = None

    @property
    def planes(self) -> int:
        """Planes of the image that goes in; the noise level's plane is not counted."""
        if self.mosaic == "whole":
            return MOSAIC_PLANES
        return self.channels + (_NOISE_PLANES if self.mosaic else 0)


COLUMNS = ("x0", "y0", "x1", "y1", "ratio", "mutual")
"""What a network for correspondences may be told of each: its points in the two views in normalised
camera coordinates; the distance of its descriptors, divided by that to the next best of the second
view, 0–1; and 1 where each is the other's nearest, else 0."""

_FORMS = (4, 6)
"""How many of them networks take: the points alone, or everything."""


@dataclass(frozen=True)
class SetDescription:
    """Facts about a network for sets of correspondences.

    Attributes:
        task: what it does, for example ``"match"``.
        inputs: numbers that it takes of each correspondence, the first of `COLUMNS`.
        dtypes: precisions it is known to work in, of ``fp32``, ``bf16`` and ``fp16``.

    Raises:
        ValueError: not a number of inputs that means anything.
    """

    task: str
    inputs: int = 4
    dtypes: tuple[str, ...] = ("fp32",)

    def __post_init__(self) -> None:
        if self.inputs not in _FORMS:
            raise ValueError(
                f"inputs must be 4 ({', '.join(COLUMNS[:4])}) or 6 (with "
                f"{' and '.join(COLUMNS[4:])}), got {self.inputs}"
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """What the inputs are."""
        return COLUMNS[: self.inputs]


class Placement(NamedTuple):
    """Where a tile lies in the whole (padded) image, in pixels of the tile's own resolution."""

    top: int
    left: int
    height: int
    """Height of the whole image, not of the tile."""
    width: int
    """Width of the whole image, not of the tile."""

    @classmethod
    def whole(cls, height: int, width: int) -> Placement:
        """The placement of a tile that is the whole image."""
        return cls(0, 0, height, width)

    def reduced(self, factor: int) -> Placement:
        """The same place at a resolution that is `factor` times lower."""
        return Placement(*(value // factor for value in self))
