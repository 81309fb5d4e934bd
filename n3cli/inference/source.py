"""Where rows come from: pictures of any depth, as float tensors padded for a network."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor

from n3cli.ops.padding import reflected
from n3cli.ops.row_source import RowSource, check_floating

Progress: TypeAlias = Callable[[float], None]
"""Is told the fraction done."""


class Rows:
    """The rows of a band of an image that are held at a time: appended below, dropped above."""

    def __init__(self) -> None:
        self.top = self.bottom = 0
        self._parts: deque[Tensor] = deque()

    def append(self, part: Tensor) -> None:
        """Add …×h×W rows at the bottom."""
        self._parts.append(part)
        self.bottom += part.shape[-2]

    def take(self, top: int, bottom: int) -> Tensor:
        """Rows `top` to `bottom` (exclusive); those above `top` are dropped for good."""
        while self._parts and self.top + self._parts[0].shape[-2] <= top:
            self.top += self._parts.popleft().shape[-2]
        if len(self._parts) > 1:
            self._parts = deque([torch.cat(list(self._parts), dim=-2)])
        return self._parts[0][..., top - self.top : bottom - self.top, :]


class TensorRows(Protocol):
    """Anything that gives rows of …×C×H×W from top to bottom."""

    def rows(self, top: int, bottom: int) -> Tensor:
        """…×C×h×W of rows `top` to `bottom` (exclusive); `top` never goes back."""
        ...


class Changed:
    """Rows that each become something else.

    Args:
        before: the rows.
        change: some of them …×C×h×W → as many others.
    """

    def __init__(self, before: TensorRows, change: Callable[[Tensor], Tensor]) -> None:
        self._before, self._change = before, change

    def rows(self, top: int, bottom: int) -> Tensor:
        """…×C×h×W of rows `top` to `bottom` (exclusive); `top` never goes back."""
        return self._change(self._before.rows(top, bottom))


class PlaneRows:
    """A picture's rows as float planes in [0, 1].

    Args:
        source: the picture; each of its rows is read once.
    """

    def __init__(self, source: RowSource) -> None:
        self._source = source
        self._peak = np.iinfo(source.dtype).max if source.dtype.kind == "u" else 1.0
        self._held = Rows()

    def rows(self, top: int, bottom: int) -> Tensor:
        """C×h×W planes of rows `top` to `bottom` (exclusive); `top` never goes back.

        Raises:
            InputError: the picture holds floating values that are not finite or far beyond [0, 1].
        """
        if bottom > self._held.bottom:
            self._held.append(self._read(self._held.bottom, bottom))
        return self._held.take(top, bottom)

    def _read(self, top: int, bottom: int) -> Tensor:
        pixels, _ = self._source.rows(top, bottom)
        if pixels.dtype.kind == "f":
            check_floating(pixels)
        # A copy always: what comes in may be read-only, or the caller's.
        planes = torch.from_numpy(np.array(pixels.transpose(2, 0, 1), np.float32, order="C"))
        return planes if self._peak == 1.0 else planes.div_(float(self._peak))


class PaddedRows:
    """Rows padded at the right and the bottom by reflection.

    Args:
        before: the rows of the image; they are asked for again near the bottom.
        size: height and width of the image.
        padded: height and width after padding.
    """

    def __init__(self, before: TensorRows, size: tuple[int, int], padded: tuple[int, int]) -> None:
        self._before, self._height = before, size[0]
        self._row_index = reflected(size[0], padded[0]).tolist()
        self._columns = reflected(size[1], padded[1]) if padded[1] > size[1] else None

    def rows(self, top: int, bottom: int) -> Tensor:
        """…×h×W of rows `top` to `bottom` (exclusive); `top` never goes back."""
        needed = self._row_index[top:bottom]
        lowest = min(needed)
        image = self._before.rows(lowest, max(needed) + 1)
        if bottom > self._height:
            image = image.index_select(-2, torch.tensor(needed, device="cpu") - lowest)
        return image if self._columns is None else image[..., self._columns]
