"""FFDNet: convolutions at half resolution, told the noise level.

Zhang, Zuo and Zhang, "FFDNet: Toward a Fast and Flexible Solution for CNN based Image Denoising",
TIP 2018 (arXiv 1710.04026).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from n3cli.networks.description import Description, Placement
from n3cli.networks.layer import keep_variance
from n3cli.networks.network import Network, Stage

_FACTOR = 2
"""Every 2×2 pixels become four planes of one."""


class FFDNet(Network):
    """FFDNet denoiser. It gives the clean image itself, not what to take away.

    Args:
        channels: image planes.
        depth: 3×3 convolutions, at least 2; the paper has 15 for grey and 12 for colour.
        features: planes between them; the paper has 64 for grey and 96 for colour.
    """

    about = (
        "FFDNet: convolutions at half resolution, after Zhang and others, FFDNet: Toward a Fast "
        "and Flexible Solution for CNN based Image Denoising, TIP 2018, arXiv 1710.04026."
    )

    def __init__(self, channels: int = 1, depth: int = 15, features: int = 64) -> None:
        super().__init__()
        if depth < 2:
            raise ValueError(f"an FFDNet has at least 2 convolutions, got depth {depth}")
        # Not bf16: without a skip connection its steps, 1/256 near white, would be the picture's.
        self.description = Description(
            "denoise", channels, sigma_input=True, dtypes=("fp32",), memory=32 + 3 * features
        )
        planes = channels * _FACTOR**2
        self.cnn = nn.Sequential(nn.Conv2d(planes + 1, features, 3, padding=1), nn.ReLU(True))
        for _ in range(depth - 2):
            self.cnn.extend([nn.Conv2d(features, features, 3, padding=1), nn.ReLU(True)])
        keep_variance(self.cnn)
        self.cnn.append(nn.Conv2d(features, planes, 3, padding=1))
        self.depth = depth

    @property
    def stages(self) -> Sequence[Stage]:
        """One stage. An output pixel may be either of the two that share a pixel inside."""
        return (Stage(self.run, halo=_FACTOR * self.depth + _FACTOR - 1),)

    def run(self, x: Tensor, place: Placement) -> Tensor:
        """Noisy planes and noise level B×(C + 1)×H×W → B×C×H×W."""
        height, width = x.shape[-2:]
        # To whole squares of the image's grid. At the image's right and bottom border this is the
        # authors' padding; at a tile's inner edges it only fills the halo.
        left, top = place.left % _FACTOR, place.top % _FACTOR
        right, bottom = (left + width) % _FACTOR, (top + height) % _FACTOR
        x = F.pad(x, (left, right, top, bottom), mode="replicate")
        y = F.pixel_unshuffle(x[:, :-1], _FACTOR)
        level = x[:, -1:, ::_FACTOR, ::_FACTOR]
        y = F.pixel_shuffle(self.cnn(torch.cat([y, level], dim=1)), _FACTOR)
        return y[..., top : top + height, left : left + width]
