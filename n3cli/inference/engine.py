"""Runs one tile through one stage on a device, and copes when that goes wrong."""

from __future__ import annotations

import copy
import math
import warnings

import torch
from torch import Tensor

from n3cli.errors import DeviceError, ModelError, N3Warning
from n3cli.inference.device import LACKING, give_way
from n3cli.inference.memory import free_memory, is_out_of_memory
from n3cli.inference.tiling import UNLIMITED, smallest_side, tile_shape
from n3cli.networks.description import Placement
from n3cli.networks.network import Network
from n3cli.ops.precision import float32_as

_SHARE_OF_FREE_MEMORY = 0.4
_ASSUMED_MEMORY = 4 << 30
"""Free on a device that does not tell."""
_MOST_MEMORY_ON_CPU = 768 << 20
_LARGEST = 2048
"""Side of the largest tile chosen by itself, without its halo: above it speed gains little."""
_FULL = "has too little free memory"
_NO_ENGINE = "nable to find an engine to execute this computation"
"""What torch says where none of cuDNN's ways to compute had room. Where it has none at all, smaller
tiles do not help, but the CPU does."""


class TileTooLargeError(Exception):
    """A tile did not fit into memory."""


class Engine:
    """A network on a device, with the tiles that its memory allows.

    What a picture has taught it stays for later ones: where reduced precision overflowed it
    computes in float32 from then on, where memory did not suffice in smaller tiles or on the CPU,
    and on the CPU where the device lacks an operation.

    Args:
        network: in eval mode.
        device: where to compute.
        dtype: of the convolutions.
        tile: most pixels of a tile's side, ``"auto"`` from free memory, ``"off"`` for whole images.
        batch: how many tiles are sent through together.
    """

    def __init__(
        self,
        network: Network,
        device: torch.device,
        dtype: torch.dtype,
        tile: str | int = "auto",
        batch: int = 1,
    ) -> None:
        self.device, self.dtype, self._batch = device, dtype, batch
        self.description = network.description
        self._given, placed = network, None
        try:
            placed = _place(network, device)
        except (RuntimeError, MemoryError) as error:
            if device.type == "cpu" or not is_out_of_memory(error):
                raise
        if placed is None:
            self._go_to_cpu(_FULL)
        else:
            self.stages = placed.stages
        self._side = tile if isinstance(tile, int) else UNLIMITED
        self._pixels = self._affordable() if tile == "auto" else UNLIMITED

    def tile(self, stage: int, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of the tiles of a stage, for an image of that (padded) size."""
        return tile_shape(
            height,
            width,
            halo=self.stages[stage].halo,
            reach=self.stages[stage].reach,
            multiple=self.multiple(stage),
            side=self._side,
            pixels=self._pixels,
        )

    def multiple(self, stage: int) -> int:
        """What all tiles of a stage begin at multiples of, in pixels."""
        return math.lcm(self.description.size_multiple, self.stages[stage].grid)

    def run(self, stage: int, tile: Tensor, place: Placement) -> Tensor:
        """Send a tile through a stage.

        Args:
            stage: its number.
            tile: B×C×H×W on the CPU, float32.
            place: where it lies.

        Returns:
            B×C'×H×W on the CPU, float32, finite.

        Raises:
            TileTooLargeError: lower the tile (`shrink`) and try again.
            ModelError: the network's output is not finite, in float32 either.
        """
        output, lacking = None, False
        try:
            output = self._compute(stage, tile, place)
            if not _is_finite(output) and self.dtype != torch.float32:
                warnings.warn(
                    "the output was not finite in reduced precision; computing in float32 instead",
                    N3Warning,
                    stacklevel=2,
                )
                self.dtype = torch.float32
                output = self._compute(stage, tile, place)
        except NotImplementedError:
            if self.device.type == "cpu":
                raise
            lacking = True
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) and _NO_ENGINE not in str(error):
                raise
        # Out of the handler, which would keep the failed tile's memory.
        if lacking:
            self._go_to_cpu(LACKING)
            if self._pixels != UNLIMITED:
                self._pixels = self._affordable()
            if tile.shape[-2] * tile.shape[-1] > self._pixels:  # it was cut for the device's memory
                raise TileTooLargeError
            return self.run(stage, tile, place)
        if output is None:
            raise TileTooLargeError
        if not _is_finite(output):
            raise ModelError(
                "the model's output is not finite; its weights may be damaged: check them with n3 "
                "models verify"
            )
        return output

    def _compute(self, stage: int, tile: Tensor, place: Placement) -> Tensor:
        dtype = self.dtype
        reduced = dtype != torch.float32
        tile = tile.to(self.device).contiguous(memory_format=torch.channels_last)
        with (
            torch.inference_mode(),
            torch.autocast(self.device.type, dtype if reduced else None, enabled=reduced),
            float32_as(dtype, self.device),
        ):
            return self.stages[stage].run(tile, place).float().cpu()

    def shrink(self, stage: int, rows: int, columns: int) -> None:
        """Halve the tiles after one of this size did not fit in a stage, or go on on the CPU.

        Raises:
            DeviceError: not even the smallest tile fits there.
        """
        if max(rows, columns) > smallest_side(self.multiple(stage)):
            self._side = max(rows, columns) // 2
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            return
        if self.device.type == "cpu":
            raise DeviceError(
                "not enough memory for the smallest tile; close other programs and try again"
            )
        self._go_to_cpu(_FULL)
        self._side, self._pixels = UNLIMITED, self._affordable()

    def _go_to_cpu(self, reason: str) -> None:
        self.device, self.dtype = give_way(self.device, reason, stacklevel=4), torch.float32
        self.stages = _place(self._given, self.device).stages

    def _affordable(self) -> int:
        """Input pixels of the largest tile that memory and use allow."""
        free = free_memory(self.device)
        memory = int(_SHARE_OF_FREE_MEMORY * (_ASSUMED_MEMORY if free is None else free))
        if self.device.type == "cpu":
            memory = min(memory, _MOST_MEMORY_ON_CPU)
        halo = max(stage.halo for stage in self.stages)
        largest = (_LARGEST + 2 * halo) ** 2
        return min(memory // (self._batch * self.description.memory), largest)


def _place(network: Network, device: torch.device) -> Network:
    """A copy on the device with its weights laid out as convolutions like them."""
    return copy.deepcopy(network).to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload,no-any-return]


def _is_finite(output: Tensor) -> bool:
    return bool(torch.isfinite(output).all())
