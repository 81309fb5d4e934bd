"""Our own models, as methods of a benchmark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from n3cli.bench.method import Method
from n3cli.inference.denoise import Denoiser
from n3cli.inference.source import ArraySource

_PUBLISHED = {
    "n3net": "N3Net",
    "dncnn": "DnCNN",
    "ffdnet": "FFDNet",
    "ircnn": "IRCNN",
    "drunet": "DRUNet",
    "restormer": "Restormer",
}
"""What publications call networks."""


def make_models(
    names: Sequence[str | None], channels: int, device: str, precision: str, levels: int
) -> list[Method]:
    """Several models; those that call themselves alike are told apart by what was given.

    Args:
        names: as in ``-m``; None for the default.
        channels: image planes they will be given.
        device: as in ``--device``.
        precision: as in ``--precision``.
        levels: at how many noise levels they are measured; a network for one level cannot be held
            against what was published of one network a level.

    Raises:
        ModelError, DeviceError: see `make_model`.
    """
    made = [make_model(name, channels, device, precision, levels) for name in names]
    alike = Counter(method.name for method in made)
    return [
        replace(method, name=str(given)) if alike[method.name] > 1 and given else method
        for method, given in zip(made, names, strict=True)
    ]


def make_model(
    name: str | None, channels: int, device: str, precision: str, levels: int = 1
) -> Method:
    """A pretrained model, loaded once for all images.

    Args:
        name: as in ``-m``; None for the default.
        channels: image planes it will be given.
        device: as in ``--device``.
        precision: as in ``--precision``.
        levels: see `make_models`.

    Raises:
        ModelError: it cannot be had or used.
        DeviceError: there is no such device.
    """
    # "auto" means float32 for the float images of a benchmark; saying so makes it the report's.
    precision = "fp32" if precision == "auto" else precision
    denoiser = Denoiser(name, device=device, precision=precision)
    model = denoiser.model(channels)
    parameters = sum(parameter.numel() for parameter in model.network.parameters())
    given = f", given as {name}" if name not in (None, model.config.name) else ""

    def run(noisy: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
        return np.concatenate(list(denoiser.rows(ArraySource(noisy), sigma=sigma)))

    description = model.network.description
    published = None
    # A grey network takes a colour picture plane by plane, which is not what was published.
    if description.channels == channels and (description.sigma_input or levels == 1):
        published = _PUBLISHED.get(model.config.network)
    note = f"{model.config.network}, {parameters:,} parameters, {precision}{given}"
    return Method(model.config.name, note, run, published)
