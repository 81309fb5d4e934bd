"""What a camera makes of the mosaic that it shoots: a picture in sRGB."""

from __future__ import annotations

import torch
from torch import Tensor

from n3cli.data.simulated.shot import Shot, shoot
from n3cli.ops.colour import inverse, mix
from n3cli.ops.mosaic.demosaic import Demosaicing


class Development:
    """Develops mosaics of Bayer's filters.

    Args:
        device: where they are.
    """

    def __init__(self, device: torch.device) -> None:
        self._demosaicing = Demosaicing(device)

    def photograph(
        self, pictures: Tensor, shot: Shot, normal: Tensor, sharpness: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Shoot pictures and develop what is stored.

        Args:
            pictures: B×3×2H×2W in [0, 1]; H and W even.
            shot: of B entries, with Bayer's filters.
            normal: see `n3cli.data.simulated.shot.expose`.
            sharpness: see `apply`.

        Returns:
            With noise and without it, each B×3×H×W in [0, 1], not rounded.
        """
        stored, light, where = shoot(pictures, shot, normal)
        noisy, clean = (self.apply(each, where, shot, sharpness) for each in (stored, light))
        return noisy, clean

    def apply(self, mosaic: Tensor, where: Tensor, shot: Shot, sharpness: Tensor) -> Tensor:
        """Demosaic, balance white, bring exposure and colours back, and apply the tone curve.

        White is where the first colour is full, so that highlights have no tint: what a shot has
        overexposed stays so, and all of it is brighter by as much.

        Args:
            mosaic: B×1×H×W, linear; H and W even.
            where: the sites of red, green and blue, B×3×H×W.
            shot: how it came about, B entries; it is led back.
            sharpness: of demosaicing, B, from 0 to 1.

        Returns:
            B×3×H×W in [0, 1], not rounded.
        """
        colours = self._demosaicing.apply(mosaic, where, sharpness)
        white = shot.sensitivity / shot.sensitivity.amax(1, keepdim=True).clamp_min_(1)
        balanced = (colours / white[..., None, None]).clamp_max_(1)
        light = mix(balanced, inverse(shot.to_camera)).clamp_(0, 1)
        return light ** (1 / shot.tone).view(-1, 1, 1, 1)


def in_8_bits(pictures: Tensor) -> Tensor:
    """Pictures in [0, 1], rounded to multiples of 1/255."""
    return (255 * pictures).round_().div_(255)
