"""What every image network is: stages that a tile can be sent through, one after the other."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from n3cli.networks.any_network import AnyNetwork
from n3cli.networks.description import Description, Placement
from n3cli.ops.padding import reflected


@dataclass(frozen=True)
class Stage:
    """A part of a network that is run over the whole image before the next part starts.

    Streaming by stages needs the halo of one stage at a time instead of the network's.

    Attributes:
        run: maps a tile B×C×H×W and its placement to a tile of `scale` times H×W. What it gives
            for input at least `halo` pixels away from the tile's inner edges is what the whole
            image gives.
        halo: input pixels needed around an output pixel.
        reach: input pixels needed from an image border on, however little of the output near
            that border is asked for (there, candidate windows are shifted inwards).
        scale: height and width of what it gives, divided by those of what it gets.
        grid: tiles begin at multiples of this, in input pixels.
    """

    run: Callable[[Tensor, Placement], Tensor]
    halo: int
    reach: int = 0
    scale: int = 1
    grid: int = 1


class Network(AnyNetwork):
    """Base of the image networks. Subclasses set `description` and give their stages.

    What `recompute` keeps is what goes from stage to stage.
    """

    description: Description

    @property
    @abstractmethod
    def stages(self) -> Sequence[Stage]:
        """The stages in order."""

    @property
    def scales(self) -> tuple[int, ...]:
        """The factors that it can enlarge by; 1 leaves the size alone."""
        return self.description.scales or (self.description.scale,)

    def at(self, scale: int) -> Network:
        """The network that enlarges by one of `scales`; it shares its layers with this one.

        Raises:
            ValueError: not one of them.
        """
        if scale not in self.scales:
            raise ValueError(f"this network enlarges by {self.scales}, not by {scale}")
        if scale == self.description.scale:
            return self
        other = copy.copy(self)
        other.description = replace(self.description, scale=scale)
        return other

    def forward(
        self, image: Tensor, sigma: Tensor | float | None = None, scale: int | None = None
    ) -> Tensor:
        """Run the whole image at once.

        Args:
            image: B×C×H×W in [0, 1], any size from 1×1; for a mosaic what its form asks for
                (`n3cli.ops.mosaic.planes`).
            sigma: noise level in [0, 1] units, one for all or one an image (B). Needed if the
                description says `sigma_input`.
            scale: one of `scales`; by default the description's.

        Returns:
            B×C×(scale·H)×(scale·W), not clipped.

        Raises:
            ValueError: wrong number of planes or of noise levels, or another scale.
        """
        if scale is not None and scale != self.description.scale:
            return self.at(scale)(image, sigma)  # type: ignore[no-any-return]
        height, width = image.shape[-2:]
        x = pad(self.with_sigma(image, sigma), self.description)
        for stage in self.stages:
            place = Placement.whole(*x.shape[-2:])
            if self.recompute and torch.is_grad_enabled():
                # Imported here: it loads torch's compiler, a third of what n3 takes to start.
                from n3cli.networks.recompute import run_recomputed

                x = run_recomputed(self, stage.run, x, place)
            else:
                x = stage.run(x, place)
        factor = self.description.scale
        return x[..., : factor * height, : factor * width]

    def with_sigma(self, image: Tensor, sigma: Tensor | float | None) -> Tensor:
        """The image with a plane of its noise level, if the network takes one."""
        if image.dim() != 4 or image.shape[1] != self.description.planes:
            raise ValueError(f"expected B×{self.description.planes}×H×W, got {tuple(image.shape)}")
        if not self.description.sigma_input:
            return image
        if sigma is None:
            raise ValueError("this network needs the noise level: pass sigma in [0, 1] units")
        level = torch.as_tensor(sigma, dtype=image.dtype, device=image.device)
        if level.numel() not in (1, len(image)):
            raise ValueError(
                f"sigma must be one noise level, or one for each of the {len(image)} images, got "
                f"shape {tuple(level.shape)}"
            )
        plane = level.reshape(-1, 1, 1, 1).expand(len(image), 1, *image.shape[-2:])
        return torch.cat([image, plane], dim=1)


def padded_size(height: int, width: int, description: Description) -> tuple[int, int]:
    """Height and width after padding to the network's size multiple and minimum."""

    def padded(length: int) -> int:
        multiple = description.size_multiple
        return max(-(-length // multiple) * multiple, description.size_minimum)

    return padded(height), padded(width)


def pad(image: Tensor, description: Description) -> Tensor:
    """Pad B×C×H×W at the right and the bottom by reflection, as the network needs it."""
    height, width = image.shape[-2:]
    padded_height, padded_width = padded_size(height, width, description)
    if padded_height != height:
        image = image.index_select(-2, reflected(height, padded_height, image.device))
    if padded_width != width:
        image = image.index_select(-1, reflected(width, padded_width, image.device))
    return image
