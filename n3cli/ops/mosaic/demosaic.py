"""Three colours at every site of a Bayer mosaic, by convolutions on any device.

Source: Malvar, He, Cutler, "High-quality linear interpolation for demosaicing of Bayer-patterned
color images", ICASSP 2004, fig. 2: bilinear interpolation, and a correction by the Laplacian of
the colour that the site has.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_CROSS = [[0, 0, 0, 0, 0], [0, 0, 2, 0, 0], [0, 2, 0, 2, 0], [0, 0, 2, 0, 0], [0, 0, 0, 0, 0]]
_BESIDE = [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 4, 0, 4, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
_ACROSS = [[0, 0, 0, 0, 0], [0, 2, 0, 2, 0], [0, 0, 0, 0, 0], [0, 2, 0, 2, 0], [0, 0, 0, 0, 0]]

_CROSS_MORE = [
    [0, 0, -1, 0, 0], [0, 0, 0, 0, 0], [-1, 0, 4, 0, -1], [0, 0, 0, 0, 0], [0, 0, -1, 0, 0]
]  # fmt: skip
_BESIDE_MORE = [
    [0, 0, 0.5, 0, 0], [0, -1, 0, -1, 0], [-1, 0, 5, 0, -1], [0, -1, 0, -1, 0], [0, 0, 0.5, 0, 0]
]  # fmt: skip
_ACROSS_MORE = [
    [0, 0, -1.5, 0, 0], [0, 0, 0, 0, 0], [-1.5, 0, 6, 0, -1.5], [0, 0, 0, 0, 0], [0, 0, -1.5, 0, 0]
]  # fmt: skip


class Demosaicing:
    """Interpolates the colours that sites do not have.

    Args:
        device: where mosaics are.
    """

    def __init__(self, device: torch.device) -> None:
        cross, beside, across, cross_more, beside_more, across_more = (
            torch.tensor(kernel, dtype=torch.float32) / 8
            for kernel in (_CROSS, _BESIDE, _ACROSS, _CROSS_MORE, _BESIDE_MORE, _ACROSS_MORE)
        )
        plain = cross, beside, beside.T, across
        more = cross_more, beside_more, beside_more.T, across_more
        self._kernels = torch.stack([*plain, *more])[:, None].to(device)

    def apply(self, mosaic: Tensor, where: Tensor, sharpness: Tensor) -> Tensor:
        """Interpolate.

        Args:
            mosaic: B×1×H×W; H and W even and at least 4.
            where: the sites of red, green and blue in a Bayer order, B×3×H×W, 1 there, else 0.
            sharpness: B, from 0 (bilinear) to 1 (with the whole correction).

        Returns:
            B×3×H×W; at its own sites a colour keeps its values.
        """
        # Reflection about the outermost sites keeps the order of the filters.
        found = F.conv2d(F.pad(mosaic, (2, 2, 2, 2), mode="reflect"), self._kernels)
        plain, more = torch.split(found, 4, dim=1)
        mixed = plain + sharpness.view(-1, 1, 1, 1) * more
        cross, beside, above, across = torch.split(mixed, 1, dim=1)
        red, green, blue = torch.split(where, 1, dim=1)
        red_row = green * red.roll(1, -1)  # green sites with red ones beside them
        blue_row = green - red_row
        return torch.cat(
            [
                red * mosaic + red_row * beside + blue_row * above + blue * across,
                green * mosaic + (1 - green) * cross,
                blue * mosaic + blue_row * beside + red_row * above + red * across,
            ],
            dim=1,
        )
