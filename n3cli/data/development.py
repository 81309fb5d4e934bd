"""What a camera makes of its mosaic: a picture in sRGB."""

from __future__ import annotations

import torch
from torch import Tensor

from n3cli.data.shot import Shot
from n3cli.ops.colour import inverse, mix
from n3cli.ops.demosaic import Demosaicing


class Development:
    """Develops mosaics of Bayer's filters.

    Args:
        device: where they are.
    """

    def __init__(self, device: torch.device) -> None:
        self._demosaicing = Demosaicing(device)

    def apply(self, mosaic: Tensor, where: Tensor, shot: Shot, sharpness: Tensor) -> Tensor:
        """Demosaic, balance white, bring exposure and colours back, and apply the tone curve.

        Args:
            mosaic: B×1×H×W, linear; H and W even.
            where: the sites of red, green and blue, B×3×H×W.
            shot: how it came about, B entries; it is led back.
            sharpness: of demosaicing, B, from 0 to 1.

        Returns:
            B×3×H×W in [0, 1], not rounded.
        """
        colours = self._demosaicing.apply(mosaic, where, sharpness)
        balanced = (colours / shot.sensitivity[..., None, None]).clamp_max_(1)
        light = mix(balanced, inverse(shot.to_camera)).clamp_(0, 1)
        return light ** (1 / shot.tone).view(-1, 1, 1, 1)


def in_8_bits(pictures: Tensor) -> Tensor:
    """Pictures in [0, 1], rounded to multiples of 1/255."""
    return (255 * pictures).round_().div_(255)
