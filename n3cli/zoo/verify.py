"""Does a model run?"""

from __future__ import annotations

import torch

from n3cli.errors import ModelError
from n3cli.zoo.folder import Model

SIZE = 24
"""Height and width of the image that is tried, in pixels: larger than every network's minimum."""


def verify_model(model: Model) -> None:
    """Run a model on a small image, at each of its scales.

    Raises:
        ModelError: the output has another shape than it should, or is not finite.
    """
    description = model.network.description
    shape = (1, description.channels, SIZE, SIZE)
    image = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    for scale in model.network.scales:
        with torch.inference_mode():
            output = model.network(image, 0.1 if description.sigma_input else None, scale)
        wanted = (*shape[:2], SIZE * scale, SIZE * scale)
        if output.shape != wanted:
            raise ModelError(
                f"{model.source}: the output is {list(output.shape)} instead of {list(wanted)}."
            )
        if not bool(torch.isfinite(output).all()):
            raise ModelError(f"{model.source}: the output has NaN or infinite values.")
