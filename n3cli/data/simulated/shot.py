"""How a camera's sensor sees a scene: light, its filters, noise, and what is stored.

A picture in sRGB is led back to the light of its scene (Brooks et al., "Unprocessing Images for
Learned Raw Denoising", CVPR 2019, sec. 3): tone curve, colours and white balance are undone. What
a sensor makes of the light follows EMVA standard 1288: photons arrive by chance, reading and the
converter add Gaussian noise, values are clipped and rounded.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from n3cli.ops.colour import mix
from n3cli.ops.mosaic.layout import at_sites, sites
from n3cli.ops.primaries import XYZ_FROM_SRGB

_XYZ_TO_CAMERA = np.array([
    [[4913, -541, -202], [-6130, 13513, 2906], [-1564, 2151, 7183]],  # Sony A7R
    [[6596, -2079, -562], [-4782, 13016, 1933], [-970, 1581, 5181]],  # Sony RX100
    [[8380, -2630, -639], [-2887, 10725, 2496], [-627, 1427, 5438]],  # Olympus E-PL6
    [[6722, -635, -963], [-4287, 12460, 2028], [-908, 2162, 5668]],  # Canon 5D Mark III
    [[7866, -2108, -555], [-4869, 12483, 2681], [-1176, 2069, 7501]],  # Nikon D800
    [[8458, -2451, -855], [-4597, 12447, 2407], [-1475, 2482, 6526]],  # Fujifilm X-T1
])  # fmt: skip
"""Adobe's matrices for daylight, times 10,000, as DNG files of these cameras have them."""


def _to_camera() -> Tensor:
    matrices = _XYZ_TO_CAMERA @ XYZ_FROM_SRGB
    return torch.from_numpy(matrices / matrices.sum(-1, keepdims=True)).float()


CAMERAS = _to_camera()
"""N×3×3, linear sRGB → balanced camera colours; white stays white."""


HALVED = 2
"""Pixels along a side of the pictures that make one of the sensor's light."""


@dataclass(frozen=True)
class Shot:
    """How pictures are shot: tensors of one entry for each of B pictures, on one device.

    Attributes:
        tone: the picture's values are light to the power of 1 / tone.
        to_camera: B×3×3, linear sRGB → balanced camera colours.
        sensitivity: B×3, what white is in red, green and blue values before white balance: the
            exposure divided by the white balance.
        layout: B×6×6, colours of the filters, see `ops/mosaic/layout.py`.
        a: B×3, variance of the noise at value x of each colour is a·x + b.
        b: B×3, see there.
        floor: lowest value that is stored.
        step: between values that are stored.
    """

    tone: Tensor
    to_camera: Tensor
    sensitivity: Tensor
    layout: Tensor
    a: Tensor
    b: Tensor
    floor: Tensor
    step: Tensor

    def __getitem__(self, part: slice) -> Shot:
        return Shot(**{each.name: getattr(self, each.name)[part] for each in fields(self)})


def shoot(pictures: Tensor, shot: Shot, normal: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mosaics of pictures, with noise and without.

    Args:
        pictures: B×3×2H×2W in [0, 1].
        shot: of B entries.
        normal: see `expose`.

    Returns:
        What the sensor stores, B×1×H×W, at most 1; the same without noise and rounding, in [0, 1];
        and the sites of red, green and blue, B×3×H×W.
    """
    where = sites(shot.layout, *normal.shape[-2:])
    light = at_sites(see_light(pictures, shot), where)
    return expose(light, where, shot, normal), light.clamp_max(1), where


def see_light(pictures: Tensor, shot: Shot) -> Tensor:
    """The light behind a sensor's filters, without noise.

    Halving the size averages away the pictures' own noise and the traces of their compression.

    Args:
        pictures: B×3×2H×2W in [0, 1].
        shot: of B entries.

    Returns:
        B×3×H×W, from 0 up: what red, green and blue sites would store, had they room for more
        than 1.
    """
    light = F.avg_pool2d(pictures ** shot.tone.view(-1, 1, 1, 1), HALVED)
    seen = mix(light, shot.sensitivity[..., None] * shot.to_camera)
    return seen.clamp_min_(0)


def expose(light: Tensor, where: Tensor, shot: Shot, normal: Tensor) -> Tensor:
    """What a sensor stores of the light at its sites.

    Args:
        light: B×1×H×W, values without noise, from 0 up. What is above 1 has its noise, too, before
            it is cut off.
        where: the sites of red, green and blue, B×3×H×W.
        shot: of B entries.
        normal: B×2×H×W, standard normal: chance of the photons, and of reading.

    Returns:
        B×1×H×W, at most 1; values below black are kept down to the floor.
    """
    photons, reading = torch.split(normal, 1, dim=1)
    gain = at_sites(shot.a, where)
    values = light + gain * by_chance(light / gain, photons)
    values += at_sites(shot.b, where).sqrt() * reading
    floor, step = (each.view(-1, 1, 1, 1) for each in (shot.floor, shot.step))
    return ((values / step).round_() * step).clamp_max_(1).maximum(floor)


def by_chance(mean: Tensor, normal: Tensor) -> Tensor:
    """How far Poisson's numbers are from their mean, from standard normal ones.

    Cornish and Fisher's expansion to the second term; other than a sampler it takes one normal
    number each, whatever the mean. Mean and variance are Poisson's. The third moment is 1/54 less
    from a mean of 1/18 up; in the dark below it is √8·mean^1.5, as no square of a normal number has
    a larger skew.
    """
    curved = (mean.clamp_max(1 / 18) / 2).sqrt_()
    straight = (mean - 1 / 18).clamp_min_(0).sqrt_()
    return straight * normal + curved * (normal.square() - 1)
