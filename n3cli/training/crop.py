"""Random crops of stored pictures."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from n3cli.training.store import ImageStore

Integers = NDArray[np.int64]


class Draw(NamedTuple):
    """What the crops of a batch show; arrays with one entry a crop."""

    image: Integers
    """Index of the picture."""
    top: Integers
    """First row."""
    left: Integers
    """First column."""
    symmetry: Integers
    """0 to 7: `symmetry % 4` quarter turns (`np.rot90`), of the mirrored crop (`np.fliplr`) from
    4 on."""


class CropSampler:
    """Random crops, flips and quarter turns of the pictures of a store.

    A batch is a function of seed and step alone, so a run that is resumed sees the same batches.

    Args:
        store: the pictures, none smaller than a crop.
        crop: rows and columns of a crop.
        batch: crops of a batch.
        seed: from 0 up.
        area_power: a picture is drawn with probability ∝ area ** area_power; 0 draws all alike.

    Raises:
        ValueError: a picture is smaller than a crop.
    """

    def __init__(
        self, store: ImageStore, crop: int, batch: int, seed: int, area_power: float = 0.0
    ) -> None:
        self._pixels = store.pixels.view(-1, store.channels)
        self._crop, self._batch, self._seed = crop, batch, seed
        # Crops are drawn on the CPU, whose copy of the sizes spares it waiting for the device.
        self._offsets = store.offsets.cpu().numpy() // store.channels
        self._heights, self._widths = store.heights.cpu().numpy(), store.widths.cpu().numpy()
        if min(self._heights.min(), self._widths.min()) < crop:
            raise ValueError(f"a picture of the store is smaller than a crop of {crop} pixels")
        weights = (self._heights * self._widths).astype(np.float64) ** area_power
        self._probabilities = weights / weights.sum()

    def draw(self, step: int) -> Draw:
        """Decide what the crops of a step's batch show."""
        random = np.random.default_rng((self._seed, step))
        image = random.choice(len(self._probabilities), self._batch, p=self._probabilities)
        return Draw(
            image,
            random.integers(self._heights[image] - self._crop + 1),
            random.integers(self._widths[image] - self._crop + 1),
            random.integers(len(_SYMMETRIES), size=self._batch),
        )

    def crops(self, step: int, part: slice = slice(None)) -> Tensor:
        """Cut the crops of a step.

        Args:
            step: of the training run, from 0 up.
            part: which crops of the batch, where several processes share it.

        Returns:
            Crops×C×crop×crop, float32 in [0, 1], on the store's device, channels last in memory.
        """
        image, top, left, symmetry = (each[part] for each in self.draw(step))
        width = self._widths[image]
        # Whatever the symmetry, rows and columns of a crop go through memory in even steps.
        turned = _SYMMETRIES[symmetry]
        corner, down, across = (turned[..., 0] * width[:, None] + turned[..., 1]).T
        start = self._offsets[image] + top * width + left + corner * (self._crop - 1)

        walk = torch.from_numpy(np.stack((start, down, across)))
        if self._pixels.is_cuda:
            walk = walk.pin_memory()  # else the copy would wait for the step before
        walk = walk.to(self._pixels.device, non_blocking=True)
        start, down, across = walk[..., None, None]
        count = torch.arange(self._crop, device=walk.device)
        index = start + down * count[:, None] + across * count
        found = self._pixels.index_select(0, index.flatten())
        return found.view(*index.shape, found.shape[1]).permute(0, 3, 1, 2).float().div_(255)


def _trace_symmetries() -> Integers:
    """Where each symmetry of a square begins to read it, and how it goes on.

    Returns:
        8×3×2: the corner that comes first (0 or 1), the direction down a column and the direction
        along a row (−1, 0 or 1), each as rows and columns of the square before.
    """
    corners = np.moveaxis(np.mgrid[:2, :2], 0, 2)
    squares = [np.rot90(square, k) for square in (corners, np.fliplr(corners)) for k in range(4)]
    return np.array([(s[0, 0], s[1, 0] - s[0, 0], s[0, 1] - s[0, 0]) for s in squares])


_SYMMETRIES = _trace_symmetries()
