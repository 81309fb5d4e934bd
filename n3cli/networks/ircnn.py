"""IRCNN: dilated convolutions, one small network for each noise level.

Zhang, Zuo, Gu and Zhang, "Learning Deep CNN Denoiser Prior for Image Restoration", CVPR 2017
(arXiv 1704.03264).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from n3cli.networks.description import Description, Placement
from n3cli.networks.layer import keep_variance
from n3cli.networks.network import Network, Stage

DILATIONS = (1, 2, 3, 4, 3, 2, 1)
STEP = 2.0
"""Distance of two levels on the 0–255 scale; the first level is this, too."""


class IRCNN(Network):
    """IRCNN denoisers for noise levels 2, 4, … on the 0–255 scale.

    Args:
        channels: image planes.
        levels: how many noise levels; the paper has 25.
        features: planes between the convolutions.
    """

    about = (
        "IRCNN: dilated convolutions, a network for each noise level, after Zhang and others, "
        "Learning Deep CNN Denoiser Prior for Image Restoration, CVPR 2017, arXiv 1704.03264."
    )

    def __init__(self, channels: int = 1, levels: int = 25, features: int = 64) -> None:
        super().__init__()
        self.description = Description("denoise", channels, sigma_input=True, memory=9 * features)
        self.levels = nn.ModuleList(_stack(channels, features) for _ in range(levels))

    @property
    def stages(self) -> Sequence[Stage]:
        """One stage."""
        return (Stage(self.run, halo=sum(DILATIONS)),)

    def run(self, x: Tensor, place: Placement) -> Tensor:
        """Noisy planes and noise level B×(C + 1)×H×W → B×C×H×W."""
        image = x[:, :-1]
        chosen = [self.index(level) for level in x[:, -1, 0, 0].tolist()]
        if len(set(chosen)) == 1:
            residual: Tensor = self.levels[chosen[0]](image)
        else:
            parts = [self.levels[index](image[i : i + 1]) for i, index in enumerate(chosen)]
            residual = torch.cat(parts)
        return image + residual

    def index(self, level: float) -> int:
        """Which network is for a noise level (in [0, 1] units): the first that is not below it.

        As the authors choose, except that 2.00001, which is 2 after rounding, is 2.
        """
        number = math.ceil(level * 255 / STEP - 1e-3) - 1
        return max(0, min(number, len(self.levels) - 1))

    def start_near_identity(self) -> None:
        """Begin as the identity: the last convolutions are zero."""
        for stack in self.levels:
            assert isinstance(stack, nn.Sequential)
            for parameter in stack[-1].parameters():
                nn.init.zeros_(parameter)


def _stack(channels: int, features: int) -> nn.Sequential:
    """Planes of an image → what is to be added to them."""
    planes = [channels, *[features] * (len(DILATIONS) - 1), channels]
    layers: list[nn.Module] = []
    for index, dilation in enumerate(DILATIONS):
        layers.append(
            nn.Conv2d(planes[index], planes[index + 1], 3, padding=dilation, dilation=dilation)
        )
        layers.append(nn.ReLU(inplace=True))
    keep_variance(layers[:-2])
    return nn.Sequential(*layers[:-1])
