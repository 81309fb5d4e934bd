"""What JPEG leaves of pictures, on any device: the transform and the rounding, without the code.

Source: ITU-T T.81, Annexes A and K; T.871 (JFIF) for the colours; the scaling of tables by a
quality, and the interpolation of halved colour, as libjpeg has them.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from n3cli.ops.array import Float64
from n3cli.ops.colour import mix

_BLOCK = 8
_TWO = 2 * _BLOCK  # pixels of a block of halved colour

_LUMA = np.array([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
]).reshape(8, 8)  # fmt: skip
"""Table K.1."""

_COLOUR = np.full((8, 8), 99)
_COLOUR[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
"""Table K.2."""

_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)


class Jpeg:
    """Compresses and decodes pictures.

    Args:
        device: where they are.
    """

    def __init__(self, device: torch.device) -> None:
        self._to_ycc, self._to_rgb, self._luma, self._colour, self._cosines = (
            torch.from_numpy(np.ascontiguousarray(constant)).float().to(device)
            for constant in (
                _TO_YCC[None],
                np.linalg.inv(_TO_YCC)[None],
                _LUMA,
                _COLOUR,
                _cosines(),
            )
        )

    def apply(
        self, pixels: Tensor, quality: Tensor, halved: Tensor, corner: tuple[int, int]
    ) -> Tensor:
        """Compress and decode.

        Args:
            pixels: B×3×H×W in [0, 1], multiples of 1/255.
            quality: B, whole numbers from 1 to 100.
            halved: B, whether colour has half the resolution.
            corner: row and column of JPEG's 16×16 squares that the pictures begin in, as parts of
                larger ones.

        Returns:
            B×3×H×W, multiples of 1/255 in [0, 1].
        """
        luma, colour = torch.split(
            mix(_padded(255 * pixels, corner), self._to_ycc).round_(), [1, 2], 1
        )
        percent = torch.where(quality < 50, (5000 / quality).floor(), 200 - 2 * quality)
        luma = self._rounded(luma - 128, self._luma, percent) + 128
        full = self._rounded(colour, self._colour, percent)
        half = _doubled(self._rounded(F.avg_pool2d(colour, 2), self._colour, percent))
        colour = torch.where(halved.view(-1, 1, 1, 1), half, full)
        ycc = torch.cat((luma, colour), dim=1).round_()
        decoded = _cut(mix(ycc, self._to_rgb), pixels, corner)
        return decoded.round().clamp_(0, 255).div_(255)

    def halve_colour(self, pixels: Tensor, halved: Tensor, corner: tuple[int, int]) -> Tensor:
        """What halving the resolution of colour alone leaves of pictures, nothing rounded.

        Args:
            pixels: B×3×H×W in [0, 1].
            halved: B, whether it is done.
            corner: as in `apply`.

        Returns:
            B×3×H×W in [0, 1].
        """
        luma, colour = torch.split(mix(_padded(pixels, corner), self._to_ycc), [1, 2], 1)
        half = torch.cat((luma, _doubled(F.avg_pool2d(colour, 2))), dim=1)
        back = _cut(mix(half, self._to_rgb), pixels, corner).clamp_(0, 1)
        return torch.where(halved.view(-1, 1, 1, 1), back, pixels)

    def _rounded(self, planes: Tensor, table: Tensor, percent: Tensor) -> Tensor:
        """Planes B×C×H×W about 0, the coefficients of their blocks rounded to a table's steps."""
        batch, count, height, width = planes.shape
        blocks = planes.reshape(
            batch, count, height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK
        ).transpose(3, 4)
        steps = ((table * percent.view(-1, 1, 1) + 50) / 100).floor_().clamp_(1, 255)
        steps = steps.view(batch, 1, 1, 1, _BLOCK, _BLOCK)
        found = self._cosines @ blocks @ self._cosines.T
        found = (found / steps).round_() * steps
        back = self._cosines.T @ found @ self._cosines
        # At edges the waves that are left go beyond what 8 bits hold; decoders cut that off here,
        # before colours are interpolated and mixed.
        return back.clamp_(-128, 127).transpose(3, 4).reshape(planes.shape)


def _padded(planes: Tensor, corner: tuple[int, int]) -> Tensor:
    """Planes with the rest of the squares that they lie in, of their border's pixels."""
    top, left = (offset % _TWO for offset in corner)
    # One size whatever the corner, so that devices plan once.
    bottom, right = (
        -(-length // _TWO) * _TWO + _TWO - before - length
        for length, before in zip(planes.shape[-2:], (top, left), strict=True)
    )
    return F.pad(planes, (left, right, top, bottom), mode="replicate")


def _cut(whole: Tensor, like: Tensor, corner: tuple[int, int]) -> Tensor:
    """The part of padded planes that `_padded` got."""
    top, left = (offset % _TWO for offset in corner)
    height, width = like.shape[-2:]
    return whole[..., top : top + height, left : left + width]


def _doubled(half: Tensor) -> Tensor:
    return F.interpolate(half, scale_factor=2, mode="bilinear", align_corners=False)


def _cosines() -> Float64:
    """The orthonormal cosine transform of 8 values, a row for each frequency."""
    frequency, place = np.mgrid[:_BLOCK, :_BLOCK]
    waves: Float64 = np.cos((2 * place + 1) * frequency * np.pi / (2 * _BLOCK)) / 2
    waves[0] /= np.sqrt(2)
    return waves
