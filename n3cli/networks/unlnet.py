"""UNLNet: a few steps of an optimiser whose regulariser compares patches, all of it learned.

Lefkimmiatis, "Universal Denoising Networks: A Novel CNN Architecture for Image Denoising", CVPR
2018 (arXiv 1711.07807); the non-local regulariser is that of his "Non-local Color Image Denoising
with Convolutional Neural Networks", CVPR 2017 (arXiv 1611.06757).

The clean image x is to make a sum of potentials of L x small while it stays in a ball around the
noisy image y. L takes each patch's coefficients in a learned transform and averages them with
learned weights over the patches most like it, which are chosen once, from y. Each step goes down
the gradient, x − Lᵀψ(L x), where ψ is a mixture of Gaussians for each coefficient, and then back
into the ball, whose radius is the noise level times a learned factor.

Where we depart from the papers: the ball is around the window of each pixel and not around the
whole image, so that what a pixel becomes depends on its surroundings alone; the noise level may be
0; fresh mixtures are linear. The papers train step by step first, and one network for levels
below 30 and one for those above. What they leave open (mirrored borders, clipped coefficients,
centres and widths of the Gaussians, that patches of colour are compared by the mean of their
planes) is as in the author's program, https://github.com/cig-skoltech/UDNet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from n3cli.networks.description import Description, Placement
from n3cli.networks.network import Network, Stage
from n3cli.ops.matching import match_patches
from n3cli.ops.n3.link import collect, link_pixels, spread
from n3cli.ops.padding import fold_mirrored, mirror

_WHITE = 255.0
"""Inside, images are on the scale of the papers."""

_LIMIT = 100
"""Coefficients are clipped to ± this."""

_SPACING = 4
"""Distance of the centres of Gaussians, which is their standard deviation, too."""

_PARTS = 40
"""Parts that a spacing is cut into in the table of a mixture, which is linear between them."""


class UNLNet(Network):
    """The network.

    Args:
        channels: image planes.
        stages: steps.
        patch: side of a patch in pixels, odd; the papers have 7 for grey and 5 for colour.
        neighbours: patches that are averaged, with the one they are like.
        window: side of the window that they are looked for in, in pixels, odd.

    Raises:
        ValueError: a patch or a window of even side, or a patch of one number.
    """

    about = (
        "UNLNet: learned steps of an optimiser with a non-local regulariser over the most similar "
        "patches, after Lefkimmiatis, Universal Denoising Networks, CVPR 2018, arXiv 1711.07807."
    )

    def __init__(
        self,
        channels: int = 1,
        stages: int = 5,
        patch: int = 7,
        neighbours: int = 8,
        window: int = 31,
    ) -> None:
        super().__init__()
        for name, side in (("patch", patch), ("window", window)):
            if side % 2 == 0:
                raise ValueError(f"{name} must be odd, got {side}")
        if channels * patch**2 == 1:
            raise ValueError("patch must be at least 3 for images of one plane, got 1")
        filters = channels * patch**2 - 1
        # Not bf16: places of neighbours go from stage to stage as numbers of many digits.
        self.description = Description(
            "denoise", channels, sigma_input=True, dtypes=("fp32",), memory=1400 + 30 * filters
        )
        self.patch, self.neighbours, self.window = patch, neighbours, window
        self.steps = nn.ModuleList(
            UNLStep(channels, patch, neighbours, window, 1 / stages) for _ in range(stages)
        )

    @property
    def stages(self) -> Sequence[Stage]:
        """Block matching and one stage a step."""
        margin, half = self.patch // 2, self.window // 2
        # What is in the ball looks at patches it is a neighbour of, and those at their neighbours.
        halo = 2 * (margin + half) + half
        inner = [Stage(step, halo) for step in self.steps[:-1]]
        return Stage(self.match, margin + half), *inner, Stage(self.finish, halo)

    def match(self, x: Tensor, place: Placement) -> Tensor:
        """Noisy planes and noise level → estimate, noisy planes, noise level, neighbours' places.

        B×(C + 1)×H×W → B×(2·C + 1 + K − 1)×H×W: the first neighbour is the pixel itself.
        """
        noisy = x[:, :-1]
        places = match_patches(noisy.mean(1), self.patch, self.window, self.neighbours)
        return torch.cat([noisy, x, places[:, 1:].to(x.dtype)], 1)

    def finish(self, x: Tensor, place: Placement) -> Tensor:
        """The last step, which gives the estimate alone."""
        y: Tensor = self.steps[-1](x, place)
        return y[:, : self.description.channels]


class UNLStep(nn.Module):
    """One step down the gradient of the regulariser, and back into the ball.

    Args:
        channels: image planes.
        patch: side of a patch in pixels.
        neighbours: patches that are averaged.
        window: side of the window of candidates, and of the ball.
        slope: of the mixtures at first, in steps that would undo all but a patch's mean.
    """

    def __init__(
        self, channels: int, patch: int, neighbours: int, window: int, slope: float
    ) -> None:
        super().__init__()
        self.channels, self.patch, self.window = channels, patch, window
        self.transform = nn.Parameter(cosine_patches(channels, patch))
        filters = len(self.transform)
        self.scale = nn.Parameter(torch.ones(filters))
        self.weights = nn.Parameter(F.one_hot(torch.tensor(0), neighbours).float())
        self.mixture = GaussianMixture(filters, slope / patch**2)
        self.log_radius = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, place: Placement) -> Tensor:
        """What `UNLNet.match` gives → the same with a better estimate."""
        c = self.channels
        with torch.autocast(x.device.type, enabled=False):
            estimate, noisy, level = x[:, :c], x[:, c : 2 * c], x[:, 2 * c : 2 * c + 1]
            step = estimate - self._gradient(estimate, x[:, 2 * c + 1 :])
            return torch.cat([noisy + self._inside_ball(step - noisy, level), x[:, c:]], 1)

    def _gradient(self, image: Tensor, places: Tensor) -> Tensor:
        """Lᵀψ(L x) of an image in [0, 1] and its neighbours: B×C×H×W."""
        filters = self._filters()
        margin = self.patch // 2
        itself = torch.full_like(image[:, :1], self.window**2 // 2)
        links = link_pixels(torch.cat([itself, places], 1), self.window)
        weights = self.weights / self.weights.sum()
        bordered = mirror(image * _WHITE, margin)
        coefficients = F.conv2d(bordered, filters).permute(0, 2, 3, 1)
        shape = coefficients.shape
        rows = collect(coefficients.reshape(-1, shape[-1]), weights, links)
        rows = spread(self.mixture(rows), weights, links)
        gradient = F.conv_transpose2d(rows.view(shape).permute(0, 3, 1, 2), filters)
        return fold_mirrored(gradient, margin) / _WHITE

    def _filters(self) -> Tensor:
        """Without mean, of norm 1, then scaled."""
        filters = self.transform - self.transform.mean((1, 2, 3), keepdim=True)
        norm = filters.square().sum((1, 2, 3), keepdim=True).sqrt()
        return filters / norm * self.scale.view(-1, 1, 1, 1)

    def _inside_ball(self, difference: Tensor, level: Tensor) -> Tensor:
        """Shorten the difference to the noisy image where it is longer than noise would be."""
        mean = difference.square().mean(1, keepdim=True)
        side, half = self.window, self.window // 2
        for size, padding in (((side, 1), (half, 0)), ((1, side), (0, half))):
            mean = F.avg_pool2d(mean, size, 1, padding, count_include_pad=False)
        radius = level * self.log_radius.exp()
        length = (mean + 1e-12).sqrt()  # the root of zero has no gradient
        return difference * (radius / torch.maximum(length, radius))


class GaussianMixture(nn.Module):
    """ψ: for each coefficient a sum of Gaussians at fixed centres, with learned weights.

    Evaluated by linear interpolation in a table, as by the author; it deviates from the sum by less
    than 1/5,000 of the largest weight.

    Args:
        features: how many mixtures.
        slope: of each at first, where it is a line through 0.
    """

    def __init__(self, features: int, slope: float) -> None:
        super().__init__()
        centres = torch.arange(-_LIMIT, _LIMIT + 1, _SPACING, dtype=torch.float32)
        # Gaussians of this spacing with weights on a line add up to a line √2π times as steep.
        line = centres * (slope / math.sqrt(2 * math.pi))
        self.weights = nn.Parameter(line.repeat(features, 1))
        place = torch.arange(-_LIMIT * _PARTS, _LIMIT * _PARTS + 1, _SPACING) / _PARTS
        distance = (place[:, None] - centres) / _SPACING
        self.gaussians = nn.Buffer((distance.square() / -2).exp(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """N×F coefficients, each by its own mixture → N×F."""
        table = F.linear(self.weights, self.gaussians).flatten()
        length = len(self.gaussians)
        place = (x.clamp(-_LIMIT, _LIMIT) + _LIMIT) * (_PARTS / _SPACING)
        index = place.detach().int().clamp_(0, length - 2)  # also of what is not a number
        part = place - index
        index += torch.arange(x.shape[1], dtype=torch.int32, device=x.device) * length
        index = index.flatten()
        low, high = (table.index_select(0, which).view_as(x) for which in (index, index + 1))
        return torch.lerp(low, high, part)


def cosine_patches(channels: int, patch: int) -> Tensor:
    """The orthonormal cosine transform of a patch without its mean: (C·P² − 1)×C×P×P."""
    planes, side = _cosines(channels), _cosines(patch)
    patches = torch.einsum("ax,by,cz->abcxyz", planes, side, side)
    return patches.reshape(-1, channels, patch, patch)[1:].clone()


def _cosines(length: int) -> Tensor:
    """The orthonormal DCT-II, a row a frequency."""
    place = (torch.arange(length) + 0.5) * (math.pi / length)
    rows = torch.cos(place * torch.arange(length)[:, None]) * math.sqrt(2 / length)
    rows[0] /= math.sqrt(2)
    return rows
