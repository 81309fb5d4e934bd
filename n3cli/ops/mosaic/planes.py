"""What networks take of a mosaic: all of it at once, or the planes that its colours make.

The planes are those of Bayer's 2×2 from where red is, one after the other: red, green, green, blue.
Other orders are brought to it by where the mosaic begins.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from n3cli.ops.mosaic.layout import mosaic_planes

MosaicForm = Literal["whole", "planes", "packed"]
"""``whole``: `mosaic_planes`; ``planes``: each plane of one colour by itself, ``packed``: the four
of Bayer's 2×2 together, both with what their noise is (`noise_planes`)."""


def network_planes(form: MosaicForm, values: Tensor, where: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """What a network gets of noisy mosaics.

    Args:
        form: how it takes them; RGGB only, unless that is ``whole``.
        values: see `mosaic_planes`, as all others; B×1×H×W, even sides unless ``whole``.
        where: see there.
        a: see there.
        b: see there.

    Returns:
        B×5×H×W of ``whole``, 4B×3×H/2×W/2 of ``planes``, B×6×H/2×W/2 of ``packed``.
    """
    if form == "whole":
        return mosaic_planes(values, where, a, b)
    each = (torch.stack([of[:, colour] for colour in (0, 1, 1, 2)], 1) for of in (a, b))
    known = [of.reshape(-1) if form == "planes" else of.mean(1) for of in each]
    return noise_planes(split_mosaic(form, values), *known)


def split_mosaic(form: MosaicForm, values: Tensor) -> Tensor:
    """Mosaics B×1×H×W in a network's form: as they are, 4B×1×H/2×W/2, or B×4×H/2×W/2."""
    if form == "whole":
        return values
    planes = F.pixel_unshuffle(values, 2)
    return planes.flatten(0, 1)[:, None] if form == "planes" else planes


def noise_planes(planes: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Planes of a mosaic with two more that say their noise.

    Args:
        planes: noisy values B×C×H×W: linear, black 0, white 1, before white balance.
        a: B, the noise's variance at value x is a·x + b; of planes of several colours the mean.
        b: B, see there.

    Returns:
        B×(C + 2)×H×W: the planes, a everywhere, b everywhere.
    """
    known = torch.stack((a, b), 1)[..., None, None]
    return torch.cat((planes, known.expand(-1, -1, *planes.shape[-2:])), dim=1)
