"""Does a model run?"""

from __future__ import annotations

import torch
from torch import Tensor

from n3cli.errors import ModelError
from n3cli.zoo.folder import AnyModel, Model, SetModel

SIZE = 24
"""Height and width of the image that is tried, in pixels: larger than every network's minimum."""

COUNTS = (1, 50)
"""How many correspondences are tried."""


def verify_model(model: AnyModel) -> None:
    """Run a model on a small image, at each of its scales, or on a few correspondences.

    Raises:
        ModelError: the output has another shape than it should, or is not finite.
    """
    if isinstance(model, SetModel):
        _verify_set_model(model)
    else:
        _verify_image_model(model)


def _verify_set_model(model: SetModel) -> None:
    inputs = model.network.description.inputs
    for count in COUNTS:
        points = torch.rand((2, count, inputs), generator=torch.Generator().manual_seed(0))
        with torch.inference_mode():
            _check(model, model.network(points), (2, count))


def _verify_image_model(model: Model) -> None:
    description = model.network.description
    shape = (1, description.planes, SIZE, SIZE)
    image = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    for scale in model.network.scales:
        with torch.inference_mode():
            output = model.network(image, 0.1 if description.sigma_input else None, scale)
        _check(model, output, (1, description.channels, SIZE * scale, SIZE * scale))


def _check(model: AnyModel, output: Tensor, wanted: tuple[int, ...]) -> None:
    if output.shape != wanted:
        raise ModelError(
            f"{model.source}: the output is {list(output.shape)} instead of {list(wanted)}."
        )
    if not bool(torch.isfinite(output).all()):
        raise ModelError(f"{model.source}: the output has NaN or infinite values.")
