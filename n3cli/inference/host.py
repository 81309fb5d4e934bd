"""The models of one task on a device: loaded once, and made ready once for each use."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch

from n3cli.inference.compute import Compute
from n3cli.inference.device import choose_device, choose_precision
from n3cli.inference.engine import Engine
from n3cli.ops.row_source import RowSource
from n3cli.zoo.folder import Model, SetModel
from n3cli.zoo.load import check_task, load_model


class Host:
    """A task's models, and the engines that run them.

    Args:
        task: what the models must do.
        model: name, path or loaded model; None for the default that suits each picture.
        compute: where and how.

    Raises:
        ConfigError: not a device's name.
        DeviceError: there is no such device.
    """

    def __init__(
        self,
        task: Literal["denoise", "upscale"],
        model: str | Path | Model | None,
        compute: Compute,
    ) -> None:
        self._task, self._given, self._compute = task, model, compute
        self._device = choose_device(compute.device)
        self._models: dict[int, Model] = {}
        self._engines: dict[tuple[str, int, torch.dtype, int], Engine] = {}

    def model(self, channels: int) -> Model:
        """The model for pictures of 1 (grey) or 3 (colour) channels.

        Raises:
            ModelError: it is unknown, damaged, or for another task.
        """
        if isinstance(self._given, Model | SetModel):  # people may pass what is for another task
            check_task(self._given, self._task)
            return self._given
        if channels not in self._models:
            self._models[channels] = load_model(self._given, task=self._task, channels=channels)
        return self._models[channels]

    def engine(
        self,
        model: Model,
        source: RowSource,
        *,
        sigma: float | None = None,
        scale: int | None = None,
    ) -> Engine:
        """A model ready for pictures like `source`, whose planes are sent through side by side.

        Args:
            model: one of this task.
            source: the picture.
            sigma: its noise level on the 0–255 scale; None where there is no noise.
            scale: one of the network's scales; by default its description's.
        """
        network = model.network if scale is None else model.network.at(scale)
        description = network.description
        depth = 8 * source.dtype.itemsize
        asked = self._compute.precision
        precision = choose_precision(asked, self._device, description, sigma, depth)
        batch = max(1, source.channels // description.channels)
        key = model.source, description.scale, precision, batch
        if key not in self._engines:
            self._engines[key] = Engine(network, self._device, precision, self._compute.tile, batch)
        return self._engines[key]
